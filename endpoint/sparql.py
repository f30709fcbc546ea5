"""The SPARQL service over HTTP: one resource, whose answers are whole and whose statuses are true."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import cast

from flask import Blueprint, Flask, Response, current_app, request
from flask.blueprints import BlueprintSetupState

from endpoint import cursors, html, limits, negotiate, protocol, respond, service_description
from endpoint import site as current
from endpoint import sparql_page as page
from endpoint.budgets import Budgets, client_of
from endpoint.negotiate import Representation
from endpoint.problems import Problem
from endpoint.protocol import Call
from endpoint.site import Site
from kg import rdfio
from kg.query import (
    RESULT_FORMATS,
    Answer,
    Cancellation,
    NotPageable,
    NotRepresentable,
    Page,
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
from kg.query.paging import cut

CANCELLATION = "kg.cancellation"
"""Key of the WSGI environment for a Cancellation, where the server can tell that a client has hung up."""

REFUSED = "kg.busy"
"""Key of the WSGI environment for seconds to wait, where the server found the queue full; with `REASON`."""

REASON = "kg.busy_reason"

FAILURE = "kg.failure"
"""Key of the WSGI environment for a Problem that running the query has already come to."""

ALLOWED = "GET, HEAD, OPTIONS, POST"
_CACHE_BYTES = 64 * 2**20
_LARGEST_CACHED = 4 * 2**20
_LONG_ACCEPT = 1_000
_PAGE_ROWS = 10_000


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
class Asked:
    """A query that may be run, and what it is to be answered in."""

    call: Call
    text: str
    outline: Outline
    chosen: Representation
    fresh: bool
    base: str
    page: Page | None = None

    def key(self, store: Path) -> tuple[object, ...]:
        """Give the key that equal questions to one store have in common."""
        return store, self.question, self.chosen.name, self.page

    @property
    def question(self) -> tuple[object, ...]:
        """What is asked, of which graphs."""
        return self.outline.key, self.call.default_graphs, self.call.named_graphs

    @property
    def query(self) -> Query:
        """The query as the pool takes it."""
        return Query(self.text, self.call.default_graphs, self.call.named_graphs, self.base, page=self.page)

    def next(self, result: Result) -> str | None:
        """Give the address of the next page; None behind the last one, and for a whole result."""
        if self.page is None or result.rows != self.page.rows:
            return None
        snapshot = _snapshot(result.store)
        return cursors.address(
            self.call.address, cursor=cursors.write(self.page.next, snapshot, self.question)
        )

    def first(self, rows: int) -> str:
        """Give the address of the first page of so many rows."""
        return cursors.address(self.call.address, rows=rows)


@dataclass(frozen=True, slots=True)
class Result:
    """A whole result, or a whole page of one, ready to go out; the rows of a page are counted."""

    body: bytes
    tag: str
    form: str
    store: Path
    timing: str = ""
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer, whichever server sends it; names of headers in lower case."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


class Service:
    """The SPARQL service of a site, without Flask; keeps its clients' budgets and recent results."""

    def __init__(self, site: Site) -> None:
        """Begin with full budgets and no results."""
        self._site = site
        self.budgets = Budgets()
        self._lock = threading.Lock()
        self._results: OrderedDict[tuple[object, ...], Result] = OrderedDict()
        self._bytes = 0
        self._caching = f"public, max-age={site.settings.cache_seconds}"

    @property
    def pool(self) -> Pool:
        """The pool that queries run in. Raises Problem where there is none."""
        if self._site.pool is None:
            raise Problem("busy", "This site runs no queries.", headers={"Retry-After": "60"})
        return self._site.pool

    @cached_property
    def bounds(self) -> Mapping[str, str]:
        """The headers that tell the limits."""
        limits = self.pool.limits
        return {
            "X-Query-Timeout": f"{limits.seconds:g}",
            "X-Result-Max-Bytes": str(limits.result),
            "X-Result-Max-Rows": str(limits.rows),
        }

    def ask(self, call: Call, text: str, accept: str | None, *, fresh: bool = False) -> Asked:
        """Look at a query and choose its format. Raises Problem."""
        try:
            outline = guard.inspect(text, self.pool.limits)
        except QueryError as failure:
            _choose(call.format, accept, RESULTS, "json")
            raise problem_of(failure) from None
        is_graph = formats.KINDS.get(outline.form or "") == formats.GRAPH
        table, default = (GRAPHS, "turtle") if is_graph else (RESULTS, "json")
        chosen = _choose(call.format, accept, table, default)
        asked = Asked(call, text, outline, chosen, fresh, self._site.published.snapshot.config.base)
        return replace(asked, page=self._page(asked)) if call.rows or call.cursor is not None else asked

    def recall(self, asked: Asked) -> Result | None:
        """Give a result that was kept, or None."""
        if asked.fresh:
            return None
        key = asked.key(self.pool.store)
        with self._lock:
            found = self._results.get(key)
            if found is not None:
                self._results.move_to_end(key)
        return found

    def admit(self, client: str) -> None:
        """Let a client run a query, or raise the Problem that tells how long to wait."""
        wait = self.budgets.wait(client_of(client))
        if wait:
            raise too_many(wait)

    def run(self, asked: Asked, client: str, cancellation: Cancellation | None = None) -> Result:
        """Give the result from a worker. Raises Problem."""
        fmt = self._format(asked)
        try:
            answer = self.pool.run(
                asked.query, fmt, asked.call.timeout, outline=asked.outline, cancellation=cancellation
            )
        except QueryError as failure:
            raise self._failed(failure, asked, client) from None
        return self._done(asked, answer, client)

    async def run_async(self, asked: Asked, client: str, cancellation: Cancellation) -> Result:
        """Give the result from a worker, without a thread that waits.

        Raises Problem, and PoolBusy where no worker is idle at this moment.
        """
        fmt = self._format(asked)
        try:
            with self.pool.start(
                asked.query, fmt, asked.call.timeout,
                outline=asked.outline, cancellation=cancellation, patience=0,
            ) as job:  # fmt: skip
                answer = await job.wait_async()
        except PoolBusy:
            raise
        except QueryError as failure:
            raise self._failed(failure, asked, client) from None
        return self._done(asked, answer, client)

    def reply(self, asked: Asked, result: Result, tags: str = "") -> Reply:
        """Give the answer that a result goes out in; 304 for a client whose tags name it."""
        tag = f'"{result.tag}"'
        caching = "no-store" if asked.outline.volatile else self._caching
        headers = [*self._fixed, (b"etag", tag.encode()), (b"cache-control", caching.encode())]
        following = asked.next(result)
        if following:
            headers.append((b"link", f'<{following}>; rel="next"'.encode()))
        if result.timing:
            headers.append((b"server-timing", result.timing.encode()))
        if asked.chosen.name in ("csv", "tsv", "spreadsheet"):
            name = f"result.{asked.chosen.suffix}"
            headers.append((b"content-disposition", f'attachment; filename="{name}"'.encode()))
        known = {one.strip().removeprefix("W/") for one in tags.split(",")} if tags else ()
        if tag in known or "*" in known:
            return Reply(304, headers, b"")
        headers.append((b"content-type", asked.chosen.content_type.encode()))
        headers.append((b"content-length", b"%d" % len(result.body)))
        return Reply(200, headers, result.body)

    @cached_property
    def _fixed(self) -> list[tuple[bytes, bytes]]:
        """The headers that all answers have, written once."""
        told = {"Vary": "Accept, Accept-Encoding", **self.bounds, **respond.SECURITY_HEADERS}
        return [(name.lower().encode(), value.encode()) for name, value in told.items()]

    def _format(self, asked: Asked) -> formats.ResultFormat:
        is_graph = formats.KINDS.get(asked.outline.form or "") == formats.GRAPH
        fmt = formats.named(("turtle" if is_graph else "json") if asked.chosen is PAGE else asked.chosen.name)
        assert fmt is not None
        return fmt

    @property
    def _offered(self) -> int:
        """Rows of the pages that a client is offered whose result is too large."""
        return min(_PAGE_ROWS, self.pool.limits.rows)

    def _page(self, asked: Asked) -> Page:
        """Give the page that is asked for. Raises Problem."""
        call, snapshot = asked.call, _snapshot(self.pool.store)
        try:
            page = Page(0, call.rows or 1)
            if call.cursor is not None:
                page = cursors.read(call.cursor, snapshot, asked.question)
            cut(asked.text, page)
        except NotPageable as failure:
            raise problem_of(failure) from None
        except Problem as problem:
            raise _leading(problem, asked.first(call.rows or self._offered)) from None
        if page.rows > self.pool.limits.rows:
            raise Problem("bad-request", f"A page has at most {self.pool.limits.rows} rows, not {page.rows}.")
        return page

    def _failed(self, failure: QueryError, asked: Asked, client: str) -> Problem:
        if isinstance(failure, QueryTimeout):
            self.budgets.charge(client_of(client), failure.seconds)
        problem = problem_of(failure)
        if not isinstance(failure, ResultTooLarge):
            return problem
        rows = asked.page.rows // 10 if asked.page else self._offered
        try:
            cut(asked.text, Page(0, rows))
        except NotPageable as reason:
            problem.extra["hint"] = f"Add LIMIT, or take the dumps. {reason}"
            return problem
        return _leading(problem, asked.first(rows)) if rows else problem

    def _done(self, asked: Asked, answer: Answer, client: str) -> Result:
        self.budgets.charge(client_of(client), answer.seconds)
        snapshot = _snapshot(answer.store)
        digest = hashlib.sha256(f"{snapshot}\0{asked.chosen.name}\0".encode())
        digest.update(answer.body)
        tag, body = digest.hexdigest()[:24], bytes(answer.body)
        if asked.call.cursor is not None:
            cursors.read(asked.call.cursor, snapshot, asked.question)
        if not asked.outline.volatile and len(body) <= _LARGEST_CACHED:
            kept = Result(body, tag, answer.form, answer.store, "", answer.rows)
            self._keep(asked.key(answer.store), kept)
        timing = f'query;dur={answer.seconds * 1000:.2f};desc="{"memory" if answer.in_memory else "disk"}"'
        return Result(body, tag, answer.form, answer.store, timing, answer.rows)

    def _keep(self, key: tuple[object, ...], result: Result) -> None:
        """Keep a result until others need its room."""
        with self._lock:
            if key in self._results:
                return
            self._results[key] = result
            self._bytes += len(result.body)
            while self._bytes > _CACHE_BYTES:
                _, oldest = self._results.popitem(last=False)
                self._bytes -= len(oldest.body)


