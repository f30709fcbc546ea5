"""The constraint components of SHACL Core, one table: what it reads from a shape, and its query."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pyoxigraph import Literal, NamedNode, QuerySolutions, Store

from kg.check.shacl.literals import ODD, RAW, XSD, well_formed
from kg.check.shacl.results import SH, Node, Term, sh
from kg.check.shacl.scope import Query, Scope, constant
from kg.check.shacl.shapes import Constraint, ShapeError, ShapesGraph

Reader = Callable[[ShapesGraph, Node, NamedNode, NamedNode], Iterable[Constraint]]
Compiler = Callable[[Scope, Constraint], Iterable[Query]]


@dataclass(frozen=True, slots=True)
class Component:
    """One row of the table; the parameter names the component in the standard's own way."""

    parameter: str
    read: Reader
    compile: Compiler
    en: str
    nb: str
    name: str = ""
    only_property: bool = False

    @property
    def predicate(self) -> NamedNode:
        """The parameter as an IRI."""
        return sh(self.parameter)

    @property
    def iri(self) -> NamedNode:
        """The component as an IRI."""
        name = self.name or self.parameter
        return sh(f"{name[0].upper()}{name[1:]}ConstraintComponent")


# Readers: from a shape to its constraints.


def _terms(
    graph: ShapesGraph, node: Node, predicate: NamedNode, component: NamedNode
) -> Iterator[Constraint]:
    for value in graph.values(node, predicate):
        yield Constraint(component, value=value)


def _iris(graph: ShapesGraph, node: Node, predicate: NamedNode, component: NamedNode) -> Iterator[Constraint]:
    for value in graph.values(node, predicate):
        if not isinstance(value, NamedNode):
            raise ShapeError(node, f"sh:{_local(predicate)} must be an IRI, and is {value}.")
        yield Constraint(component, value=value)


def _iri(graph: ShapesGraph, node: Node, predicate: NamedNode, component: NamedNode) -> Iterator[Constraint]:
    graph.one(node, predicate)
    yield from _iris(graph, node, predicate, component)


_KINDS = frozenset(
    SH + name
    for name in ("IRI", "BlankNode", "Literal", "BlankNodeOrIRI", "BlankNodeOrLiteral", "IRIOrLiteral")
)


def _node_kind(
    graph: ShapesGraph, node: Node, predicate: NamedNode, component: NamedNode
) -> Iterator[Constraint]:
    for constraint in _iri(graph, node, predicate, component):
        if constraint.value is None or constraint.value.value not in _KINDS:
            raise ShapeError(node, f"sh:nodeKind cannot be {constraint.value}.")
        yield constraint


def _literal(
    graph: ShapesGraph, node: Node, predicate: NamedNode, component: NamedNode
) -> Iterator[Constraint]:
    value = graph.literal(node, predicate)
    if value is not None:
        yield Constraint(component, value=value)


def _count(
    graph: ShapesGraph, node: Node, predicate: NamedNode, component: NamedNode
) -> Iterator[Constraint]:
    value = graph.literal(node, predicate)
    if value is None:
        return
    if (
        value.datatype.value != XSD + "integer"
        or not well_formed(value.value, "integer")
        or len(value.value) > 18
    ):
        raise ShapeError(node, f"sh:{_local(predicate)} must be an integer, and is {value}.")
    yield Constraint(component, value=value, number=int(value.value))


def _flag(graph: ShapesGraph, node: Node, predicate: NamedNode, component: NamedNode) -> Iterator[Constraint]:
    if graph.is_true(node, predicate):
        yield Constraint(component)


def _list(graph: ShapesGraph, node: Node, predicate: NamedNode, component: NamedNode) -> Iterator[Constraint]:
    head = graph.one(node, predicate)
    if head is not None:
        yield Constraint(component, values=graph.list(head, node))


def _languages(
    graph: ShapesGraph, node: Node, predicate: NamedNode, component: NamedNode
) -> Iterator[Constraint]:
    for constraint in _list(graph, node, predicate, component):
        if not all(isinstance(tag, Literal) for tag in constraint.values):
            raise ShapeError(node, "sh:languageIn must list strings.")
        yield constraint


