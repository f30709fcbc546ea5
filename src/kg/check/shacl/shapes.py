"""Shapes read from their graph into values: targets, paths and constraints, each checked as it is read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from pyoxigraph import BlankNode, Literal, NamedNode, Quad, Triple

from kg.check.shacl.results import SH, Node, Path, Term, sh
from kg.errors import Bilingual, InvalidDataError

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RDF_TYPE, RDF_FIRST, RDF_REST = NamedNode(_RDF + "type"), NamedNode(_RDF + "first"), NamedNode(_RDF + "rest")
RDF_NIL = NamedNode(_RDF + "nil")
_RDFS = "http://www.w3.org/2000/01/rdf-schema#"
RDFS_CLASS, SUBCLASS = NamedNode(_RDFS + "Class"), NamedNode(_RDFS + "subClassOf")
OWL_CLASS = NamedNode("http://www.w3.org/2002/07/owl#Class")
_BOOLEAN = NamedNode("http://www.w3.org/2001/XMLSchema#boolean")
_BOOLEANS = ("true", "false", "1", "0")
_DEPTH = 200
"""How deep paths may nest: deeper ones are attacks, not shapes."""


class ShapeError(InvalidDataError):
    """A shape that the standard calls ill-formed, or that asks for something outside it."""

    def __init__(
        self,
        node: Term,
        said: Bilingual,
        *,
        path: NamedNode | None = None,
        at: int | None = None,
        hint: Bilingual | None = None,
    ) -> None:
        """Keep the node of the shapes graph that is wrong, and the property if it is about one.

        `at` is an offset in the text that is the property's value; `others` are further errors, where looked
        for.
        """
        super().__init__((f"{_named(node)}: {said[0]}", f"{_named(node)}: {said[1]}"), hint=hint)
        self.node = node
        self.path = path
        self.at = at
        self.plain = said
        self.others: tuple[ShapeError, ...] = ()


class BeyondError(ShapeError):
    """A shape that pySHACL can apply and the engine cannot."""


def _named(node: Term) -> str:
    return f"<{node.value}>" if isinstance(node, NamedNode) else str(node)


class ShapesGraph:
    """The triples of a shapes graph, looked up by subject and predicate, in the order written."""

    def __init__(self, quads: Iterable[Quad]) -> None:
        """Index the quads; graph names do not matter."""
        self.quads: list[Quad] = []
        self._values: dict[Node, dict[NamedNode, dict[Term, None]]] = {}
        self._subjects: dict[tuple[NamedNode, Term], dict[Node, None]] = {}
        for quad in quads:
            subject, value = quad.subject, quad.object
            if isinstance(subject, Triple) or isinstance(value, Triple):
                continue
            self.quads.append(quad)
            self._values.setdefault(subject, {}).setdefault(quad.predicate, {})[value] = None
            self._subjects.setdefault((quad.predicate, value), {})[subject] = None

    def values(self, node: Term, predicate: NamedNode) -> tuple[Term, ...]:
        """Give the values of a property."""
        return tuple(self._values.get(node, {}).get(predicate, ())) if not isinstance(node, Literal) else ()

    def predicates(self, node: Node) -> frozenset[NamedNode]:
        """Give the properties that a node has."""
        return frozenset(self._values.get(node, ()))

    def subjects(self, predicate: NamedNode, value: Term) -> tuple[Node, ...]:
        """Give the nodes that have a value."""
        return tuple(self._subjects.get((predicate, value), ()))

    def having(self, predicate: NamedNode) -> Iterator[Node]:
        """Yield the nodes that have a property at all."""
        return (node for node, values in self._values.items() if predicate in values)

    def one(self, node: Node, predicate: NamedNode) -> Term | None:
        """Give the only value of a property, or None. Raises ShapeError where there are several."""
        values = self.values(node, predicate)
        if len(values) > 1:
            raise several(node, predicate, len(values))
        return values[0] if values else None

    def literal(self, node: Node, predicate: NamedNode) -> Literal | None:
        """Give the only value of a property, which must be a literal."""
        value = self.one(node, predicate)
        if value is not None and not isinstance(value, Literal):
            name = _short(predicate)
            raise ShapeError(
                node,
                (
                    f"{name} must be a literal, and is {_named(value)}.",
                    f"{name} må være en literal, og er {_named(value)}.",
                ),
                path=predicate,
                hint=('Write it between ", or as a number.', 'Skriv den mellom ", eller som et tall.'),
            )
        return value

    def is_true(self, node: Node, predicate: NamedNode) -> bool:
        """True if a property is `true`; `1` is not, as the standard's tests have it. Raises ShapeError."""
        value = self.literal(node, predicate)
        if value is not None and (value.datatype != _BOOLEAN or value.value not in _BOOLEANS):
            name = _short(predicate)
            raise ShapeError(
                node,
                (
                    f"{name} must be true or false, and is {value}.",
                    f"{name} må være true eller false, og er {value}.",
                ),
                path=predicate,
                hint=("Write it without quotation marks.", "Skriv det uten anførselstegn."),
            )
        return value is not None and value.value == "true"

    def list(self, node: Term, owner: Node, path: NamedNode) -> tuple[Term, ...]:
        """Give the members of an RDF list, a value of a shape's. Raises ShapeError if it is none."""
        members: list[Term] = []
        seen: set[Term] = set()
        while node != RDF_NIL:
            first, rest = self.values(node, RDF_FIRST), self.values(node, RDF_REST)
            if len(first) != 1 or len(rest) != 1 or node in seen:
                raise ShapeError(owner, _NO_LIST, path=path, hint=_WRITE_LIST)
            seen.add(node)
            members.append(first[0])
            node = rest[0]
        return tuple(members)

    def is_instance(self, node: Node, cls: NamedNode) -> bool:
        """True if a node is of a class or of a subclass, by what the shapes graph says."""
        pending, seen = list(self.values(node, RDF_TYPE)), set[Term]()
        while pending:
            found = pending.pop()
            if found == cls:
                return True
            if found not in seen:
                seen.add(found)
                pending += self.values(found, SUBCLASS)
        return False


