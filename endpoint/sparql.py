"""The SPARQL service over HTTP: one resource, whose answers are whole and whose statuses are true."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from flask import Blueprint, Response, current_app, request
from flask.blueprints import BlueprintSetupState

from endpoint import html, negotiate, protocol, respond, service_description
from endpoint import site as current
from endpoint import sparql_page as page
from endpoint.budgets import Budgets, client_of
from endpoint.negotiate import Representation
from endpoint.problems import Problem
from endpoint.protocol import Call
from kg import rdfio
from kg.query import (
    RESULT_FORMATS,
    Answer,
    Cancellation,
    NotRepresentable,
    Pool,
    PoolBusy,
    Query,
    QueryCancelled,
    QueryError,
    QueryMemory,
    QueryRefused,
    QuerySyntaxError,
    QueryTimeout,
    ResultTooLarge,
    formats,
    guard,
)
from kg.query.guard import Outline

CANCELLATION = "kg.cancellation"
"""Key of the WSGI environment for a Cancellation, where the server can tell that a client has hung up."""

REFUSED = "kg.busy"
"""Key of the WSGI environment for seconds to wait, where the server found the queue full; with `REASON`."""

REASON = "kg.busy_reason"

ALLOWED = "GET, HEAD, OPTIONS, POST"
_CACHE_BYTES = 64 * 2**20
_LARGEST_CACHED = 4 * 2**20


def _representation(fmt: formats.ResultFormat, quality: float) -> Representation:
    return Representation(
        fmt.name, fmt.media_type, fmt.suffix, fmt.label, fmt.kind, fmt.media_types[1:], quality
    )


_ALL = tuple(_representation(fmt, 0.9 - place / 100) for place, fmt in enumerate(RESULT_FORMATS))
PAGE = replace(negotiate.HTML, quality=0.01)
"""The query page: for whoever names HTML, not for whoever takes anything."""
RESULTS = (*(found for found in _ALL if found.kind == formats.RESULTS), PAGE)
"""What SELECT and ASK are answered in."""
GRAPHS = (*(found for found in _ALL if found.kind == formats.GRAPH), PAGE)
"""What CONSTRUCT and DESCRIBE are answered in, and the service description."""

blueprint = Blueprint("sparql", __name__)


@dataclass(frozen=True, slots=True)
class Result:
    """A whole result, ready to go out."""

    body: bytes
    tag: str
    form: str
    store: Path
    timing: str = ""


class Service:
    """What the service keeps between requests: its clients' budgets, and recent results."""

    def __init__(self) -> None:
        """Begin with full budgets and no results."""
        self.budgets = Budgets()
        self._lock = threading.Lock()
        self._results: OrderedDict[tuple[object, ...], Result] = OrderedDict()
        self._bytes = 0

    def recall(self, key: tuple[object, ...]) -> Result | None:
        """Give a result that was kept, or None."""
        with self._lock:
            found = self._results.get(key)
            if found is not None:
                self._results.move_to_end(key)
        return found

    def keep(self, key: tuple[object, ...], result: Result) -> None:
        """Keep a result until others need its room."""
        if len(result.body) > _LARGEST_CACHED:
            return
        with self._lock:
            if key in self._results:
                return
            self._results[key] = result
            self._bytes += len(result.body)
            while self._bytes > _CACHE_BYTES:
                _, oldest = self._results.popitem(last=False)
                self._bytes -= len(oldest.body)


@blueprint.record_once
def _install(state: BlueprintSetupState) -> None:
    state.app.extensions["sparql"] = Service()


def service() -> Service:
    """Give the service of the running application."""
    return cast(Service, current_app.extensions["sparql"])


