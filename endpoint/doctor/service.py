"""Checks of the SPARQL service: the protocol's basics, and that refusals are told in true statuses."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from urllib.parse import quote, urlencode

from endpoint.doctor.check import Check
from endpoint.doctor.client import Reply
from endpoint.doctor.deployment import RESULTS, TURTLE, Deployment, NotApplicableError, bindings, triples

_FORM = "application/x-www-form-urlencoded"
_SELECT = 'SELECT ?a ?b WHERE { VALUES (?a ?b) { ("Lønset, \\"øst\\""@nb 1) (UNDEF <https://ex.org/x>) } }'
_FORMATS = (
    RESULTS,
    "application/sparql-results+xml",
    "text/csv",
    "text/tab-separated-values",
)
_BROKEN = "SELECT ?x\nWHERE { ?x ?y }"
_REFUSED = frozenset((400, 403, 405, 415, 422, 501))


def _get(site: Deployment, query: str, accept: str | None = RESULTS, **headers: str) -> Reply:
    return site.ask(f"{site.sparql}?query={quote(query, safe='')}", accept, **headers)


def _post(site: Deployment, kind: str, body: bytes, accept: str = RESULTS) -> Reply:
    return site.send("POST", site.sparql, accept, body, content_type=kind)


def _two_rows(reply: Reply, asked: str) -> Iterator[str]:
    if reply.status != 200:
        yield f"{asked} is answered {reply.status}, not 200."
    elif reply.media_type != RESULTS:
        yield f"{asked} gets {reply.media_type or 'no Content-Type'}, not {RESULTS}."
    elif [row.get("a", "") for row in bindings(reply)] != ['Lønset, "øst"', ""]:
        yield f"{asked} gets other rows than it should."


def query_by_get(site: Deployment) -> Iterator[str]:
    """GET with ?query=."""
    yield from _two_rows(_get(site, _SELECT), "A query by GET")


def query_by_post(site: Deployment) -> Iterator[str]:
    """Both kinds of POST."""
    form = urlencode({"query": _SELECT}).encode()
    yield from _two_rows(_post(site, _FORM, form), "A query by POST as a form")
    direct = _post(site, "application/sparql-query", _SELECT.encode())
    yield from _two_rows(direct, "A query by POST as application/sparql-query")


def result_formats(site: Deployment) -> Iterator[str]:
    """Tables in four formats, graphs in at least Turtle."""
    for kind in _FORMATS:
        reply = _get(site, _SELECT, kind)
        if reply.status != 200 or reply.media_type != kind:
            yield f"Accept: {kind} gets {reply.status} {reply.media_type}."
        elif "Lønset" not in reply.text:
            yield f"The {kind} is not UTF-8, or lacks the value."
    reply = _get(site, "CONSTRUCT { <https://ex.org/a> <https://ex.org/b> 1 } {}", TURTLE)
    if reply.status != 200 or reply.media_type != TURTLE:
        yield f"A CONSTRUCT with Accept: {TURTLE} gets {reply.status} {reply.media_type}."
    elif len(triples(reply)) != 1:
        yield "The Turtle of a CONSTRUCT of one triple holds another number."


def default_format(site: Deployment) -> Iterator[str]:
    """A client that says nothing gets a result in a standard format."""
    for accept in (None, "*/*"):
        reply = _get(site, "ASK {}", accept)
        if reply.status != 200 or reply.media_type not in _FORMATS:
            yield f"ASK with Accept {accept or 'absent'} gets {reply.status} {reply.media_type}."


def query_syntax(site: Deployment) -> Iterator[str]:
    """A mistake is the asker's, and is shown its place."""
    for reply in (_get(site, _BROKEN), _post(site, "application/sparql-query", _BROKEN.encode())):
        if reply.status != 400:
            yield f"A query with a syntax error is answered {reply.status}, not 400."
        elif not _has_place(reply):
            yield "The 400 for a syntax error does not say line and column."


def _has_place(reply: Reply) -> bool:
    try:
        document = json.loads(reply.body)
        if isinstance(document, dict) and {"line", "column"} <= document.keys():
            return True
    except ValueError:
        pass
    return bool(re.search(r"(?i)\bline\b.{0,12}\d", reply.text) or re.search(r"\b2:\d+", reply.text))