def _shape(
    graph: ShapesGraph, node: Node, predicate: NamedNode, component: NamedNode
) -> Iterator[Constraint]:
    for value in graph.values(node, predicate):
        yield Constraint(component, value=value, shapes=(_as_shape(value, node),))


def _shapes(
    graph: ShapesGraph, node: Node, predicate: NamedNode, component: NamedNode
) -> Iterator[Constraint]:
    for head in graph.values(node, predicate):
        members = graph.list(head, node)
        yield Constraint(component, value=head, shapes=tuple(_as_shape(member, node) for member in members))


def _as_shape(value: Term, owner: Node) -> Node:
    if isinstance(value, Literal):
        raise ShapeError(owner, f"has the literal {value} where a shape should be.")
    return value


_TRIAL = Store()


def _pattern(
    graph: ShapesGraph, node: Node, predicate: NamedNode, component: NamedNode
) -> Iterator[Constraint]:
    flags = graph.literal(node, sh("flags"))
    text = flags.value if flags is not None else ""
    for constraint in _literal(graph, node, predicate, component):
        assert constraint.value is not None
        pattern = constraint.value.value
        if not works_as_regex(pattern, text):
            raise ShapeError(
                node,
                f"sh:pattern {pattern!r} (flags {text!r}) is no regular expression of SPARQL, or too large.",
                hint="Look-around and back-references are not in SPARQL; the engine pyshacl may know them.",
            )
        yield Constraint(component, value=constraint.value, flags=text)


def works_as_regex(pattern: str, flags: str = "") -> bool:
    """True if the engine can match with a pattern: it runs in linear time, and so lacks look-around.

    >>> works_as_regex("^[a-z]+$", "i"), works_as_regex("(?=x)")
    (True, False)
    """
    call = f"REGEX('', {Literal(pattern)}, {Literal(flags)})"
    rows = _TRIAL.query(f"SELECT ({call} AS ?works) {{}}")
    assert isinstance(rows, QuerySolutions)
    return next(rows)["works"] is not None


def _closed(
    graph: ShapesGraph, node: Node, predicate: NamedNode, component: NamedNode
) -> Iterator[Constraint]:
    if not graph.is_true(node, predicate):
        return
    allowed: list[Term] = []
    ignored = graph.one(node, sh("ignoredProperties"))
    if ignored is not None:
        allowed += graph.list(ignored, node)
    for child in graph.values(node, sh("property")):
        allowed += (path for path in graph.values(child, sh("path")) if isinstance(path, NamedNode))
    yield Constraint(component, values=tuple(dict.fromkeys(allowed)))


def _qualified(
    graph: ShapesGraph, node: Node, predicate: NamedNode, component: NamedNode
) -> Iterator[Constraint]:
    for constraint in _count(graph, node, predicate, component):
        qualified = graph.values(node, sh("qualifiedValueShape"))
        if qualified and not graph.values(node, sh("path")):
            raise ShapeError(
                node, "sh:qualifiedValueShape belongs to property shapes, and this has no sh:path."
            )
        siblings = _siblings(graph, node) if graph.is_true(node, sh("qualifiedValueShapesDisjoint")) else ()
        for value in qualified:
            others = tuple(other for other in siblings if other != value)
            yield Constraint(
                component,
                value=constraint.value,
                number=constraint.number,
                shapes=(_as_shape(value, node),),
                siblings=others,
            )


def _siblings(graph: ShapesGraph, node: Node) -> tuple[Node, ...]:
    """Give the qualified value shapes of the property shapes that share a parent with this one."""
    found: dict[Node, None] = {}
    for parent in graph.subjects(sh("property"), node):
        for child in graph.values(parent, sh("property")):
            for shape in graph.values(child, sh("qualifiedValueShape")):
                found[_as_shape(shape, node)] = None
    return tuple(found)


# Compilers: from a constraint to the queries that find its violations.


def _per_value(condition: Callable[[Scope, Constraint], str]) -> Compiler:
    """Give the compiler for a component that judges each value node by itself; the condition offends."""

    def compile_(scope: Scope, constraint: Constraint) -> Iterator[Query]:
        yield Query(
            f"{scope.focus} {scope.values} {condition(scope, constraint)}", value=scope.shape.is_property
        )

    return compile_


def _class(scope: Scope, constraint: Constraint) -> str:
    assert isinstance(constraint.value, NamedNode)
    return f"FILTER NOT EXISTS {{ {scope.instance(scope.var, constraint.value)} }}"