@blueprint.route("/sparql", methods=["GET", "POST", "OPTIONS"], provide_automatic_options=False)
def sparql() -> Response:
    """Answer a query, or say what the service is."""
    if request.method == "OPTIONS":
        return Response(status=204, headers={"Allow": ALLOWED})
    call = protocol.parse(
        protocol.Request(
            request.method,
            request.environ.get("QUERY_STRING", ""),
            request.headers.get("Content-Type"),
            request.headers.get("Content-Encoding"),
            request.get_data(cache=False) if request.method == "POST" else b"",
        )
    )
    if call.query is None or not (call.query.strip() or request.method == "POST"):
        return _about(call)
    return _answer(call, call.query)


def _about(call: Call) -> Response:
    """Give the query form to browsers and the service description to programs."""
    if request.method == "POST":
        raise Problem("bad-request", "There is no parameter `query`.")
    chosen = _choose(call, GRAPHS, "turtle")
    if chosen is PAGE:
        return respond.respond(page.render(), PAGE, vary=_VARY_PAGE, language=html.language())
    fmt = rdfio.named(chosen.name)
    assert fmt is not None
    body = rdfio.write(service_description.describe(current.snapshot()), fmt, prefixes=respond.prefixes())
    return respond.respond(body, chosen)


_VARY_PAGE = ("Accept", "Accept-Language")


def _choose(call: Call, table: Sequence[Representation], default: str) -> Representation:
    if call.format is not None:
        found = negotiate.of_name(call.format, table)
    else:
        found = negotiate.choose(request.headers.get("Accept"), table, default=default)
    if found is None:
        raise Problem(
            "not-acceptable",
            f"This answer is to be had as {', '.join(one.media_type for one in table)}.",
            extra={"available": [{"type": one.media_type, "format": one.name} for one in table]},
            headers={"Vary": "Accept"},
        )
    return found


def _answer(call: Call, text: str) -> Response:
    outline, problem = _inspected(text)
    is_graph = outline is not None and formats.KINDS.get(outline.form or "") == formats.GRAPH
    table = GRAPHS if is_graph else RESULTS
    chosen = _choose(call, table, "turtle" if is_graph else "json")
    if chosen is not PAGE:
        if outline is None:
            raise problem or Problem("query-syntax", "")
        return _respond(_result(call, text, outline, chosen.name), chosen, outline)
    shown = "turtle" if is_graph else "json"
    try:
        if outline is None:
            raise problem or Problem("query-syntax", "")
        result = _result(call, text, outline, shown)
    except Problem as found:
        body = page.render(call, problem=found, table=table)
        answer = Response(body, found.type.status, found.headers, content_type=PAGE.content_type)
        answer.headers["Vary"] = ", ".join(_VARY_PAGE)
        answer.headers["Cache-Control"] = "no-store"
        return answer
    body = page.render(call, result=result.body, form=result.form, table=table)
    return respond.respond(
        body, PAGE, vary=_VARY_PAGE, language=html.language(), variant=(result.tag, *_words_of(call))
    )


def _words_of(call: Call) -> tuple[str, ...]:
    return (call.query or "", *call.default_graphs, "|", *call.named_graphs)


def _inspected(text: str) -> tuple[Outline | None, Problem | None]:
    try:
        return guard.inspect(text, _pool().limits), None
    except QueryError as failure:
        return None, problem_of(failure)


def _pool() -> Pool:
    pool = current.site().pool
    if pool is None:
        raise Problem("busy", "This site runs no queries.", headers={"Retry-After": "60"})
    return pool


def _result(call: Call, text: str, outline: Outline, name: str) -> Result:
    """Give the result: one that was kept, or one from a worker, within the client's budget."""
    pool = _pool()
    query = Query(text, call.default_graphs, call.named_graphs, current.snapshot().config.base)
    store = pool.store
    key = (store, outline.key, query.default_graphs, query.named_graphs, name)
    kept = None if "no-cache" in request.headers.get("Cache-Control", "") else service().recall(key)
    if kept is not None:
        return kept
    _admit()
    result = _run(pool, query, outline, name, call.timeout)
    if not outline.volatile and result.store == store:
        service().keep(key, replace(result, timing=""))
    return result