_NO_LIST = (
    "It has something that should be an RDF list and is not a whole one.",
    "Den har noe som skulle ha vært en RDF-liste, og ikke er en hel liste.",
)
_WRITE_LIST = "Write a list between ( and ).", "Skriv en liste mellom ( og )."


def several(node: Node, predicate: NamedNode, number: int) -> ShapeError:
    """Give the error for several values of a property that can have one."""
    name = _short(predicate)
    return ShapeError(
        node,
        (
            f"It has {number} values of {name}; there can be one.",
            f"Den har {number} verdier av {name}; det kan bare være én.",
        ),
        path=predicate,
        hint=("Keep one of them.", "Behold én av dem."),
    )


_NO_RECURSION = (
    "The standard leaves recursive shapes undefined: take one of the references out, or ask with sh:sparql.",
    "Standarden sier ikke hva rekursive former betyr: ta bort en av henvisningene, eller spør med sh:sparql.",
)


def recursive(node: Node, path: Iterable[Node]) -> ShapeError:
    """Give the error for a shape that refers to itself; `path` leads to the last that does so."""
    nodes = list(path)
    between = ", ".join(_named(n) for n in nodes[nodes.index(node) + 1 :] if isinstance(n, NamedNode))
    by, gjennom = (f" by way of {between}", f" gjennom {between}") if between else ("", "")
    said = f"It refers to itself{by}: recursion.", f"Den viser til seg selv{gjennom}: rekursjon."
    return ShapeError(node, said, hint=_NO_RECURSION)


def no_iri(node: Node, name: str, value: Term) -> ShapeError:
    """Give the error for a value of a parameter that is no IRI."""
    return ShapeError(
        node,
        (f"sh:{name} must be an IRI, and is {value}.", f"sh:{name} må være en IRI, og er {value}."),
        path=sh(name),
        hint=("Write a prefixed name, or an IRI between < and >.",
              "Skriv et navn med prefiks, eller en IRI mellom < og >."),
    )  # fmt: skip


