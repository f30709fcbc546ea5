"""HTTP/1.1 on connections: heads and bodies within bounds, answers in order, kept ones at once.

llhttp reads what clients send (through httptools) and an ASGI application is asked. A request that differs
from an earlier one in its first line only is not even parsed: if its answer is kept, it goes out as the
bytes that it went out as before. Sources: RFC 9110, RFC 9112, ASGI 3.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections import OrderedDict, deque
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.utils import formatdate
from functools import partial
from http import HTTPStatus
from typing import Any, Protocol, cast
from urllib.parse import unquote

import httptools

from endpoint.hot import PATHSEND, Answer, Headers, Messages
from endpoint.problems import Problem

log = logging.getLogger(__name__)

_REASONS = {one.value: one.phrase.encode() for one in HTTPStatus}
_BEFORE_PATH = re.compile(rb"[a-z][a-z0-9+.-]*://[^/?]*", re.IGNORECASE)
_VISIBLE = re.compile(rb"[!-~]+")
_NO_BODY = frozenset((204, 304))
_IS_HEAD = {b"GET": False, b"HEAD": True}
_MORE_THAN_A_HEAD = frozenset((b"content-length", b"transfer-encoding", b"expect", b"upgrade"))
_PIECE = 256 * 1024
_UNREAD = 64 * 1024
"""Bytes of a body that the application has not asked for, beyond which its client waits."""
_LONGEST_BLOCK = 4096
_MOST_BLOCKS = 2048


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a connection may take: seconds, bytes, headers; and how many connections there may be."""

    head_seconds: float = 10.0
    idle_seconds: float = 75.0
    stuck_seconds: float = 60.0
    rest_seconds: float = 3.0
    head_bytes: int = 65_536
    headers: int = 128
    connections: int = 1024


class Application(Protocol):
    """An ASGI application that keeps answers, and words the refusal of what is no request."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer a request."""

    def at_once(
        self, path: bytes, query: bytes, headers: Mapping[bytes, bytes], *, is_head: bool
    ) -> Messages | None:
        """Give a kept answer."""

    def refusal(self, problem: Problem) -> Answer:
        """Give the answer to what is no request."""


class Wire:
    """The connections of a server, and what they share."""

    def __init__(self, application: Application, bounds: Bounds | None = None) -> None:
        """Begin without connections."""
        self.application = application
        self.bounds = bounds or Bounds()
        self.connections: set[Connection] = set()
        self.tasks: set[asyncio.Task[None]] = set()
        self.blocks: OrderedDict[bytes, Mapping[bytes, bytes]] = OrderedDict()
        """What blocks of headers say that were parsed before."""
        self.tick()

    def tick(self) -> None:
        """Move the clock, and end what took too long; to be called each second."""
        self.now = time.monotonic()
        self.end_of_head = b"date: %s\r\n\r\n" % formatdate(usegmt=True).encode()
        for connection in tuple(self.connections):
            connection.look(self.now)

    def enter(self, connection: Connection) -> bool:
        """Take a connection in; where there are too many, for the one that has rested longest."""
        if len(self.connections) >= self.bounds.connections:
            resting = [one for one in self.connections if one.resting]
            if not resting:
                return False
            min(resting, key=lambda one: one.touched).drop()
        self.connections.add(connection)
        return True

    def learn(self, block: bytes, headers: Mapping[bytes, bytes]) -> None:
        """Remember what a block of headers says."""
        self.blocks[block] = headers
        if len(self.blocks) > _MOST_BLOCKS:
            self.blocks.popitem(last=False)

    async def close(self, seconds: float) -> None:
        """Let running answers come to their end for some seconds; then end them."""
        for connection in tuple(self.connections):
            connection.finish()
        if self.tasks:
            await asyncio.wait(tuple(self.tasks), timeout=seconds)
        for task in tuple(self.tasks):
            task.cancel()
        for connection in tuple(self.connections):
            connection.drop()


@dataclass(slots=True, eq=False)
class _Exchange:
    """A request and its answer, as far as they have come."""

    scope: dict[str, Any]
    keep: bool
    expects: bool
    body: bytearray
    arrived: asyncio.Event
    whole: bool = False
    """Whether the request has come to its end."""
    told: bool = False
    """Whether the application has all of it."""
    broken: bool = False
    start: dict[str, Any] | None = None
    begun: bool = False
    chunked: bool = False
    done: bool = False


