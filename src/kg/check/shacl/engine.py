"""The validation itself: data into a store, focus nodes into sets, constraints into queries and results."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain, islice
from typing import Protocol

from pyoxigraph import BlankNode, DefaultGraph, Literal, NamedNode, Quad, QuerySolutions, Store, Triple

from kg import isolation
from kg.check.shacl import sparql
from kg.check.shacl.components import BY_IRI, CORE, PROPERTY, read_core
from kg.check.shacl.literals import ANY, decode, encode, value_expression
from kg.check.shacl.results import ABOUT_STATEMENTS, Node, Outcome, Path, Result, Term, cut, sh
from kg.check.shacl.scope import MARKS, Marks, Scope, member
from kg.check.shacl.shapes import (
    RDF_TYPE,
    SUBCLASS,
    TARGETS,
    Constraint,
    Shape,
    ShapeError,
    ShapesGraph,
    Statement,
    Step,
    declared,
    entailing,
    is_implicit_class,
    no_iri,
    read_path,
    recursive,
    reject_beyond,
    several,
    spelling,
    targeted,
)
from kg.check.shacl.sparql import Custom
from kg.check.walk import reached
from kg.errors import Bilingual
from kg.isolation import Unfinished
from kg.vocab import compact, local_name

_WRITTEN, _VALUES = NamedNode("urn:kg:written"), NamedNode("urn:kg:values")
_SHAPES = NamedNode("urn:kg:shapes")
_TRUE = Literal(True)


SECONDS = 60.0
"""How long a query may run whose cost nobody knows; after one that did not end, half of that."""
_SIMPLE = 8
"""How many constraints of a shape are said in place, where they are about each node by itself."""
_TOGETHER = 100
"""How many tests go into one query."""
_OF_ONE = {
    "minCount": ("There is no value.", "Verdien mangler."),
    "maxCount": ("There is more than one value.", "Det er mer enn én verdi."),
    "qualifiedMinCount": ("No value conforms to the shape.", "Ingen verdi oppfyller formen."),
    "qualifiedMaxCount": ("More than one value conforms to the shape.", "Mer enn én verdi oppfyller formen."),
}
_MANY = 2000
_TOO_MANY = 100_000
"""So many nodes are not put into a set of their own, to be looked at again: the set would fill the memory."""
_COUNTED = 2_000_000
"""How many results are counted beyond those that are kept."""
_SAMPLE = 400
"""How many values of a property are looked at to say whose property it is."""
_EXPLAINED = frozenset(
    sh(f"{name}ConstraintComponent") for name in ("Node", "And", "Or", "Xone", "QualifiedMinCount")
)
"""Constraints whose results say why: by results of the shapes that a value ought to conform to."""
MOST_EXPLAINED = 1000
_DEEPEST = 3
_LISTED = 20
"""How many allowed values a message names."""
_NO_PATH = (
    "It is a property shape and has no sh:path.",
    "Den er en egenskapsform og har ingen sh:path.",
)
_ADD_PATH = (
    "Add sh:path, or make it a sh:NodeShape.",
    "Legg til sh:path, eller gjør den til en sh:NodeShape.",
)
_NOT_IN_PLACE = ("not", "and", "or", "xone", "node", "disjoint")
_OF_SEVERAL = frozenset(c.iri for c in CORE if c.of_several)
_LOCAL = frozenset(c.iri for c in CORE if c.offence is not None and c.parameter not in _NOT_IN_PLACE)


def validate(shapes: Iterable[Quad], data: Iterable[Quad], *, limit: int | None = None) -> Outcome:
    """Give everything that the shapes find in the data, or the first `limit` results and a note.

    All named graphs count as one. Raises ShapeError for shapes that are ill-formed, recursive, or outside
    SHACL 1.0 Core and SHACL-SPARQL. Nothing is fetched.
    """
    graph = ShapesGraph(shapes)
    plan = Plan(graph)
    return Validation(plan, DataStore(data, graph)).outcome(limit)


class Solution(Protocol):
    """A row of a query's answer."""

    def __getitem__(self, name: str, /) -> object:
        """Give what a variable is bound to, None if it is not."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where focus nodes of a shape come from: all of a set, or the values of a path from it."""

    pattern: str
    parent: Node | None = None