def _short(predicate: NamedNode) -> str:
    return (
        "sh:" + predicate.value.removeprefix(SH) if predicate.value.startswith(SH) else f"<{predicate.value}>"
    )


@dataclass(frozen=True, slots=True)
class Step:
    """A property path as a tree: its kind, its property or its parts."""

    kind: str
    predicate: NamedNode | None = None
    parts: tuple[Step, ...] = ()

    def text(self) -> str:
        """Give the path as SPARQL writes it."""
        if self.kind == "predicate":
            assert self.predicate is not None
            return str(self.predicate)
        if self.kind in ("/", "|"):
            return "(" + self.kind.join(part.text() for part in self.parts) + ")"
        inner = self.parts[0].text()
        return f"^({inner})" if self.kind == "^" else f"({inner}){self.kind}"

    def can_be_empty(self) -> bool:
        """True if a node can be its own value by way of no step at all."""
        if self.kind in ("*", "?"):
            return True
        if self.kind == "/":
            return all(part.can_be_empty() for part in self.parts)
        if self.kind == "|":
            return any(part.can_be_empty() for part in self.parts)
        return self.kind in ("^", "+") and self.parts[0].can_be_empty()


_SIGN = re.compile(r"<[^<>]*>|[()^/|*+?]")


def read_step(text: str) -> Step:
    """Give the path that SPARQL writes so; a bare IRI is one too.

    >>> read_step("^(<urn:p>)/(<urn:q>|(<urn:r>)*)").text()
    '(^(<urn:p>)/(<urn:q>|(<urn:r>)*))'
    """
    if not text.startswith(("<", "^", "(")):
        return Step("predicate", NamedNode(text))
    signs = _SIGN.findall(text)[::-1]
    return _read_joined(signs, "|")


def _read_joined(signs: list[str], kind: str) -> Step:
    """Take alternatives off the end of the signs, or the steps of one of them."""
    parts = [_read_joined(signs, "/") if kind == "|" else _read_part(signs)]
    while signs and signs[-1] == kind:
        signs.pop()
        parts.append(_read_joined(signs, "/") if kind == "|" else _read_part(signs))
    return parts[0] if len(parts) == 1 else Step(kind, parts=tuple(parts))


def _read_part(signs: list[str]) -> Step:
    sign = signs.pop()
    if sign == "^":
        return Step("^", parts=(_read_part(signs),))
    if sign == "(":
        found = _read_joined(signs, "|")
        signs.pop()
    else:
        found = Step("predicate", NamedNode(sign[1:-1]))
    while signs and signs[-1] in ("*", "+", "?"):
        found = Step(signs.pop(), parts=(found,))
    return found


_CLOSURES = {sh("zeroOrMorePath"): "*", sh("oneOrMorePath"): "+", sh("zeroOrOnePath"): "?"}


def read_path(graph: ShapesGraph, node: Term, owner: Node, depth: int = 0) -> Step:
    """Give the path that a node spells. Raises ShapeError if it spells none."""
    if isinstance(node, NamedNode) and node != RDF_NIL:
        return Step("predicate", node)
    if isinstance(node, Literal) or depth > _DEPTH:
        raise ShapeError(owner, _NO_PATH, path=sh("path"), hint=_WRITE_PATH)
    if graph.values(node, RDF_FIRST):
        return _several(graph, "/", node, owner, depth)
    if (inverse := graph.one(node, sh("inversePath"))) is not None:
        return Step("^", parts=(read_path(graph, inverse, owner, depth + 1),))
    if (either := graph.one(node, sh("alternativePath"))) is not None:
        return _several(graph, "|", either, owner, depth)
    for predicate, kind in _CLOSURES.items():
        if (inner := graph.one(node, predicate)) is not None:
            return Step(kind, parts=(read_path(graph, inner, owner, depth + 1),))
    raise ShapeError(owner, _NO_PATH, path=sh("path"), hint=_WRITE_PATH)