class Connection(asyncio.Protocol):
    """One client, and its requests one after the other."""

    def __init__(self, wire: Wire) -> None:
        """Begin before the connection is made."""
        self._wire = wire
        self._bounds = wire.bounds
        self._application = wire.application
        self._transport: asyncio.Transport = cast(Any, None)
        self._peer: tuple[str, int] = ("unknown", 0)
        self._parser: Any = httptools.HttpRequestParser(self)
        self._writable = asyncio.Event()
        self._writable.set()
        self._current: _Exchange | None = None
        self._waiting: deque[_Exchange] = deque()
        self._incoming: _Exchange | None = None
        self._gone = False
        self._ending = False
        """Whether no further request is read."""
        self._closing = False
        self._reading = self._in_head = self._paused = False
        self._messages = self._head = self._unsent = 0
        self._url = b""
        self._headers: Headers = []
        self._began = self._stuck = self.touched = wire.now

    @property
    def resting(self) -> bool:
        """Whether nobody waits for anything here."""
        return self._current is None and not self._reading and not self._closing

    # What the event loop says

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet a client, or send it away if there are too many."""
        self._transport = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("peername")
        if isinstance(peer, tuple):
            self._peer = peer[:2]
        if not self._wire.enter(self):
            self._refuse(Problem("busy", "There are too many connections.", headers={"Retry-After": "2"}))
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell those who work for this client that it has gone."""
        self._gone = True
        self._wire.connections.discard(self)
        self._waiting.clear()
        self._writable.set()
        if self._current is not None:
            self._current.arrived.set()

    def pause_writing(self) -> None:
        """Wait for a client that reads slowly."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """Go on."""
        self._writable.set()

    def data_received(self, data: bytes) -> None:
        """Take in what came."""
        if self._ending:
            return
        self.touched = self._wire.now
        alone = self.resting and self._writable.is_set()
        if alone and self._answered(data):
            return
        messages = self._messages
        self._head = self._head + len(data) if self._in_head else 0
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._end()  # asked for another protocol: answered in this one, and that is all
        except httptools.HttpParserCallbackError as error:
            cause = error.__context__
            self._refuse(cause if isinstance(cause, Problem) else _no_request())
        except httptools.HttpParserError:
            self._refuse(_no_request())
        else:
            if self._in_head and self._head > self._bounds.head_bytes:
                self._refuse(_too_large())
            elif alone and not self._reading and self._messages == messages + 1:
                self._learn(data)

    def look(self, now: float) -> None:
        """End what takes too long."""
        unsent = self._transport.get_write_buffer_size()
        if unsent != self._unsent or not unsent:
            self._unsent, self._stuck = unsent, now
        elif now - self._stuck > self._bounds.stuck_seconds:
            self._transport.abort()
            return
        if self._closing:
            if not unsent and now - self.touched > self._bounds.rest_seconds:
                self._transport.abort()
        elif self._in_head and now - self._began > self._bounds.head_seconds:
            seconds = self._bounds.head_seconds
            self._refuse(
                Problem("request-timeout", f"The head of the request took over {seconds:g} seconds.")
            )
        elif self.resting:
            patience = self._bounds.idle_seconds if self._messages else self._bounds.head_seconds
            if now - self.touched > patience:
                self.drop()

    def finish(self) -> None:
        """Take no more requests."""
        self._end()
        if self._current is None:
            self.drop()

    def drop(self) -> None:
        """Close, after what was written."""
        self._closing = self._ending = True
        self._transport.close()

    # What the parser says

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._reading = self._in_head = True
        self._began = self._wire.now
        self._messages += 1
        self._url, self._headers = b"", []

    def on_url(self, url: bytes) -> None:
        """Take a piece of its target."""
        self._url += url
        if len(self._url) > self._bounds.head_bytes:
            raise Problem("address-too-long", "The address is longer than a head may be.")

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        self._headers.append((name.lower(), value))
        if len(self._headers) > self._bounds.headers:
            raise _too_large()

    def on_headers_complete(self) -> None:
        """Ask the application, or let it be asked after others."""
        self._in_head = False
        if sum(len(name) + len(value) + 4 for name, value in self._headers) > self._bounds.head_bytes:
            raise _too_large()
        version = self._parser.get_http_version()
        if version not in ("1.0", "1.1"):
            raise _no_request()
        path, _, query = _target(self._url).partition(b"?")
        scope = {
            "type": "http",
            "http_version": version,
            "method": self._parser.get_method().decode("ascii"),
            "scheme": "http",
            "path": unquote(path.decode("ascii"), errors="replace"),
            "raw_path": path,
            "query_string": query,
            "headers": self._headers,
            "client": self._peer,
            "extensions": {PATHSEND: {}},
        }
        keep = version == "1.1" and self._parser.should_keep_alive()
        expects = any(n == b"expect" and v.lower() == b"100-continue" for n, v in self._headers)
        exchange = self._incoming = _Exchange(scope, keep, expects, bytearray(), asyncio.Event())
        if self._current is None:
            self._begin(exchange)
        else:
            self._waiting.append(exchange)
            self._pause()

    def on_body(self, body: bytes) -> None:
        """Take a piece of its body."""
        exchange = self._incoming
        assert exchange is not None
        exchange.body += body
        exchange.arrived.set()
        if len(exchange.body) > _UNREAD:
            self._pause()

    def on_message_complete(self) -> None:
        """End the request."""
        assert self._incoming is not None
        self._incoming.whole = True
        self._incoming.arrived.set()
        self._incoming = None
        self._reading = False

    # Answers

    def _answered(self, data: bytes) -> bool:
        """Answer a request if its headers have been seen before and its answer is kept."""
        line, _, block = data.partition(b"\r\n")
        headers = self._wire.blocks.get(block)
        if headers is None:
            return False
        method, _, rest = line.partition(b" ")
        target, _, version = rest.partition(b" ")
        is_head = _IS_HEAD.get(method)
        if is_head is None or version != b"HTTP/1.1":
            return False
        path, _, query = target.partition(b"?")
        messages = self._application.at_once(path, query, headers, is_head=is_head)
        if messages is None:
            return False
        start, body = messages
        self._transport.writelines((_wired(start), self._wire.end_of_head, body["body"]))
        return True

    def _learn(self, data: bytes) -> None:
        """Remember the headers of a request that was a head and nothing else."""
        line, _, block = data.partition(b"\r\n")
        headers = dict(self._headers)
        known = len(headers) == len(self._headers) and b"host" in headers
        plain = headers.keys().isdisjoint(_MORE_THAN_A_HEAD) and line.endswith(b" HTTP/1.1")
        stays = headers.get(b"connection", b"keep-alive").lower() == b"keep-alive"
        if known and plain and stays and b"\n" not in line and len(block) <= _LONGEST_BLOCK:
            self._wire.learn(block, headers)

    def _begin(self, exchange: _Exchange) -> None:
        self._current = exchange
        task = asyncio.get_running_loop().create_task(self._run(exchange))
        self._wire.tasks.add(task)
        task.add_done_callback(self._wire.tasks.discard)

    async def _run(self, exchange: _Exchange) -> None:
        receive, send = partial(self._receive, exchange), partial(self._send, exchange)
        try:
            await self._application(exchange.scope, receive, send)
        except ConnectionResetError:
            pass
        except Exception:
            log.exception("No answer to %s", exchange.scope["path"])
        finally:
            self._after(exchange)

    def _after(self, exchange: _Exchange) -> None:
        """Go on to the next request, or end."""
        self._current = None
        if self._gone:
            return
        if not exchange.done:
            self.drop()
        elif not exchange.whole:
            self._rest()
        elif not exchange.keep or (self._ending and not self._waiting):
            self.drop()
        elif self._waiting:
            self._begin(self._waiting.popleft())
        else:
            self._resume()

    async def _receive(self, exchange: _Exchange) -> dict[str, Any]:
        if exchange.expects and not exchange.begun and not exchange.whole:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        exchange.expects = False
        while not self._gone and not exchange.broken:
            if not exchange.told and (exchange.body or exchange.whole):
                body = bytes(exchange.body)
                exchange.body.clear()
                exchange.told = exchange.whole
                return {"type": "http.request", "body": body, "more_body": not exchange.whole}
            exchange.arrived.clear()
            if not self._waiting:
                self._resume()
            await exchange.arrived.wait()
        return {"type": "http.disconnect"}

    async def _send(self, exchange: _Exchange, message: dict[str, Any]) -> None:
        if self._gone:
            raise ConnectionResetError("The client has gone.")
        if message["type"] == "http.response.start":
            exchange.start = message
        elif message["type"] == PATHSEND:
            await self._send_file(exchange, message["path"])
        else:
            more = message.get("more_body", False)
            self._write(exchange, message.get("body", b""), more=more)
            if more:
                await self._writable.wait()

    async def _send_file(self, exchange: _Exchange, path: str) -> None:
        loop = asyncio.get_running_loop()
        with open(path, "rb", buffering=0) as file:
            while piece := await loop.run_in_executor(None, file.read, _PIECE):
                await self._send(exchange, {"type": "http.response.body", "body": piece, "more_body": True})
        await self._send(exchange, {"type": "http.response.body"})

    def _write(self, exchange: _Exchange, body: bytes, *, more: bool) -> None:
        """Write a piece of an answer, the first with its head."""
        pieces: list[bytes] = []
        start = exchange.start
        assert start is not None
        has_body = exchange.scope["method"] != "HEAD" and start["status"] not in _NO_BODY
        if not exchange.begun:
            exchange.begun = True
            pieces += self._head_of(exchange, start, has_body=has_body)
        if has_body and exchange.chunked:
            pieces += (b"%x\r\n" % len(body), body, b"\r\n") if body else ()
            pieces += () if more else (b"0\r\n\r\n",)
        elif has_body:
            pieces.append(body)
        exchange.done = not more
        self._transport.writelines(pieces)

    def _head_of(self, exchange: _Exchange, start: dict[str, Any], *, has_body: bool) -> Iterator[bytes]:
        yield _wired(start)
        names = {name for name, _ in start["headers"]}
        if has_body and b"content-length" not in names:
            exchange.chunked = exchange.scope["http_version"] == "1.1"
            if exchange.chunked:
                yield b"transfer-encoding: chunked\r\n"
            else:
                exchange.keep = False
        if b"connection" in names:
            exchange.keep = False
        elif not exchange.keep or (self._ending and not self._waiting):
            exchange.keep = False
            yield b"connection: close\r\n"
        yield self._wire.end_of_head

    # Ends

    def _refuse(self, problem: Problem) -> None:
        """Answer what is no request; those before it get their answers first."""
        self._end()
        if self._incoming is not None:
            self._incoming.broken = True
            self._incoming.arrived.set()
        if self._current is not None:
            return
        answer = self._application.refusal(problem)
        start = {"status": answer.status, "headers": answer.headers}
        self._transport.writelines((_wired(start), self._wire.end_of_head, answer.body))
        self._rest()

    def _end(self) -> None:
        self._ending = True
        self._reading = self._in_head = False

    def _rest(self) -> None:
        """Close in a while, for a client that is still writing would not hear the answer."""
        self._closing = self._ending = True
        self.touched = self._wire.now
        self._resume()
        with suppress(OSError, RuntimeError):
            self._transport.write_eof()

    def _pause(self) -> None:
        if not self._paused:
            self._paused = True
            self._transport.pause_reading()

    def _resume(self) -> None:
        if self._paused and not self._transport.is_closing():
            self._paused = False
            self._transport.resume_reading()


def _wired(start: dict[str, Any]) -> bytes:
    """Give the status line and the headers, made once for a message that is sent again."""
    made: bytes | None = start.get("wired")
    if made is None:
        status = start["status"]
        headers = start["headers"]
        lines = [b"HTTP/1.1 %d %s" % (status, _REASONS.get(status, b"")), *map(b": ".join, headers), b""]
        made = b"\r\n".join(lines)
        if not made.count(b"\r") == made.count(b"\n") == len(headers) + 1:
            raise ValueError("A header has a line end in it.")
        start["wired"] = made
    return made


def _target(url: bytes) -> bytes:
    """Give path and query of a request's target (RFC 9112, section 3.2). Raises Problem.

    >>> _target(b"/a?b"), _target(b"http://example.org/a"), _target(b"http://example.org?b")
    (b'/a?b', b'/a', b'/?b')
    """
    if not _VISIBLE.fullmatch(url):
        raise Problem("bad-request", "An address is written in ASCII; other characters are escaped by %.")
    if url.startswith(b"/") or url == b"*":
        return url
    before = _BEFORE_PATH.match(url)
    if before is None:
        raise Problem("bad-request", "The target of a request is a path, or a whole address.")
    rest = url[before.end() :]
    return rest if rest.startswith(b"/") else b"/" + rest


def _no_request() -> Problem:
    return Problem("bad-request", "These bytes are not a request by the rules of HTTP.")


def _too_large() -> Problem:
    return Problem("headers-too-large", "The head of the request is larger than the server reads.")
