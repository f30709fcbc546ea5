"""Two checklists of FAIR data asked of our own site: F-UJI's of the dataset, FOOPS!'s of the ontology.

`python -m tests.fair` prints docs/fair.md; tests see that the file says the same, and that each row is true.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from flask.testing import FlaskClient
from pyoxigraph import Literal, NamedNode, Quad, RdfFormat, parse
from werkzeug.test import TestResponse

from kg.catalog import licence
from kg.vocab import PREFIXES, term

PERSISTENT = ("https://w3id.org/", "https://doi.org/", "https://purl.org/", "http://purl.org/")
# Of the vocabularies that Linked Open Vocabularies lists, those that say more than F-UJI takes for granted.
LISTED = ("adms", "prov", "qb", "spdx")


class Evidence:
    """What a visitor finds who knows nothing but an IRI: what it leads to, and what stands there."""

    def __init__(self, client: FlaskClient, base: str) -> None:
        self.client, self.base = client, base

    def get(self, iri: str, accept: str = "text/html") -> TestResponse:
        """Give what an IRI of the site leads to."""
        path = "/" + iri.removeprefix(self.base)
        return self.client.get(path, headers={"Accept": accept}, follow_redirects=True)

    def answers(self, iris: Iterable[str]) -> bool:
        """Tell whether there are IRIs, and all lead to something."""
        found = [self.client.head("/" + iri.removeprefix(self.base), follow_redirects=True) for iri in iris]
        for answer in found:
            answer.close()
        return bool(found) and all(answer.status_code == 200 for answer in found)

    @cached_property
    def embedded(self) -> dict[str, Any]:
        """The JSON-LD in the page about the dataset."""
        page = self.get(f"{self.base}dataset").text
        found = re.search(r'<script type="application/ld\+json">(.*?)</script>', page)
        return dict(json.loads(found[1])) if found else {}

    def has(self, *names: str) -> bool:
        """Tell whether the JSON-LD in the page says all of these."""
        return all(self.embedded.get(name) for name in names)

    @cached_property
    def files(self) -> list[dict[str, Any]]:
        """The files that the JSON-LD in the page names."""
        return list(self.embedded.get("distribution", ()))

    @cached_property
    def urls(self) -> list[str]:
        """The addresses of the files."""
        return [file["contentUrl"] for file in self.files]

    @cached_property
    def rdf(self) -> list[Quad]:
        """The RDF that the dataset's IRI leads to for who asks for RDF."""
        return self.quads(f"{self.base}dataset")

    @cached_property
    def ontology(self) -> list[Quad]:
        """The RDF that the ontology's IRI leads to for who asks for RDF."""
        return self.quads(f"{self.base}def")

    def quads(self, iri: str, accept: str = "text/turtle") -> list[Quad]:
        """Give the triples that an IRI leads to."""
        answer = self.get(iri, accept)
        fmt = RdfFormat.from_media_type(answer.mimetype or "")
        if answer.status_code != 200 or fmt is None:
            return []
        return [quad for quad in parse(answer.data, format=fmt) if isinstance(quad, Quad)]

    def said(self, predicate: str) -> list[str]:
        """Give what the ontology's header says by a property."""
        about, by = NamedNode(f"{self.base}def"), term(predicate)
        return [
            q.object.value
            for q in self.ontology
            if q.subject == about and q.predicate == by and isinstance(q.object, NamedNode | Literal)
        ]

    def header(self, *predicates: str) -> bool:
        """Tell whether the ontology's header says all of these."""
        return all(self.said(predicate) for predicate in predicates)

    @property
    def terms(self) -> set[NamedNode]:
        """The ontology's own classes and properties."""
        kinds = {
            term(f"owl:{n}") for n in ("Class", "ObjectProperty", "DatatypeProperty", "AnnotationProperty")
        }
        return {
            q.subject
            for q in self.ontology
            if q.predicate == term("rdf:type")
            and q.object in kinds
            and isinstance(q.subject, NamedNode)
            and q.subject.value.startswith(f"{self.base}def#")
        }

    def every_term_has(self, *predicates: str) -> bool:
        """Tell whether each own term has a text by one of these properties."""
        by = {term(predicate) for predicate in predicates}
        return bool(self.terms) and self.terms <= {q.subject for q in self.ontology if q.predicate in by}


def namespaces(quads: Iterable[Quad]) -> set[str]:
    """Give the prefixes of the vocabularies that properties and classes come from."""
    iris = {q.predicate.value for q in quads} | {
        q.object.value for q in quads if q.predicate == term("rdf:type") and isinstance(q.object, NamedNode)
    }
    return {prefix for prefix, space in PREFIXES.items() if any(iri.startswith(space) for iri in iris)}


def absolute(iris: Iterable[str]) -> bool:
    """Tell whether there are IRIs and all are whole."""
    some = [urlsplit(iri) for iri in iris]
    return bool(some) and all(one.scheme in ("http", "https") and one.netloc for one in some)