@lru_cache(maxsize=16)
def _snapshot(store: Path) -> str:
    """Give the name of the snapshot that a store belongs to."""
    return store.parent.name


@blueprint.record_once
def _install(state: BlueprintSetupState) -> None:
    state.app.extensions["sparql"] = Service(state.app.extensions["kg"])


@blueprint.after_request
def _tell_bounds(response: Response) -> Response:
    """Tell the limits with each answer, and most of all with those that somebody has run into."""
    if current.site().pool is not None:
        response.headers.update(service_of(current_app._get_current_object()).bounds)  # type: ignore[attr-defined]
    return response


def service_of(app: Flask) -> Service:
    """Give the service of an application."""
    return cast(Service, app.extensions["sparql"])


@blueprint.route("/sparql", methods=["GET", "POST", "OPTIONS"], provide_automatic_options=False)
def sparql() -> Response:
    """Answer a query, or say what the service is."""
    if request.method == "OPTIONS":
        return Response(status=204, headers={"Allow": ALLOWED})
    if FAILURE in request.environ and "text/html" not in request.headers.get("Accept", ""):
        raise request.environ[FAILURE]
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
    chosen = _choose(call.format, request.headers.get("Accept"), GRAPHS, "turtle")
    if chosen is PAGE:
        return respond.respond(page.render(), PAGE, vary=_VARY_PAGE, language=html.language())
    fmt = rdfio.named(chosen.name)
    assert fmt is not None
    told = service_description.describe(current.snapshot(), limits.rows(current.site().settings))
    body = rdfio.write(told, fmt, prefixes=respond.prefixes())
    return respond.respond(body, chosen)