def _datatype(scope: Scope, constraint: Constraint) -> str:
    assert isinstance(constraint.value, NamedNode)
    wanted = constraint.value.value
    kinds = [wanted, RAW + wanted, ODD + wanted] if wanted.startswith(XSD) else [wanted]
    names = ", ".join(f"<{kind}>" for kind in kinds)
    return f"FILTER(!isLiteral({scope.var}) || DATATYPE({scope.var}) NOT IN ({names}))"


_TESTS = {"IRI": "isIRI", "BlankNode": "isBlank", "Literal": "isLiteral"}


def _node_kinds(scope: Scope, constraint: Constraint) -> str:
    assert constraint.value is not None
    kinds = constraint.value.value.removeprefix(SH).split("Or")
    return "FILTER(" + " && ".join(f"!{_TESTS[kind]}({scope.var})" for kind in kinds) + ")"


def _in(scope: Scope, constraint: Constraint) -> str:
    return f"FILTER(!{scope.one_of(scope.var, constraint.values)})"


def _compared(operator: str) -> Compiler:
    def condition(scope: Scope, constraint: Constraint) -> str:
        assert constraint.value is not None
        limit = str(constraint.value)
        return f"FILTER(!COALESCE({scope.value_of(scope.var)} {operator} {limit}, false))"

    return _per_value(condition)


def _length(operator: str) -> Compiler:
    def condition(scope: Scope, constraint: Constraint) -> str:
        return f"FILTER(isBlank({scope.var}) || STRLEN(STR({scope.var})) {operator} {constraint.number})"

    return _per_value(condition)


def _regex(scope: Scope, constraint: Constraint) -> str:
    assert constraint.value is not None
    pattern, flags = Literal(constraint.value.value), Literal(constraint.flags)
    return f"FILTER(isBlank({scope.var}) || !REGEX(STR({scope.var}), {pattern}, {flags}))"


def _language_in(scope: Scope, constraint: Constraint) -> str:
    tests = " || ".join(f"LANGMATCHES(LANG({scope.var}), {Literal(tag.value)})" for tag in constraint.values)
    return f"FILTER(!isLiteral({scope.var}) || !({tests or 'false'}))"


def _min_count(scope: Scope, constraint: Constraint) -> Iterator[Query]:
    if constraint.number < 1:
        return
    yield Query(f"{scope.focus} FILTER NOT EXISTS {{ {scope.values} }}")
    if constraint.number > 1:
        yield _counted(scope, "", f"< {constraint.number}")


def _counted(scope: Scope, condition: str, limit: str) -> Query:
    after = f"GROUP BY ?this HAVING (COUNT(DISTINCT ?value) {limit})"
    return Query(f"{scope.focus} {scope.values} {condition}", after=after)


def _max_count(scope: Scope, constraint: Constraint) -> Iterator[Query]:
    if constraint.number > 1:
        yield _counted(scope, "", f"> {constraint.number}")
        return
    if constraint.number == 0:
        yield Query(f"{scope.focus} FILTER EXISTS {{ {scope.values} }}")
        return
    other = scope.fresh()
    another = f"FILTER EXISTS {{ {scope.values_as(other)} FILTER(!sameTerm({other}, ?value)) }}"
    yield Query(f"{scope.focus} {scope.values} {another}")


def _unique_lang(scope: Scope, constraint: Constraint) -> Iterator[Query]:
    other = scope.fresh()
    same = f"FILTER(LANG({other}) = ?lang && !sameTerm({other}, ?value))"
    yield Query(
        f'{scope.focus} {scope.values} BIND(LANG(?value) AS ?lang) FILTER(?lang != "") '
        f"FILTER EXISTS {{ {scope.values_as(other)} {same} }}",
        pair="?lang",
    )


def _equals(scope: Scope, constraint: Constraint) -> Iterator[Query]:
    has = f"?this {constraint.value} {scope.var} ."
    yield Query(f"{scope.focus} {scope.values} FILTER NOT EXISTS {{ {has} }}", value=scope.shape.is_property)
    yield Query(
        f"{scope.focus} ?this {constraint.value} ?value . FILTER NOT EXISTS {{ {scope.is_value('?value')} }}",
        value=True,
    )