class Plan:
    """The shapes that a validation needs, read, checked, and in an order that puts parents first."""

    def __init__(self, graph: ShapesGraph) -> None:
        """Read every shape of the graph; an ill-formed one raises ShapeError even if nothing targets it.

        The error is the first, and carries the others.
        """
        self.graph = graph
        self.custom: tuple[Custom, ...] = sparql.read_components(graph)
        self.shapes: dict[Node, Shape] = {}
        self._errors: list[ShapeError] = list(entailing(graph))
        for node in declared(graph):
            self._read(node)
        if self._errors:
            self._errors[0].others = tuple(self._errors[1:])
            raise self._errors[0]
        self.roots = tuple(node for node in targeted(graph))
        self.order = self._ordered()

    def _read(self, node: Node) -> None:
        """Read a shape, and those it refers to, unless it has been read."""
        pending = [node]
        while pending:
            found = pending.pop()
            if found not in self.shapes:
                self.shapes[found] = shape = self._checked(found)
                pending += (child for c in shape.constraints for child in (*c.shapes, *c.siblings))

    def _checked(self, node: Node) -> Shape:
        """Give the shape, or, after noting what is wrong with it, one that asks for nothing."""
        try:
            return self._shape(node)
        except ShapeError as error:
            self._errors.append(error)
            return Shape(
                node=node, step=None, path=None, severity=sh("Violation"), messages=(), constraints=()
            )

    def _shape(self, node: Node) -> Shape:
        graph = self.graph
        reject_beyond(graph, node)
        paths = graph.values(node, sh("path"))
        if len(paths) > 1:
            raise several(node, sh("path"), len(paths))
        if not paths and sh("PropertyShape") in graph.values(node, RDF_TYPE):
            raise ShapeError(node, _NO_PATH, hint=_ADD_PATH)
        step = read_path(graph, paths[0], node) if paths else None
        severity = graph.one(node, sh("severity")) or sh("Violation")
        if not isinstance(severity, NamedNode):
            raise no_iri(node, "severity", severity)
        off = graph.is_true(node, sh("deactivated"))
        return Shape(
            node=node,
            step=step,
            path=spelling(step) if step else None,
            severity=severity,
            messages=sparql.messages(graph, node),
            constraints=() if off else tuple(self._constraints(node, step is not None)),
        )

    def _constraints(self, node: Node, is_property: bool) -> Iterator[Constraint]:
        yield from read_core(self.graph, node, is_property)
        yield from sparql.read_constraints(self.graph, node)
        for custom in self.custom:
            yield from sparql.read_uses(self.graph, node, custom, is_property)

    @property
    def asks_for_shapes(self) -> bool:
        """True if a query speaks of `$shapesGraph`."""
        statements = (c.statement for shape in self.shapes.values() for c in shape.constraints)
        return any(statement.uses("shapesGraph") for statement in statements if statement is not None)

    def children(self, node: Node) -> Iterator[Node]:
        """Yield the shapes that a shape refers to."""
        for constraint in self.shapes[node].constraints:
            yield from constraint.shapes
            yield from constraint.siblings

    def reporting(self, node: Node) -> frozenset[Node]:
        """Give a shape with all whose results are told where it is validated: the property shapes in it."""
        return frozenset(reached([node], self._properties))

    def says(self, root: Node) -> tuple[object, ...]:
        """Give all that a validation of a root depends on: its targets, and the shapes that it leads to."""
        targets = tuple(tuple(self.graph.values(root, target)) for target in TARGETS)
        off = self.graph.is_true(root, sh("deactivated"))
        below = {node: self.shapes[node] for node in reached([root], self.children)}
        return targets, is_implicit_class(self.graph, root), off, below

    def _properties(self, node: Node) -> Iterator[Node]:
        for constraint in self.shapes[node].constraints:
            if constraint.component == PROPERTY:
                yield from (*constraint.shapes, *constraint.siblings)

    @cached_property
    def odd_targets(self) -> frozenset[NamedNode]:
        """The property of targets that name a literal as the store would not write it, if some do."""
        name = sh("targetNode")
        values = (value for root in self.roots for value in self.graph.values(root, name))
        odd = (isinstance(value, Literal) and encode(value) is not value for value in values)
        return frozenset([name]) if any(odd) else frozenset()

    @property
    def is_far(self) -> bool:
        """True if a property shape asks for others: then results stand at nodes that no target names."""
        return any(
            shape.is_property and any(constraint.component == PROPERTY for constraint in shape.constraints)
            for shape in self.shapes.values()
        )

    def _ordered(self) -> tuple[Node, ...]:
        """Give the shapes that targets lead to, each after all that refer to it. Raises for recursion."""
        done: dict[Node, None] = {}
        path: dict[Node, None] = {}
        stack: list[tuple[Node, Iterator[Node]]] = []
        for root in self.shapes:
            if root not in done:
                path[root] = None
                stack.append((root, self.children(root)))
            while stack:
                node, children = stack[-1]
                child = next(children, None)
                if child is None:
                    stack.pop()
                    del path[node]
                    done[node] = None
                elif child in path:
                    raise recursive(child, path)
                elif child not in done:
                    path[child] = None
                    stack.append((child, self.children(child)))
        return tuple(reversed(done))