def _admit() -> None:
    wait = request.environ.get(REFUSED) or service().budgets.wait(client_of(request.remote_addr))
    if not wait:
        return
    headers = {"Retry-After": str(wait)}
    if request.environ.get(REASON) == "busy":
        raise Problem("busy", f"No place came free in time. Try again in {wait} seconds.", headers=headers)
    raise Problem(
        "too-many-requests", f"Your queries have used their time; wait {wait} seconds.", headers=headers
    )


def _run(pool: Pool, query: Query, outline: Outline, name: str, timeout: float | None) -> Result:
    fmt = formats.named(name)
    assert fmt is not None
    cancellation: Cancellation | None = request.environ.get(CANCELLATION)
    try:
        answer = pool.run(query, fmt, timeout, outline=outline, cancellation=cancellation)
    except QueryTimeout as failure:
        _charge(failure.seconds)
        raise problem_of(failure) from None
    except QueryError as failure:
        raise problem_of(failure) from None
    _charge(answer.seconds)
    timing = f'query;dur={answer.seconds * 1000:.2f};desc="{"memory" if answer.in_memory else "disk"}"'
    return Result(bytes(answer.body), _tag(answer, name), answer.form, answer.store, timing)


def _charge(seconds: float) -> None:
    service().budgets.charge(client_of(request.remote_addr), seconds)


def _tag(answer: Answer, name: str) -> str:
    digest = hashlib.sha256(f"{answer.store.parent.name}\0{name}\0".encode())
    digest.update(answer.body)
    return digest.hexdigest()[:24]


def _respond(result: Result, chosen: Representation, outline: Outline) -> Response:
    answer = respond.respond(result.body, chosen, tag=result.tag)
    if outline.volatile:
        answer.headers["Cache-Control"] = "no-store"
    if result.timing:
        answer.headers["Server-Timing"] = result.timing
    limits = _pool().limits
    answer.headers["X-Query-Timeout"] = f"{limits.seconds:g}"
    answer.headers["X-Result-Max-Bytes"] = str(limits.result)
    if chosen.name in ("csv", "tsv"):
        answer.headers["Content-Disposition"] = f'attachment; filename="result.{chosen.suffix}"'
    return answer


def problem_of(failure: QueryError) -> Problem:
    """Give the problem that a failed query is for whoever asked: one status for each kind of failure."""
    detail = str(failure) if not isinstance(failure, QuerySyntaxError) else _sentence(failure)
    extra = {"hint": failure.hint} if failure.hint else {}
    match failure:
        case QuerySyntaxError():
            place = {"line": failure.line, "column": failure.column, "excerpt": failure.excerpt}
            return Problem("query-syntax", detail, extra={**extra, **{k: v for k, v in place.items() if v}})
        case QueryRefused(reason="service" | "load" | "update" as reason):
            return Problem("query-refused", detail, extra={**extra, "reason": reason})
        case QueryRefused(reason="length"):
            return Problem("body-too-large", detail, extra={**extra, "reason": "length"})
        case QueryRefused(reason=reason):
            return Problem("query-too-complex", detail, extra={**extra, "reason": reason})
        case QueryTimeout():
            return Problem("query-timeout", detail, extra={**extra, "seconds": failure.seconds})
        case QueryMemory():
            return Problem("query-memory", detail, extra={**extra, "bytes": failure.limit})
        case ResultTooLarge():
            return Problem("result-too-large", detail, extra={**extra, "bytes": failure.limit})
        case NotRepresentable():
            return Problem("not-serialisable", detail, extra=extra)
        case PoolBusy():
            return Problem("busy", detail, headers={"Retry-After": str(failure.retry_after)})
        case QueryCancelled():
            return Problem("busy", detail, headers={"Retry-After": "1"})
    return Problem("internal-error", detail)


def _sentence(failure: QuerySyntaxError) -> str:
    place = f"Line {failure.line}, column {failure.column}: " if failure.line else ""
    return f"{place}{failure.message}" + (f" {failure.hint}" if failure.hint else "")
