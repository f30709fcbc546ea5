"""The query page: a form that works without scripts, and under it the answer, made for reading and reuse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from endpoint import answers, html, questions, snippets
from endpoint import site as current
from endpoint.negotiate import Representation
from endpoint.problems import Problem
from endpoint.protocol import Call
from endpoint.words import LANGUAGES

_WORDS: Mapping[str, tuple[str, str, str]] = {
    "title": ("Spør grafen", "Spør grafen", "Query the graph"),
    "lead": (
        "Skriv en SPARQL-spørring, eller begynn med et eksempel. Programmer bruker samme adresse.",
        "Skriv ei SPARQL-spørjing, eller byrj med eit døme. Program bruker same adresse.",
        "Write a SPARQL query, or begin with an example. Programs use the same address.",
    ),
    "query": ("Spørring", "Spørjing", "Query"),
    "run": ("Kjør", "Køyr", "Run"),
    "running": ("Kjører …", "Køyrer …", "Running …"),
    "stop": ("Stopp", "Stopp", "Stop"),
    "stopped": ("Stoppet.", "Stoppa.", "Stopped."),
    "format": ("Svar som", "Svar som", "Answer as"),
    "page": ("denne siden", "denne sida", "this page"),
    "result": ("Svar", "Svar", "Answer"),
    "rows": ("{n} rader", "{n} rader", "{n} rows"),
    "row": ("1 rad", "1 rad", "1 row"),
    "first": (
        "De første {shown} vises; hent alle nedenfor.",
        "Dei første {shown} er viste; hent alle nedanfor.",
        "The first {shown} are shown; get all of them below.",
    ),
    "next-page": ("Neste side av svaret", "Neste side av svaret", "Next page of the answer"),
    "first-page": ("Hent svaret side for side", "Hent svaret side for side", "Get the answer page by page"),
    "time": ("{ms} ms, hvorav {server} i tjenesten", "{ms} ms, av dei {server} i tenesta",
             "{ms} ms, {server} of them in the service"),
    "time-kept": ("{ms} ms, fra mellomlageret", "{ms} ms, frå mellomlageret", "{ms} ms, from the cache"),
    "download": ("Last ned", "Last ned", "Download"),
    "true": ("Ja", "Ja", "Yes"),
    "false": ("Nei", "Nei", "No"),
    "none": ("Ingen rader.", "Ingen rader.", "No rows."),
    "examples": ("Eksempler", "Døme", "Examples"),
    "map": ("Kart over svaret", "Kart over svaret", "Map of the answer"),
    "map-hint": (
        "Det samme står i tabellen.",
        "Det same står i tabellen.",
        "The table holds the same.",
    ),
    "map-row": ("Rad {n} i tabellen", "Rad {n} i tabellen", "Row {n} of the table"),
    "zoom-in": ("Zoom inn", "Zoom inn", "Zoom in"),
    "zoom-out": ("Zoom ut", "Zoom ut", "Zoom out"),
    "reuse": ("Bruk spørringen i et program", "Bruk spørjinga i eit program", "Use the query in a program"),
    "copy": ("Kopier", "Kopier", "Copy"),
    "copy-link": ("Kopier lenke", "Kopier lenkje", "Copy link"),
    "copied": ("Kopiert.", "Kopiert.", "Copied."),
    "too-long": (
        "Spørringen er for lang til å stå i en adresse.",
        "Spørjinga er for lang til å stå i ei adresse.",
        "The query is too long to stand in an address.",
    ),
    "sort": ("Sorter etter {column}", "Sorter etter {column}", "Sort by {column}"),
    "sorted": ("Sortert etter {column}.", "Sortert etter {column}.", "Sorted by {column}."),
    "go-to": ("Gå til linje {line}, kolonne {column}", "Gå til linje {line}, kolonne {column}",
              "Go to line {line}, column {column}"),
    "plain": ("Enkelt tekstfelt", "Enkelt tekstfelt", "Plain text field"),
    "rich": ("Redigering med hjelp", "Redigering med hjelp", "Editor with help"),
    "keys": (
        "Ctrl+Enter kjører. Ctrl+mellomrom foreslår klasser, egenskaper og ting i grafen. "
        "Tab går videre fra feltet.",
        "Ctrl+Enter køyrer. Ctrl+mellomrom føreslår klasser, eigenskapar og ting i grafen. "
        "Tab går vidare frå feltet.",
        "Ctrl+Enter runs. Ctrl+Space offers classes, properties and things of the graph. "
        "Tab leaves the field.",
    ),
    "no-prefix": ("Prefikset {prefix}: er ikke erklært.", "Prefikset {prefix}: er ikkje erklært.",
                  "The prefix {prefix}: is not declared."),
    "add-prefix": ("Legg til PREFIX {prefix}:", "Legg til PREFIX {prefix}:", "Add PREFIX {prefix}:"),
    "class": ("klasse", "klasse", "class"),
    "property": ("egenskap", "eigenskap", "property"),
    "failed": (
        "Fikk ikke kontakt med tjenesten.",
        "Fekk ikkje kontakt med tenesta.",
        "The service could not be reached.",
    ),
}  # fmt: skip
_FIRST_QUERY = """\
SELECT ?class (COUNT(?thing) AS ?things) WHERE {
  ?thing a ?class .
}
GROUP BY ?class
ORDER BY DESC(?things)
LIMIT 100"""


def render(
    call: Call | None = None,
    *,
    result: bytes | None = None,
    form: str = "",
    problem: Problem | None = None,
    table: Sequence[Representation] = (),
    following: str | None = None,
) -> str:
    """Give the page: an empty form, or a query with its result or what is wrong with it.

    `following` is the address of the next part of the result.
    """
    words = {key: texts[LANGUAGES.index(html.language())] for key, texts in _WORDS.items()}
    query = (call.query or "") if call else ""
    return html.render(
        "sparql.html",
        words=words,
        script_words=html.script_json({**words, "language": html.language()}),
        query=query or _FIRST_QUERY,
        problem=problem,
        answered=result is not None,
        downloads=[(one.label, _address(call, one)) for one in table if one.kind != "page"] if call else [],
        snippets=snippets.of(query, _service(), form or "SELECT") if query and not problem else (),
        service=_service(),
        following=following,
        examples=questions.all_of(current.snapshot(), html.language()),
        **_shown(query, result, form),
    )


def _shown(query: str, result: bytes | None, form: str) -> dict[str, Any]:
    """Give what the template shows of a result: a text, a truth, or rows and their map."""
    shown: dict[str, Any] = {"text": None, "boolean": None, "rows": None, "map": None}
    if result is None:
        return shown
    if form in ("CONSTRUCT", "DESCRIBE"):
        return {**shown, "text": result.decode("utf-8")}
    document = answers.read(result)
    if "boolean" in document:
        return {**shown, "boolean": document["boolean"]}
    rows = answers.table(document, query, html.language())
    found = answers.map_of(document, rows, current.snapshot().store)
    data = html.script_json(found.features) if found else None
    return {**shown, "rows": rows, "map": found, "map_data": data}


def _service() -> str:
    return f"{current.snapshot().config.base}sparql"


def _address(call: Call, one: Representation) -> str:
    pairs = [
        ("query", call.query or ""),
        *(("default-graph-uri", iri) for iri in call.default_graphs),
        *(("named-graph-uri", iri) for iri in call.named_graphs),
        *((("rows", str(call.rows)),) if call.rows else ()),
        *((("cursor", call.cursor),) if call.cursor else ()),
        ("format", one.name),
    ]
    return html.href("sparql").partition("?")[0] + "?" + urlencode(pairs)