class DataStore:
    """The data graph in a store, literals as written, beside the marks and the shapes graph.

    Statements about statements are passed over: SHACL 1.0 is about RDF 1.1.
    """

    def __init__(self, data: Iterable[Quad], shapes: ShapesGraph) -> None:
        """Load the data."""
        self._store = Store()
        self._seconds = SECONDS
        self._written: set[NamedNode] = set()
        self.passed_over: set[Triple] = set()
        self._store.bulk_extend(self._loaded(data))
        self.written = frozenset(self._written)
        self._needles = tuple(str(predicate) for predicate in self.written)
        self._shapes = shapes
        self._subclasses = self._read_subclasses()

    def _loaded(self, data: Iterable[Quad]) -> Iterator[Quad]:
        written = self._written
        for quad in data:
            value = quad.object
            if type(value) is Literal and (kept := encode(value)) is not value:
                written.add(quad.predicate)
                yield Quad(quad.subject, quad.predicate, kept, _WRITTEN)
                yield Quad(quad.subject, quad.predicate, value, _VALUES)
            elif type(value) is Triple:
                self.passed_over.add(quad.triple)
            elif type(quad.graph_name) is DefaultGraph:
                yield quad
            else:
                yield Quad(*quad.triple)

    def change(self, removed: Iterable[Triple], added: Iterable[Triple]) -> None:
        """Take triples out and put others in."""
        gone = tuple(removed)
        for quad in self._loaded(Quad(*triple) for triple in gone):
            self._store.remove(quad)
            if quad.graph_name == _VALUES:
                self._store.extend(self._values_beside(quad))
        self.passed_over.difference_update(gone)
        self._store.extend(self._loaded(Quad(*triple) for triple in added))
        self.written = frozenset(self._written)
        self._needles = tuple(str(predicate) for predicate in self.written)
        self._subclasses = self._read_subclasses()
        self.__dict__.pop("_forms", None)

    def _values_beside(self, gone: Quad) -> list[Quad]:
        """Give the values of a property that are left where one that was written in an odd form went.

        Two forms may have had the same value.
        """
        left = self._store.quads_for_pattern(gone.subject, gone.predicate, None, _WRITTEN)
        forms = (quad.object for quad in left)
        return [
            Quad(gone.subject, gone.predicate, decode(form), _VALUES)
            for form in forms
            if isinstance(form, Literal)
        ]

    def use(self, shapes: ShapesGraph) -> None:
        """Let other shapes be those that queries may ask for."""
        self._shapes = shapes
        self._store.clear_graph(_SHAPES)

    def starts(self, walk: Iterable[Step], ends: Iterable[Term]) -> Iterator[Term]:
        """Yield the nodes from which a walk leads to some of these nodes."""
        path = "/".join(step.text() for step in walk)
        where = f"{member(self.fresh_marks().new(ends), '?end')} LATERAL {{ ?this {path} ?end }}"
        for row in self.rows(f"SELECT DISTINCT ?this WHERE {{ {where} }}"):
            yield _term(row["this"])

    def _read_subclasses(self) -> Mapping[Term, list[Node]]:
        found: dict[Term, list[Node]] = defaultdict(list)
        for quad in self._store.quads_for_pattern(None, SUBCLASS, None, DefaultGraph()):
            if not isinstance(quad.subject, Triple) and not isinstance(quad.object, Triple):
                found[quad.object].append(quad.subject)
        return found

    def subclasses(self, cls: Node) -> tuple[Node, ...]:
        """Give a class and all its subclasses, by what the data graph says."""
        return reached([cls], lambda node: self._subclasses.get(node, ()))

    def fresh_marks(self) -> Marks:
        """Forget every marked set, and begin anew."""
        self._store.clear_graph(MARKS)
        return Marks(self.add_marks)

    def add_marks(self, name: NamedNode, predicate: NamedNode, members: Iterable[Term]) -> None:
        """Put nodes into a marked set."""
        self._store.extend(Quad(name, predicate, _kept(term), MARKS) for term in members)

    def add_shapes(self) -> NamedNode:
        """Put the shapes graph beside the data, for queries that ask for it."""
        self._store.extend(Quad(q.subject, q.predicate, q.object, _SHAPES) for q in self._shapes.quads)
        return _SHAPES

    def instances(self, cls: Node) -> Iterator[Triple]:
        """Yield the triples that type the instances of a class and of its subclasses."""
        for sub in self.subclasses(cls):
            yield from (q.triple for q in self._store.quads_for_pattern(None, RDF_TYPE, sub, DefaultGraph()))

    def has_any(self, focus: str, classes: Iterable[NamedNode]) -> bool:
        """True if a pattern has a solution; quick where it is about the instances of classes."""
        every = [sub for cls in classes for sub in self.subclasses(cls)]
        if every:
            found = (self._store.quads_for_pattern(None, RDF_TYPE, sub, DefaultGraph()) for sub in every)
            return any(next(quads, None) is not None for quads in found)
        return any(True for _ in self.rows(f"SELECT ?this WHERE {{ {focus} }} LIMIT 1"))

    def rows(self, query: str) -> Iterable[Solution]:
        """Run a query of ours over the data graph, literals as written. Raises Unfinished.

        One with a path of any length may take longer than anybody waits.
        """
        asks = "?path" in query or any(needle in query for needle in self._needles)
        beside = _WRITTEN if self.written and asks else None
        if _goes_far(query):
            return self._isolated(query, beside, {})
        return self._run(query, beside, {})

    def user_rows(self, query: str, prefixes: Mapping[str, str]) -> Iterator[Mapping[str, object]]:
        """Run a query that holds a user's query, which sees literals as values. Raises Unfinished."""
        return self._isolated(query, _VALUES if self.written else None, prefixes)

    def _isolated(
        self, query: str, beside: NamedNode | None, prefixes: Mapping[str, str]
    ) -> Iterator[Mapping[str, object]]:
        try:
            yield from isolation.rows(lambda: self._run(query, beside, prefixes), self._seconds)
        except Unfinished:
            self._seconds /= 2
            raise

    @cached_property
    def _forms(self) -> Mapping[Literal, list[Literal]]:
        """Every value that was written in another way than the store writes it, with those ways."""
        scratch, found = Store(), defaultdict(list)
        for encoded in {quad.object for quad in self._store.quads_for_pattern(None, None, None, _WRITTEN)}:
            assert isinstance(encoded, Literal)
            scratch.add(Quad(_SHAPES, _SHAPES, decode(encoded)))
            [quad] = scratch
            scratch.clear()
            assert isinstance(quad.object, Literal)
            found[quad.object].append(encoded)
        return found

    def as_written(self, term: object, focus: Term, seen: Counter[tuple[Term, Term]]) -> Term | None:
        """Give what a user's query bound as the data has it.

        Of several forms of one value those at the focus node come first, each once: `seen` counts.
        """
        if term is None or not self.written or not isinstance(term, Literal):
            return None if term is None else _term(term)
        known = self._forms.get(term)
        if known is None:
            return term
        near = self._near(term, known, focus)
        seen[focus, term] += 1
        return decode(near[(seen[focus, term] - 1) % len(near)])

    def _near(self, term: Literal, forms: list[Literal], focus: Term) -> list[Literal]:
        """Give the forms of a value that a focus node has, all that there are if it has none."""
        if isinstance(focus, Literal):
            return forms
        written = {quad.object for quad in self._store.quads_for_pattern(focus, None, None, _WRITTEN)}
        near = [form for form in forms if form in written]
        if any(True for _ in self._store.quads_for_pattern(focus, None, term, DefaultGraph())):
            near.append(term)
        return near or forms

    def _run(self, query: str, beside: NamedNode | None, prefixes: Mapping[str, str]) -> QuerySolutions:
        graphs: list[NamedNode | BlankNode | DefaultGraph] = [DefaultGraph()]
        found = self._store.query(
            query,
            prefixes=dict(prefixes),
            default_graph=graphs if beside is None else [*graphs, beside],
            named_graphs=[MARKS, _SHAPES],
        )
        assert isinstance(found, QuerySolutions)
        return found


