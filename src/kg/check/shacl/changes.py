"""How far a change reaches, and a validation that is kept and mended where data change.

What a shape says of a node depends on the triples that its targets, paths and constraints look at, each at
the end of a walk from that node. Followed backwards from a triple that changed, these walks lead to every
node concerned. What a user's query looks at cannot be told: its shape's nodes are all looked at again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Set
from copy import copy
from dataclasses import dataclass, replace

from pyoxigraph import NamedNode, Triple

from kg.check.shacl.components import BY_IRI, PROPERTY
from kg.check.shacl.engine import MOST_EXPLAINED, DataStore, Plan, Validation, decoded
from kg.check.shacl.results import Node, Outcome, Term, sh
from kg.check.shacl.shapes import RDF_TYPE, SUBCLASS, Constraint, Shape, Step, is_implicit_class
from kg.check.walk import reached
from kg.isolation import Unfinished

Walk = tuple[Step, ...]
"""The steps from a focus node of a target to the node at which triples are looked at."""

_PAIRED = ("equals", "disjoint", "lessThan", "lessThanOrEquals")


@dataclass(frozen=True, slots=True)
class Look:
    """A look at the triples of a node at the end of a walk: of one property or of any, on or back."""

    walk: Walk
    predicate: NamedNode | None
    back: bool = False

    def ends(self, triples: Iterable[Triple]) -> Iterator[Term]:
        """Yield the nodes at which some of these triples are seen."""
        for triple in triples:
            if self.predicate in (None, triple.predicate):
                end = triple.object if self.back else triple.subject
                if not isinstance(end, Triple):
                    yield end


def looks_along(step: Step, walk: Walk = (), *, back: bool = False) -> Iterator[Look]:
    """Yield what following a path from the end of a walk looks at."""
    if step.kind == "predicate":
        yield Look(walk, step.predicate, back)
    elif step.kind == "^":
        yield from looks_along(step.parts[0], walk, back=not back)
    elif step.kind == "/":
        for part in reversed(step.parts) if back else step.parts:
            yield from looks_along(part, walk, back=back)
            walk = (*walk, _turned(part, back))
    elif step.kind == "|":
        for part in step.parts:
            yield from looks_along(part, walk, back=back)
    else:
        [inner] = step.parts
        before = walk if step.kind == "?" else (*walk, Step("*", parts=(_turned(inner, back),)))
        yield from looks_along(inner, before, back=back)


def _turned(step: Step, back: bool) -> Step:
    return Step("^", parts=(step,)) if back else step


class Reach:
    """What the shapes of a plan look at, and so which nodes a change concerns."""

    def __init__(self, plan: Plan) -> None:
        """Follow every shape that a target leads to."""
        self._plan = plan
        self._looks: dict[Walk, dict[Look, None]] = {}
        for root in plan.roots:
            self._follow(root)

    def ends(self, triples: Iterable[Triple]) -> Iterator[tuple[Walk, frozenset[Term]]]:
        """Yield the nodes at which changed triples are seen, with the walk that leads there."""
        known = tuple(triples)
        for walk, looks in self._looks.items():
            found = frozenset(node for look in looks for node in look.ends(known))
            if found:
                yield walk, found

    def _follow(self, root: Node) -> None:
        """Note what the shapes below a target look at."""
        done: set[tuple[Node, Walk]] = set()
        todo: list[tuple[Node, Walk]] = [(root, ())]
        self._note(self._at_targets(root))
        while todo:
            node, walk = task = todo.pop()
            if task in done:
                continue
            done.add(task)
            shape = self._plan.shapes[node]
            there = walk
            if shape.step is not None:
                self._note(looks_along(shape.step, walk))
                there = (*walk, shape.step)
            for constraint in shape.constraints:
                self._note(_looks_of(constraint, walk, there))
                todo += [(child, there) for child in (*constraint.shapes, *constraint.siblings)]

    def _note(self, looks: Iterable[Look]) -> None:
        for look in looks:
            self._looks.setdefault(look.walk, {})[look] = None

    def _at_targets(self, root: Node) -> Iterator[Look]:
        graph = self._plan.graph
        if graph.values(root, sh("targetClass")) or is_implicit_class(graph, root):
            yield Look((), RDF_TYPE)
        for name, back in (("targetSubjectsOf", False), ("targetObjectsOf", True)):
            for value in graph.values(root, sh(name)):
                if isinstance(value, NamedNode):
                    yield Look((), value, back)


class Asking:
    """The part of a plan whose results hang on users' queries, and the rest of it.

    `roots` are those that tell such results, `told` the shapes and components of these.
    """

    def __init__(self, plan: Plan) -> None:
        """Part a plan; constraints of one component and shape stay together, as their results look alike."""
        asks: dict[Node, frozenset[NamedNode]] = {}
        for node in reversed(plan.order):
            components = frozenset(
                c.component for c in plan.shapes[node].constraints if _asks(c, asks.keys())
            )
            if components:
                asks[node] = components
        nothing = frozenset[NamedNode]()
        self.plan = _part(plan, lambda shape, one: one.component in asks.get(shape.node, nothing))
        self.rest = _part(plan, lambda shape, one: one.component not in asks.get(shape.node, nothing))
        told = {
            root: {
                (node, constraint.component)
                for node in plan.reporting(root)
                for constraint in self.plan.shapes[node].constraints
                if constraint.component != PROPERTY
            }
            for root in plan.roots
        }
        self.roots = tuple(root for root in plan.roots if told[root])
        self.told = frozenset[tuple[Node, NamedNode]]().union(*told.values())


def _asks(constraint: Constraint, asking: Set[Node]) -> bool:
    """True for a user's query, and where a shape that is referred to is among those that ask."""
    children = (*constraint.shapes, *constraint.siblings)
    return constraint.statement is not None or not asking.isdisjoint(children)


