"""SHACL-SPARQL: users' own queries and components, checked for what pre-binding forbids, and wrapped.

A user's SELECT becomes the right side of a LATERAL join, which hands each focus node down into every part of
it: that is pre-binding, done by the engine for all focus nodes at once. An ASK becomes the group of an
EXISTS.

What bounds a query is that regular expressions match in linear time, that SERVICE, FROM, updates, MINUS and
VALUES are refused, the limits on length and nesting below, and the deadline that `isolation` puts to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from pyoxigraph import BlankNode, Literal, NamedNode, Store

from kg.check.shacl.results import SH, Node, Term, sh
from kg.check.shacl.scope import MARKS, Scope, constant, member
from kg.check.shacl.shapes import Constraint, ShapeError, ShapesGraph, Statement, Token
from kg.complaints import Told, explain
from kg.errors import Bilingual

_IMPORTS = NamedNode("http://www.w3.org/2002/07/owl#imports")
SPARQL = sh("SPARQLConstraintComponent")

_TOKEN = re.compile(
    r"""(?P<comment>\#[^\n]*)
      | (?P<iri><[^<>"{}|^`\\\x00-\x20]*>)
      | (?P<string>\"\"\"(?:(?:\"|\"\")?(?:[^"\\]|\\.))*\"\"\"|'''(?:(?:'|'')?(?:[^'\\]|\\.))*'''
        |"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
      | (?P<var>[?$][A-Za-z0-9_\u00b7-\U000effff]+)
      | (?P<word>@?[A-Za-z_\u00c0-\U000effff][\w.\-\u00b7]*(?::(?:[\w.\-:%\u00b7]|\\.)*)?
        |:(?:[\w.\-:%\u00b7]|\\.)*)
      | (?P<space>\s+)
      | (?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)


def tokens(query: str) -> list[Token]:
    """Cut a query into tokens; joined they give the query again."""
    return [Token(match.lastgroup or "other", match.group()) for match in _TOKEN.finditer(query)]


@dataclass(frozen=True, slots=True)
class Custom:
    """A constraint component that the shapes graph declares in SPARQL."""

    iri: NamedNode
    mandatory: Mapping[NamedNode, str]
    optional: Mapping[NamedNode, str]
    for_nodes: Statement | None
    for_properties: Statement | None
    messages: tuple[Literal, ...]


def read_statement(graph: ShapesGraph, owner: Node, form: str, prebound: Sequence[str]) -> Statement:
    """Give the query of a node. Raises ShapeError for one that pre-binding does not allow."""
    text = graph.literal(owner, sh(form))
    if text is None:
        raise ShapeError(
            owner,
            (f"It has no sh:{form}.", f"Den har ingen sh:{form}."),
            hint=(f'Add sh:{form} """...""", a query.', f'Legg til sh:{form} """...""", en spørring.'),
        )
    pieces = tokens(text.value)
    _bound(owner, sh(form), pieces)
    prologue, body = _parts(pieces)
    found = Statement(owner, form, prologue, body, _prefixes(graph, owner), messages(graph, owner))
    if next((token.keyword for token in body if token.kind == "word"), "") != form.upper():
        kind = form.upper()
        raise ShapeError(
            owner,
            (f"sh:{form} must be a SPARQL {kind} query.", f"sh:{form} må være en {kind}-spørring i SPARQL."),
            path=sh(form),
            hint=(f"Let the query begin with {kind}.", f"La spørringen begynne med {kind}."),
        )
    _reject(found, prebound)
    _parse(found)
    return found


_TOKENS, _NESTED, _SIGNS = 10_000, 100, 50


def _bound(owner: Node, form: NamedNode, pieces: Sequence[Token]) -> None:
    """Raise ShapeError for a query that is long or deep enough to overflow the engine's stack."""
    depth = deepest = signs = most = 0
    for token in pieces:
        depth += (token.text in ("(", "{", "[")) - (token.text in (")", "}", "]"))
        deepest = max(deepest, depth)
        signs = signs + 1 if token.text in ("!", "-", "+", "^") else signs * (token.kind == "space")
        most = max(most, signs)
    if len(pieces) > _TOKENS or deepest > _NESTED or most > _SIGNS:
        limits = f"{_TOKENS}, {_NESTED}"
        raise ShapeError(
            owner,
            (
                f"The query is too long or nested too deep (limits: {limits}).",
                f"Spørringen er for lang eller for dypt nøstet (grenser: {limits}).",
            ),
            path=form,
        )


def messages(graph: ShapesGraph, node: Node) -> tuple[Literal, ...]:
    """Give the messages of a node. Raises ShapeError for what is no text."""
    return tuple(_text(node, value) for value in graph.values(node, sh("message")))


def _text(node: Node, value: Term) -> Literal:
    if isinstance(value, Literal):
        return value
    raise ShapeError(
        node,
        (f"sh:message must be a text, and is {value}.", f"sh:message må være en tekst, og er {value}."),
        path=sh("message"),
        hint=('Write it as in "..."@en.', 'Skriv den som i "..."@nb.'),
    )


def _parts(found: list[Token]) -> tuple[str, tuple[Token, ...]]:
    """Part the prologue from the rest; comments go."""
    kept = [replace(t, text=" " * len(t.text), kind="space") if t.kind == "comment" else t for t in found]
    for index, token in enumerate(kept):
        if token.keyword in ("SELECT", "ASK", "CONSTRUCT", "DESCRIBE"):
            return "".join(t.text for t in kept[:index]), tuple(kept[index:])
    return "", tuple(kept)


def _prefixes(graph: ShapesGraph, owner: Node) -> Mapping[str, str]:
    found: dict[str, str] = {}
    pending, seen = list(graph.values(owner, sh("prefixes"))), set[Term]()
    while pending:
        node = pending.pop()
        if node in seen or isinstance(node, Literal):
            continue
        seen.add(node)
        pending += graph.values(node, _IMPORTS)
        for declaration in graph.values(node, sh("declare")):
            prefix, namespace = (graph.values(declaration, sh(name)) for name in ("prefix", "namespace"))
            if len(prefix) != 1 or len(namespace) != 1:
                raise ShapeError(node, _DECLARATION, hint=_DECLARE)
            if found.setdefault(prefix[0].value, namespace[0].value) != namespace[0].value:
                name = prefix[0].value
                raise ShapeError(
                    owner,
                    (
                        f"sh:prefixes gives {name!r} two namespaces.",
                        f"sh:prefixes gir «{name}» to navnerom.",
                    ),
                    hint=("Keep one sh:declare of it.", "Behold én sh:declare for det."),
                )
    return MappingProxyType(found)


_DECLARATION = (
    "sh:declare must have one sh:prefix and one sh:namespace.",
    "sh:declare må ha én sh:prefix og ett sh:namespace.",
)
_DECLARE = (
    'Write sh:declare [ sh:prefix "ex" ; sh:namespace "https://example.org/"^^xsd:anyURI ].',
    'Skriv sh:declare [ sh:prefix "ex" ; sh:namespace "https://example.org/"^^xsd:anyURI ].',
)
_RESERVED = ("this", "PATH", "value", "shapesGraph", "currentShape")
_FORBIDDEN: Mapping[str, Bilingual] = MappingProxyType(
    {
        "MINUS": ("Write FILTER NOT EXISTS { ... }.", "Skriv FILTER NOT EXISTS { ... }."),
        "VALUES": ("Write FILTER(?x IN (...)).", "Skriv FILTER(?x IN (...))."),
        "SERVICE": (
            "Nothing is fetched: put the data into a file.",
            "Ingenting blir hentet: legg dataene i en fil.",
        ),
        "FROM": (
            "The query is about the data that are checked.",
            "Spørringen gjelder de dataene som kontrolleres.",
        ),
    }
)
"""What pre-binding or we forbid in a query, and what to write instead."""


def _placed(statement: Statement) -> Iterator[tuple[int, Token]]:
    """Yield the tokens of a query's body, each with its offset in the whole."""
    at = len(statement.prologue)
    for token in statement.body:
        yield at, token
        at += len(token.text)


def _reject(statement: Statement, prebound: Sequence[str]) -> None:
    """Raise ShapeError for what the standard forbids where variables are pre-bound."""
    placed = [(at, token) for at, token in _placed(statement) if token.kind != "space"]
    body = [token for _, token in placed]
    for index, (at, token) in enumerate(placed):
        if token.keyword in _FORBIDDEN:
            word, form = token.keyword, statement.form
            raise ShapeError(
                statement.owner,
                (f"{word} is not allowed in sh:{form}.", f"{word} er ikke tillatt i sh:{form}."),
                path=sh(form),
                at=at,
                hint=_FORBIDDEN[word],
            )
        if token.keyword == "AS" and index + 1 < len(body) and body[index + 1].name in prebound:
            name = body[index + 1].name
            raise ShapeError(
                statement.owner,
                (
                    f"AS ${name} would bind a variable that has a value.",
                    f"AS ${name} ville binde en variabel som har en verdi.",
                ),
                path=sh(statement.form),
                at=at,
                hint=("Give it another name.", "Gi den et annet navn."),
            )
        if token.keyword == "SELECT":
            _reject_hidden(statement, body[index + 1 :], prebound, at, nested=index > 0)


def _reject_hidden(
    statement: Statement, rest: Sequence[Token], prebound: Sequence[str], at: int, *, nested: bool
) -> None:
    """Raise ShapeError if a SELECT keeps pre-bound variables from what is inside it."""
    projected = list(_projection(rest))
    if not nested and "*" in projected:
        return
    needed = [n for n in prebound if n == "this" or (nested and statement.uses(n))]
    for name in needed:
        if name not in projected and name not in ("shapesGraph", "currentShape"):
            where, hvor = ("A subquery", "En delspørring") if nested else ("The query", "Spørringen")
            raise ShapeError(
                statement.owner,
                (
                    f"{where} must return ${name} among its variables.",
                    f"{hvor} må gi ${name} blant variablene.",
                ),
                path=sh(statement.form),
                at=at,
                hint=(
                    f"Write it after SELECT: SELECT ${name} ...",
                    f"Skriv den etter SELECT: SELECT ${name} ...",
                ),
            )


def _projection(rest: Sequence[Token]) -> Iterator[str]:
    depth = 0
    for token in rest:
        if token.text == "{" or token.keyword == "WHERE":
            return
        depth += {"(": 1, ")": -1}.get(token.text, 0)
        if token.name and depth == 0:
            yield token.name
        elif token.text == "*" and depth == 0:
            yield "*"


_EMPTY = Store()


_SOME_PATH = "<u:p>"
"""What stands for `$PATH` where a query is only parsed; as long as that, so that places stay as they are."""


def _parse(statement: Statement) -> None:
    text = statement.prologue + render(statement.body, path=_SOME_PATH)
    try:
        _EMPTY.query(text, prefixes=dict(statement.prefixes))
    except SyntaxError as error:
        undeclared = next(_undeclared(statement), None) if "Prefix not found" in error.msg else None
        raise unusable(statement, error.msg, *(undeclared or (_place(error.msg, text), ""))) from error
    except RuntimeError as error:
        raise unusable(statement, str(error)) from error


def unusable(statement: Statement, words: str, at: int | None = None, prefix: str = "") -> ShapeError:
    """Give the error for a query that the engine does not take, and where in its text that shows if known."""
    form, text = statement.form, statement.prologue + render(statement.body, path=None)
    near = " ".join(text[:at].split())[-_NEAR:]
    is_placed = at is not None or "error at" not in words
    told = explain("sparql", words, form=form, prefix=prefix, near=near) if is_placed else None
    told = told or Told((f"sh:{form} cannot be run: {words}", f"sh:{form} kan ikke kjøres: «{words}»"))
    return ShapeError(statement.owner, told.said, path=sh(form), at=at, hint=told.hint)


_NEAR = 30
"""How many characters before a place are shown."""


def _place(words: str, text: str) -> int | None:
    """Give the offset at which the engine gives up."""
    found = re.match(r"error at (\d+):(\d+)", words)
    if found is None:
        return None
    lines = text.split("\n")[: int(found[1]) - 1]
    return min(len(text), sum(len(line) + 1 for line in lines) + int(found[2]) - 1)


def _undeclared(statement: Statement) -> Iterator[tuple[int, str]]:
    """Yield the prefixes that a query uses and nobody declares, each with its offset."""
    declared = {"_", *statement.prefixes, *(t.text[:-1] for t in tokens(statement.prologue))}
    for at, token in _placed(statement):
        prefix, colon, _ = token.text.partition(":")
        if token.kind == "word" and colon and prefix not in declared:
            yield at, prefix


def render(body: Sequence[Token], *, path: str | None) -> str:
    """Give the text of a query with `$PATH` filled in, and our own graph kept out of its sight."""
    found: list[str] = []
    graph = 0
    for token in body:
        if graph and token.name:
            found.insert(graph - 1, f"FILTER({token.text} != {MARKS}) ")
        found.append(path if path and token.name == "PATH" else token.text)
        graph = len(found) if token.keyword == "GRAPH" else graph * (token.kind == "space")
    return "".join(found)


def select_where(scope: Scope, statement: Statement, params: Mapping[str, Term]) -> str:
    """Give the group that runs a SELECT for each focus node; every row is a violation."""
    bound = {name: term for name, term in params.items() if statement.uses(name)}
    body = list(statement.body)
    path = scope.shape.step.text() if scope.shape.step else None
    extra = _extras(statement, bound)
    if extra and "*" not in _projection([t for t in body[1:] if t.kind != "space"]):
        at = next((i for i, t in enumerate(body) if t.keyword in ("DISTINCT", "REDUCED")), 0) + 1
        by = _grouping(body)
        if by is not None:
            body.insert(by, Token("space", f" {extra} "))
        body.insert(at, Token("space", f" {extra} "))
    given = _given(scope, statement) + bind(scope, bound)
    return f"{scope.focus} {given} LATERAL {{ {render(body, path=path)}\n}}"


def _grouping(body: Sequence[Token]) -> int | None:
    """Give the place after GROUP BY of the query itself, None where it groups nothing."""
    depth, after_group = 0, False
    for at, token in enumerate(body):
        depth += {"{": 1, "}": -1}.get(token.text, 0)
        if depth == 0 and token.keyword == "BY" and after_group:
            return at + 1
        if token.kind != "space":
            after_group = token.keyword == "GROUP"
    return None


def _extras(statement: Statement, bound: Mapping[str, Term]) -> str:
    names = [*bound, *(name for name in ("shapesGraph", "currentShape") if statement.uses(name))]
    projected = set(_projection([t for t in statement.body[1:] if t.kind != "space"]))
    return " ".join(f"?{name}" for name in names if name not in projected)


def _given(scope: Scope, statement: Statement) -> str:
    found = ""
    if statement.uses("shapesGraph"):
        found += f"BIND({scope.shapes_graph} AS ?shapesGraph) "
    if statement.uses("currentShape"):
        found += bind(scope, {"currentShape": scope.shape.node})
    return found


def ask_where(scope: Scope, statement: Statement, params: Mapping[str, Term]) -> str:
    """Give the group that runs an ASK for each value node; the value nodes that it denies are violations."""
    bound = {name: term for name, term in params.items() if statement.uses(name)}
    value = scope.values if scope.shape.step else "BIND(?this AS ?value) "
    start = next(i for i, token in enumerate(statement.body) if token.text == "{")
    path = scope.shape.step.text() if scope.shape.step else None
    group = render(statement.body[start:], path=path)
    given = _given(scope, statement) + bind(scope, bound)
    return f"{scope.focus} {value} {given} FILTER NOT EXISTS {{ {group}\n}}"


def bind(scope: Scope, params: Mapping[str, Term]) -> str:
    """Give the patterns that bind variables to terms."""
    return "".join(
        member(scope.marks.constant(term), f"?{name}")
        if isinstance(term, BlankNode)
        else f"BIND({constant(term)} AS ?{name}) "
        for name, term in params.items()
    )


def read_constraints(graph: ShapesGraph, node: Node) -> Iterator[Constraint]:
    """Yield the `sh:sparql` constraints of a shape."""
    for value in graph.values(node, sh("sparql")):
        if isinstance(value, Literal):
            raise ShapeError(
                node,
                ("sh:sparql must be a node with sh:select.", "sh:sparql må være en node med sh:select."),
                hint=(
                    'Write sh:sparql [ sh:select """...""" ].',
                    'Skriv sh:sparql [ sh:select """...""" ].',
                ),
            )
        if not graph.is_true(value, sh("deactivated")):
            statement = read_statement(graph, value, "select", ("this", "shapesGraph", "currentShape"))
            yield Constraint(SPARQL, value=value, statement=statement)


def read_components(graph: ShapesGraph) -> tuple[Custom, ...]:
    """Give the components that the shapes graph declares. Raises ShapeError for an ill-formed one."""
    nodes = dict.fromkeys(graph.having(sh("parameter")))
    return tuple(
        _component(graph, node)
        for node in nodes
        if isinstance(node, NamedNode)
        and not node.value.startswith(SH)
        and graph.is_instance(node, sh("ConstraintComponent"))
    )


def _component(graph: ShapesGraph, node: NamedNode) -> Custom:
    mandatory: dict[NamedNode, str] = {}
    optional: dict[NamedNode, str] = {}
    for parameter in graph.values(node, sh("parameter")):
        path = graph.values(parameter, sh("path"))
        if len(path) != 1 or not isinstance(path[0], NamedNode):
            raise ShapeError(
                node,
                (
                    "sh:parameter must have one IRI as sh:path.",
                    "sh:parameter må ha én IRI som sh:path.",
                ),
                hint=("Write sh:parameter [ sh:path ex:p ].", "Skriv sh:parameter [ sh:path ex:p ]."),
            )
        name = re.split(r"[/#:]", path[0].value)[-1]
        if not re.fullmatch(r"[A-Za-z_]\w*", name) or name in _RESERVED:
            raise ShapeError(
                node,
                (f"A parameter cannot be called {name!r}.", f"En parameter kan ikke hete «{name}»."),
                hint=_PARAMETERS,
            )
        is_optional = not isinstance(parameter, Literal) and graph.is_true(parameter, sh("optional"))
        (optional if is_optional else mandatory)[path[0]] = name
    if not mandatory:
        raise ShapeError(
            node,
            (
                "A constraint component must have a parameter that is not optional.",
                "En kravkomponent må ha en parameter som ikke er valgfri.",
            ),
            hint=("Take sh:optional out of one.", "Ta sh:optional bort fra en av dem."),
        )
    names = (*mandatory.values(), *optional.values())
    general = _validator(graph, node, "validator", names)
    return Custom(
        node,
        MappingProxyType(mandatory),
        MappingProxyType(optional),
        _validator(graph, node, "nodeValidator", names) or general,
        _validator(graph, node, "propertyValidator", names) or general,
        messages(graph, node),
    )


_PARAMETERS = (
    f"Its IRI must end in letters and digits, and in none of {', '.join(_RESERVED)}.",
    f"IRI-en må slutte på bokstaver og siffer, og ikke på {', '.join(_RESERVED)}.",
)


def _validator(graph: ShapesGraph, node: Node, kind: str, names: Sequence[str]) -> Statement | None:
    value = graph.one(node, sh(kind))
    if value is None or isinstance(value, Literal):
        return None
    is_ask = bool(graph.values(value, sh("ask")))
    prebound = ("this", *names, *(("value",) if is_ask else ()), "shapesGraph", "currentShape")
    return read_statement(graph, value, "ask" if is_ask else "select", prebound)


def read_uses(graph: ShapesGraph, node: Node, custom: Custom, is_property: bool) -> Iterator[Constraint]:
    """Yield the constraints that a shape has by a declared component."""
    if not all(graph.values(node, predicate) for predicate in custom.mandatory):
        return
    statement = custom.for_properties if is_property else custom.for_nodes
    if statement is None:
        kind = "sh:propertyValidator" if is_property else "sh:nodeValidator"
        raise ShapeError(
            node,
            (
                f"It uses <{custom.iri.value}>, which has no validator for this kind of shape.",
                f"Den bruker <{custom.iri.value}>, som ikke har noen validator for denne typen form.",
            ),
            hint=(
                f"Give that a {kind}, or a sh:validator.",
                f"Gi den en {kind}, eller en sh:validator.",
            ),
        )
    given = {**custom.mandatory, **custom.optional}
    if len(given) == 1:
        [(predicate, name)] = given.items()
        for value in graph.values(node, predicate):
            params = MappingProxyType({name: value})
            yield Constraint(custom.iri, value=value, params=params, statement=statement)
        return
    several = {name: graph.one(node, predicate) for predicate, name in given.items()}
    known = {name: value for name, value in several.items() if value is not None}
    yield Constraint(custom.iri, params=MappingProxyType(known), statement=statement)


_PLACEHOLDER = re.compile(r"\{[?$]([A-Za-z_]\w*)\}")


def fill(template: Literal, bindings: Mapping[str, Term | None]) -> Literal:
    """Give a message with `{$name}` and `{?name}` replaced by what the names stand for.

    >>> fill(Literal("At most {$max}.", language="en"), {"max": Literal("3")})
    <Literal value=At most 3. language=en>
    """

    def word(match: re.Match[str]) -> str:
        term = bindings.get(match[1])
        return match[0] if term is None else term.value

    text = _PLACEHOLDER.sub(word, template.value)
    return Literal(text, language=template.language) if template.language else Literal(text)