_VARY_PAGE = ("Accept", "Accept-Language")


@lru_cache(maxsize=256)
def _choice(accept: str | None, table: Sequence[Representation], default: str) -> Representation | None:
    return negotiate.choose(accept, table, default=default)


_ALIASES = {"xml": "rdfxml", "rdf+xml": "rdfxml", "json": "jsonld", "json-ld": "jsonld", "n3": "turtle"}
"""What client libraries call the formats of triples."""


def _named(name: str, table: Sequence[Representation]) -> Representation | None:
    """Give the format that `format=` names; a space in it was a plus that was not escaped."""
    plain = name.strip().lower().replace(" ", "+")
    return negotiate.of_name(plain, table) or negotiate.of_name(_ALIASES.get(plain, ""), table)


def _choose(
    name: str | None, accept: str | None, table: Sequence[Representation], default: str
) -> Representation:
    if name is not None:
        found = _named(name, table)
    elif accept is not None and len(accept) > _LONG_ACCEPT:
        found = negotiate.choose(accept, table, default=default)
    else:
        found = _choice(accept, table, default)
    if found is None:
        raise Problem(
            "not-acceptable",
            f"This answer is to be had as {', '.join(one.media_type for one in table)}.",
            extra={"available": [{"type": one.media_type, "format": one.name} for one in table]},
            headers={"Vary": "Accept"},
        )
    return found