def _disjoint(scope: Scope, constraint: Constraint) -> str:
    return f"FILTER EXISTS {{ ?this {constraint.value} {scope.var} . }}"


def _ordered(operator: str) -> Compiler:
    def compile_(scope: Scope, constraint: Constraint) -> Iterator[Query]:
        other = scope.fresh()
        less = f"{scope.value_of('?value')} {operator} {scope.value_of(other)}"
        yield Query(
            f"{scope.focus} {scope.values} ?this {constraint.value} {other} . "
            f"FILTER(!COALESCE({less}, false))",
            value=True,
            pair=other,
        )

    return compile_


def _has_value(scope: Scope, constraint: Constraint) -> Iterator[Query]:
    assert constraint.value is not None
    yield Query(f"{scope.focus} FILTER NOT EXISTS {{ {scope.has_value(constraint.value)} }}")


def _closed_to(scope: Scope, constraint: Constraint) -> Iterator[Query]:
    allowed = ", ".join(constant(term) for term in constraint.values if isinstance(term, NamedNode))
    other = f"FILTER(?path NOT IN ({allowed}))" if allowed else ""
    if scope.shape.is_property:
        node = scope.fresh()
        yield Query(
            f"{scope.focus} {scope.values_as(node)} {node} ?path ?value . {other}", value=True, path=True
        )
        return
    yield Query(f"{scope.focus} ?this ?path ?value . {other}", value=True, path=True)


def _fails_any(scope: Scope, constraint: Constraint) -> str:
    tests = " || ".join(f"EXISTS {{ {scope.fails(shape, scope.var)} }}" for shape in constraint.shapes)
    return f"FILTER({tests or 'false'})"


def _fails_all(scope: Scope, constraint: Constraint) -> str:
    tests = " && ".join(f"EXISTS {{ {scope.fails(shape, scope.var)} }}" for shape in constraint.shapes)
    return f"FILTER({tests or 'true'})"


def _conforms(scope: Scope, constraint: Constraint) -> str:
    return f"FILTER NOT EXISTS {{ {scope.fails(constraint.shapes[0], scope.var)} }}"


def _not_exactly_one(scope: Scope, constraint: Constraint) -> str:
    counted = " + ".join(
        f"IF(EXISTS {{ {scope.fails(shape, scope.var)} }}, 0, 1)" for shape in constraint.shapes
    )
    return f"FILTER(({counted or '0'}) != 1)"


def _qualifies(scope: Scope, constraint: Constraint) -> str:
    others = "".join(f"FILTER EXISTS {{ {scope.fails(s, '?value')} }} " for s in constraint.siblings)
    return f"FILTER NOT EXISTS {{ {scope.fails(constraint.shapes[0], '?value')} }} {others}"


def _qualified_min(scope: Scope, constraint: Constraint) -> Iterator[Query]:
    if constraint.number < 1:
        return
    condition = _qualifies(scope, constraint)
    yield Query(f"{scope.focus} FILTER NOT EXISTS {{ {scope.values} {condition} }}")
    if constraint.number > 1:
        yield _counted(scope, condition, f"< {constraint.number}")


def _qualified_max(scope: Scope, constraint: Constraint) -> Iterator[Query]:
    condition = _qualifies(scope, constraint)
    if constraint.number == 0:
        yield Query(f"{scope.focus} FILTER EXISTS {{ {scope.values} {condition} }}")
        return
    yield _counted(scope, condition, f"> {constraint.number}")


def _nothing(scope: Scope, constraint: Constraint) -> Iterator[Query]:
    """Give no query: the property shape reports for itself."""
    yield from ()


PROPERTY = sh("PropertyConstraintComponent")

