"""The SPARQL 1.1 Protocol as a pure function: what a request asks, or which problem it is. No Flask."""

from __future__ import annotations

import re
from binascii import a2b_qp
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message

from pyoxigraph import NamedNode

from endpoint.problems import Problem

FORM = "application/x-www-form-urlencoded"
QUERY = "application/sparql-query"
UPDATE = "application/sparql-update"
PARAMETERS = (
    "query", "default-graph-uri", "named-graph-uri", "timeout", "format", "rows", "cursor", "lang",
)  # fmt: skip
_MOST_PARAMETERS = 200
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_COUNT = re.compile(r"[1-9][0-9]{0,8}\Z")
_NUMBER = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?\Z")


@dataclass(frozen=True, slots=True)
class Call:
    """One protocol operation. `query` is None where none was sent: the service itself is asked about.

    `rows` asks for the first page of the result, `cursor` for the page that an answer before pointed to;
    `address` is the query string as it was sent.
    """

    query: str | None
    default_graphs: tuple[str, ...] = ()
    named_graphs: tuple[str, ...] = ()
    timeout: float | None = None
    format: str | None = None
    rows: int | None = None
    cursor: str | None = None
    address: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """The parts of an HTTP request that the protocol speaks of; the query string as it came, undecoded."""

    method: str
    query_string: str = ""
    content_type: str | None = None
    content_encoding: str | None = None
    body: bytes = b""


def parse(request: Request) -> Call:
    """Give the operation that a GET, HEAD or POST asks for. Raises Problem.

    >>> parse(Request("GET", "query=ASK%7B%7D&default-graph-uri=http%3A%2F%2Fex.org%2Fg")).default_graphs
    ('http://ex.org/g',)
    """
    parameters = _decode(request.query_string, "the address")
    if request.method == "POST":
        _post(request, parameters)
    elif "update" in parameters:
        raise Problem("bad-request", "`update` cannot be sent by GET, and this service takes no updates.")
    if "update" in parameters:
        raise _read_only()
    return Call(
        _single(parameters, "query"),
        _graphs(parameters, "default-graph-uri"),
        _graphs(parameters, "named-graph-uri"),
        _timeout(_single(parameters, "timeout")),
        _single(parameters, "format"),
        _rows(_single(parameters, "rows")),
        _single(parameters, "cursor"),
        request.query_string,
    )


def _post(request: Request, parameters: dict[str, list[str]]) -> None:
    """Add what the body says to the parameters of the address."""
    coding = (request.content_encoding or "identity").strip().lower()
    if coding != "identity":
        raise Problem(
            "unsupported-media-type", f"A body with Content-Encoding {coding} is not taken; send it plain."
        )
    header = Message()
    header["Content-Type"] = request.content_type or "-"
    media_type = header.get_content_type() if request.content_type else ""
    if media_type not in (FORM, QUERY, UPDATE):
        given = f"not {media_type}" if media_type else "and there is none"
        raise Problem("unsupported-media-type", f"Content-Type must be {FORM} or {QUERY}, {given}.")
    charset = str(header.get_param("charset", "utf-8")).lower()
    if charset not in ("utf-8", "utf8", "us-ascii"):
        raise Problem("unsupported-media-type", f"The charset must be utf-8, not {charset}.")
    if media_type == UPDATE:
        raise _read_only()
    if media_type == QUERY:
        parameters.setdefault("query", []).append(_text(request.body, "the body"))
        return
    for name, values in _decode(_text(request.body, "the body"), "the body").items():
        parameters.setdefault(name, []).extend(values)


def _read_only() -> Problem:
    return Problem(
        "query-refused", "This service is read-only: it takes no updates.", extra={"reason": "update"}
    )


def _decode(text: str, where: str) -> dict[str, list[str]]:
    """Give the parameters of a form; strict, where libraries put U+FFFD for what is not UTF-8."""
    broken = _BROKEN_ESCAPE.search(text)
    if broken:
        raise Problem(
            "bad-request", f"In {where}, % at character {broken.start() + 1} begins no escape; a % is %25."
        )
    pairs = [pair for pair in text.split("&") if pair]
    if len(pairs) > _MOST_PARAMETERS:
        raise Problem("bad-request", f"There are more than {_MOST_PARAMETERS} parameters in {where}.")
    parameters: dict[str, list[str]] = {}
    for pair in pairs:
        name, _, value = pair.partition("=")
        parameters.setdefault(_unquote(name, where), []).append(_unquote(value, where))
    return parameters


def _unquote(text: str, where: str) -> str:
    raw = text.replace("+", " ").encode("utf-8", "surrogateescape")
    if (
        b"%" in raw
    ):  # quoted-printable is the same with another sign, and its decoder is not written in Python
        raw = a2b_qp(raw.replace(b"=", b"=3D").replace(b"%", b"="))
    return _text(raw, where)


def _text(raw: bytes, where: str) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Problem("bad-request", f"Byte 0x{raw[error.start]:02X} in {where} is not UTF-8.") from None


def _single(parameters: Mapping[str, list[str]], name: str) -> str | None:
    values = parameters.get(name, [])
    if len(values) > 1:
        raise Problem("bad-request", f"There are {len(values)} parameters `{name}`; there may be one.")
    return values[0] if values else None


def _graphs(parameters: Mapping[str, list[str]], name: str) -> tuple[str, ...]:
    iris = tuple(dict.fromkeys(parameters.get(name, [])))
    for iri in iris:
        try:
            NamedNode(iri)
        except ValueError:
            raise Problem("bad-request", f"`{name}` is {iri!r}, which is not an absolute IRI.") from None
    return iris


def _timeout(text: str | None) -> float | None:
    if text is None:
        return None
    if not _NUMBER.match(text) or float(text) <= 0:
        raise Problem("bad-request", f"`timeout` is {text!r}; it must be a number of seconds, such as 2.5.")
    return float(text)


def _rows(text: str | None) -> int | None:
    if text is not None and not _COUNT.match(text):
        raise Problem("bad-request", f"`rows` is {text!r}; it must be a number of rows, such as 10000.")
    return None if text is None else int(text)
