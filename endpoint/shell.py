"""The asynchronous shell around the WSGI application: nothing slow or large reaches a thread.

It reads bodies within bounds and a deadline, keeps hot answers, lets queries wait in a queue of their own,
stops the query of a client that hangs up, and packs answers. The application knows nothing of it.
"""

from __future__ import annotations

import asyncio
import io
import json
import logging
import re
import sys
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Container, Iterable, Iterator, Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import unquote_to_bytes

from flask import Flask

from endpoint import codings, protocol
from endpoint.budgets import client_of
from endpoint.hot import Answer, Headers, Hot, Kept, Messages
from endpoint.problems import Problem
from endpoint.ready import Ready
from endpoint.respond import SECURITY_HEADERS, FilePart
from endpoint.site import Site
from endpoint.sparql import CANCELLATION, FAILURE, PAGE, REASON, REFUSED, Asked, Reply, service_of
from kg.query import Cancellation, PoolBusy

log = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_METHODS = ("GET", "HEAD", "POST")
_SHORT_QUERY = 8_192
_LOOK_SECONDS = 0.02
_RETRY_SECONDS = 2
_PIECE = 256 * 1024
_WHOLE = 1024 * 1024
"""Longer answers of the application go out in pieces, and not packed."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one client may ask of the server, beyond what queries may."""

    address: int = 16_384
    body: int = 1_048_576
    body_seconds: float = 10.0
    waiting: int = 256
    waiting_of_client: int = 64
    queue_seconds: float = 2.0
    page_threads: int = 8
    query_places: int = 4

    @property
    def places_of_client(self) -> int:
        """Queries of one client that run at once: others must find a place too."""
        return max(1, self.query_places // 2)


class QueueFullError(Exception):
    """No place came free in time; `reason` says whether the client or the server is at its limit."""

    def __init__(self, reason: str) -> None:
        """Keep the reason: "client" or "busy"."""
        super().__init__(reason)
        self.reason = reason


class Queue:
    """Places for queries, first come first served, as long as each client keeps to its share."""

    def __init__(self, bounds: Bounds) -> None:
        """Begin with all places free."""
        self._bounds = bounds
        self._running: Counter[str] = Counter()
        self._waiting: deque[tuple[str, asyncio.Future[None]]] = deque()

    def try_enter(self, client: str) -> bool:
        """Take a place if there is one and nobody waits for it; the caller must leave it."""
        if self._waiting or not self._may_run(client):
            return False
        self._running[client] += 1
        return True

    async def enter(self, client: str) -> None:
        """Wait for a place and take it; the caller must leave it. Raises QueueFullError."""
        mine = sum(1 for other, _ in self._waiting if other == client)
        if mine >= self._bounds.waiting_of_client:
            raise QueueFullError("client")
        if len(self._waiting) >= self._bounds.waiting:
            raise QueueFullError("busy")
        full = self._is_full(client, mine)
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((client, future))
        self._let_in()
        try:
            await asyncio.wait_for(future, self._bounds.queue_seconds)
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                self.leave(client)
            raise
        except TimeoutError:
            others = sum(1 for other, waiting in self._waiting if other == client and waiting is not future)
            full = full or self._is_full(client, others)
            raise QueueFullError("client" if full else "busy") from None
        finally:
            if not future.done() or future.cancelled():
                with suppress(ValueError):
                    self._waiting.remove((client, future))

    def leave(self, client: str) -> None:
        """Give a place back."""
        self._running[client] -= 1
        if not self._running[client]:
            del self._running[client]
        self._let_in()

    def _is_full(self, client: str, waiting: int) -> bool:
        """Tell whether a client's other queries, which run or wait, take all of its share."""
        return self._running[client] + waiting >= self._bounds.places_of_client

    def _may_run(self, client: str) -> bool:
        return (
            self._running.total() < self._bounds.query_places
            and self._running[client] < self._bounds.places_of_client
        )

    def _let_in(self) -> None:
        for entry in tuple(self._waiting):
            client, future = entry
            if self._running.total() >= self._bounds.query_places:
                return
            if self._may_run(client) and not future.done():
                self._waiting.remove(entry)
                self._running[client] += 1
                future.set_result(None)


@dataclass(slots=True)
class _Exchange:
    """One request, with its headers at hand."""

    scope: Scope
    receive: Receive
    send: Send
    headers: dict[bytes, bytes] = field(default_factory=dict)
    hosts: int = 0
    body: bytes = b""
    client: str = ""
    tags: str = ""

    def __post_init__(self) -> None:
        pairs = self.scope["headers"]
        self.headers = dict(pairs)
        self.hosts = b"host" in self.headers
        if len(self.headers) < len(pairs):
            self._join(pairs)

    def _join(self, pairs: Iterable[tuple[bytes, bytes]]) -> None:
        """Join the values of headers that came more than once."""
        self.headers, self.hosts = {}, 0
        for name, value in pairs:
            self.hosts += name == b"host"
            self.headers[name] = self.headers[name] + b"," + value if name in self.headers else value

    @property
    def is_head(self) -> bool:
        """Whether only the headers are wanted."""
        return bool(self.scope["method"] == "HEAD")


class Shell:
    """An ASGI application that answers for a Flask application."""

    def __init__(self, app: Flask, site: Site, bounds: Bounds, *, behind_proxy: bool = False) -> None:
        """Wrap an application. `behind_proxy` says that X-Forwarded-For was written by our own proxy."""
        self._app = app
        self._site = site
        self._bounds = bounds
        self._behind_proxy = behind_proxy
        self._hot = Hot()
        self._ready = Ready(app, site)
        self._queue = Queue(bounds)
        self._pages = ThreadPoolExecutor(bounds.page_threads, thread_name_prefix="page")
        self._queries = ThreadPoolExecutor(bounds.query_places, thread_name_prefix="query")
        self._pending_pages = 0
        self._service = service_of(app)
        self._root = site.settings.root_path
        self._hosts = frozenset(site.settings.hosts.lower().encode().split(b",")) - {b""}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        exchange = _Exchange(scope, receive, send)
        one_host = exchange.hosts == 1 and exchange.headers[b"host"]
        if not one_host and scope.get("http_version") == "1.1":
            await _give(exchange, self.refusal(Problem("bad-request", "A request has one Host header.")))
            return
        if self._is_foreign(exchange.headers):
            detail = "This site does not answer to the name in the Host header."
            await _give(exchange, self.refusal(Problem("misdirected-request", detail)))
            return
        key = None
        if scope["method"] in ("GET", "HEAD"):
            path, query = scope.get("raw_path") or scope["path"], scope["query_string"]
            hot = self.at_once(
                path,
                query,
                exchange.headers,
                is_head=exchange.is_head,
                extensions=scope.get("extensions") or (),
            )
            if hot is not None:
                await send(hot[0])
                await send(hot[1])
                return
            key = self._key(path, query, exchange.headers)
        try:
            self._check(exchange)
            exchange.body = await self._read_body(exchange)
        except Problem as problem:
            await _give(exchange, self.refusal(problem))
            return
        await self._ask(exchange, key)

    def at_once(
        self,
        path: bytes,
        query: bytes,
        headers: Mapping[bytes, bytes],
        *,
        is_head: bool,
        extensions: Container[str] = (),
    ) -> Messages | None:
        """Give the messages that answer GET or HEAD, if the answer is kept or a finished document.

        None where the application is to be asked.
        """
        if self._hosts and self._is_foreign(headers):
            return None
        key = self._key(path, query, headers)
        if key is not None:
            kept = self._hot.get(key, headers, extensions, is_head=is_head)
            if kept is not None:
                return kept
        answer = self._ready.answer(path, query, headers)
        if answer is None or len(answer.body) > _PIECE:
            return None
        coding = _coding(headers)
        if coding and _is_to_pack(answer):
            answer = _packed(answer, coding, codings.ENCODERS[coding](answer.body))
        if key is not None and self._is_of(key[0]):
            self._hot.keep(key, headers, answer)
        return Kept(answer).messages(headers, is_head=is_head)

    def close(self) -> None:
        """Let the threads go."""
        self._pages.shutdown(wait=False, cancel_futures=True)
        self._queries.shutdown(wait=False, cancel_futures=True)

    def _is_foreign(self, headers: Mapping[bytes, bytes]) -> bool:
        """Tell whether a request is for a host whose name is not ours, where we know our names."""
        host = headers.get(b"host", b"").lower()
        return bool(self._hosts) and self._hosts.isdisjoint((host, re.sub(rb":\d+$", b"", host)))

    def _key(self, path: bytes, query: bytes, headers: Mapping[bytes, bytes]) -> tuple[object, ...] | None:
        if b"if-modified-since" in headers and b"if-none-match" not in headers:
            return None
        if b"no-cache" in headers.get(b"cache-control", b""):
            return None
        return self._site.published.snapshot.id, path, query

    def _check(self, exchange: _Exchange) -> None:
        scope = exchange.scope
        length = len(scope.get("raw_path") or scope["path"]) + len(scope["query_string"])
        if length > self._bounds.address:
            raise Problem(
                "address-too-long", f"The address is longer than {self._bounds.address} characters."
            )
        declared = exchange.headers.get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > self._bounds.body:
            raise self._too_large()
        peer = (scope.get("client") or ("unknown", 0))[0]
        forwarded = exchange.headers.get(b"x-forwarded-for", b"") if self._behind_proxy else b""
        exchange.client = forwarded.rpartition(b",")[2].strip().decode("latin-1") or peer

    def _too_large(self) -> Problem:
        return Problem("body-too-large", f"A body may have {self._bounds.body} bytes.")

    async def _read_body(self, exchange: _Exchange) -> bytes:
        """Give the whole body. Raises Problem for one that is too large, too slow or broken off."""
        if exchange.scope["method"] not in ("POST", "PUT", "PATCH", "DELETE"):
            return b""
        pieces: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(self._bounds.body_seconds):
                while True:
                    message = await exchange.receive()
                    if message["type"] == "http.disconnect":  # gone, or chunks that are none
                        raise Problem("bad-request", "The body is not what its headers say.")
                    pieces.append(message.get("body", b""))
                    size += len(pieces[-1])
                    if size > self._bounds.body:
                        raise self._too_large()
                    if not message.get("more_body"):
                        return b"".join(pieces)
        except TimeoutError:
            raise Problem(
                "request-timeout", f"The body took over {self._bounds.body_seconds:g} seconds."
            ) from None

    async def _ask(self, exchange: _Exchange, key: tuple[object, ...] | None) -> None:
        """Get the answer, keep it if others may want it, and give it."""
        headers = exchange.headers
        coding = _coding(headers)
        tags = headers.get(b"if-none-match", b"").decode("latin-1")
        exchange.tags = codings.unmark(tags, coding)
        if self._is_query(exchange):
            answer = await self._query(exchange)
        else:
            answer = await self._in_page_lane(_environ(exchange))
        if answer is None:
            return
        if answer.status == 304 and coding and f'-{coding}"' in tags:
            answer = _tagged(answer, coding)
        if coding and _is_to_pack(answer):
            answer = await self._pack(answer, coding)
        if key is not None and self._is_of(key[0]):
            self._hot.keep(key, headers, answer)
        await _give(exchange, answer)

    def _is_of(self, snapshot: object) -> bool:
        """Tell whether pages and queries are both answered from this snapshot now."""
        published, pool = self._site.published.snapshot, self._site.pool
        return published.id == snapshot and (pool is None or pool.store == published.store)

    def _is_query(self, exchange: _Exchange) -> bool:
        scope = exchange.scope
        path = scope["path"].removeprefix(self._root)  # a proxy may have taken it off
        return path == "/sparql" and bool(exchange.body or scope["query_string"])

    async def _query(self, exchange: _Exchange) -> Answer | None:
        """Answer a query, the short way round if it can be; None if its client has gone."""
        asked = self._asked(exchange)
        kept = self._service.recall(asked) if asked else None
        if asked and kept:
            return _of_reply(self._service.reply(asked, kept, exchange.tags))
        client = client_of(exchange.client)
        if not self._queue.try_enter(client):
            refused = await self._wait_for_place(exchange, client)
            if refused is not None:
                return refused if refused.status else None
        try:
            if asked is None:
                return await self._in_query_lane(exchange)
            return await self._in_loop(exchange, asked)
        finally:
            self._queue.leave(client)

    def _asked(self, exchange: _Exchange) -> Asked | None:
        """Give the query if it is short, well asked, and not for the page."""
        scope, headers = exchange.scope, exchange.headers
        if len(exchange.body) + len(scope["query_string"]) > _SHORT_QUERY:
            return None
        try:
            call = protocol.parse(
                protocol.Request(
                    "GET" if exchange.is_head else scope["method"],
                    scope["query_string"].decode("latin-1"),
                    _text(headers.get(b"content-type")),
                    _text(headers.get(b"content-encoding")),
                    exchange.body,
                )
            )
            if call.query is None or not call.query.strip() or scope["method"] not in _METHODS:
                return None
            fresh = b"no-cache" in headers.get(b"cache-control", b"")
            asked = self._service.ask(call, call.query, _text(headers.get(b"accept")), fresh=fresh)
        except Problem:
            return None
        return None if asked.chosen is PAGE else asked

    async def _wait_for_place(self, exchange: _Exchange, client: str) -> Answer | None:
        """Wait for a place; None when it is had, else the refusal, or an answer without status to nobody."""
        gone = asyncio.ensure_future(_hung_up(exchange.receive))
        entering = asyncio.ensure_future(self._queue.enter(client))
        try:
            await asyncio.wait((entering, gone), return_when=asyncio.FIRST_COMPLETED)
        finally:
            gone.cancel()
            if not entering.done():
                entering.cancel()
                entering.add_done_callback(partial(self._leave_late, client))
        if not entering.done():
            return Answer(0, [], b"")
        try:
            entering.result()
        except QueueFullError as full:
            environ = _environ(exchange)
            environ[REFUSED], environ[REASON] = _RETRY_SECONDS, full.reason
            return await self._in_page_lane(environ)
        return None

    def _leave_late(self, client: str, entering: asyncio.Future[None]) -> None:
        """Give back a place that came when nobody waited for it any more."""
        if not entering.cancelled() and entering.exception() is None:
            self._queue.leave(client)

    async def _in_loop(self, exchange: _Exchange, asked: Asked) -> Answer | None:
        """Run a query without a thread; what goes wrong is told by the application."""
        cancellation = Cancellation()
        watch = _Watch(exchange.receive, cancellation)
        try:
            self._service.admit(exchange.client)
            result = await self._service.run_async(asked, exchange.client, cancellation)
        except PoolBusy:
            return await self._in_query_lane(exchange)
        except Problem as problem:
            if cancellation.cancelled:
                return None
            environ = _environ(exchange)
            environ[FAILURE] = problem
            return await self._in_page_lane(environ)
        finally:
            watch.stop()
        return _of_reply(self._service.reply(asked, result, exchange.tags))

    async def _in_query_lane(self, exchange: _Exchange) -> Answer | None:
        """Run a query through the application, in a thread; stop it when its client hangs up."""
        environ = _environ(exchange)
        cancellation = environ[CANCELLATION] = Cancellation()
        watch = _Watch(exchange.receive, cancellation)
        try:
            loop = asyncio.get_running_loop()
            answer = await loop.run_in_executor(self._queries, self._answer, environ)
        finally:
            watch.stop()
        return None if cancellation.cancelled else answer

    def _answer(self, environ: dict[str, Any]) -> Answer:
        """Run the application; what even it cannot answer is an answer too."""
        try:
            return self._call(environ)
        except Exception:
            log.exception("The application failed at %s", environ["PATH_INFO"])
            return self.refusal(Problem("internal-error", "The failure is in the server's log."))

    async def _in_page_lane(self, environ: dict[str, Any]) -> Answer:
        if self._pending_pages >= self._bounds.waiting:
            return self.refusal(Problem("busy", "Try again in a second.", headers={"Retry-After": "1"}))
        self._pending_pages += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pages, self._answer, environ)
        finally:
            self._pending_pages -= 1

    def _call(self, environ: dict[str, Any]) -> Answer:
        """Run the WSGI application, in a thread."""
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(
            status: str, headers: list[tuple[str, str]], exc_info: object = None
        ) -> Callable[[bytes], None]:
            started[:] = [(status, headers)]
            return _no_write

        pieces = self._app.wsgi_app(environ, start_response)
        file = pieces if isinstance(pieces, FilePart) else None
        body, rest = _gathered(pieces)
        status, headers = started[0]
        lowered = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        # The server dates answers itself, those that are given again too.
        dateless = [pair for pair in lowered if pair[0] != b"date"]
        return Answer(int(status[:3]), dateless, body, rest, file)

    async def _pack(self, answer: Answer, coding: str) -> Answer:
        encode = codings.ENCODERS[coding]
        if len(answer.body) <= _PIECE:
            return _packed(answer, coding, encode(answer.body))
        loop = asyncio.get_running_loop()
        return _packed(answer, coding, await loop.run_in_executor(self._pages, encode, answer.body))

    def refusal(self, problem: Problem) -> Answer:
        """Give the problem document of a request that the application does not get to see."""
        base = self._site.published.snapshot.config.base
        document = problem.document(base=base, instance="", language="en")
        body = json.dumps(document, ensure_ascii=False).encode()
        headers = {
            "content-type": "application/problem+json",
            "content-length": str(len(body)),
            "cache-control": "no-store",
            "connection": "close",
            **SECURITY_HEADERS,
            **problem.headers,
        }
        encoded = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
        return Answer(problem.type.status, encoded, body)


