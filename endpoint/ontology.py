"""The terms of an ontology as its page shows them: in all languages, by kind, in the order of their names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pyoxigraph import Literal

from endpoint.entity import Page, Part, Row
from kg.index import Description, Statement
from kg.vocab import PREFIXES, RDF_TYPE, local_name

_LABEL = PREFIXES["rdfs"] + "label"
_DEFINITIONS = (
    PREFIXES["skos"] + "definition",
    PREFIXES["rdfs"] + "comment",
    PREFIXES["dcterms"] + "description",
)
_NOT_SHOWN = frozenset((*_DEFINITIONS, PREFIXES["rdfs"] + "isDefinedBy"))
_CLASSES = frozenset(PREFIXES[prefix] + "Class" for prefix in ("owl", "rdfs"))
_KINDS = ("classes", "properties", "other-terms")


@dataclass(frozen=True, slots=True)
class Term:
    """One term: its texts are (language, label, definition)."""

    iri: str
    anchor: str
    name: str
    curie: str
    kinds: tuple[str, ...]
    texts: tuple[tuple[str, str, str], ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms under one heading."""

    key: str
    terms: tuple[Term, ...]


def terms(description: Description, page: Page) -> tuple[Terms, ...]:
    """Give the terms of an ontology's page, classes first; headings without terms are left out."""
    grouped: dict[str, list[Term]] = {key: [] for key in _KINDS}
    for part in _parts(page):
        statements = description.parts[part.iri]
        grouped[_kind(statements)].append(_term(part, statements))
    return tuple(
        Terms(key, tuple(sorted(some, key=lambda term: term.name.casefold())))
        for key, some in grouped.items()
        if some
    )


def _parts(page: Page) -> Iterator[Part]:
    for section in page.sections:
        if section.key == "parts":
            for row in section.rows:
                yield from (
                    value.part for value in row.values if value.part is not None and value.part.anchor
                )


def _kind(statements: tuple[Statement, ...]) -> str:
    types = {s.object.value for s in statements if s.predicate == RDF_TYPE}
    if types & _CLASSES:
        return "classes"
    return "properties" if any(iri.endswith("Property") for iri in types) else "other-terms"


def _term(part: Part, statements: tuple[Statement, ...]) -> Term:
    rows = tuple(row for row in part.rows if row.predicate not in _NOT_SHOWN)
    kinds = tuple(local_name(kind.iri) for kind in part.kinds)
    return Term(part.iri, part.anchor, part.anchor, part.anchor, kinds, _texts(statements), rows)


def _texts(statements: tuple[Statement, ...]) -> tuple[tuple[str, str, str], ...]:
    labels = _by_language(statements, (_LABEL,))
    definitions = _by_language(statements, _DEFINITIONS)
    tags = sorted({*labels, *definitions}, key=lambda tag: (("nb", "nn", "en", tag).index(tag), tag))
    return tuple((tag, labels.get(tag, ""), definitions.get(tag, "")) for tag in tags)


def _by_language(statements: tuple[Statement, ...], predicates: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for predicate in predicates:
        for statement in statements:
            value = statement.object
            if statement.predicate.value == predicate and isinstance(value, Literal):
                found.setdefault(value.language or "", value.value)
    return found
