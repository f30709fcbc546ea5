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