def _no_write(data: bytes) -> None:
    raise NotImplementedError("Flask gives its body as an iterable.")


def _gathered(pieces: Iterable[bytes]) -> tuple[bytes, Iterator[bytes] | None]:
    """Give the body of a short answer; of a long one its beginning, and an iterator over the rest."""
    iterator = iter(pieces)
    begun: list[bytes] = []
    size = 0
    for piece in iterator:
        begun.append(piece)
        size += len(piece)
        if size >= _WHOLE and not _is_last(pieces):
            return b"".join(begun), _closing(iterator, pieces)
    _close(pieces)
    return b"".join(begun), None


def _is_last(pieces: Iterable[bytes]) -> bool:
    """Tell whether the body is one piece: no file, no generator."""
    return isinstance(pieces, (list, tuple)) and len(pieces) == 1


def _closing(iterator: Iterator[bytes], pieces: Iterable[bytes]) -> Iterator[bytes]:
    try:
        yield from iterator
    finally:
        _close(pieces)


def _close(pieces: Iterable[bytes]) -> None:
    close = getattr(pieces, "close", None)
    if close is not None:
        close()


def _coding(headers: Mapping[bytes, bytes]) -> str | None:
    """Give the content coding that a client prefers; none for ranges, which are of the plain bytes."""
    if b"accept-encoding" not in headers or b"range" in headers:
        return None
    return codings.choose(headers[b"accept-encoding"].decode("latin-1"))