def _part(plan: Plan, wanted: Callable[[Shape, Constraint], bool]) -> Plan:
    """Give a plan that tells of some constraints only; what these refer to stays whole."""

    def some(shape: Shape) -> tuple[Constraint, ...]:
        return tuple(one for one in shape.constraints if one.component == PROPERTY or wanted(shape, one))

    reporting = frozenset[Node]().union(*(plan.reporting(root) for root in plan.roots))
    referred = [
        child
        for node in reporting
        for constraint in some(plan.shapes[node])
        if constraint.component != PROPERTY
        for child in (*constraint.shapes, *constraint.siblings)
    ]
    whole = frozenset(reached(referred, plan.children))
    part = copy(plan)
    part.shapes = {
        node: shape if node in whole else replace(shape, constraints=some(shape))
        for node, shape in plan.shapes.items()
    }
    return part


def _looks_of(constraint: Constraint, walk: Walk, there: Walk) -> Iterator[Look]:
    """Yield what a constraint looks at beside its value nodes; `there` is the walk to these."""
    component = BY_IRI.get(constraint.component)
    name = component.parameter if component is not None else ""
    if name == "class":
        yield Look(there, RDF_TYPE)
    elif name == "closed":
        yield Look(there, None)
    elif name in _PAIRED:
        assert isinstance(constraint.value, NamedNode)
        yield Look(walk, constraint.value)