_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')


def _goes_far(query: str) -> bool:
    """True if a query has a path of any length: strings, which may look like one, are passed over."""
    return any(sign in query and sign in _STRING.sub("", query) for sign in (")+", ")*"))


def _kept(term: Term) -> Term:
    return encode(term) if isinstance(term, Literal) else term


@dataclass
class Validation:
    """One validation under way: of all nodes that targets name, or of those within a set of nodes.

    Where roots are given, the targets of other shapes are passed over.
    """

    plan: Plan
    data: DataStore
    within: Collection[Term] | None = None
    roots: Collection[Node] | None = None
    notes: list[Bilingual] = field(default_factory=list)
    unfinished: dict[Node, Bilingual] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._marks = self.data.fresh_marks()
        self._failing: dict[Node, NamedNode] = {}
        self._sets: dict[tuple[str, ...], NamedNode] = {}
        self._whole: set[str] = set()
        self._empty: dict[str, bool] = {}
        self._large: dict[str, bool] = {}
        self._own: dict[tuple[str, str], bool] = {}
        self._absent: dict[str, str | None] = {}
        self._single: dict[Step, bool] = {}
        self._classes: dict[str, tuple[NamedNode, ...]] = {}
        self._reporting: dict[Node, list[Source]] = defaultdict(list)
        self._checking: dict[Node, list[Source]] = defaultdict(list)
        self._report_focus: dict[Node, str] = {}
        self._check_focus: dict[Node, str] = {}
        self._shapes_graph = _SHAPES
        self._written = self.data.written | self.plan.odd_targets
        self._near = "" if self.within is None else member(self._marks.new(self.within), "?this")
        if self.plan.asks_for_shapes:
            self.data.add_shapes()

    def outcome(self, limit: int | None = None) -> Outcome:
        """Validate, and stop once there are so many results."""
        for node in self.plan.roots if self.roots is None else self.roots:
            self._reporting[node] += (Source(self._near + pattern) for pattern in self._targets(node))
        for node in self.plan.order:
            with self._giving_up(node):
                self._focus(node)
        for node in reversed(self.plan.order):
            if node in self._check_focus:
                with self._giving_up(node):
                    self._mark_failing(self.plan.shapes[node])
        every = (
            result
            for node in self.plan.order
            if node in self._report_focus
            for result in self._all_results(node)
        )
        results = tuple(islice(every, limit))
        more = sum(1 for _ in islice(every, _COUNTED)) if limit is not None else 0
        if more:
            self.notes.append(cut(len(results), more, is_all=more < _COUNTED))
        if self.data.passed_over:
            self.notes.append(ABOUT_STATEMENTS)
        return Outcome(results=results, notes=tuple(self.notes), unfinished=tuple(self.unfinished.items()))

    @contextmanager
    def _giving_up(self, node: Node) -> Iterator[None]:
        """Note that a shape was given up where one of its queries did not end, and go on."""
        try:
            yield
        except Unfinished as error:
            self.unfinished.setdefault(node, (error.en, error.nb))

    def _all_results(self, node: Node) -> Iterator[Result]:
        with self._giving_up(node):
            yield from self._results(self.plan.shapes[node])

    # Focus nodes

    def targets(self, node: Node) -> set[Term]:
        """Give the nodes that the targets of a shape name."""
        found = (self.data.rows(f"SELECT DISTINCT ?this {{ {pattern} }}") for pattern in self._targets(node))
        return {decoded(_term(row["this"])) for rows in found for row in rows}

    def _targets(self, node: Node) -> Iterator[str]:
        graph = self.plan.graph
        if graph.is_true(node, sh("deactivated")):
            return
        if is_implicit_class(graph, node) and isinstance(node, NamedNode):
            yield self._instances(node)
        for cls in self._target_iris(node, "targetClass"):
            yield self._instances(cls)
        for predicate in self._target_iris(node, "targetSubjectsOf"):
            yield f"?this {predicate} ?kg_any . "
        for predicate in self._target_iris(node, "targetObjectsOf"):
            yield f"?kg_any {predicate} ?this . "
        nodes = graph.values(node, sh("targetNode"))
        if nodes:
            yield self._marked(self._marks.new(nodes))

    def _target_iris(self, node: Node, name: str) -> Iterator[NamedNode]:
        for value in self.plan.graph.values(node, sh(name)):
            if not isinstance(value, NamedNode):
                raise no_iri(node, name, value)
            yield value

    def _instances(self, *roots: NamedNode) -> str:
        """Give the pattern of the instances of classes; it binds those of several classes several times."""
        classes = tuple(dict.fromkeys(cls for root in roots for cls in self.data.subclasses(root)))
        pattern = f"?this {RDF_TYPE} {classes[0]} . "
        if len(classes) > 1:
            pattern = member(self._marks.listed(classes), "?kg_class") + f"?this {RDF_TYPE} ?kg_class . "
        self._classes[pattern] = roots
        return pattern

    def _focus(self, node: Node) -> None:
        """Settle where a shape's focus nodes come from, and tell its children."""
        shape = self.plan.shapes[node]
        for sources, focuses in (
            (self._reporting, self._report_focus),
            (self._checking, self._check_focus),
        ):
            focus = self._set(sources[node]) if node in sources else None
            if focus is not None and not self._is_empty(focus):
                focuses[node] = focus
                self._tell(shape, focus, reporting=focuses is self._report_focus)

    def _is_empty(self, focus: str) -> bool:
        """True if there is no focus node: then there is nothing to ask."""
        if focus not in self._empty:
            self._empty[focus] = not self.data.has_any(focus, self._classes.get(focus, ()))
        return self._empty[focus]

    def _set(self, sources: list[Source]) -> str:
        """Give the one pattern that binds `?this` to each node of the sources."""
        patterns = tuple(dict.fromkeys(source.pattern for source in sources))
        if patterns and all(pattern in self._classes for pattern in patterns):
            return self._instances(*(cls for pattern in patterns for cls in self._classes[pattern]))
        if len(patterns) == 1 and patterns[0] in self._whole:
            return patterns[0]
        if patterns not in self._sets:
            self._sets[patterns] = name = self._marks.new()
            for pattern in patterns:
                rows = self.data.rows(f"SELECT DISTINCT ?this WHERE {{ {pattern} }}")
                self._marks.put(name, [_term(row["this"]) for row in rows])
        return self._marked(self._sets[patterns])

    def _marked(self, name: NamedNode) -> str:
        """Give the pattern that binds `?this` to each node of a set."""
        pattern = member(name, "?this")
        self._whole.add(pattern)
        return pattern

    def _tell(self, shape: Shape, focus: str, *, reporting: bool) -> None:
        pattern = self._values(shape, focus)
        for constraint in shape.constraints:
            own = reporting and constraint.component == PROPERTY
            for child in (*constraint.shapes, *constraint.siblings):
                if own:
                    self._reporting[child].append(Source(pattern, shape.node))
                elif not self._is_simple(child):
                    self._checking[child].append(Source(pattern, shape.node))

    def _values(self, shape: Shape, focus: str) -> str:
        """Give the pattern that binds `?this` to the value nodes of a shape."""
        if shape.step is None:
            return focus
        scope = self._scope(shape, focus)
        return focus.replace("?this", "?kg_from") + scope.pattern(shape.step, "?kg_from", "?this")

    def _scope(self, shape: Shape, focus: str) -> Scope:
        return Scope(
            shape=shape,
            focus=focus,
            marks=self._marks,
            subclasses=self.data.subclasses,
            failing=self._fails,
            written=self._written,
            shapes_graph=self._shapes_graph,
        )

    # Shapes that others refer to

    def _fails(self, node: Node, variable: str) -> str:
        """Give the expression that is true if a node does not conform: spelt out, or by its mark."""
        if self._is_simple(node):
            scope = self._scope(self.plan.shapes[node], "")
            tests = [self._offence(scope, c, variable) for c in self.plan.shapes[node].constraints]
            return f"({' || '.join(f'({test})' for test in tests) or 'false'})"
        return f"EXISTS {{ {member(self._failing_set(node), variable)} }}"

    def _is_simple(self, node: Node) -> bool:
        """True if whether a node conforms to a shape can be said in one expression, and cheaply."""
        shape = self.plan.shapes[node]
        return (
            not shape.is_property
            and len(shape.constraints) <= _SIMPLE
            and all(
                constraint.statement is None and constraint.component in _LOCAL
                for constraint in shape.constraints
            )
        )

    def _offence(self, scope: Scope, constraint: Constraint, variable: str) -> str:
        offence = BY_IRI[constraint.component].offence
        assert offence is not None
        return offence(scope, constraint, variable)

    def _failing_set(self, node: Node) -> NamedNode:
        if node not in self._failing:
            self._failing[node] = self._marks.new()
        return self._failing[node]

    def _mark_failing(self, shape: Shape) -> None:
        """Find the nodes that do not conform to a shape, among those that are asked about."""
        scope = self._scope(shape, self._check_focus[shape.node])
        name = self._failing_set(shape.node)
        screens, rest = self._screens(scope)
        if screens:
            self._mark(name, self.data.rows(_screening(scope, screens)), "this")
        for constraint in rest:
            self._mark_one(name, scope, constraint)

    def _mark(self, name: NamedNode, rows: Iterable[Solution], variable: str) -> None:
        self._marks.put(name, [_term(row[variable]) for row in rows])

    def _mark_one(self, name: NamedNode, scope: Scope, constraint: Constraint) -> None:
        if constraint.component == PROPERTY:
            where = f"{scope.focus} {scope.values} FILTER({scope.fails(constraint.shapes[0], scope.var)})"
            self._mark(name, self.data.rows(f"SELECT DISTINCT ?this WHERE {{ {where} }}"), "this")
        elif constraint.statement is not None:
            self._mark(name, self._user_rows(scope, constraint, constraint.statement), "kg_this")
        else:
            for query in BY_IRI[constraint.component].compile(scope, constraint):
                self._mark(name, self.data.rows(query.text()), "this")

    def _screens(self, scope: Scope) -> tuple[list[str], list[Constraint]]:
        """Part the constraints that one query can screen together from the rest."""
        screens: list[str] = []
        rest: list[Constraint] = []
        for constraint in self._open(scope):
            component = BY_IRI.get(constraint.component) if constraint.statement is None else None
            test = component.screened(scope, constraint) if component is not None else None
            if test is None:
                rest.append(constraint)
            else:
                screens.append(test)
        return screens, rest

    def _user_rows(
        self, scope: Scope, constraint: Constraint, statement: Statement
    ) -> Iterator[Mapping[str, object]]:
        wrap = sparql.ask_where if statement.form == "ask" else sparql.select_where
        valued = replace(scope, focus=_as_values(scope))
        query = f"{statement.prologue} SELECT * WHERE {{ {wrap(valued, statement, constraint.params)} }}"
        try:
            yield from self.data.user_rows(query, statement.prefixes)
        except SyntaxError as error:
            raise sparql.unusable(statement, error.msg) from error

    # Results

    def _results(self, shape: Shape) -> Iterator[Result]:
        """Yield the results of a shape.

        Constraints that can be screened together are: one query finds the focus nodes that any of them
        is about, and each is then asked about those few alone.
        """
        scope = self._scope(shape, self._report_focus[shape.node])
        screens, rest = self._screens(scope)
        narrow = self._narrowed(scope, screens) if screens else None
        for constraint in self._open(scope):
            near: Scope | None = narrow
            if constraint in rest:
                near = self._lacking(scope) if self._absence(scope, constraint) else scope
            if near is not None and constraint.component != PROPERTY:
                for result in self._found(near, constraint):
                    for _ in range(self._times(shape, result.focus)):
                        yield result

    def _open(self, scope: Scope) -> list[Constraint]:
        """Give the constraints of a shape, but for those that the data cannot violate."""
        constraints = list(scope.shape.constraints)
        rest = [c for c in constraints if c.component not in _OF_SEVERAL or (c.value and c.number < 1)]
        return rest if len(rest) < len(constraints) and self._is_single(scope) else constraints

    def _is_single(self, scope: Scope) -> bool:
        """True if nothing has two values of the property, and there are so many nodes that it pays to ask."""
        step = scope.shape.step
        if step is None or step.kind != "predicate" or not self._is_large(scope.focus):
            return False
        if step not in self._single:
            counts = "(COUNT(*) AS ?n) (COUNT(DISTINCT ?this) AS ?m)"
            [row] = self.data.rows(f"SELECT {counts} WHERE {{ {scope.values} }}")
            self._single[step] = row["n"] == row["m"]
        return self._single[step]

    def _narrowed(self, scope: Scope, screens: list[str]) -> Scope | None:
        """Give the scope of just the focus nodes that a screen lets through, None if there are none."""
        if len(screens) == 1 and not self._is_own_property(scope):
            return scope
        query = _screening(scope, screens, values_first=self._is_own_property(scope))
        return self._only(scope, query)

    def _only(self, scope: Scope, *queries: str) -> Scope | None:
        """Give the scope of the focus nodes that queries find, None for none, all again for very many."""
        rows = (row for query in queries for row in self.data.rows(query))
        nodes = [_term(row["this"]) for row in islice(rows, _TOO_MANY)]
        if len(nodes) == _TOO_MANY:
            return scope
        return replace(scope, focus=member(self._marks.new(nodes), "?this")) if nodes else None

    def _is_own_property(self, scope: Scope) -> bool:
        """True if most of what has a property is a focus node, by a sample: then start from the property."""
        step = scope.shape.step
        if step is None or step.kind != "predicate" or not self._is_large(scope.focus):
            return False
        key = (step.text(), scope.focus)
        if key not in self._own:
            sample = f"SELECT ?this WHERE {{ {scope.values} }} LIMIT {_SAMPLE}"
            known = f"SELECT DISTINCT ?this WHERE {{ {{ {sample} }} LATERAL {{ {scope.focus} }} }}"
            subjects = f"SELECT DISTINCT ?this WHERE {{ {{ {sample} }} }}"
            all_of, inside = (sum(1 for _ in self.data.rows(query)) for query in (subjects, known))
            self._own[key] = inside > 0.6 * all_of
        return self._own[key]

    def _is_large(self, focus: str) -> bool:
        """True if there are so many focus nodes that a look at the data before a query pays."""
        if focus not in self._large:
            some = f"SELECT ?this WHERE {{ {focus} }} LIMIT {_MANY}"
            [row] = self.data.rows(f"SELECT (COUNT(*) AS ?n) WHERE {{ {{ {some} }} }}")
            self._large[focus] = _term(row["n"]).value == str(_MANY)
        return self._large[focus]

    def _absence(self, scope: Scope, constraint: Constraint) -> str | None:
        """Give the expression that is true of a focus node that lacks what a constraint asks for."""
        if constraint.statement is not None:
            return None
        absent = BY_IRI[constraint.component].absent
        return absent(scope, constraint) if absent is not None else None

    def _lacking(self, scope: Scope) -> Scope | None:
        """Give the scope of the focus nodes that lack anything that any shape of the same focus asks for."""
        if scope.focus not in self._absent:
            tests = [
                test
                for node, focus in self._report_focus.items()
                if focus == scope.focus
                for constraint in self.plan.shapes[node].constraints
                if (test := self._absence(self._scope(self.plan.shapes[node], focus), constraint))
            ]
            self._absent[scope.focus] = None
            parts = (tests[i : i + _TOGETHER] for i in range(0, len(tests), _TOGETHER))
            near = self._only(scope, *(_lacking(scope, some) for some in parts))
            self._absent[scope.focus] = None if near is None else near.focus
        focus = self._absent[scope.focus]
        return None if focus is None else replace(scope, focus=focus)

    def _found(self, scope: Scope, constraint: Constraint, depth: int = 0) -> Iterator[Result]:
        if constraint.statement is not None:
            return self._user_results(scope, constraint, constraint.statement)
        found = self._core_results(scope, constraint)
        if constraint.component in _EXPLAINED and depth < _DEEPEST:
            return self._explained(scope, constraint, found, depth + 1)
        return found

    def _explained(
        self, scope: Scope, constraint: Constraint, found: Iterator[Result], depth: int
    ) -> Iterator[Result]:
        """Yield the results, the first of them with what the shapes that they refer to say of the values."""
        first = list(islice(found, MOST_EXPLAINED))
        values = self._values_of(scope, first)
        focus = member(self._marks.new(dict.fromkeys(chain.from_iterable(values))), "?this")
        said: dict[Term, list[Result]] = defaultdict(list)
        for node in constraint.shapes if first else ():
            for result in self._said_by(node, focus, depth):
                said[result.focus].append(result)
        for result, own in zip(first, values, strict=True):
            details = (detail for value in own for detail in sorted(said[value], key=_detail_order))
            yield replace(result, details=tuple(details))
        yield from found

    def _values_of(self, scope: Scope, results: list[Result]) -> list[tuple[Term, ...]]:
        """Give the values that each result is about; of a result that has none, all values of the path."""
        if all(result.value is not None for result in results):
            return [(result.value,) for result in results if result.value is not None]
        focus = member(self._marks.new(result.focus for result in results), "?this")
        found: dict[Term, list[Term]] = defaultdict(list)
        rows = self.data.rows(f"SELECT DISTINCT ?this ?value WHERE {{ {focus} {scope.values} }}")
        for row in islice(rows, MOST_EXPLAINED):
            found[decoded(_term(row["this"]))].append(decoded(_term(row["value"])))
        return [tuple(found[result.focus]) for result in results]

    def _said_by(self, node: Node, focus: str, depth: int) -> Iterator[Result]:
        """Yield what a shape and its property shapes say of some nodes."""
        shape = self.plan.shapes[node]
        scope = self._scope(shape, focus)
        for constraint in shape.constraints:
            if constraint.component != PROPERTY:
                yield from self._found(scope, constraint, depth)
            elif not shape.is_property and depth < _DEEPEST:
                yield from self._said_by(constraint.shapes[0], focus, depth + 1)

    def _core_results(self, scope: Scope, constraint: Constraint) -> Iterator[Result]:
        shape = scope.shape
        messages = shape.messages or self._default_messages(shape, constraint)
        has_no_value = BY_IRI[constraint.component].parameter in ("hasValue",)
        for query in BY_IRI[constraint.component].compile(scope, constraint):
            for row in self.data.rows(query.text()):
                focus = decoded(_term(row["this"]))
                value = decoded(_term(row["value"])) if query.value else None
                if value is None and not shape.is_property and not has_no_value:
                    value = focus
                yield Result(
                    focus=focus,
                    component=constraint.component,
                    shape=shape.node,
                    severity=shape.severity,
                    path=_predicate_path(row["path"]) if query.path else shape.path,
                    value=value,
                    messages=messages,
                    parameter=constraint.value,
                    allowed=constraint.values,
                )

    def _default_messages(self, shape: Shape, constraint: Constraint) -> tuple[Literal, ...]:
        """Say what is wrong, and of which property."""
        component = BY_IRI[constraint.component]
        one = constraint.number == 1 and component.parameter in _OF_ONE
        en, nb = _OF_ONE[component.parameter] if one else (component.en, component.nb)
        more = len(constraint.values) > _LISTED
        words = {
            "value": "" if constraint.value is None else readable(constraint.value),
            "values": ", ".join([*map(readable, constraint.values[:_LISTED]), *(["…"] if more else [])]),
        }
        path = "" if shape.path is None else f"{_readable_path(shape.path)}: "
        return (
            Literal(path + en.format_map(words), language="en"),
            Literal(path + nb.format_map(words), language="nb"),
        )

    def _user_results(self, scope: Scope, constraint: Constraint, statement: Statement) -> Iterator[Result]:
        shape = scope.shape
        own = constraint.component == sparql.SPARQL
        seen: Counter[tuple[Term, Term]] = Counter()
        for row in self._user_rows(scope, constraint, statement):
            focus = decoded(_term(row["kg_this"]))
            bindings = {name: self.data.as_written(term, focus, seen) for name, term in row.items()}
            bindings["this"] = focus
            if bindings.get("failure") == _TRUE:
                raise ShapeError(
                    statement.owner,
                    (f"sh:{statement.form} reports a failure.", f"sh:{statement.form} melder en feil."),
                )
            value = bindings.get("value")
            if value is None and not shape.is_property:
                value = focus
            path = bindings.get("path")
            yield Result(
                focus=focus,
                component=constraint.component,
                shape=shape.node,
                severity=shape.severity,
                path=_predicate_path(path) if isinstance(path, NamedNode) else shape.path,
                value=value,
                messages=self._user_messages(shape, constraint, statement, bindings),
                constraint=statement.owner if own else None,
            )

    def _user_messages(
        self, shape: Shape, constraint: Constraint, statement: Statement, bindings: Mapping[str, Term | None]
    ) -> tuple[Literal, ...]:
        said = bindings.get("message")
        if constraint.component == sparql.SPARQL and isinstance(said, Literal):
            return (said,)
        own = constraint.component == sparql.SPARQL
        first, second = (statement.messages, shape.messages) if own else (shape.messages, statement.messages)
        declared_by = next((c.messages for c in self.plan.custom if c.iri == constraint.component), ())
        known = {**constraint.params, **bindings}
        templates = first or second or declared_by
        return tuple(sparql.fill(template, known) for template in templates) or (
            Literal("A row of the query of the shape.", language="en"),
            Literal("En rad i spørringen til formen.", language="nb"),
        )

    def _times(self, shape: Shape, focus: Term) -> int:
        """Give how many ways lead from targets to a node as focus of a shape; each is reported."""
        sources = self._reporting[shape.node]
        if len(sources) == 1 and (sources[0].parent is None or not self._is_far(sources[0].parent)):
            return 1
        targets = [source.pattern for source in sources if source.parent is None]
        count = int(any(self._ways(pattern, focus) for pattern in targets))
        parents = dict.fromkeys(source.parent for source in sources if source.parent is not None)
        for parent in parents:
            count += sum(
                self._times(self.plan.shapes[parent], start) for start in self._starts(parent, focus)
            )
        return max(1, count)

    def _is_far(self, parent: Node) -> bool:
        """True if a parent may lead to one node from several, or be led to in several ways itself."""
        sources = self._reporting[parent]
        above = [source.parent for source in sources if source.parent is not None]
        is_property = self.plan.shapes[parent].is_property
        return is_property or (
            bool(above) and (len(sources) > 1 or any(self._is_far(node) for node in above))
        )

    def _ways(self, pattern: str, focus: Term) -> bool:
        name = self._marks.constant(focus)
        return any(
            True
            for _ in self.data.rows(f"SELECT ?this WHERE {{ {member(name, '?this')} {pattern} }} LIMIT 1")
        )

    def _starts(self, parent: Node, focus: Term) -> list[Term]:
        """Give the focus nodes of a parent that have a node among their values."""
        shape, name = self.plan.shapes[parent], self._marks.constant(focus)
        here = self._report_focus[parent]
        if shape.step is None:
            return [focus] if self._ways(here, focus) else []
        scope = self._scope(shape, here)
        where = f"{here} {scope.values} {member(name, '?value')}"
        rows = self.data.rows(f"SELECT DISTINCT ?this WHERE {{ {where} }}")
        return [decoded(_term(row["this"])) for row in rows]


