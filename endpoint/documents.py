"""What an RDF document about a thing says, in each format that can hold it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from pyoxigraph import Literal, NamedNode, Quad

from endpoint.negotiate import ALTERNATES, Representation
from endpoint.problems import Problem
from kg import documents, rdfio
from kg.index import Index
from kg.jsonld import Context
from kg.vocab import LABELS, RDF_TYPE, term

ALTR = f"{ALTERNATES.reference}#"


def write(
    quads: Sequence[Quad],
    form: Representation,
    *,
    root: str,
    prefixes: Mapping[str, str],
    context: Context,
) -> bytes:
    """Give quads in a graph format, literals as written; JSON-LD begins with the node `root`.

    Raises Problem if the format cannot hold what is to be said.
    """
    fmt = rdfio.named(form.suffix.rpartition(".")[2])
    assert fmt is not None
    if fmt.name == "rdfxml":
        _require_xml(quads)
    return documents.write(quads, fmt, root=root, prefixes=prefixes, context=context)


def names(quads: Iterable[Quad], document: str, index: Index) -> Iterator[Quad]:
    """Yield the names of everything that quads mention and do not name, in all languages there are."""
    known = {quad.subject.value for quad in quads if isinstance(quad.subject, NamedNode)}
    mentioned = {
        part.value
        for quad in quads
        for part in (*quad.triple, quad.graph_name)
        if isinstance(part, NamedNode)
    }
    node = NamedNode(document)
    for iri, said in index.values(sorted(mentioned - known), [found.value for found in LABELS]).items():
        for predicate, values in said.items():
            yield from (Quad(NamedNode(iri), NamedNode(predicate), value, node) for value in values)


def alternates(iri: str, document: str, rows: Iterable[tuple[Representation, str, str]]) -> Iterator[Quad]:
    """Yield the list of a thing's representations (Content Negotiation by Profile).

    `rows` are each one with its address and the IRI of its profile; the first is the one by default.
    """
    node, thing = NamedNode(document), NamedNode(iri)
    for place, (form, address, profile) in enumerate(rows):
        name = "hasDefaultRepresentation" if place == 0 else "hasRepresentation"
        one = NamedNode(address)
        yield Quad(thing, NamedNode(f"{ALTR}{name}"), one, node)
        yield Quad(one, RDF_TYPE, NamedNode(f"{ALTR}Representation"), node)
        yield Quad(one, term("dcterms:format"), Literal(form.media_type), node)
        if form.kind == "graph":
            yield Quad(one, term("dcterms:conformsTo"), NamedNode(profile), node)


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