def persistent(iris: Iterable[str]) -> bool:
    """Tell whether there are IRIs and all are in a space that promises to last."""
    some = list(iris)
    return bool(some) and all(iri.startswith(PERSISTENT) for iri in some)


def elsewhere(_: Evidence) -> bool:
    """Say no to what only others can give: a registration, an archive."""
    return False


@dataclass(frozen=True, slots=True)
class Check:
    """One row: the checklist's own name of it, what it asks, how we look, and why it is not met yet."""

    name: str
    asks: str
    look: Callable[[Evidence], bool]
    gap: str = ""


def identifier(e: Evidence) -> list[str]:
    """Give the identifier that the page says the dataset has."""
    return [str(e.embedded.get("identifier", ""))]


_NOT_REGISTERED = "The folder at w3id.org is not registered yet: that needs an address to lead to."
_CORE = ("creator", "name", "identifier", "datePublished", "publisher", "@type")

FUJI = (
    Check("FsF-F1-01MD-1", "The metadata have an IRI", lambda e: absolute(identifier(e))),
    Check("FsF-F1-01MD-2", "The data have IRIs", lambda e: absolute(e.urls)),
    Check("FsF-F1-02MD-1", "The IRI of the metadata may last", lambda e: persistent(identifier(e))),
    Check("FsF-F1-02MD-2", "The IRI of the metadata is registered", elsewhere, _NOT_REGISTERED),
    Check("FsF-F1-02MD-4", "The IRIs of the data may last", lambda e: persistent(e.urls)),
    Check("FsF-F1-02MD-5", "The IRIs of the data are registered", elsewhere, _NOT_REGISTERED),
    Check("FsF-F2-01M-2", "Who, what, when: enough to cite", lambda e: e.has(*_CORE)),
    Check("FsF-F2-01M-3", "And a summary and keywords", lambda e: e.has(*_CORE, "description", "keywords")),
    Check("FsF-F3-01M-2", "The metadata lead to the data", lambda e: absolute(e.urls)),
    Check("FsF-F4-01M-1", "Search engines can read the metadata",
          lambda e: e.embedded.get("@context") == "https://schema.org/"),
    Check("FsF-A1-01M-1", "Who may have the data",
          lambda e: e.has("conditionsOfAccess", "isAccessibleForFree")),
    Check("FsF-A1-02MD-1", "The metadata are where their IRI says",
          lambda e: e.answers(identifier(e)) and bool(e.rdf)),
    Check("FsF-A1-02MD-2", "The data are where their IRIs say", lambda e: e.answers(e.urls)),
    Check("FsF-A1.1-01MD-1", "HTTP leads to the metadata", lambda e: absolute(identifier(e))),
    Check("FsF-A1.1-01MD-2", "HTTP leads to the data", lambda e: absolute(e.urls)),
    Check("FsF-A1.2-01MD-1", "A login could be asked for: metadata", lambda e: absolute(identifier(e))),
    Check("FsF-A1.2-01MD-2", "A login could be asked for: data", lambda e: absolute(e.urls)),
    Check("FsF-A2-01M-1", "The metadata outlive the data", elsewhere,
          "w3id.org keeps no metadata; a DOI would. F-UJI itself has switched this test off."),
    Check("FsF-I1-01M-1", "RDF stands in the page", lambda e: e.has("@context", "@type")),
    Check("FsF-I1-01M-2", "RDF is to be had by negotiation, link or SPARQL",
          lambda e: bool(e.rdf) and bool(e.quads(f"{e.base}sparql"))),
    Check("FsF-I2-01M-2", "The metadata use listed vocabularies",
          lambda e: set(LISTED) <= namespaces(e.rdf)),
    Check("FsF-I3-01M-1", "Related resources are named", lambda e: e.has("isBasedOn")),
    Check("FsF-I3-01M-2", "Related resources are linked",
          lambda e: absolute(e.embedded.get("isBasedOn", ()))),
    Check("FsF-R1-01M-1", "What kind of resource it is", lambda e: e.embedded.get("@type") == "Dataset"),
    Check("FsF-R1-01M-2", "Size and format of each file",
          lambda e: bool(e.files) and all(f.get("contentSize") and f.get("encodingFormat") for f in e.files)),
    Check("FsF-R1-01M-3", "What is measured", lambda e: e.has("variableMeasured")),
    Check("FsF-R1.1-01M-1", "A licence", lambda e: licence(e.embedded.get("license")) is not None),
    Check("FsF-R1.2-01M-1", "Provenance in Dublin Core's terms",
          lambda e: e.has("creator", "publisher", "datePublished", "dateModified", "isBasedOn")),
    Check("FsF-R1.2-01M-2", "Provenance in PROV's terms", lambda e: "prov" in namespaces(e.rdf)),
    Check("FsF-R1.3-01M-1", "A standard of the field", lambda e: "qb" in namespaces(e.rdf)),
    Check("FsF-R1.3-01M-3", "A standard of many fields", lambda e: "dcat" in namespaces(e.rdf)),
    Check("FsF-R1.3-02D-1", "Files in open formats",
          lambda e: any(f["encodingFormat"] in ("text/turtle", "application/n-triples") for f in e.files)),
)  # fmt: skip