def _is_to_pack(answer: Answer) -> bool:
    """Tell whether an answer is whole and worth a content coding."""
    return (
        answer.status == 200
        and answer.rest is None
        and len(answer.body) >= codings.SMALLEST
        and not answer.header(b"content-encoding")
        and codings.is_textual(answer.header(b"content-type").decode("latin-1"))
    )


def _packed(answer: Answer, coding: str, body: bytes) -> Answer:
    """Give an answer with its body in a content coding."""
    headers = [pair for pair in answer.headers if pair[0] not in (b"content-length", b"accept-ranges")]
    headers += [(b"content-encoding", coding.encode()), (b"content-length", str(len(body)).encode())]
    return _tagged(Answer(answer.status, headers, body), coding)


def _tagged(answer: Answer, coding: str) -> Answer:
    """Give an answer with the ETag of its coding, telling caches that the coding was negotiated."""
    headers: Headers = []
    for name, value in answer.headers:
        if name == b"etag":
            headers.append((name, codings.mark(value.decode("latin-1"), coding).encode("latin-1")))
        elif name != b"vary":
            headers.append((name, value))
    vary = [name.strip() for name in answer.header(b"vary").split(b",") if name.strip()]
    if b"accept-encoding" not in {name.lower() for name in vary}:
        vary.append(b"Accept-Encoding")
    headers.append((b"vary", b", ".join(vary)))
    return Answer(answer.status, headers, answer.body, answer.rest)


