"""The constraint components of SHACL Core, one table: what it reads from a shape, and its query."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pyoxigraph import Literal, NamedNode, QuerySolutions, Store

from kg.check.shacl.literals import ODD, RAW, XSD, well_formed
from kg.check.shacl.results import SH, Node, Term, sh
from kg.check.shacl.scope import Query, Scope, constant
from kg.check.shacl.shapes import BeyondError, Constraint, ShapeError, ShapesGraph, no_iri
from kg.errors import Bilingual

Reader = Callable[[ShapesGraph, Node, NamedNode, NamedNode], Iterable[Constraint]]
Compiler = Callable[[Scope, Constraint], Iterable[Query]]
Offence = Callable[[Scope, Constraint, str], str]
Screen = Callable[[Scope, Constraint], str | None]


@dataclass(frozen=True, slots=True)
class Component:
    """One row of the table; the parameter names the component in the standard's own way.

    What judges each value node by itself is an `offence`: an expression that is true of a value node that
    does not comply. Other components compile to queries of their own, and may have a `screen`: an expression
    that is true of at least one value node of each focus node that does not comply, and of no other's.
    `absent` is such an expression about the focus node alone. Nodes with one value never violate components
    that are `of_several`.
    """

    parameter: str
    read: Reader
    en: str
    nb: str
    offence: Offence | None = None
    queries: Compiler | None = None
    screen: Screen | None = None
    absent: Screen | None = None
    only_property: bool = False
    of_several: bool = False

    @property
    def predicate(self) -> NamedNode:
        """The parameter as an IRI."""
        return sh(self.parameter)

    @property
    def iri(self) -> NamedNode:
        """The component as an IRI."""
        return sh(f"{self.parameter[0].upper()}{self.parameter[1:]}ConstraintComponent")

    def compile(self, scope: Scope, constraint: Constraint) -> Iterable[Query]:
        """Give the queries that find the violations."""
        if self.queries is not None:
            return self.queries(scope, constraint)
        if self.offence is None:
            return ()
        where = f"{scope.focus} {scope.values} FILTER({self.offence(scope, constraint, scope.var)})"
        return (Query(where, value=scope.shape.is_property),)

    def screened(self, scope: Scope, constraint: Constraint) -> str | None:
        """Give the expression that picks out the focus nodes with violations, None where there is none."""
        if self.offence is not None:
            return self.offence(scope, constraint, scope.var)
        return self.screen(scope, constraint) if self.screen is not None else None


_MEMBERS = 1000
"""How many shapes a list may have: the query for more would be larger than the engine's stack."""


# Readers: from a shape to its constraints.


def _terms(
    graph: ShapesGraph, node: Node, predicate: NamedNode, component: NamedNode
) -> Iterator[Constraint]:
    for value in graph.values(node, predicate):
        yield Constraint(component, value=value)


def _iris(graph: ShapesGraph, node: Node, predicate: NamedNode, component: NamedNode) -> Iterator[Constraint]:
    for value in graph.values(node, predicate):
        if not isinstance(value, NamedNode):
            raise no_iri(node, _local(predicate), value)
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
            value = constraint.value
            raise ShapeError(
                node,
                (f"sh:nodeKind cannot be {value}.", f"sh:nodeKind kan ikke være {value}."),
                path=predicate,
                hint=_NODE_KINDS,
            )
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
        name = f"sh:{_local(predicate)}"
        raise ShapeError(
            node,
            (f"{name} must be an integer, and is {value}.", f"{name} må være et heltall, og er {value}."),
            path=predicate,
            hint=("Write digits, with nothing around them.", "Skriv siffer, uten noe rundt."),
        )
    yield Constraint(component, value=value, number=int(value.value))


def _flag(graph: ShapesGraph, node: Node, predicate: NamedNode, component: NamedNode) -> Iterator[Constraint]:
    if graph.is_true(node, predicate):
        yield Constraint(component)


def _list(graph: ShapesGraph, node: Node, predicate: NamedNode, component: NamedNode) -> Iterator[Constraint]:
    head = graph.one(node, predicate)
    if head is not None:
        yield Constraint(component, values=graph.list(head, node, predicate))


