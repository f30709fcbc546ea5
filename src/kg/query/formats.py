"""The one table of formats that a query's answer can have."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pyoxigraph import QueryResultsFormat, RdfFormat

from kg import rdfio

RESULTS = "results"
GRAPH = "graph"


@dataclass(frozen=True, slots=True)
class ResultFormat:
    """One syntax for answers; `kind` says whether it writes rows and booleans, or triples."""

    name: str
    label: str
    media_types: tuple[str, ...]
    suffix: str
    kind: str
    engine: QueryResultsFormat | RdfFormat

    @property
    def media_type(self) -> str:
        """The registered media type."""
        return self.media_types[0]


_GRAPH_FORMATS = ("turtle", "ntriples", "jsonld", "rdfxml")

RESULT_FORMATS: tuple[ResultFormat, ...] = (
    ResultFormat("json", "JSON", ("application/sparql-results+json", "application/json"), "srj", RESULTS,
                 QueryResultsFormat.JSON),
    ResultFormat("xml", "XML", ("application/sparql-results+xml", "application/xml", "text/xml"), "srx",
                 RESULTS, QueryResultsFormat.XML),
    ResultFormat("csv", "CSV", ("text/csv",), "csv", RESULTS, QueryResultsFormat.CSV),
    ResultFormat("tsv", "TSV", ("text/tab-separated-values",), "tsv", RESULTS, QueryResultsFormat.TSV),
    ResultFormat("spreadsheet", "CSV (Excel)", ("text/csv",), "sheet.csv", RESULTS, QueryResultsFormat.CSV),
    *(
        ResultFormat(fmt.name, fmt.label, fmt.media_types, fmt.suffix, GRAPH, fmt.engine)
        for fmt in rdfio.FORMATS
        if fmt.name in _GRAPH_FORMATS
    ),
)  # fmt: skip

KINDS = {"SELECT": RESULTS, "ASK": RESULTS, "CONSTRUCT": GRAPH, "DESCRIBE": GRAPH}
"""Which kind of format each query form is answered in."""

_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"')
_BETWEEN_ROWS = {"json": b"},{", "xml": b"<result>", "csv": b"\n", "tsv": b"\n", "spreadsheet": b"\n"}
"""What stands between any two rows, and perhaps in texts too."""
_FIELD = re.compile(rb'"[^"]*+"')
_CELL = re.compile(rb'"(?:[^"]|"")*+"|[^",\r\n]++')
_FORMULA = re.compile(rb'"?+(?:[=+\-@\t\r\n]|\xef\xbc[\x8b\x8d\x9d\xa0])')
_NUMBER = re.compile(rb"[+-]?(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?\Z")

_BY_NAME = {fmt.name: fmt for fmt in RESULT_FORMATS} | {fmt.suffix: fmt for fmt in RESULT_FORMATS}


def named(name: str) -> ResultFormat | None:
    """Give the format with this name or suffix, or None.

    >>> named("csv").media_type
    'text/csv'
    """
    return _BY_NAME.get(name)


def count_rows(body: bytes | bytearray, fmt: ResultFormat) -> int:
    r"""Give the number of rows in a SELECT result that the engine has written.

    >>> count_rows(b'x\r\n"1\r\n2"\r\n3\r\n', named("csv"))
    2
    """
    match fmt.name:
        case "xml":
            return body.count(b"<result>")
        case "tsv":
            return body.count(b"\n") - 1
        case "csv" | "spreadsheet":
            return _FIELD.sub(b"", body).count(b"\n") - 1
    rows = _STRING.sub(b"", body)[len(b"{:{:[") :].partition(b"[")[2]
    return rows.count(b"},{") + 1 if rows[:1] == b"{" else 0


def has_more_rows(body: bytes | bytearray, fmt: ResultFormat, most: int) -> bool:
    r"""Tell whether a SELECT result has more rows than that; counts exactly only what comes near.

    >>> has_more_rows(b"x\r\n1\r\n2\r\n", named("csv"), 1)
    True
    """
    sign = _BETWEEN_ROWS[fmt.name]
    return len(body) > most and body.count(sign) >= most and count_rows(body, fmt) > most


def for_spreadsheets(body: bytes | bytearray) -> bytearray:
    r"""Give CSV that a spreadsheet runs nothing of: marked as UTF-8, an apostrophe before each formula.

    >>> for_spreadsheets(b'x,y\r\n=1+1,-5\r\n')[3:]
    bytearray(b"x,y\r\n\'=1+1,-5\r\n")
    """
    return bytearray(b"\xef\xbb\xbf") + _CELL.sub(_harmless, body)


def _harmless(cell: re.Match[bytes]) -> bytes:
    text = cell[0]
    if not _FORMULA.match(text) or _NUMBER.match(text):
        return text
    return b"\"'" + text[1:] if text.startswith(b'"') else b"'" + text


def default(form: str | None) -> ResultFormat:
    """Give the format for whoever asked for none: JSON for rows, Turtle for triples."""
    return _BY_NAME["turtle" if KINDS.get(form or "SELECT") == GRAPH else "json"]