def updates_refused(site: Deployment) -> Iterator[str]:
    """Nobody can change the data."""
    update = "INSERT DATA { <https://ex.org/a> <https://ex.org/b> 1 }"
    asked = {
        "an update as application/sparql-update": _post(site, "application/sparql-update", update.encode()),
        "an update as a form": _post(site, _FORM, urlencode({"update": update}).encode()),
        "an update by GET": site.ask(f"{site.sparql}?update={quote(update, safe='')}", RESULTS),
        "an update in the place of a query": _get(site, update),
    }
    for what, reply in asked.items():
        if reply.status not in _REFUSED:
            yield f"{what[0].upper()}{what[1:]} is answered {reply.status}, not refused."
    there = _get(site, "ASK { <https://ex.org/a> <https://ex.org/b> 1 }")
    if there.status == 200 and json.loads(there.body).get("boolean"):
        yield "An update was carried out: the data can be changed by anyone."


def service_refused(site: Deployment) -> Iterator[str]:
    """The server asks nobody else on a visitor's behalf."""
    asked = {
        "SERVICE": "SELECT * { SERVICE <http://127.0.0.1:9/sparql> { ?s ?p ?o } }",
        "SERVICE SILENT": "SELECT * { SERVICE SILENT <http://127.0.0.1:9/sparql> { ?s ?p ?o } }",
    }
    for what, query in asked.items():
        reply = _get(site, query)
        if reply.status not in _REFUSED:
            yield f"{what} is answered {reply.status}, not 403."
    reply = _get(site, "SELECT * FROM <file:///etc/passwd> { ?s ?p ?o }")
    if reply.status == 200 and bindings(reply):
        yield "FROM <file:///etc/passwd> reads the file."


def bad_requests(site: Deployment) -> Iterator[str]:
    """What the protocol forbids is refused with the right status."""
    asked = (
        ("two queries at once", site.ask(f"{site.sparql}?query=ASK%7B%7D&query=ASK%7B%7D", RESULTS), {400}),
        ("a body that is not UTF-8", _post(site, "application/sparql-query", b"ASK { ?s ?p '\xff' }"), {400}),
        ("a body of text/plain", _post(site, "text/plain", b"ASK {}"), {415, 400}),
        ("DELETE", site.send("DELETE", site.sparql, RESULTS, b""), {405, 403, 501}),
        ("results as image/png", _get(site, "ASK {}", "image/png"), {406}),
    )
    for what, reply, wanted in asked:
        if reply.status not in wanted:
            yield f"{what[0].upper()}{what[1:]} is answered {reply.status}, not {min(wanted)}."


def service_described(site: Deployment) -> Iterator[str]:
    """Without a query the service says what it is."""
    reply = site.ask(site.sparql, TURTLE)
    if reply.status != 200 or reply.media_type != TURTLE:
        yield f"{site.sparql} without query, Accept: {TURTLE}, gets {reply.status} {reply.media_type}."
        return
    told = {t.object.value for t in triples(reply) if hasattr(t.object, "value")}
    for name in ("Service", "SPARQL11Query"):
        if f"http://www.w3.org/ns/sparql-service-description#{name}" not in told:
            yield f"The service description has no sd:{name}."


def results_cached(site: Deployment) -> Iterator[str]:
    """A result has a tag, and varies by Accept."""
    reply = _get(site, _SELECT)
    if "accept" not in reply.vary:
        yield "A result does not say Vary: Accept."
    tag = reply.header("etag")
    if not tag:
        raise NotApplicableError("results have no ETag")
    if _get(site, _SELECT, if_none_match=tag).status != 304:
        yield f"If-None-Match: {tag} for the same query is not answered 304."


