"""pySHACL over the same input: the second opinion, and the only module here that loads rdflib."""

from __future__ import annotations

from collections.abc import Iterable

import pyshacl
import rdflib
from pyoxigraph import BlankNode, Literal, NamedNode, Quad, Triple
from rdflib.collection import Collection
from rdflib.namespace import RDF, SH

from kg.check.shacl.results import ABOUT_STATEMENTS, Node, Outcome, Path, Result, Term, cut
from kg.errors import InvalidDataError


def validate(shapes: Iterable[Quad], data: Iterable[Quad], *, limit: int | None = None) -> Outcome:
    """Give what pySHACL finds, or the first of it. Raises InvalidDataError for shapes it cannot use."""
    every = list(data)
    plain = [quad for quad in every if not isinstance(quad.object, Triple)]
    data_graph, shapes_graph = _graph(plain), _graph(shapes)
    try:
        _, report, text = pyshacl.validate(
            data_graph, shacl_graph=shapes_graph, inference="none", advanced=False, do_owl_imports=False,
            allow_warnings=False,
        )  # fmt: skip
    except Exception as error:
        words = " ".join(str(error).split())
        raise InvalidDataError(
            (f"pySHACL cannot use the shapes: {words}", f"pySHACL kan ikke bruke formene: «{words}»")
        ) from error
    if not isinstance(report, rdflib.Graph):
        raise InvalidDataError((f"pySHACL gave no report: {text}", f"pySHACL ga ingen rapport: «{text}»"))
    found = list(report.objects(None, SH.result))
    more = 0 if limit is None else len(found) - len(found[:limit])
    notes = (cut(len(found) - more, more),) if more else ()
    notes = (*notes, ABOUT_STATEMENTS) if len(plain) < len(every) else notes
    return Outcome(results=tuple(_result(report, shapes_graph, node) for node in found[:limit]), notes=notes)


def _graph(quads: Iterable[Quad]) -> rdflib.Graph:
    graph = rdflib.Graph()
    for quad in quads:
        graph.add((_to_rdflib(quad.subject), _to_rdflib(quad.predicate), _to_rdflib(quad.object)))
    return graph


def _to_rdflib(term: object) -> rdflib.term.Identifier:
    if isinstance(term, NamedNode):
        return rdflib.URIRef(term.value)
    if isinstance(term, BlankNode):
        return rdflib.BNode(term.value)
    assert isinstance(term, Literal)
    if term.language:
        return rdflib.Literal(term.value, lang=term.language)
    if term.datatype.value == "http://www.w3.org/2001/XMLSchema#string":
        return rdflib.Literal(term.value)
    return rdflib.Literal(term.value, datatype=rdflib.URIRef(term.datatype.value), normalize=False)


def _from_rdflib(term: object) -> Term:
    if isinstance(term, rdflib.URIRef):
        return NamedNode(str(term))
    if isinstance(term, rdflib.BNode):
        return BlankNode(str(term))
    assert isinstance(term, rdflib.Literal)
    if term.language:
        return Literal(str(term), language=term.language)
    return Literal(str(term), datatype=NamedNode(str(term.datatype)) if term.datatype else None)


def _node(term: object) -> Node:
    found = _from_rdflib(term)
    assert not isinstance(found, Literal)
    return found


def _named(term: object) -> NamedNode:
    return NamedNode(str(term))


def _result(report: rdflib.Graph, shapes: rdflib.Graph, node: rdflib.term.Node) -> Result:
    path, value = report.value(node, SH.resultPath), report.value(node, SH.value)
    shape = report.value(node, SH.sourceShape)
    constraint = report.value(node, SH.sourceConstraint)
    messages = [_from_rdflib(message) for message in report.objects(node, SH.resultMessage)]
    return Result(
        focus=_from_rdflib(report.value(node, SH.focusNode)),
        component=_named(report.value(node, SH.sourceConstraintComponent)),
        shape=_node(shape),
        severity=_named(report.value(node, SH.resultSeverity)),
        path=None if path is None else _own_path(shapes, shape, path),
        value=None if value is None else _from_rdflib(value),
        messages=tuple(sorted((m for m in messages if isinstance(m, Literal)), key=str)),
        constraint=None if constraint is None else _node(constraint),
    )


_SUFFIXES = {SH.zeroOrMorePath: "*", SH.oneOrMorePath: "+", SH.zeroOrOnePath: "?"}


def _own_path(shapes: rdflib.Graph, shape: rdflib.term.Node | None, path: rdflib.term.Node) -> Path:
    """Give the path of a result, as the shape has it: copies of lists in pySHACL's reports are not whole."""
    own = None if isinstance(path, rdflib.URIRef) else shapes.value(shape, SH.path)
    return _path(shapes, own or path)


def _path(graph: rdflib.Graph, node: rdflib.term.Node) -> Path:
    return Path(_text(graph, node), _node(node), tuple(_spelling(graph, node)))


def _text(graph: rdflib.Graph, node: rdflib.term.Node) -> str:
    if isinstance(node, rdflib.URIRef):
        return f"<{node}>"
    if (inverse := graph.value(node, SH.inversePath)) is not None:
        return f"^({_text(graph, inverse)})"
    if (either := graph.value(node, SH.alternativePath)) is not None:
        return "(" + "|".join(_text(graph, step) for step in Collection(graph, either)) + ")"
    for predicate, suffix in _SUFFIXES.items():
        if (inner := graph.value(node, predicate)) is not None:
            return f"({_text(graph, inner)}){suffix}"
    return "/".join(_text(graph, step) for step in Collection(graph, node))


def _spelling(graph: rdflib.Graph, node: rdflib.term.Node) -> Iterable[Triple]:
    for _, predicate, value in graph.triples((node, None, None)):
        if isinstance(node, rdflib.BNode) and predicate != RDF.type:
            yield Triple(_node(node), _named(predicate), _from_rdflib(value))
            yield from _spelling(graph, value)
