"""The SPARQL around a constraint: how its focus nodes and its value nodes are bound."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import count

from pyoxigraph import BlankNode, Literal, NamedNode

from kg.check.shacl.literals import encode, value_expression
from kg.check.shacl.results import Node, Term
from kg.check.shacl.shapes import RDF_TYPE, Shape, Step

MARKS = NamedNode("urn:kg:marks")
_HAS = NamedNode("urn:kg:has")


@dataclass(frozen=True, slots=True)
class Query:
    """One query that finds violations: each row binds `?this`, and `?value`, `?path` where it says so.

    `pair` names a further variable that tells rows apart; `after` is what follows the group.
    """

    where: str
    value: bool = False
    path: bool = False
    pair: str = ""
    after: str = ""

    def text(self) -> str:
        """Give the SELECT query."""
        names = ["?this", *(["?value"] if self.value else ()), *(["?path"] if self.path else ()), self.pair]
        return f"SELECT DISTINCT {' '.join(names)} WHERE {{ {self.where} }} {self.after}"


class Marks:
    """Named sets of nodes, kept in a graph of their own, so that any query can ask for membership."""

    def __init__(self, add: Callable[[NamedNode, NamedNode, Iterable[Term]], None]) -> None:
        """`add` puts (set, predicate, members) into the graph of marks."""
        self._add = add
        self._names = count(1)
        self._constants: dict[Term, NamedNode] = {}
        self._lists: dict[tuple[Term, ...], NamedNode] = {}

    def new(self, members: Iterable[Term] = ()) -> NamedNode:
        """Make a set and give its name."""
        name = NamedNode(f"urn:kg:set:{next(self._names)}")
        self.put(name, members)
        return name

    def put(self, name: NamedNode, members: Iterable[Term]) -> None:
        """Add nodes to a set."""
        self._add(name, _HAS, members)

    def constant(self, term: Term) -> NamedNode:
        """Give the set of just this node: the way to speak of a blank node in a query."""
        if term not in self._constants:
            self._constants[term] = self.new([term])
        return self._constants[term]

    def listed(self, terms: tuple[Term, ...]) -> NamedNode:
        """Give the set of these nodes, made once."""
        if terms not in self._lists:
            self._lists[terms] = self.new(terms)
        return self._lists[terms]


def member(name: NamedNode, variable: str) -> str:
    """Give the pattern that binds or tests a member of a set."""
    return f"GRAPH {MARKS} {{ {name} {_HAS} {variable} }} "


@dataclass
class Scope:
    """What a constraint is compiled in: its shape, its focus nodes, and what the data graph has to offer."""

    shape: Shape
    focus: str
    marks: Marks
    subclasses: Callable[[Node], tuple[Node, ...]]
    failing: Callable[[Node, str], str]
    written: frozenset[NamedNode]
    shapes_graph: NamedNode
    _fresh: count[int] = field(default_factory=lambda: count(1))

    @property
    def var(self) -> str:
        """The variable of a value node; for a node shape the focus node is the value node."""
        return "?value" if self.shape.step else "?this"

    @property
    def values(self) -> str:
        """The pattern that binds each value node."""
        return self.values_as("?value")

    def values_as(self, variable: str) -> str:
        """Give the pattern that binds each value node to a variable, empty for a node shape."""
        return self.pattern(self.shape.step, "?this", variable) if self.shape.step else ""

    def fresh(self) -> str:
        """Give a variable that nothing else uses."""
        return f"?kg_{next(self._fresh)}"

    def pattern(self, step: Step, start: str, end: str) -> str:
        """Give the pattern of a path from a bound variable; it may bind an end more than once."""
        if step.kind == "predicate":
            return f"{start} {step.predicate} {end} . "
        if step.kind == "/":
            return self._sequence(step.parts, start, end)
        if step.kind == "|":
            branches = " UNION ".join(f"{{ {self.pattern(part, start, end)} }}" for part in step.parts)
            return f"LATERAL {{ {branches} }} "
        if step.kind == "^":
            return self._inverse(step.parts[0], start, end)
        inner = step.parts[0]
        more = f"{start} ({inner.text()})+ {end} . " if step.kind != "?" else self.pattern(inner, start, end)
        if step.kind == "+" and not inner.can_be_empty():
            return more
        return f"LATERAL {{ {{ BIND({start} AS {end}) }} UNION {{ {more} }} }} "

    def _sequence(self, parts: tuple[Step, ...], start: str, end: str) -> str:
        names = [start, *(self.fresh() for _ in parts[1:]), end]
        return "".join(self.pattern(part, names[i], names[i + 1]) for i, part in enumerate(parts))

    def _inverse(self, step: Step, start: str, end: str) -> str:
        """Give the pattern of a path walked backwards: each kind of path has its own way of turning round."""
        if step.kind == "predicate":
            return f"{end} {step.predicate} {start} . "
        if step.kind == "^":
            return self.pattern(step.parts[0], start, end)
        parts = tuple(Step("^", parts=(part,)) for part in step.parts)
        return self.pattern(Step(step.kind, parts=parts[::-1] if step.kind == "/" else parts), start, end)

    def value_of(self, variable: str, predicate: NamedNode | None = None) -> str:
        """Give the expression for what a literal means, for comparing.

        It costs nothing where all literals of the property are written as the store has them.
        """
        step = self.shape.step
        if predicate is None and step is not None:
            predicate = step.predicate
        if not self.written or (predicate is not None and predicate not in self.written):
            return variable
        return value_expression(variable)

    def is_term(self, variable: str, term: Term) -> str:
        """Give the expression that is true if a variable is this very term."""
        if isinstance(term, BlankNode):
            return f"EXISTS {{ {member(self.marks.constant(term), variable)} }}"
        return f"sameTerm({variable}, {constant(term)})"

    def has_value(self, term: Term) -> str:
        """Give the pattern that matches if a term is among the value nodes."""
        step = self.shape.step
        if step is None:
            return f"FILTER({self.is_term('?this', term)}) "
        if step.kind == "predicate" and not isinstance(term, BlankNode):
            return self.pattern(step, "?this", constant(term))
        other = self.fresh()
        return self.values_as(other) + f"FILTER({self.is_term(other, term)}) "

    def is_value(self, variable: str) -> str:
        """Give the pattern that matches if what a variable has is among the value nodes."""
        step = self.shape.step
        if step is not None and step.kind == "predicate":
            return self.pattern(step, "?this", variable)
        other = self.fresh() if step else "?this"
        return self.values_as(other) + f"FILTER(sameTerm({other}, {variable})) "

    def one_of(self, variable: str, terms: tuple[Term, ...]) -> str:
        """Give the expression that is true if a variable is one of these very terms."""
        if len(terms) > 12:
            return f"EXISTS {{ {member(self.marks.listed(terms), variable)} }}"
        return "(" + " || ".join(self.is_term(variable, term) for term in terms) + ")" if terms else "false"

    def instance(self, variable: str, cls: NamedNode) -> str:
        """Give the pattern that matches if a node is of a class or one of its subclasses."""
        classes = self.subclasses(cls)
        if len(classes) == 1:
            return f"{variable} {RDF_TYPE} {cls} . "
        kind = self.fresh()
        return f"{variable} {RDF_TYPE} {kind} . " + member(self.marks.listed(classes), kind)

    def fails(self, shape: Node, variable: str) -> str:
        """Give the expression that is true if a node does not conform to a shape."""
        return self.failing(shape, variable)


def constant(term: NamedNode | Literal | BlankNode) -> str:
    """Give a term as a query spells it, literals as the store has them."""
    return str(encode(term)) if isinstance(term, Literal) else str(term)