def _detail_order(result: Result) -> tuple[str, ...]:
    path = "" if result.path is None else result.path.text
    return path, result.component.value, str(result.value), *map(str, result.messages)


def _as_values(scope: Scope) -> str:
    """Give the focus pattern for users' queries: `?this` is the value, `?kg_this` the node as written."""
    each = f"{{ SELECT DISTINCT ?this WHERE {{ {scope.focus} }} }} BIND(?this AS ?kg_this) "
    if not scope.written or RDF_TYPE.value in scope.focus:
        return each
    focus = scope.focus.replace("?this", "?kg_this")
    return f"{focus} BIND(COALESCE({value_expression('?kg_this', ANY)}, ?kg_this) AS ?this) "


def _lacking(scope: Scope, tests: list[str]) -> str:
    """Give the query for the focus nodes that any of some expressions is true of."""
    return f"SELECT DISTINCT ?this WHERE {{ {scope.focus} FILTER({' || '.join(tests)}) }}"


def _screening(scope: Scope, screens: list[str], *, values_first: bool = False) -> str:
    """Give the query for the focus nodes that any of some expressions is true of, the cheap ones first."""
    tests = " || ".join(f"({test})" for test in sorted(screens, key=lambda test: "EXISTS" in test))
    if values_first:
        found = f"SELECT DISTINCT ?this WHERE {{ {scope.values} FILTER({tests}) }}"
        return f"SELECT DISTINCT ?this WHERE {{ {{ {found} }} LATERAL {{ {scope.focus} }} }}"
    return f"SELECT DISTINCT ?this WHERE {{ {scope.focus} {scope.values} FILTER({tests}) }}"


def _term(term: object) -> Term:
    assert isinstance(term, NamedNode | BlankNode | Literal)
    return term


def decoded(term: Term) -> Term:
    """Give a term as it was written."""
    return decode(term) if isinstance(term, Literal) else term


def _predicate_path(term: object) -> Path:
    assert isinstance(term, NamedNode)
    return Path(str(term), term)


def _readable_path(path: Path) -> str:
    """Give a path for a message: prefixed names, or the last parts of the properties."""
    return re.sub("<([^<>]*)>", lambda step: compact(step[1]) or local_name(step[1]), path.text)


def readable(term: Term) -> str:
    """Give a term for a message: prefixed name, IRI, or literal; the label of a blank node says nothing.

    >>> readable(NamedNode("http://www.w3.org/2001/XMLSchema#date")), readable(BlankNode())
    ('xsd:date', '[ ]')
    """
    if isinstance(term, NamedNode):
        return compact(term.value) or f"<{term.value}>"
    return term.value if isinstance(term, Literal) else "[ ]"