class _Watch:
    """Cancels a query whose client hangs up; begins to look when the query turns out to take a while."""

    def __init__(self, receive: Receive, cancellation: Cancellation) -> None:
        self._receive = receive
        self._cancellation = cancellation
        self._task: asyncio.Future[None] | None = None
        self._timer = asyncio.get_running_loop().call_later(_LOOK_SECONDS, self._look)

    def _look(self) -> None:
        self._task = asyncio.ensure_future(_hung_up(self._receive))
        self._task.add_done_callback(self._gone)

    def _gone(self, task: asyncio.Future[None]) -> None:
        if not task.cancelled():
            self._cancellation.cancel()

    def stop(self) -> None:
        """Look no longer."""
        self._timer.cancel()
        if self._task is not None:
            self._task.cancel()


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("latin-1")


def _of_reply(reply: Reply) -> Answer:
    return Answer(reply.status, reply.headers, reply.body)


async def _hung_up(receive: Receive) -> None:
    """Wait until the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _give(exchange: _Exchange, answer: Answer) -> None:
    """Send an answer; to HEAD, its headers only."""
    send = exchange.send
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
    if exchange.is_head or answer.rest is None:
        if answer.rest is not None:
            _close(answer.rest)
        await send({"type": "http.response.body", "body": b"" if exchange.is_head else answer.body})
        return
    await send({"type": "http.response.body", "body": answer.body, "more_body": True})
    loop = asyncio.get_running_loop()
    while True:
        piece = await loop.run_in_executor(None, _next_piece, answer.rest)
        if not piece:
            break
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


def _next_piece(rest: Iterator[bytes]) -> bytes:
    gathered = bytearray()
    for piece in rest:
        gathered += piece
        if len(gathered) >= _PIECE:
            break
    return bytes(gathered)


def _environ(exchange: _Exchange) -> dict[str, Any]:
    """Give the WSGI environment of a request. HEAD asks as GET: the headers must be those of GET."""
    scope = exchange.scope
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    host, _, port = exchange.headers.get(b"host", b"").decode("latin-1").partition(":")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "GET" if exchange.is_head else scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(raw).decode("latin-1"),
        "RAW_URI": raw.decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": host or "localhost",
        "SERVER_PORT": port or "80",
        "SERVER_PROTOCOL": f"HTTP/{scope.get('http_version', '1.1')}",
        "REMOTE_ADDR": exchange.client,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.input": io.BytesIO(exchange.body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in exchange.headers.items():
        key = name.decode("latin-1").replace("-", "_").upper()
        if key == "CONTENT_TYPE":
            environ[key] = value.decode("latin-1")
        elif key not in ("CONTENT_LENGTH", "PROXY", "TRANSFER_ENCODING") and b"_" not in name:
            environ[f"HTTP_{key}"] = value.decode("latin-1")
    if exchange.tags:
        environ["HTTP_IF_NONE_MATCH"] = exchange.tags
    if exchange.body:
        environ["CONTENT_LENGTH"] = str(len(exchange.body))
    return environ