_NOT_LISTED = "Not in Linked Open Vocabularies or another registry: that is asked for when the IRI answers."

FOOPS = (
    Check("PURL1", "The IRI is of a lasting kind", lambda e: persistent([f"{e.base}def"])),
    Check("URI1", "The IRI answers", lambda e: e.get(f"{e.base}def").status_code == 200),
    Check("URI2", "What answers says it has that IRI", lambda e: e.header("rdf:type")),
    Check("VER1", "A version IRI", lambda e: e.header("owl:versionIRI")),
    Check("VER2", "The version IRI answers", lambda e: e.answers(e.said("owl:versionIRI"))),
    Check("OM1", "Title, description, licence, version IRI, creator, namespace",
          lambda e: e.header("dcterms:title", "dcterms:description", "dcterms:license", "owl:versionIRI",
                             "dcterms:creator", "vann:preferredNamespaceUri")),
    Check("FIND1", "A prefix", lambda e: e.header("vann:preferredNamespacePrefix")),
    Check("FIND2", "The prefix is in prefix.cc or Linked Open Vocabularies", elsewhere, _NOT_LISTED),
    Check("FIND3", "The ontology is in a registry", elsewhere, _NOT_LISTED),
    Check("FIND3_BIS", "The registry would outlive the ontology", elsewhere, _NOT_LISTED),
    Check("CN1", "RDF by negotiation", lambda e: bool(e.quads(f"{e.base}def", "application/rdf+xml"))),
    Check("HTTP1", "An open protocol", lambda e: absolute([f"{e.base}def"])),
    Check("RDF1", "It is RDF", lambda e: bool(e.ontology)),
    Check("VOC1", "The header uses other vocabularies", lambda e: e.header("dcterms:title", "bibo:status")),
    Check("VOC2", "The terms build on other vocabularies", lambda e: any(
        q.predicate == term("rdfs:subClassOf") and isinstance(q.object, NamedNode)
        and not q.object.value.startswith(e.base) for q in e.ontology)),
    Check("OM2", "Prefix, version, date of making, citation",
          lambda e: e.header("vann:preferredNamespacePrefix", "owl:versionInfo", "dcterms:created",
                             "dcterms:bibliographicCitation")),
    Check("OM3", "DOI, publisher, logo, status, source, date of issue",
          lambda e: e.header("dcterms:publisher", "bibo:status", "dcterms:source", "dcterms:issued",
                             "bibo:doi", "foaf:logo"),
          "There is no DOI and no logo; the other four are there."),
    Check("OM4.1", "A licence", lambda e: e.header("dcterms:license")),
    Check("OM4.2", "The licence is a known one with an address",
          lambda e: all(map(licence, e.said("dcterms:license")))),
    Check("OM5.1", "Who made it and when", lambda e: e.header("dcterms:creator", "dcterms:created")),
    Check("OM5.2", "Who issued it and when", lambda e: e.header("dcterms:publisher", "dcterms:issued")),
    Check("DOC1", "A page for people", lambda e: e.get(f"{e.base}def").mimetype == "text/html"),
    Check("VOC3", "Each term has a label", lambda e: e.every_term_has("rdfs:label", "skos:prefLabel")),
    Check("VOC4", "Each term has a definition",
          lambda e: e.every_term_has("rdfs:comment", "skos:definition")),
)  # fmt: skip

INTRODUCTION = """\
# How FAIR this is

<!-- Made by `python -m tests.fair`. -->

Two public checklists, asked of our own site by our own tests (`tests/test_fair.py`), without the network.
A row that is not met has its reason; when it is met one day, the test fails until the row says so.

A third list, the metadata quality score of data.norge.no, is in `tests/test_catalog.py`: 405 of 435 points.
The 30 for DCAT-AP-NO are missing because the standard demands an e-mail address (`vcard:hasEmail`), and the
editors publish a page instead.
"""


def document() -> str:
    """Give docs/fair.md."""
    parts = [INTRODUCTION]
    for title, checks in (
        ("The dataset: F-UJI 0.8", FUJI),
        ("The ontology: FOOPS!", FOOPS),
    ):
        met = sum(not check.gap for check in checks)
        parts.append(
            f"\n## {title}\n\n{met} of {len(checks)} are met.\n\n| test | asks | met |\n| --- | --- | --- |\n"
        )
        parts += [f"| {c.name} | {c.asks} | {f'no: {c.gap}' if c.gap else 'yes'} |\n" for c in checks]
    return "".join(parts)


if __name__ == "__main__":
    print(document(), end="")
