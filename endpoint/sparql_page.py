"""The query page: a form that works without scripts, and under it the result as a table."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from endpoint import html
from endpoint import site as current
from endpoint.negotiate import Representation
from endpoint.problems import Problem
from endpoint.protocol import Call
from endpoint.words import LANGUAGES
from kg.vocab import compact

MOST_ROWS = 1_000
_WORDS: Mapping[str, tuple[str, str, str]] = {
    "title": ("SPARQL", "SPARQL", "SPARQL"),
    "lead": (
        "Still spørsmål til hele grafen. Programmer bruker samme adresse.",
        "Still spørsmål til heile grafen. Program bruker same adresse.",
        "Ask the whole graph. Programs use the same address.",
    ),
    "query": ("Spørring", "Spørjing", "Query"),
    "run": ("Kjør", "Køyr", "Run"),
    "format": ("Format", "Format", "Format"),
    "page": ("Denne siden", "Denne sida", "This page"),
    "result": ("Svar", "Svar", "Answer"),
    "rows": ("rader", "rader", "rows"),
    "first": ("De første radene vises; hent alle her:", "Dei første radene er viste; hent alle her:",
              "The first rows are shown; get all of them here:"),
    "download": ("Hent svaret som", "Hent svaret som", "Get the answer as"),
    "true": ("Ja", "Ja", "Yes"),
    "false": ("Nei", "Nei", "No"),
    "none": ("Ingen rader.", "Ingen rader.", "No rows."),
    "try": ("Prøv", "Prøv", "Try"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cell:
    """One value of a table: its text, where it leads, its language or datatype."""

    text: str
    href: str | None = None
    note: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """Rows as the page shows them; `total` counts those that it does not show too."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell | None, ...], ...]
    total: int


def render(
    call: Call | None = None,
    *,
    result: bytes | None = None,
    form: str = "",
    problem: Problem | None = None,
    table: Sequence[Representation] = (),
) -> str:
    """Give the page: an empty form, or a query with its result or what is wrong with it."""
    shown: dict[str, Any] = {"text": None, "boolean": None, "rows": None}
    if result is not None and form in ("CONSTRUCT", "DESCRIBE"):
        shown["text"] = result.decode("utf-8")
    elif result is not None:
        document = json.loads(result)
        shown["boolean"] = document.get("boolean")
        text = call.query or "" if call else ""
        shown["rows"] = _table(document, text) if "results" in document else None
    return html.render(
        "sparql.html",
        words={key: texts[LANGUAGES.index(html.language())] for key, texts in _WORDS.items()},
        query=call.query if call else "",
        problem=problem,
        answered=result is not None,
        downloads=[(one.label, _address(call, one)) for one in table if one.kind != "page"] if call else [],
        examples=[(query.name, _example(query.text)) for query in current.snapshot().queries][:12],
        **shown,
    )


def _address(call: Call, one: Representation) -> str:
    pairs = [
        ("query", call.query or ""),
        *(("default-graph-uri", iri) for iri in call.default_graphs),
        *(("named-graph-uri", iri) for iri in call.named_graphs),
        ("format", one.name),
    ]
    return html.href("sparql").partition("?")[0] + "?" + urlencode(pairs)


def _example(text: str) -> str:
    return html.href("sparql", query=text)


def _table(document: Mapping[str, Any], query: str) -> Table:
    """Give the rows; the columns of `SELECT *` in the order in which the query names them."""
    columns = tuple(sorted(document["head"]["vars"], key=lambda name: _first(name, query)))
    bindings = document["results"]["bindings"]
    rows = tuple(
        tuple(_cell(row[name]) if name in row else None for name in columns) for row in bindings[:MOST_ROWS]
    )
    return Table(columns, rows, len(bindings))


def _first(name: str, query: str) -> int:
    found = re.search(rf"[?$]{re.escape(name)}\b", query)
    return found.start() if found else len(query)


def _cell(term: Mapping[str, Any]) -> Cell:
    value = term["value"]
    if term["type"] == "uri":
        own = value.startswith(current.snapshot().config.base)
        short = compact(value, current.snapshot().config.prefixes)
        return Cell(short or value, html.page_of(value) if own else html.safe_url(value))
    if term["type"] == "bnode":
        return Cell(f"_:{value}")
    if term["type"] == "triple":
        parts = (_cell(value[part]).text for part in ("subject", "predicate", "object"))
        return Cell(f"<< {' '.join(parts)} >>")
    language = term.get("xml:lang")
    datatype = term.get("datatype")
    note = compact(datatype) or datatype if datatype else language
    return Cell(value, None, note, language)
