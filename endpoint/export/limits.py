"""What a folder of files cannot do that `kg serve` can: one table, for the documentation and the tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

_NO_QUERIES = "there is no SPARQL service"
_SPARQL = (
    "get", "post", "formats", "default-format", "syntax", "read-only", "no-federation", "bad-requests",
    "description", "caching", "cross-origin", "long-queries",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Limit:
    """Something that files cannot do, what there is instead, and the checks of the doctor that it touches.

    `checks` are names with the reason that the doctor gives for not looking.
    """

    what: str
    instead: str
    checks: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


LIMITS = (
    Limit(
        "Answer SPARQL.",
        "`/sparql` says so; `--sparql URL` leads to a service elsewhere. The dataset's own questions are "
        "answered: each has its result as CSV and JSON under `/questions/`.",
        {f"sparql-{name}": _NO_QUERIES for name in _SPARQL},
    ),
    Limit(
        "Show to a query what was withdrawn.",
        "A withdrawn thing is a 410 that names its successor, as ever.",
        {"withdrawn": _NO_QUERIES},
    ),
    Limit(
        "Choose by `Accept-Profile`.",
        "Each profile of a document has an address of its own, which the Link header names.",
        {"profiles-by-header": "documents are not negotiated by profile"},
    ),
    Limit(
        "Give every format of every profile.",
        "Of the profiles beside the dataset's own, one format each.",
    ),
    Limit(
        "Keep older snapshots.",
        "A copy is one snapshot; `/dumps/` holds its files, under names without its id.",
    ),
    Limit(
        "Filter and sort lists.",
        "A list is written whole, page by page (`--pages`: 50 pages of 200 things); what filters it is no "
        "link.",
    ),
    Limit(
        "Search on the server.",
        "Search runs in the browser, from one index, without correction of spelling; without JavaScript the "
        "lists remain.",
    ),
    Limit(
        "Say in a 404 what is near.",
        "The page has the search form.",
    ),
    Limit(
        "Look up IRIs of others by `?iri=`.",
        "Their pages have addresses of their own.",
    ),
    Limit(
        "Tell weights in Accept apart by their second decimal.",
        "`q=0.85` counts as `q=0.8`.",
    ),
)  # fmt: skip


def table() -> str:
    """Give the table in Markdown."""
    rows = [f"| {limit.what} | {limit.instead} |" for limit in LIMITS]
    return "\n".join(("| files cannot | instead |", "| --- | --- |", *rows, ""))