def results_cross_origin(site: Deployment) -> Iterator[str]:
    """Pages of others may ask, and read results and errors."""
    for query in ("ASK {}", _BROKEN):
        reply = _get(site, query, origin="https://reader.example")
        if reply.header("access-control-allow-origin") != "*":
            yield f"A {reply.status} of the service has no Access-Control-Allow-Origin: *."
    asked = site.send(
        "OPTIONS",
        site.sparql,
        origin="https://reader.example",
        access_control_request_method="POST",
        access_control_request_headers="content-type",
    )
    if asked.status not in (200, 204) or "POST" not in asked.header("access-control-allow-methods"):
        yield f"The preflight for POST, answered {asked.status}, does not allow POST."
    if "content-type" not in asked.header("access-control-allow-headers").lower().replace(
        "*", "content-type"
    ):
        yield "The preflight does not allow Content-Type."


def long_queries(site: Deployment) -> Iterator[str]:
    """Ordinary long queries get through."""
    query = "ASK { VALUES ?x { " + " ".join(f'"{number:04}"' for number in range(500)) + " } }"
    if _get(site, query).status != 200:
        yield f"A query of {len(query)} bytes by GET is answered {_get(site, query).status}."
    posted = _post(site, _FORM, urlencode({"query": query * 1 + " #" + "x" * 20_000}).encode())
    if posted.status != 200:
        yield f"A query of 24 kB by POST is answered {posted.status}."


CHECKS = (
    Check(
        "sparql-get", "sparql",
        "A query by GET is answered with its result.",
        "Every SPARQL client can do that.",
        "Pass /sparql with its query string on, undecoded.", query_by_get,
    ),
    Check(
        "sparql-post", "sparql",
        "A query by POST is answered, as a form and as application/sparql-query.",
        "Long queries do not fit into an address.",
        "Allow POST to /sparql, and bodies up to the server's body_bytes (nginx: client_max_body_size 1m).",
        query_by_post,
    ),
    Check(
        "sparql-formats", "sparql",
        "Results can be had as JSON, XML, CSV and TSV; graphs as Turtle; all in UTF-8.",
        "Spreadsheets read CSV, libraries JSON or XML.",
        "Pass Accept on unchanged; set no charset in the proxy.", result_formats,
    ),
    Check(
        "sparql-default-format", "sparql",
        "Without Accept, a result comes in one of the standard formats.",
        "curl sends */*.",
        "Do not answer /sparql from the proxy.", default_format,
    ),
    Check(
        "sparql-syntax", "sparql",
        "A syntax error is a 400 with line and column.",
        "The asker can mend the query; a 500 says that the server is to blame.",
        "Switch off the proxy's own error pages.", query_syntax,
    ),
    Check(
        "sparql-read-only", "sparql",
        "Updates are refused in every way the protocol has, and nothing changes.",
        "Anyone may ask; nobody may write.",
        "Take write access off at once: serve a read-only store.", updates_refused,
    ),
    Check(
        "sparql-no-federation", "sparql",
        "SERVICE and FROM <file:...> are refused.",
        "They make the server fetch addresses that a visitor chooses, inside your network.",
        "Use an engine that can switch federation off, and block its outgoing connections.", service_refused,
    ),
    Check(
        "sparql-bad-requests", "sparql",
        "Two queries, wrong media types, bytes that are no UTF-8, and unknown formats are each refused.",
        "Guessing hides mistakes of clients.",
        "Do not let the proxy rewrite query strings or bodies.", bad_requests,
    ),
    Check(
        "sparql-description", "sparql",
        "Without a query the service describes itself (SPARQL Service Description).",
        "Editors learn formats, functions and graphs from it.",
        "Pass /sparql without query string on.", service_described,
    ),
    Check(
        "sparql-caching", "sparql",
        "Results say Vary: Accept, and where they have an ETag it is known again.",
        "The same address has many formats.",
        "Make Accept part of the cache key, or do not cache /sparql.", results_cached,
    ),
    Check(
        "sparql-cross-origin", "sparql",
        "Results and errors can be read by scripts of any site; POST passes the preflight.",
        "Query editors and notebooks run in browsers.",
        "Pass OPTIONS on, and CORS headers for all statuses.", results_cross_origin,
    ),
    Check(
        "sparql-long-queries", "sparql",
        "A query of 4 kB by GET and one of 24 kB by POST get through.",
        "Queries with lists of values are that long.",
        "nginx: large_client_header_buffers 4 32k; client_max_body_size 1m. Apache: LimitRequestLine 32768.",
        long_queries,
    ),
)  # fmt: skip