def _languages(
    graph: ShapesGraph, node: Node, predicate: NamedNode, component: NamedNode
) -> Iterator[Constraint]:
    for constraint in _list(graph, node, predicate, component):
        if not all(isinstance(tag, Literal) for tag in constraint.values):
            raise ShapeError(
                node,
                ("sh:languageIn must list strings.", "sh:languageIn må liste opp strenger."),
                path=predicate,
                hint=('Write such as ( "nb" "nn" ).', 'Skriv slik som ( "nb" "nn" ).'),
            )
        yield constraint


def _shape(
    graph: ShapesGraph, node: Node, predicate: NamedNode, component: NamedNode
) -> Iterator[Constraint]:
    for value in graph.values(node, predicate):
        yield Constraint(component, value=value, shapes=(_as_shape(value, node, predicate),))


def _shapes(
    graph: ShapesGraph, node: Node, predicate: NamedNode, component: NamedNode
) -> Iterator[Constraint]:
    for head in graph.values(node, predicate):
        members = graph.list(head, node, predicate)
        if len(members) > _MEMBERS:
            name, number = f"sh:{_local(predicate)}", len(members)
            raise ShapeError(
                node,
                (
                    f"{name} lists {number} shapes; {_MEMBERS} are possible.",
                    f"{name} lister opp {number} former; {_MEMBERS} er mulig.",
                ),
                path=predicate,
            )
        yield Constraint(
            component, value=head, shapes=tuple(_as_shape(member, node, predicate) for member in members)
        )


def _as_shape(value: Term, owner: Node, path: NamedNode) -> Node:
    if isinstance(value, Literal):
        raise ShapeError(
            owner,
            (
                f"It has the literal {value} where a shape should be.",
                f"Den har literalen {value} der det skulle ha vært en form.",
            ),
            path=path,
            hint=("Write the IRI of a shape, or [ ... ].", "Skriv IRI-en til en form, eller [ ... ]."),
        )
    return value


_TRIAL = Store()
_LOOKS = re.compile(r"\(\?<?[=!]|\\[1-9]")
"""What looks around or back in a regular expression, which no engine can do in linear time."""