class Kept:
    """A validation whose outcome is mended when triples come and go, and is as if all were validated anew."""

    def __init__(
        self, plan: Plan, data: DataStore, *, limit: int | None = None, outcome: Outcome | None = None
    ) -> None:
        """Begin with the outcome for these data, which is found out where it is not known.

        `looked_at` tells how many nodes were validated again after a change, None for all; `renewed` how
        many shapes with targets were, and of how many, when the shapes were replaced.
        """
        self._plan, self._data, self._limit = plan, data, limit
        self._reach, self._asking = Reach(plan), Asking(plan)
        self.looked_at: int | None = None
        self.renewed: tuple[int, int] | None = None
        self.outcome = outcome or self._anew()

    def change(self, removed: Iterable[Triple], added: Iterable[Triple]) -> Outcome:
        """Take triples out of the data and put others in; give the outcome for what is there then."""
        gone, come = tuple(removed), tuple(added)
        self.renewed = None
        if not gone and not come:
            self.looked_at = 0
            return self.outcome
        near = self._near(gone, come)
        mended = None if near is None else self._mended(near)
        if near is None or mended is None or self._is_cut(mended):
            self.looked_at, self.outcome = None, self._anew()
        else:
            self.looked_at, self.outcome = len(near | self._asked()), mended
        return self.outcome

    def replace_shapes(self, plan: Plan) -> Outcome:
        """Validate by other shapes; give the outcome, of which results of shapes that stayed are kept."""
        old, self._plan, self._reach, self._asking = self._plan, plan, Reach(plan), Asking(plan)
        self._data.use(plan.graph)
        asks = old.asks_for_shapes or plan.asks_for_shapes
        renewed = None if asks or self._is_cut(self.outcome) else _renewed(old, plan)
        mended = None if renewed is None else self._told_anew(*renewed)
        if renewed is None or mended is None or self._is_cut(mended):
            self.looked_at, self.outcome = None, self._anew()
        else:
            self.renewed = len(renewed[0]), len(plan.roots)
            self.outcome = mended
        return self.outcome

    def _told_anew(self, roots: Collection[Node], stale: Set[Node]) -> Outcome:
        """Give what was found before, without the results of some shapes, and with what roots find now."""
        kept = tuple(result for result in self.outcome.results if result.shape not in stale)
        return _joined(Outcome(results=kept), self._found(self._plan, roots))

    def _found(self, plan: Plan, roots: Collection[Node], within: Collection[Term] | None = None) -> Outcome:
        if not roots or (within is not None and not within):
            return Outcome(results=())
        return Validation(plan, self._data, within=within, roots=roots).outcome()

    def _near(self, gone: tuple[Triple, ...], come: tuple[Triple, ...]) -> set[Term] | None:
        """Make the change, and give the nodes that it concerns; None if it may concern all."""
        near: set[Term] | None = set()
        try:
            near = None if self._is_whole() else self._concerned((*gone, *self._moved(gone + come)))
        except Unfinished:
            near = None
        self._data.change(gone, come)
        try:
            if near is None:
                return None
            return near | self._concerned((*come, *self._moved(gone + come)))
        except Unfinished:
            return None

    def _moved(self, changed: tuple[Triple, ...]) -> tuple[Triple, ...]:
        """Give the triples that type the instances of classes whose superclasses changed.

        It is with these, in the data as they are, as if they had been taken out and put in again.
        """
        classes = {triple.subject for triple in changed if triple.predicate == SUBCLASS}
        nodes = (node for node in classes if not isinstance(node, Triple))
        return tuple(triple for node in nodes for triple in self._data.instances(node))

    def _asked(self) -> set[Term]:
        """Give the nodes that users' queries are about."""
        every = Validation(self._plan, self._data)
        return {node for root in self._asking.roots for node in every.targets(root)}

    def _is_whole(self) -> bool:
        """True if nothing can be kept: results are not all there, or stand where walks do not lead."""
        return self._plan.is_far or self._is_cut(self.outcome)

    def _is_cut(self, outcome: Outcome) -> bool:
        """True if there are more results than are told, or more than are explained."""
        many = self._limit is not None and len(outcome.results) > self._limit
        alike = Counter((result.shape, result.component) for result in outcome.results)
        crowded = max(alike.values(), default=0) >= MOST_EXPLAINED
        return many or crowded or bool(outcome.notes or outcome.unfinished or self._data.passed_over)

    def _anew(self) -> Outcome:
        return Validation(self._plan, self._data).outcome(self._limit)

    def _mended(self, near: set[Term]) -> Outcome:
        """Give what was found before, with what is found now at these nodes, and by users' queries at all."""
        asking = self._asking
        kept = Outcome(results=tuple(r for r in self.outcome.results if r.focus not in near))
        plain = _joined(kept, self._found(asking.rest, self._plan.roots, near))
        told = tuple(r for r in plain.results if (r.shape, r.component) not in asking.told)
        return _joined(replace(plain, results=told), self._found(asking.plan, asking.roots))

    def _concerned(self, triples: tuple[Triple, ...]) -> set[Term]:
        """Give every node from which a walk, in the data as they are, leads to one of these triples."""
        near: set[Term] = set()
        for walk, ends in self._reach.ends(triples):
            near |= ends if not walk else {decoded(term) for term in self._data.starts(walk, ends)}
        return near


def _renewed(old: Plan, new: Plan) -> tuple[tuple[Node, ...], Set[Node]]:
    """Give the roots to be validated again, and the shapes whose results are no longer those there were.

    A root that stayed is among them where it tells results of the same shape as one that did not.
    """
    before = set(old.roots)
    same = {root for root in new.roots if root in before and old.says(root) == new.says(root)}
    stale = {
        node
        for plan in (old, new)
        for root in plan.roots
        if root not in same
        for node in plan.reporting(root)
    }
    while shared := {root for root in same if not new.reporting(root).isdisjoint(stale)}:
        same -= shared
        stale |= {node for root in shared for node in new.reporting(root)}
    return tuple(root for root in new.roots if root not in same), stale


def _joined(*outcomes: Outcome) -> Outcome:
    return Outcome(
        results=tuple(result for one in outcomes for result in one.results),
        unfinished=tuple(given_up for one in outcomes for given_up in one.unfinished),
    )
