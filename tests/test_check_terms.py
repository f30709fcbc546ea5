"""The pinned names of well-known vocabularies."""

from __future__ import annotations

import pytest
import rdflib.namespace

from kg.check.lint import terms

NAMES = (
    "DC DCAM DCAT DCMITYPE DCTERMS FOAF GEO ORG OWL PROF PROV QB RDF RDFS SH SKOS SOSA SSN TIME VANN VOID XSD"
)
NAMESPACES = [getattr(rdflib.namespace, name) for name in NAMES.split()]


@pytest.mark.parametrize("namespace", NAMESPACES, ids=str)
def test_every_name_that_rdflib_knows_is_pinned(namespace: type[rdflib.namespace.DefinedNamespace]) -> None:
    names = set(namespace.__annotations__) | set(getattr(namespace, "_extras", ()))
    assert names <= terms.pinned()[str(namespace)]


def test_container_membership_and_the_namespace_itself_are_no_unknown_terms() -> None:
    rdf = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
    names = terms.pinned()[rdf]
    assert [terms.defines(rdf, local, names) for local in ("_1", "_12", "", "type", "_0", "typ")] == [
        True, True, True, True, False, False,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("namespace", "known", "unknown"),
    [
        ("http://www.w3.org/1999/02/22-rdf-syntax-ns#", "reifies PropositionForm version-1.2", "TripleTerm"),
        ("http://www.w3.org/2000/01/rdf-schema#", "Proposition", "reifies"),
        ("http://www.w3.org/ns/dcat#", "DatasetSeries inSeries prev nextVersion inCatalog", "hasPart"),
        ("http://www.w3.org/2016/05/ldqd#", "completeness consistency availability", "Completeness"),
    ],
)
def test_what_is_newer_than_rdflib_is_pinned_as_its_vocabulary_has_it(
    namespace: str, known: str, unknown: str
) -> None:
    """RDF 1.2, DCAT 3, and the dimensions of data quality."""
    names = terms.pinned()[namespace]
    assert set(known.split()) <= names
    assert unknown not in names