def _pattern(
    graph: ShapesGraph, node: Node, predicate: NamedNode, component: NamedNode
) -> Iterator[Constraint]:
    flags = graph.literal(node, sh("flags"))
    text = flags.value if flags is not None else ""
    for constraint in _literal(graph, node, predicate, component):
        assert constraint.value is not None
        pattern = constraint.value.value
        if not works_as_regex(pattern, text):
            kind = BeyondError if _LOOKS.search(pattern) else ShapeError
            raise kind(
                node,
                (
                    f"sh:pattern {pattern!r} (flags {text!r}) is no regular expression of SPARQL, "
                    "or too large.",
                    f"sh:pattern «{pattern}» (flagg «{text}») er ikke et regulært uttrykk i SPARQL, "
                    "eller for stort.",
                ),
                path=predicate,
                hint=_mend_pattern(pattern, text),
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
        allowed += graph.list(ignored, node, sh("ignoredProperties"))
    for child in graph.values(node, sh("property")):
        allowed += (path for path in graph.values(child, sh("path")) if isinstance(path, NamedNode))
    yield Constraint(component, values=tuple(dict.fromkeys(allowed)))


def _qualified(
    graph: ShapesGraph, node: Node, predicate: NamedNode, component: NamedNode
) -> Iterator[Constraint]:
    for constraint in _count(graph, node, predicate, component):
        qualified = graph.values(node, sh("qualifiedValueShape"))
        if qualified and not graph.values(node, sh("path")):
            raise _only_property(node, "qualifiedValueShape")
        siblings = _siblings(graph, node) if graph.is_true(node, sh("qualifiedValueShapesDisjoint")) else ()
        for value in qualified:
            others = tuple(other for other in siblings if other != value)
            yield Constraint(
                component,
                value=constraint.value,
                number=constraint.number,
                shapes=(_as_shape(value, node, predicate),),
                siblings=others,
            )


def _siblings(graph: ShapesGraph, node: Node) -> tuple[Node, ...]:
    """Give the qualified value shapes of the property shapes that share a parent with this one."""
    found: dict[Node, None] = {}
    for parent in graph.subjects(sh("property"), node):
        for child in graph.values(parent, sh("property")):
            for shape in graph.values(child, sh("qualifiedValueShape")):
                found[_as_shape(shape, node, sh("qualifiedValueShape"))] = None
    return tuple(found)


# Compilers: from a constraint to the queries that find its violations.


def _class(scope: Scope, constraint: Constraint, var: str) -> str:
    assert isinstance(constraint.value, NamedNode)
    return f"NOT EXISTS {{ {scope.instance(var, constraint.value)} }}"


def _datatype(scope: Scope, constraint: Constraint, var: str) -> str:
    assert isinstance(constraint.value, NamedNode)
    wanted = constraint.value.value
    kinds = [wanted, RAW + wanted, ODD + wanted] if wanted.startswith(XSD) else [wanted]
    tests = " && ".join(f"DATATYPE({var}) != <{kind}>" for kind in kinds)
    return f"!isLiteral({var}) || ({tests})"


_TESTS = {"IRI": "isIRI", "BlankNode": "isBlank", "Literal": "isLiteral"}


def _node_kinds(scope: Scope, constraint: Constraint, var: str) -> str:
    assert constraint.value is not None
    kinds = constraint.value.value.removeprefix(SH).split("Or")
    return " && ".join(f"!{_TESTS[kind]}({var})" for kind in kinds)


def _in(scope: Scope, constraint: Constraint, var: str) -> str:
    return f"!{scope.one_of(var, constraint.values)}"


def _compared(operator: str) -> Offence:
    def offence(scope: Scope, constraint: Constraint, var: str) -> str:
        return f"!COALESCE({scope.value_of(var)} {operator} {constraint.value}, false)"

    return offence


def _length(operator: str) -> Offence:
    def offence(scope: Scope, constraint: Constraint, var: str) -> str:
        return f"isBlank({var}) || STRLEN(STR({var})) {operator} {constraint.number}"

    return offence


def _regex(scope: Scope, constraint: Constraint, var: str) -> str:
    assert constraint.value is not None
    pattern, flags = Literal(constraint.value.value), Literal(constraint.flags)
    return f"isBlank({var}) || !REGEX(STR({var}), {pattern}, {flags})"


def _language_in(scope: Scope, constraint: Constraint, var: str) -> str:
    tags = [str(Literal(tag.value)) for tag in constraint.values]
    same = [f"LANG({var}) = {Literal(tag.value.lower())}" for tag in constraint.values]
    tests = " || ".join([*same, *(f"LANGMATCHES(LANG({var}), {tag})" for tag in tags)])
    return f"!isLiteral({var}) || !({tests or 'false'})"


def _disjoint(scope: Scope, constraint: Constraint, var: str) -> str:
    return f"EXISTS {{ ?this {constraint.value} {var} . }}"


def _fails_any(scope: Scope, constraint: Constraint, var: str) -> str:
    return " || ".join(scope.fails(shape, var) for shape in constraint.shapes) or "false"


def _fails_all(scope: Scope, constraint: Constraint, var: str) -> str:
    return " && ".join(scope.fails(shape, var) for shape in constraint.shapes) or "true"


def _conforms(scope: Scope, constraint: Constraint, var: str) -> str:
    return f"!{scope.fails(constraint.shapes[0], var)}"


def _not_exactly_one(scope: Scope, constraint: Constraint, var: str) -> str:
    counted = " + ".join(f"IF({scope.fails(shape, var)}, 0, 1)" for shape in constraint.shapes)
    return f"({counted or '0'}) != 1"


def _none(scope: Scope, constraint: Constraint) -> str | None:
    return f"NOT EXISTS {{ {scope.values} }}" if constraint.number == 1 else None


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
    else:
        yield Query(f"{scope.focus} {scope.values} FILTER({_too_many(scope, constraint)})")


def _too_many(scope: Scope, constraint: Constraint) -> str | None:
    if constraint.number > 1:
        return None
    if constraint.number < 1:
        return "true"
    other = scope.fresh()
    return f"EXISTS {{ {scope.values_as(other)} FILTER(!sameTerm({other}, ?value)) }}"


def _unique_lang(scope: Scope, constraint: Constraint) -> Iterator[Query]:
    where = f"{scope.focus} {scope.values} FILTER({_shares_language(scope, constraint)})"
    yield Query(f"{where} BIND(LANG(?value) AS ?lang)", pair="?lang")


def _shares_language(scope: Scope, constraint: Constraint) -> str:
    other = scope.fresh()
    same = f"LANG({other}) = LANG(?value) && !sameTerm({other}, ?value)"
    return f'LANG(?value) != "" && EXISTS {{ {scope.values_as(other)} FILTER({same}) }}'


def _equals(scope: Scope, constraint: Constraint) -> Iterator[Query]:
    has = f"?this {constraint.value} {scope.var} ."
    yield Query(f"{scope.focus} {scope.values} FILTER NOT EXISTS {{ {has} }}", value=scope.shape.is_property)
    yield Query(
        f"{scope.focus} ?this {constraint.value} ?value . FILTER NOT EXISTS {{ {scope.is_value('?value')} }}",
        value=True,
    )


def _ordered(operator: str) -> tuple[Compiler, Screen]:
    def queries(scope: Scope, constraint: Constraint) -> Iterator[Query]:
        other = scope.fresh()
        where = f"{scope.focus} {scope.values} {unordered(scope, constraint, other)}"
        yield Query(where, value=True, pair=other)

    def screen(scope: Scope, constraint: Constraint) -> str:
        return f"EXISTS {{ {unordered(scope, constraint, scope.fresh())} }}"

    def unordered(scope: Scope, constraint: Constraint, other: str) -> str:
        assert isinstance(constraint.value, NamedNode)
        first, second = scope.value_of("?value"), scope.value_of(other, constraint.value)
        return f"?this {constraint.value} {other} . FILTER(!COALESCE({first} {operator} {second}, false))"

    return queries, screen


def _has_value(scope: Scope, constraint: Constraint) -> Iterator[Query]:
    yield Query(f"{scope.focus} FILTER({_lacks(scope, constraint)})")


def _lacks(scope: Scope, constraint: Constraint) -> str:
    assert constraint.value is not None
    return f"NOT EXISTS {{ {scope.has_value(constraint.value)} }}"


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


def _qualifies(scope: Scope, constraint: Constraint) -> str:
    tests = [f"!{scope.fails(constraint.shapes[0], '?value')}"]
    tests += [scope.fails(sibling, "?value") for sibling in constraint.siblings]
    return f"FILTER({' && '.join(tests)}) "


def _none_qualifies(scope: Scope, constraint: Constraint) -> str | None:
    if constraint.number != 1:
        return None
    return f"NOT EXISTS {{ {scope.values} {_qualifies(scope, constraint)} }}"


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


PROPERTY = sh("PropertyConstraintComponent")

_BEFORE, _NOT_AFTER = _ordered("<"), _ordered("<=")

CORE: tuple[Component, ...] = (
    Component("nodeKind", _node_kind, "Not of node kind {value}.", "Ikke av nodetypen {value}.", _node_kinds),
    Component("datatype", _iri, "Not a valid literal of datatype {value}.",
              "Ikke en gyldig literal av datatypen {value}.", _datatype),
    Component("minCount", _count, "Fewer than {value} values.", "Færre enn {value} verdier.",
              queries=_min_count, absent=_none, only_property=True),
    Component("maxCount", _count, "More than {value} values.", "Flere enn {value} verdier.",
              queries=_max_count, screen=_too_many, only_property=True, of_several=True),
    Component("minExclusive", _literal, "Not greater than {value}.", "Ikke større enn {value}.",
              _compared(">")),
    Component("minInclusive", _literal, "Less than {value}, or not comparable with it.",
              "Mindre enn {value}, eller ikke sammenlignbar.", _compared(">=")),
    Component("maxExclusive", _literal, "Not less than {value}.", "Ikke mindre enn {value}.", _compared("<")),
    Component("maxInclusive", _literal, "Greater than {value}, or not comparable with it.",
              "Større enn {value}, eller ikke sammenlignbar.", _compared("<=")),
    Component("minLength", _count, "Shorter than {value} characters.", "Kortere enn {value} tegn.",
              _length("<")),
    Component("maxLength", _count, "Longer than {value} characters.", "Lengre enn {value} tegn.",
              _length(">")),
    Component("pattern", _pattern, "Does not match the pattern {value}.",
              "Passer ikke med mønsteret {value}.", _regex),
    Component("languageIn", _languages, "The language is none of {values}.",
              "Språket er ikke blant {values}.", _language_in),
    Component("in", _list, "Not one of {values}.", "Ikke en av {values}.", _in),
    Component("class", _iris, "Not an instance of {value}.", "Ikke en forekomst av {value}.", _class),
    Component("uniqueLang", _flag, "More than one value in the same language.",
              "Mer enn én verdi på samme språk.", queries=_unique_lang, screen=_shares_language,
              only_property=True, of_several=True),
    Component("equals", _iris, "The values are not those of {value}.",
              "Verdiene er ikke de samme som for {value}.", queries=_equals),
    Component("disjoint", _iris, "A value of {value} too.", "Også en verdi av {value}.", _disjoint),
    Component("lessThan", _iris, "Not less than the value of {value}.", "Ikke mindre enn verdien av {value}.",
              queries=_BEFORE[0], screen=_BEFORE[1], only_property=True),
    Component("lessThanOrEquals", _iris, "Greater than the value of {value}, or not comparable.",
              "Større enn verdien av {value}, eller ikke sammenlignbar.",
              queries=_NOT_AFTER[0], screen=_NOT_AFTER[1], only_property=True),
    Component("not", _shape, "Conforms to a shape that it must not conform to.",
              "Oppfyller en form som den ikke skal oppfylle.", _conforms),
    Component("and", _shapes, "Does not conform to all of the shapes.", "Oppfyller ikke alle formene.",
              _fails_any),
    Component("or", _shapes, "Conforms to none of the shapes.", "Oppfyller ingen av formene.", _fails_all),
    Component("xone", _shapes, "Does not conform to exactly one of the shapes.",
              "Oppfyller ikke nøyaktig én av formene.", _not_exactly_one),
    Component("node", _shape, "Does not conform to the shape {value}.", "Oppfyller ikke formen {value}.",
              _fails_any),
    Component("property", _shape, "", ""),
    Component("qualifiedMinCount", _qualified, "Fewer than {value} values conform to the shape.",
              "Færre enn {value} verdier oppfyller formen.", queries=_qualified_min, absent=_none_qualifies),
    Component("qualifiedMaxCount", _qualified, "More than {value} values conform to the shape.",
              "Flere enn {value} verdier oppfyller formen.", queries=_qualified_max),
    Component("closed", _closed, "The shape is closed, and does not have this property.",
              "Formen er lukket, og har ikke denne egenskapen.", queries=_closed_to),
    Component("hasValue", _terms, "The value {value} is missing.", "Verdien {value} mangler.",
              queries=_has_value, absent=_lacks),
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
            raise _only_property(node, component.parameter)
        yield from component.read(graph, node, component.predicate, component.iri)


_NODE_KINDS = (
    f"There are {', '.join(sorted(f'sh:{kind.removeprefix(SH)}' for kind in _KINDS))}.",
    f"Det finnes {', '.join(sorted(f'sh:{kind.removeprefix(SH)}' for kind in _KINDS))}.",
)


def _mend_pattern(pattern: str, flags: str) -> Bilingual:
    """Give the hint for a pattern that does not work."""
    if set(flags) - set("imsxq"):
        return "There are the flags i, m, s, x and q.", "Det finnes flaggene i, m, s, x og q."
    if re.search(r"\(\?(?:[=!]|<[=!])|\\[1-9]", pattern):
        return (
            "Look-around and back-references are not in SPARQL; the engine pyshacl may know them.",
            "Å se framover og bakover eller vise tilbake går ikke i SPARQL; motoren pyshacl kan kanskje det.",
        )
    return (
        "Close each bracket, and write \\\\ in Turtle for a backslash; {n,m} cannot be large.",
        "Lukk hver parentes, og skriv \\\\ i Turtle for omvendt skråstrek; {n,m} kan ikke være stor.",
    )


def _only_property(node: Node, name: str) -> ShapeError:
    return ShapeError(
        node,
        (
            f"sh:{name} belongs to property shapes, and this has no sh:path.",
            f"sh:{name} hører til egenskapsformer, og denne har ingen sh:path.",
        ),
        path=sh(name),
        hint=(
            f"Put it into a property shape: sh:property [ sh:path ...; sh:{name} ... ].",
            f"Sett den i en egenskapsform: sh:property [ sh:path ...; sh:{name} ... ].",
        ),
    )


def _local(predicate: NamedNode) -> str:
    return predicate.value.removeprefix(SH)