CORE: tuple[Component, ...] = (
    Component("class", _iris, _per_value(_class), "Not an instance of {value}.",
              "Ikke en forekomst av {value}."),
    Component("datatype", _iri, _per_value(_datatype), "Not a valid literal of datatype {value}.",
              "Ikke en gyldig literal av datatypen {value}."),
    Component("nodeKind", _node_kind, _per_value(_node_kinds), "Not of node kind {value}.",
              "Ikke av nodetypen {value}."),
    Component("minCount", _count, _min_count, "Fewer than {value} values.", "Færre enn {value} verdier.",
              only_property=True),
    Component("maxCount", _count, _max_count, "More than {value} values.", "Flere enn {value} verdier.",
              only_property=True),
    Component("minExclusive", _literal, _compared(">"), "Not greater than {value}.",
              "Ikke større enn {value}."),
    Component("minInclusive", _literal, _compared(">="), "Less than {value}, or not comparable with it.",
              "Mindre enn {value}, eller ikke sammenlignbar."),
    Component("maxExclusive", _literal, _compared("<"), "Not less than {value}.", "Ikke mindre enn {value}."),
    Component("maxInclusive", _literal, _compared("<="), "Greater than {value}, or not comparable with it.",
              "Større enn {value}, eller ikke sammenlignbar."),
    Component("minLength", _count, _length("<"), "Shorter than {value} characters.",
              "Kortere enn {value} tegn."),
    Component("maxLength", _count, _length(">"), "Longer than {value} characters.",
              "Lengre enn {value} tegn."),
    Component("pattern", _pattern, _per_value(_regex), "Does not match the pattern {value}.",
              "Passer ikke med mønsteret {value}."),
    Component("languageIn", _languages, _per_value(_language_in), "The language is none of {values}.",
              "Språket er ikke blant {values}."),
    Component("uniqueLang", _flag, _unique_lang, "More than one value in the same language.",
              "Mer enn én verdi på samme språk.", only_property=True),
    Component("equals", _iris, _equals, "The values are not those of {value}.",
              "Verdiene er ikke de samme som for {value}."),
    Component("disjoint", _iris, _per_value(_disjoint), "A value of {value} too.",
              "Også en verdi av {value}."),
    Component("lessThan", _iris, _ordered("<"), "Not less than the value of {value}.",
              "Ikke mindre enn verdien av {value}.", only_property=True),
    Component("lessThanOrEquals", _iris, _ordered("<="),
              "Greater than the value of {value}, or not comparable.",
              "Større enn verdien av {value}, eller ikke sammenlignbar.", only_property=True),
    Component("not", _shape, _per_value(_conforms), "Conforms to a shape that it must not conform to.",
              "Oppfyller en form som den ikke skal oppfylle."),
    Component("and", _shapes, _per_value(_fails_any), "Does not conform to all of the shapes.",
              "Oppfyller ikke alle formene."),
    Component("or", _shapes, _per_value(_fails_all), "Conforms to none of the shapes.",
              "Oppfyller ingen av formene."),
    Component("xone", _shapes, _per_value(_not_exactly_one), "Does not conform to exactly one of the shapes.",
              "Oppfyller ikke nøyaktig én av formene."),
    Component("node", _shape, _per_value(_fails_any), "Does not conform to the shape {value}.",
              "Oppfyller ikke formen {value}."),
    Component("property", _shape, _nothing, "", ""),
    Component("qualifiedMinCount", _qualified, _qualified_min,
              "Fewer than {value} values conform to the shape.",
              "Færre enn {value} verdier oppfyller formen."),
    Component("qualifiedMaxCount", _qualified, _qualified_max,
              "More than {value} values conform to the shape.",
              "Flere enn {value} verdier oppfyller formen."),
    Component("closed", _closed, _closed_to, "The shape is closed, and does not have this property.",
              "Formen er lukket, og har ikke denne egenskapen."),
    Component("hasValue", _terms, _has_value, "The value {value} is missing.", "Verdien {value} mangler."),
    Component("in", _list, _per_value(_in), "Not one of {values}.", "Ikke en av {values}."),
)  # fmt: skip
"""Every component of SHACL Core."""

BY_IRI: Mapping[NamedNode, Component] = MappingProxyType({component.iri: component for component in CORE})


def read_core(graph: ShapesGraph, node: Node, is_property: bool) -> Iterator[Constraint]:
    """Yield the constraints of a shape that SHACL Core knows. Raises ShapeError for an ill-formed one."""
    present = graph.predicates(node)
    for component in CORE:
        if component.predicate not in present:
            continue
        if component.only_property and not is_property:
            raise ShapeError(
                node, f"sh:{component.parameter} belongs to property shapes, and this has no sh:path."
            )
        yield from component.read(graph, node, component.predicate, component.iri)


def _local(predicate: NamedNode) -> str:
    return predicate.value.removeprefix(SH)