def _answer(call: Call, text: str) -> Response:
    """Give the result in the format that was asked for; to a browser, also what went wrong."""
    service = service_of(current_app._get_current_object())  # type: ignore[attr-defined]
    fresh = "no-cache" in request.headers.get("Cache-Control", "")
    accept = request.headers.get("Accept")
    try:
        asked = service.ask(call, text, accept, fresh=fresh)
        result = service.recall(asked) or _run(service, asked)
    except Problem as problem:
        if problem.type.slug == "not-acceptable" or not _wants_page(call, accept):
            raise
        return _wrong(call, problem)
    if asked.chosen is not PAGE:
        reply = service.reply(asked, result, request.headers.get("If-None-Match", ""))
        headers = [(name.decode(), value.decode()) for name, value in reply.headers]
        return Response(reply.body, reply.status, headers)
    table = GRAPHS if result.form in ("CONSTRUCT", "DESCRIBE") else RESULTS
    following = asked.next(result)
    body = page.render(call, result=result.body, form=result.form, table=table, following=following)
    variant = (result.tag, text, *call.default_graphs, "|", *call.named_graphs, call.address)
    answer = respond.respond(body, PAGE, vary=_VARY_PAGE, language=html.language(), variant=variant)
    if result.timing:
        answer.headers["Server-Timing"] = result.timing
    if following:
        answer.headers["Link"] = f'<{following}>; rel="next"'
    return answer


def _run(service: Service, asked: Asked) -> Result:
    client = request.remote_addr or ""
    wait = request.environ.get(REFUSED)
    if wait and request.environ.get(REASON) == "busy":
        detail = f"No place came free in time. Try again in {wait} seconds."
        raise Problem("busy", detail, headers={"Retry-After": str(wait)})
    if wait:
        raise too_many(wait)
    service.admit(client)
    return service.run(asked, client, request.environ.get(CANCELLATION))


def _wants_page(call: Call, accept: str | None) -> bool:
    try:
        return _choose(call.format, accept, RESULTS, "json") is PAGE
    except Problem:
        return False


def _wrong(call: Call, problem: Problem) -> Response:
    """Give the page with the query as it was sent, and what is wrong with it."""
    body = page.render(call, problem=problem, table=RESULTS)
    answer = Response(body, problem.type.status, problem.headers, content_type=PAGE.content_type)
    answer.headers["Vary"] = ", ".join(_VARY_PAGE)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _leading(problem: Problem, first: str) -> Problem:
    """Give a problem that leads to the first page of the result."""
    problem.headers["Link"] = f'<{first}>; rel="first"'
    problem.extra["first"] = first
    return problem


def too_many(wait: int) -> Problem:
    """Give the problem of a client whose queries have used their time or their places."""
    detail = f"Your queries have used their time; wait {wait} seconds."
    return Problem("too-many-requests", detail, headers={"Retry-After": str(wait)})


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
            return Problem("result-too-large", detail, extra={**extra, failure.unit: failure.limit})
        case NotPageable():
            return Problem("not-pageable", detail, extra=extra)
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
