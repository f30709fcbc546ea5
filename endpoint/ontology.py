"""The terms of an ontology as its page lists them: by kind, in the order of their names, each with a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pyoxigraph import Literal, NamedNode

from kg.index import Description, Label, Statement
from kg.vocab import PREFIXES, RDF_TYPE, local_name

_LABEL = PREFIXES["rdfs"] + "label"
_DEFINITIONS = (
    PREFIXES["skos"] + "definition",
    PREFIXES["rdfs"] + "comment",
    PREFIXES["dcterms"] + "description",
)
_CLASSES = frozenset(PREFIXES[prefix] + "Class" for prefix in ("owl", "rdfs"))
_KINDS = ("classes", "properties", "other-terms")


@dataclass(frozen=True, slots=True)
class Term:
    """One term, with label and definition in the reader's language or the nearest."""

    iri: str
    anchor: str
    kinds: tuple[str, ...]
    label: Label | None
    definition: Label | None


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms under one heading."""

    key: str
    terms: tuple[Term, ...]


def terms(description: Description, languages: Sequence[str]) -> tuple[Terms, ...]:
    """Give the terms of an ontology, classes first; headings without terms are left out."""
    grouped: dict[str, list[Term]] = {key: [] for key in _KINDS}
    for iri, statements in description.parts.items():
        if iri.startswith(f"{description.iri}#"):
            grouped[_kind(statements)].append(_term(iri, statements, languages))
    return tuple(
        Terms(key, tuple(sorted(some, key=lambda term: term.anchor.casefold())))
        for key, some in grouped.items()
        if some
    )


def _kind(statements: Sequence[Statement]) -> str:
    types = {s.object.value for s in statements if s.predicate == RDF_TYPE}
    if types & _CLASSES:
        return "classes"
    return "properties" if any(iri.endswith("Property") for iri in types) else "other-terms"


def _term(iri: str, statements: Sequence[Statement], languages: Sequence[str]) -> Term:
    written = (s.object for s in statements if s.predicate == RDF_TYPE and not s.derived)
    kinds = tuple(local_name(kind.value) for kind in written if isinstance(kind, NamedNode))
    definitions = (_best(statements, predicate, languages) for predicate in _DEFINITIONS)
    definition = next((found for found in definitions if found), None)
    return Term(iri, iri.partition("#")[2], kinds, _best(statements, _LABEL, languages), definition)


def _best(statements: Sequence[Statement], predicate: str, languages: Sequence[str]) -> Label | None:
    texts: Mapping[str, str] = {
        s.object.language or "": s.object.value
        for s in statements
        if s.predicate.value == predicate and isinstance(s.object, Literal)
    }
    tag = next((tag for tag in (*languages, "", *texts) if tag in texts), None)
    return None if tag is None else Label(texts[tag], tag)
