"""What we know of an IRI as an RDF document, in each format that can hold it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pyoxigraph import Literal, NamedNode, Quad

from endpoint.jsonld import Context
from endpoint.negotiate import Representation
from endpoint.problems import Problem
from kg import rdfio
from kg.config import Config
from kg.index import Description
from kg.vocab import RDF_TYPE, term


def write(
    description: Description, form: Representation, *, document: str, config: Config, context: Context
) -> bytes:
    """Give the document in a graph format, literals as written.

    Says of itself, under the IRI `document`, what it is about and under which licence. Raises Problem if the
    format cannot hold what is to be said.
    """
    fmt = rdfio.named(form.name)
    assert fmt is not None
    quads = (*description.quads(), *_about(document, description.iri, config))
    if fmt.name == "rdfxml":
        _require_xml(quads)
    if fmt.name == "jsonld":
        return context.write(dict.fromkeys(q.triple for q in quads), description.iri)
    if fmt.datasets:
        return rdfio.write(quads, fmt, prefixes=_used(quads, config.prefixes))
    triples = tuple(dict.fromkeys(quad.triple for quad in quads))
    return rdfio.write(triples, fmt, prefixes=_used(quads, config.prefixes))


def _about(document: str, iri: str, config: Config) -> tuple[Quad, ...]:
    node = NamedNode(document)
    quads = [
        Quad(node, RDF_TYPE, term("foaf:Document"), node),
        Quad(node, term("foaf:primaryTopic"), NamedNode(iri), node),
        Quad(node, term("void:inDataset"), NamedNode(f"{config.base}dataset"), node),
    ]
    if config.license:
        quads.append(Quad(node, term("dcterms:license"), NamedNode(config.license), node))
    return tuple(quads)


def _used(quads: Iterable[Quad], prefixes: Mapping[str, str]) -> dict[str, str]:
    """Give the prefixes that some IRI of the quads begins with."""
    names: set[str] = set()
    for quad in quads:
        for part in (*quad.triple, quad.graph_name):
            for text in (getattr(part, "value", ""), getattr(getattr(part, "datatype", None), "value", "")):
                names.add(text[: max(text.rfind("#"), text.rfind("/")) + 1])
    return {prefix: iri for prefix, iri in prefixes.items() if iri in names}


def _require_xml(quads: Iterable[Quad]) -> None:
    for quad in quads:
        if not rdfio.xml_name(quad.predicate.value):
            raise Problem(
                "not-serialisable",
                f"RDF/XML has no name for the property <{quad.predicate.value}>: "
                "it does not end in an XML name.",
            )
        if isinstance(quad.object, Literal) and not rdfio.xml_text(quad.object.value):
            raise Problem("not-serialisable", "A text has a control character, which XML does not allow.")
