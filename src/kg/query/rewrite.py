"""The same question in words that the engine answers faster. Each rule holds for every graph.

The engine evaluates a path from its subject, joins before it groups, and counts by looking at each triple.
A query of one of the shapes below is put differently; any other stays as it is. The shapes are read from
tokens, without recursion; what is not understood to the last token is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pyoxigraph import NamedNode, Store

from kg.sparql import Token, tokens

RDF_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
_CLOSURE = re.compile(r"[*+](?<=[\w)>].)")
_AGGREGATES = frozenset({"COUNT", "SUM", "AVG", "MIN", "MAX", "SAMPLE"})
_MOST_PARTS = 2_000
_ENDS_TRIPLE = frozenset({".", "}", "FILTER", "OPTIONAL", "BIND", "VALUES", "MINUS", "GRAPH", "{"})


@dataclass(frozen=True, slots=True)
class Statistics:
    """How often each predicate and each class occurs in the default graph.

    `domains` has the classes that all subjects of a predicate are in, where that was looked up.
    """

    predicates: Mapping[str, int]
    classes: Mapping[str, int]
    domains: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @property
    def triples(self) -> int:
        """The size of the default graph."""
        return sum(self.predicates.values())


def count(store: Store, large: int = 200_000) -> Statistics:
    """Give the statistics of a store; one look at each triple, two where there are at least `large`."""

    def partition(pattern: str) -> dict[str, int]:
        rows = store.query(f"SELECT ?k (COUNT(*) AS ?n) {{ {pattern} }} GROUP BY ?k")
        return {str(row["k"])[1:-1]: int(row["n"].value) for row in rows if isinstance(row["k"], NamedNode)}  # type: ignore[union-attr]

    predicates = partition("?s ?k ?o")
    domains = _domains(store, predicates) if sum(predicates.values()) >= large else {}
    return Statistics(predicates, partition(f"?s <{RDF_TYPE}> ?k"), domains)


def _domains(store: Store, predicates: Mapping[str, int]) -> dict[str, frozenset[str]]:
    """Give the classes that all subjects of a predicate are in: as many triples have such a one."""
    pairs = f"SELECT ?p ?c (COUNT(*) AS ?n) {{ ?s <{RDF_TYPE}> ?c . ?s ?p ?o }} GROUP BY ?p ?c"
    found: dict[str, set[str]] = {}
    for row in store.query(pairs):  # type: ignore[union-attr]
        predicate, kind = row["p"], row["c"]
        if isinstance(kind, NamedNode) and int(row["n"].value) == predicates[predicate.value]:
            found.setdefault(predicate.value, set()).add(kind.value)
    return {predicate: frozenset(kinds) for predicate, kinds in found.items()}


def rewrite(text: str, statistics: Statistics | None = None) -> str | None:
    """Give an equal query that is faster, or None where no rule fits.

    >>> rewrite("SELECT ?x { ?x <http://e/a>/<http://e/b>* <http://e/c> }")
    'SELECT ?x { <http://e/c> ^ <http://e/b> * / ^ <http://e/a> ?x }'
    """
    if not _is_worth_a_look(text):
        return None
    found = tokens(text)
    if found is None or any(token.word == "FROM" for token in found):
        return None
    untyped = _untyped(found, statistics)
    found = (tokens(untyped) if untyped else None) or found
    for rule in (lambda some: _counted(some, statistics), _grouped_first, _from_the_bound_end):
        changed = rule(found)
        if changed is not None:
            return changed
    return untyped


def _is_worth_a_look(text: str) -> bool:
    """Tell cheaply whether a rule may fit: those about groups know no group within another."""
    if _CLOSURE.search(text):
        return True
    capitals = text.upper() if text.count("{") == 1 else ""
    return "COUNT" in capitals or "GROUP" in capitals


class _Reader:
    """Reads tokens one after another; `Stop` where they are not what the shape has."""

    def __init__(self, found: Sequence[Token]) -> None:
        self.found = found
        self.at = 0

    def peek(self) -> str:
        return self.found[self.at].word if self.at < len(self.found) else ""

    def kind(self) -> str:
        return self.found[self.at].kind if self.at < len(self.found) else ""

    def take(self) -> str:
        if self.at >= len(self.found):
            raise _Stop
        self.at += 1
        return self.found[self.at - 1].text

    def accept(self, word: str) -> bool:
        if self.peek() != word:
            return False
        self.at += 1
        return True

    def expect(self, *words: str) -> None:
        for word in words:
            if not self.accept(word):
                raise _Stop

    def variable(self) -> str:
        if self.kind() != "variable":
            raise _Stop
        return "?" + self.take()[1:]

    def rest(self) -> list[str]:
        taken = [token.text for token in self.found[self.at :]]
        self.at = len(self.found)
        return taken


class _Stop(Exception):  # noqa: N818
    """The query has another shape."""


@dataclass(frozen=True, slots=True)
class _Aggregate:
    function: str
    argument: str
    name: str

    def __str__(self) -> str:
        return f"({self.function}({self.argument}) AS {self.name})"


@dataclass(frozen=True, slots=True)
class _Head:
    """What stands before the group: prologue and projection."""

    prologue: str
    prefixes: Mapping[str, str]
    items: tuple[str | _Aggregate, ...]

    @property
    def aggregates(self) -> tuple[_Aggregate, ...]:
        return tuple(item for item in self.items if isinstance(item, _Aggregate))

    @property
    def variables(self) -> tuple[str, ...]:
        return tuple(item for item in self.items if isinstance(item, str))

    @property
    def names(self) -> str:
        return " ".join(item if isinstance(item, str) else item.name for item in self.items)


@dataclass(frozen=True, slots=True)
class _Pattern:
    """One triple pattern: its subject, the tokens of its verb, its object."""

    subject: str
    verb: tuple[str, ...]
    object: str

    @property
    def variables(self) -> frozenset[str]:
        return frozenset(part for part in (self.subject, *self.verb, self.object) if part[0] in "?$")

    def __str__(self) -> str:
        return f"{self.subject} {' '.join(self.verb)} {self.object} ."


def _head(reader: _Reader) -> _Head:
    prologue: list[str] = []
    prefixes: dict[str, str] = {}
    while reader.peek() == "PREFIX":
        prologue.append(reader.take())
        name, iri = reader.take(), reader.take()
        prefixes[name] = iri
        prologue += [name, iri]
    reader.expect("SELECT")
    items: list[str | _Aggregate] = []
    while reader.kind() == "variable" or reader.peek() == "(":
        items.append(reader.variable() if reader.kind() == "variable" else _aggregate(reader))
    if not items:
        raise _Stop
    reader.accept("WHERE")
    return _Head(" ".join(prologue), prefixes, tuple(items))


def _aggregate(reader: _Reader) -> _Aggregate:
    reader.expect("(")
    function = reader.peek()
    if function not in _AGGREGATES:
        raise _Stop
    reader.take()
    reader.expect("(")
    distinct = "DISTINCT " if reader.accept("DISTINCT") else ""
    argument = "*" if reader.accept("*") else reader.variable()
    reader.expect(")", "AS")
    name = reader.variable()
    reader.expect(")")
    return _Aggregate(function, distinct + argument, name)


def _term(reader: _Reader) -> str:
    if reader.kind() not in ("variable", "iri", "name"):
        raise _Stop
    return reader.variable() if reader.kind() == "variable" else reader.take()


def _verb(reader: _Reader) -> tuple[str, ...]:
    """Read a predicate or a path up to the object, brackets counted."""
    if reader.kind() == "variable":
        return (reader.variable(),)
    taken: list[str] = []
    depth = 0
    wants_more = True
    while wants_more or depth or reader.peek() in ("/", "|", "*", "+", "?", ")"):
        word = reader.peek()
        if not (reader.kind() in ("iri", "name") or word in ("A", "(", ")", "^", "/", "|", "*", "+", "?")):
            raise _Stop
        if word == ")" and not depth:
            raise _Stop
        depth += {"(": 1, ")": -1}.get(word, 0)
        wants_more = word in ("(", "^", "/", "|")
        taken.append(reader.take())
    return tuple(taken)


def _object(reader: _Reader) -> str:
    if reader.kind() in ("string", "number"):
        value = reader.take()
        if reader.kind() == "language":
            return value + reader.take()
        if reader.accept("^^"):
            return f"{value}^^{_term(reader)}"
        return value
    return _term(reader)


def _filter(reader: _Reader) -> tuple[str, frozenset[str]]:
    """Read `FILTER ( ... )`; give it and its variables."""
    reader.expect("FILTER")
    if reader.peek() != "(" and reader.kind() != "word":
        raise _Stop
    taken: list[str] = []
    if reader.kind() == "word":
        if reader.peek() in ("EXISTS", "NOT"):
            raise _Stop
        taken.append(reader.take())
    depth = 0
    seen: set[str] = set()
    while True:
        if reader.peek() in ("{", "EXISTS"):
            raise _Stop
        depth += {"(": 1, ")": -1}.get(reader.peek(), 0)
        if reader.kind() == "variable":
            seen.add("?" + reader.found[reader.at].text[1:])
        taken.append(reader.take())
        if depth == 0:
            return f"FILTER {_joined(taken)}", frozenset(seen)


def _group(reader: _Reader) -> tuple[list[_Pattern], list[tuple[str, frozenset[str]]]]:
    """Read a group of triple patterns and filters."""
    reader.expect("{")
    patterns: list[_Pattern] = []
    filters: list[tuple[str, frozenset[str]]] = []
    while not reader.accept("}"):
        if reader.peek() == "FILTER":
            filters.append(_filter(reader))
            reader.accept(".")
            continue
        subject = _term(reader)
        while True:
            patterns.append(_Pattern(subject, _verb(reader), _object(reader)))
            if not reader.accept(";"):
                break
        if not reader.accept(".") and reader.peek() not in ("}", "FILTER"):
            raise _Stop
    return patterns, filters


def _grouping(reader: _Reader) -> tuple[str, ...]:
    if not reader.accept("GROUP"):
        return ()
    reader.expect("BY")
    names = []
    while reader.kind() == "variable":
        names.append(reader.variable())
    if not names:
        raise _Stop
    return tuple(names)


def _tail(reader: _Reader) -> str:
    """Read what orders and cuts; aggregates and HAVING there would need the groups."""
    words = {token.word for token in reader.found[reader.at :]}
    if words & (_AGGREGATES | {"HAVING", "VALUES", "GROUP_CONCAT", "EXISTS"}) or "{" in words:
        raise _Stop
    if reader.peek() not in ("", "ORDER", "LIMIT", "OFFSET"):
        raise _Stop
    return _joined(reader.rest())


def _joined(texts: Iterable[str]) -> str:
    """Give tokens as a text; a language stands close to its string."""
    return " ".join(text for text in texts if text).replace(" @", "@")


def _tried(shape: Callable[[_Reader], str | None], found: Sequence[Token]) -> str | None:
    try:
        return shape(_Reader(found))
    except _Stop:
        return None


def _counted(found: Sequence[Token], statistics: Statistics | None) -> str | None:
    """Counts of all triples, of a predicate, and by predicate or class are known beforehand."""
    if statistics is None:
        return None
    known = statistics

    def shape(reader: _Reader) -> str | None:
        head = _head(reader)
        patterns, filters = _group(reader)
        keys = _grouping(reader)
        tail = _tail(reader)
        if len(patterns) != 1 or filters or len(head.aggregates) != 1 or len(patterns[0].verb) != 1:
            return None
        pattern, aggregate = patterns[0], head.aggregates[0]
        parts = (pattern.subject, pattern.verb[0], pattern.object)
        counts = aggregate.function == "COUNT" and aggregate.argument in ("*", *pattern.variables)
        if not counts or not _are_variables(pattern.subject, pattern.object) or len(set(parts)) != len(parts):
            return None
        if aggregate.name in pattern.variables or set(head.variables) - set(keys):
            return None
        if not keys:
            number = _size(pattern.verb[0], head, known)
            return None if number is None else f"SELECT ({number} AS {aggregate.name}) {{}} {tail}".rstrip()
        table = _partition(pattern, keys, head, known)
        if table is None or len(table) > _MOST_PARTS:
            return None
        rows = " ".join(f"(<{iri}> {number})" for iri, number in table.items())
        values = f"VALUES ({keys[0]} {aggregate.name}) {{ {rows} }}"
        return f"{head.prologue} SELECT {head.names} {{ {values} }} {tail}".strip()

    return _tried(shape, found)


def _are_variables(*terms: str) -> bool:
    return all(term[0] == "?" for term in terms)


def _size(verb: str, head: _Head, known: Statistics) -> int | None:
    if verb[0] == "?":
        return known.triples
    iri = _resolved(verb, head.prefixes)
    return None if iri is None else known.predicates.get(iri, 0)


def _partition(
    pattern: _Pattern, keys: tuple[str, ...], head: _Head, known: Statistics
) -> Mapping[str, int] | None:
    if keys == pattern.verb:
        return known.predicates
    is_type = pattern.verb[0] == "a" or _resolved(pattern.verb[0], head.prefixes) == RDF_TYPE
    whole = sum(known.classes.values()) == known.predicates.get(RDF_TYPE, 0)  # no class is a blank node
    return known.classes if is_type and whole and keys == (pattern.object,) else None


def _resolved(verb: str, prefixes: Mapping[str, str]) -> str | None:
    """Give the IRI of a predicate as it is written; None where that takes more than joining texts."""
    if verb == "a":
        return RDF_TYPE
    if verb[0] == "<":
        return verb[1:-1] if "://" in verb and "\\" not in verb else None
    prefix, _, local = verb.partition(":")
    namespace = prefixes.get(f"{prefix}:", "")
    plain = re.fullmatch(r"[A-Za-z0-9_]+", local) and "://" in namespace and "\\" not in namespace
    return namespace[1:-1] + local if plain else None


def _untyped(found: Sequence[Token], statistics: Statistics | None) -> str | None:
    """`?x a C ; p ?y` is `?x p ?y` where all subjects of p are known to be in C."""
    domains = statistics.domains if statistics is not None else {}
    if not domains:
        return None

    def shape(reader: _Reader) -> str | None:
        head = _head(reader)
        patterns, filters = _group(reader)
        keys = _grouping(reader)
        tail = _tail(reader)
        kept = [pattern for pattern in patterns if not _follows(pattern, patterns, head, domains)]
        if len(kept) == len(patterns) or (not keys and head.variables and head.aggregates):
            return None
        body = " ".join([*map(str, kept), *(text for text, _ in filters)])
        items = " ".join(map(str, head.items))
        grouping = f"GROUP BY {' '.join(keys)}" if keys else ""
        return f"{head.prologue} SELECT {items} {{ {body} }} {grouping} {tail}".strip()

    return _tried(shape, found)


def _follows(
    pattern: _Pattern, patterns: Iterable[_Pattern], head: _Head, domains: Mapping[str, frozenset[str]]
) -> bool:
    """Tell whether a class of a variable follows from another pattern that it is the subject of."""
    kind = _resolved(pattern.object, head.prefixes)
    if len(pattern.verb) != 1 or _resolved(pattern.verb[0], head.prefixes) != RDF_TYPE or kind is None:
        return False
    others = (one for one in patterns if one.subject == pattern.subject and len(one.verb) == 1)
    predicates = {_resolved(one.verb[0], head.prefixes) for one in others} - {None, RDF_TYPE}
    return any(kind in domains.get(str(predicate), ()) for predicate in predicates)


def _grouped_first(found: Sequence[Token]) -> str | None:
    """Group before joining what only names the groups.

    Where every variable of some patterns is a grouping variable, each group has one solution of theirs, for
    a graph is a set. So the aggregates are those of the other patterns alone.
    """

    def shape(reader: _Reader) -> str | None:
        head = _head(reader)
        patterns, filters = _group(reader)
        keys = frozenset(_grouping(reader))
        tail = _tail(reader)
        naming = [p for p in patterns if _names(p, keys)]
        counted = [p for p in patterns if p not in naming]
        if not naming or not counted or not head.aggregates or set(head.variables) - keys:
            return None
        inside, outside = _variables(counted), _variables(naming)
        inner = [text for text, used in filters if used <= inside]
        outer = [text for text, used in filters if not used <= inside and used <= outside]
        shared = [key for key in sorted(keys) if key in inside]
        arguments = {a.argument.removeprefix("DISTINCT ") for a in head.aggregates} - {"*"}
        names = {aggregate.name for aggregate in head.aggregates}
        if len(inner) + len(outer) < len(filters) or not shared or not arguments <= inside:
            return None
        if not keys <= inside | outside or names & (inside | outside) or "DISTINCT *" in str(head.items):
            return None
        aggregates = " ".join(map(str, head.aggregates))
        body = " ".join([*map(str, counted), *inner])
        sub = f"{{ SELECT {' '.join(shared)} {aggregates} {{ {body} }} GROUP BY {' '.join(shared)} }}"
        rest = " ".join([*map(str, naming), *outer])
        return f"{head.prologue} SELECT {head.names} {{ {sub} {rest} }} {tail}".strip()

    return _tried(shape, found)


def _names(pattern: _Pattern, keys: frozenset[str]) -> bool:
    """Tell whether a pattern only says more of a group: `?group label ?label`, and chooses none."""
    plain = len(pattern.verb) == 1 and pattern.verb[0][0] != "?"
    return plain and _are_variables(pattern.subject, pattern.object) and pattern.variables <= keys


def _variables(patterns: Iterable[_Pattern]) -> frozenset[str]:
    return frozenset(variable for pattern in patterns for variable in pattern.variables)


def _from_the_bound_end(found: Sequence[Token]) -> str | None:
    """`?x a/b* C` is `C ^b*/^a ?x`: the same pairs, but a walk from one node instead of from all."""
    changed = [token.text for token in found]
    done = False
    reader = _Reader(found)
    inside = found[_where(found) : len(found) - _where(found[::-1])]
    for at in range(1, len(found) - 2):
        before, subject = found[at - 1].word, found[at]
        if subject.kind != "variable" or before not in ("{", "."):
            continue
        reader.at = at + 1
        try:
            verb = _verb(reader)
        except _Stop:
            continue
        end = reader.at
        is_closure = "*" in verb or "+" in verb
        if not is_closure or reader.kind() not in ("iri", "name") or end + 1 >= len(found):
            continue
        if found[end + 1].word not in _ENDS_TRIPLE:
            continue
        if sum(1 for token in inside if token.text[1:] == subject.text[1:]) != 1:
            continue
        inverse = _inverse(verb)
        if inverse is not None:
            turned = " ".join([found[end].text, *inverse, subject.text])
            changed[at : end + 1] = [turned, *[""] * (end - at)]
            done = True
    return _joined(changed) if done else None


def _where(found: Sequence[Token]) -> int:
    """Give the place of the first brace."""
    return next((at for at, token in enumerate(found) if token.word in "{}"), 0)


def _inverse(verb: tuple[str, ...]) -> list[str] | None:
    """Give the inverse of a sequence of steps; None for alternatives at its top."""
    steps: list[list[str]] = [[]]
    depth = 0
    for word in verb:
        depth += {"(": 1, ")": -1}.get(word, 0)
        if depth == 0 and word == "|":
            return None
        if depth == 0 and word == "/":
            steps.append([])
        else:
            steps[-1].append(word)
    turned = [step[1:] if step[0] == "^" else ["^", *step] for step in reversed(steps)]
    return [word for number, step in enumerate(turned) for word in (*("/" if number else ""), *step)]
