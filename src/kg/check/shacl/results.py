"""What a validation gives: results in the terms of the standard, and the report graph they make up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from kg.errors import Bilingual

SH = "http://www.w3.org/ns/shacl#"
_RDF_TYPE = NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
_BOOLEAN = NamedNode("http://www.w3.org/2001/XMLSchema#boolean")

Node = NamedNode | BlankNode
Term = NamedNode | BlankNode | Literal


def sh(name: str) -> NamedNode:
    """Give a term of the SHACL namespace."""
    return NamedNode(SH + name)


@dataclass(frozen=True, slots=True)
class Path:
    """A property path: its text as SPARQL has it, its node, and the triples that spell it in RDF.

    Paths with the same text are equal, whatever their blank nodes are called.
    """

    text: str
    node: Node = field(compare=False)
    triples: tuple[Triple, ...] = field(default=(), compare=False)

    @property
    def predicate(self) -> NamedNode | None:
        """The property, where the path is nothing but one."""
        return self.node if isinstance(self.node, NamedNode) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One `sh:ValidationResult`; `parameter` and `allowed` say what the constraint asks for.

    `details` are what other shapes, which the constraint refers to, say of the same value.
    """

    focus: Term
    component: NamedNode
    shape: Node
    severity: NamedNode
    path: Path | None = None
    value: Term | None = None
    messages: tuple[Literal, ...] = ()
    constraint: Node | None = None
    parameter: Term | None = None
    allowed: tuple[Term, ...] = ()
    details: tuple[Result, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """All results of a validation, and what a reader must know about how they were found."""

    results: tuple[Result, ...]
    notes: tuple[Bilingual, ...] = field(default=())
    unfinished: tuple[tuple[Node, Bilingual], ...] = field(default=())
    """Shapes, or queries of shapes, that were given up, and why: what they would have found is not known."""

    @property
    def conforms(self) -> bool:
        """True when there is no result at all, of whatever severity: the standard's own notion."""
        return not self.results and not self.unfinished

    def graph(self) -> Iterator[Triple]:
        """Yield the standard's report graph."""
        report = BlankNode()
        yield Triple(report, _RDF_TYPE, sh("ValidationReport"))
        yield Triple(report, sh("conforms"), Literal(str(self.conforms).lower(), datatype=_BOOLEAN))
        for result in self.results:
            node = BlankNode()
            yield Triple(report, sh("result"), node)
            yield from _describe(node, result)


def _describe(node: BlankNode, result: Result) -> Iterator[Triple]:
    yield Triple(node, _RDF_TYPE, sh("ValidationResult"))
    yield Triple(node, sh("focusNode"), result.focus)
    yield Triple(node, sh("resultSeverity"), result.severity)
    yield Triple(node, sh("sourceConstraintComponent"), result.component)
    yield Triple(node, sh("sourceShape"), result.shape)
    if result.path is not None:
        path, triples = _renamed(result.path)
        yield Triple(node, sh("resultPath"), path)
        yield from triples
    if result.value is not None:
        yield Triple(node, sh("value"), result.value)
    if result.constraint is not None:
        yield Triple(node, sh("sourceConstraint"), result.constraint)
    for message in result.messages:
        yield Triple(node, sh("resultMessage"), message)
    for detail in result.details:
        part = BlankNode()
        yield Triple(node, sh("detail"), part)
        yield from _describe(part, detail)


def _renamed(path: Path) -> tuple[Node, Iterable[Triple]]:
    """Give the path with blank nodes of its own, as each result has its own copy in the report."""
    names: dict[BlankNode, BlankNode] = {}

    def fresh(node: Node) -> Node:
        return names.setdefault(node, BlankNode()) if isinstance(node, BlankNode) else node

    copies = [
        Triple(
            fresh(_node(triple.subject)),
            triple.predicate,
            triple.object if isinstance(triple.object, Literal | Triple) else fresh(triple.object),
        )
        for triple in path.triples
    ]
    return fresh(path.node), copies


def _node(term: object) -> Node:
    assert isinstance(term, NamedNode | BlankNode)
    return term


ABOUT_STATEMENTS = (
    "Statements about statements, as RDF 1.2 has them, were passed over: SHACL 1.0 does not know them.",
    "Utsagn om utsagn, som RDF 1.2 har, ble forbigått: SHACL 1.0 kjenner dem ikke.",
)


def cut(kept: int, more: int, *, is_all: bool = True) -> Bilingual:
    """Say how many results there are beside those that are kept.

    >>> cut(2, 3)[0]
    'There are 5 results: the first 2 are listed.'
    """
    beyond, over = ("", "") if is_all else ("more than ", "mer enn ")
    return (
        f"There are {beyond}{kept + more} results: the first {kept} are listed.",
        f"Det er {over}{kept + more} resultater: de første {kept} er listet opp.",
    )