_NO_PATH = "sh:path is not a property path.", "sh:path er ikke en egenskapssti."
_WRITE_PATH = (
    "Write the IRI of a property, a list of them, or such as [ sh:inversePath ex:p ].",
    "Skriv IRI-en til en egenskap, en liste av slike, eller slik som [ sh:inversePath ex:p ].",
)


def _several(graph: ShapesGraph, kind: str, node: Term, owner: Node, depth: int) -> Step:
    members = graph.list(node, owner, sh("path"))
    if len(members) > _DEPTH:
        raise ShapeError(
            owner,
            (
                f"sh:path has {len(members)} steps; {_DEPTH} are possible.",
                f"sh:path har {len(members)} steg; {_DEPTH} er mulig.",
            ),
            path=sh("path"),
        )
    if len(members) < 2:
        raise ShapeError(
            owner,
            (
                "sh:path has a list of fewer than two paths.",
                "sh:path har en liste med færre enn to stier.",
            ),
            path=sh("path"),
            hint=("Write the property without the list.", "Skriv egenskapen uten listen."),
        )
    return Step(kind, parts=tuple(read_path(graph, member, owner, depth + 1) for member in members))


def spelling(step: Step) -> Path:
    """Give a path in RDF, for reports."""
    triples: list[Triple] = []
    node = _spell(step, triples)
    text = step.text()
    return Path(text[1:-1] if step.kind in ("/", "|") else text, node, tuple(triples))


def _spell(step: Step, triples: list[Triple]) -> Node:
    if step.kind == "predicate":
        assert step.predicate is not None
        return step.predicate
    if step.kind == "/":
        return _spell_list(step.parts, triples)
    node = BlankNode()
    if step.kind == "|":
        triples.append(Triple(node, sh("alternativePath"), _spell_list(step.parts, triples)))
        return node
    names = {"^": "inversePath", "*": "zeroOrMorePath", "+": "oneOrMorePath", "?": "zeroOrOnePath"}
    triples.append(Triple(node, sh(names[step.kind]), _spell(step.parts[0], triples)))
    return node


def _spell_list(parts: Sequence[Step], triples: list[Triple]) -> Node:
    rest: Node = RDF_NIL
    for part in reversed(parts):
        node = BlankNode()
        triples += (Triple(node, RDF_FIRST, _spell(part, triples)), Triple(node, RDF_REST, rest))
        rest = node
    return rest


@dataclass(frozen=True, slots=True)
class Token:
    """One piece of a query's text."""

    kind: str
    text: str

    @property
    def keyword(self) -> str:
        """The word in capitals, empty for anything else."""
        return self.text.upper() if self.kind == "word" and ":" not in self.text else ""

    @property
    def name(self) -> str:
        """The name of a variable, empty for anything else."""
        return self.text[1:] if self.kind == "var" else ""


@dataclass(frozen=True, slots=True)
class Statement:
    """A user's query, read: what its prefixes are, and its text from SELECT or ASK on."""

    owner: Node
    form: str
    prologue: str
    body: tuple[Token, ...]
    prefixes: Mapping[str, str]
    messages: tuple[Literal, ...]

    def uses(self, name: str) -> bool:
        """True if the query speaks of a variable."""
        return any(token.name == name for token in self.body)


