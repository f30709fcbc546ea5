"""Shapes that the engine cannot be asked about: which they are, and what pySHACL finds by them alone."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from pyoxigraph import Literal, Quad, Triple, Variable

from kg import isolation
from kg.check.shacl.engine import SECONDS
from kg.check.shacl.results import Node, Outcome, Result, sh
from kg.check.shacl.shapes import (
    OWL_CLASS,
    RDF_FIRST,
    RDF_REST,
    RDF_TYPE,
    RDFS_CLASS,
    TARGETS,
    BeyondError,
)
from kg.check.walk import reached
from kg.errors import InvalidDataError
from kg.isolation import Unfinished

_LEADING = {sh(name) for name in ("node", "property", "not", "and", "or", "xone", "qualifiedValueShape")} | {
    RDF_FIRST,
    RDF_REST,
}
_KINDS = {sh("NodeShape"), sh("PropertyShape"), RDFS_CLASS, OWL_CLASS}


def shapes_of(error: InvalidDataError) -> tuple[BeyondError, ...]:
    """Give the errors about shapes that pySHACL may know, nothing if there is any other error too."""
    if not isinstance(error, BeyondError):
        return ()
    every = (error, *error.others)
    found = tuple(one for one in every if isinstance(one, BeyondError))
    return found if len(found) == len(every) else ()


def parted(shapes: Collection[Quad], nodes: Iterable[Node]) -> tuple[list[Quad], list[Quad]]:
    """Part a shapes graph: without these shapes and those that lead to them, and with no other targets."""
    leading: dict[object, list[Node]] = {}
    for quad in shapes:
        if quad.predicate in _LEADING and not isinstance(quad.subject, Triple):
            leading.setdefault(quad.object, []).append(quad.subject)
    above = frozenset(reached(nodes, lambda node: leading.get(node, ())))
    ours = [quad for quad in shapes if quad.subject not in above]
    return ours, [quad for quad in shapes if quad.subject in above or not _aims(quad)]


def _aims(quad: Quad) -> bool:
    """True for what makes something a target: without its type, a class that is a shape has no instances."""
    return quad.predicate in TARGETS or (quad.predicate == RDF_TYPE and quad.object in _KINDS)


@dataclass(frozen=True, slots=True)
class _Rows:
    """Results, in the form in which a process of its own sends them."""

    results: Sequence[Result]
    variables: tuple[Variable, ...] = (Variable("result"),)

    def __iter__(self) -> Iterator[dict[str, Result]]:
        return ({"result": result} for result in self.results)


def validate(
    shapes: Collection[Quad], data: Sequence[Quad], nodes: Sequence[Node], limit: int | None
) -> Outcome:
    """Give what pySHACL finds by some shapes, within a time: its regular expressions may run without end."""
    from kg.check import referee  # rdflib and pySHACL are heavy, and few shapes need them

    try:
        rows = isolation.rows(lambda: _Rows(referee.validate(shapes, data, limit=limit).results), SECONDS)
        found = (row["result"] for row in rows)
        return Outcome(results=tuple(replace(one, messages=in_languages(one.messages)) for one in found))
    except Unfinished as error:
        return Outcome(results=(), unfinished=tuple((node, (error.en, error.nb)) for node in nodes))


def in_languages(messages: Iterable[Literal]) -> tuple[Literal, ...]:
    """Give pySHACL's messages; what it says of itself is in no language, and is quoted in Norwegian."""
    found: list[Literal] = []
    for message in messages:
        if message.language:
            found.append(message)
        else:
            found.append(Literal(message.value, language="en"))
            found.append(Literal(f"pySHACL: «{message.value}»", language="nb"))
    return tuple(found)