@dataclass(frozen=True, slots=True)
class Constraint:
    """One constraint of a shape: its component and the values of its parameters."""

    component: NamedNode
    value: Term | None = None
    values: tuple[Term, ...] = ()
    number: int = 0
    shapes: tuple[Node, ...] = ()
    siblings: tuple[Node, ...] = ()
    flags: str = ""
    params: Mapping[str, Term] = field(default_factory=lambda: MappingProxyType({}))
    statement: Statement | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A shape with everything that validating against it needs."""

    node: Node
    step: Step | None
    path: Path | None
    severity: NamedNode
    messages: tuple[Literal, ...]
    constraints: tuple[Constraint, ...]

    @property
    def is_property(self) -> bool:
        """True for a property shape."""
        return self.step is not None


TARGETS = tuple(sh(name) for name in ("targetClass", "targetNode", "targetSubjectsOf", "targetObjectsOf"))
_SHAPE_VALUED = tuple(sh(name) for name in ("node", "property", "not", "qualifiedValueShape"))
_LIST_OF_SHAPES = tuple(sh(name) for name in ("and", "or", "xone"))
_BEYOND = {
    sh(name): "SHACL Advanced Features"
    for name in ("target", "rule", "expression", "values", "nodeByExpression")
} | {sh("js"): "SHACL-JS"}


def reject_beyond(graph: ShapesGraph, node: Node) -> None:
    """Raise ShapeError if a shape uses something outside SHACL 1.0 Core and SHACL-SPARQL."""
    for predicate, where in _BEYOND.items():
        if graph.values(node, predicate):
            raise ShapeError(
                node,
                (
                    f"{_short(predicate)} belongs to {where}, which is not supported.",
                    f"{_short(predicate)} hører til {where}, som ikke er støttet.",
                ),
                path=predicate,
                hint=(
                    "Take it out, or say the same with sh:sparql.",
                    "Ta det bort, eller si det samme med sh:sparql.",
                ),
            )


def entailing(graph: ShapesGraph) -> Iterator[ShapeError]:
    """Yield an error for each entailment that the shapes graph asks for: the standard has us refuse it."""
    for node in graph.having(sh("entailment")):
        name = _named(graph.values(node, sh("entailment"))[0])
        yield ShapeError(
            node,
            (
                f"sh:entailment asks for {name}, which is not supported.",
                f"sh:entailment ber om {name}, som ikke er støttet.",
            ),
            path=sh("entailment"),
            hint=(
                "Take it out: the data are validated as they stand, with rdfs:subClassOf.",
                "Ta det bort: dataene valideres slik de står, med rdfs:subClassOf.",
            ),
        )


def targeted(graph: ShapesGraph) -> tuple[Node, ...]:
    """Give the shapes that have targets, classes that are shapes included."""
    found: dict[Node, None] = {}
    for predicate in TARGETS:
        found.update(dict.fromkeys(graph.having(predicate)))
    for kind in (sh("NodeShape"), sh("PropertyShape")):
        found.update((n, None) for n in graph.subjects(RDF_TYPE, kind) if is_implicit_class(graph, n))
    return tuple(found)


def is_implicit_class(graph: ShapesGraph, node: Node) -> bool:
    """True if a shape is a class too, and so has its instances as targets."""
    if not isinstance(node, NamedNode):
        return False
    is_shape = any(kind in graph.values(node, RDF_TYPE) for kind in (sh("NodeShape"), sh("PropertyShape")))
    return is_shape and (graph.is_instance(node, RDFS_CLASS) or OWL_CLASS in graph.values(node, RDF_TYPE))


def declared(graph: ShapesGraph) -> tuple[Node, ...]:
    """Give every node that is a shape: by type, by target, or by being used as one."""
    found: dict[Node, None] = dict.fromkeys(targeted(graph))
    for kind in (sh("NodeShape"), sh("PropertyShape")):
        found.update(dict.fromkeys(graph.subjects(RDF_TYPE, kind)))
    for predicate in _SHAPE_VALUED:
        for owner in graph.having(predicate):
            found.update((v, None) for v in graph.values(owner, predicate) if not isinstance(v, Literal))
    for predicate in _LIST_OF_SHAPES:
        for owner in graph.having(predicate):
            for head in graph.values(owner, predicate):
                try:
                    members = graph.list(head, owner, predicate)
                except ShapeError:
                    members = (owner,)  # reading it will tell
                found.update((m, None) for m in members if not isinstance(m, Literal))
    return tuple(found)
