"""Facts about HTTP on a connection, with an application of a few lines behind it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from endpoint.hot import PATHSEND, Answer, Hot, Messages
from endpoint.problems import Problem
from endpoint.wire import Bounds, Connection, Wire

FILE = Path(__file__)
LOCAL = b"Host: a\r\n"


class Application:
    """Answers by the path; keeps what lies below /kept."""

    def __init__(self) -> None:
        self.calls = 0
        self.asked: list[str] = []
        self.gone: list[str] = []
        self.hot = Hot()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.calls += 1
        path, address = scope["path"], (scope["raw_path"], scope["query_string"])
        messages = self.at_once(*address, dict(scope["headers"]), is_head=scope["method"] == "HEAD")
        if messages:
            await send(messages[0])
            await send(messages[1])
            return
        self.asked.append(path)
        if path == "/wait":
            while (await receive())["type"] != "http.disconnect":
                pass
            self.gone.append(path)
        elif path == "/fail":
            raise ValueError(path)
        elif path == "/file":
            await send(begin(FILE.stat().st_size))
            await send({"type": PATHSEND, "path": str(FILE)})
        elif path == "/pieces":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"one ", "more_body": True})
            await send({"type": "http.response.body", "body": b"two"})
        else:
            body = await self.body(path, receive)
            more = [(b"x", b"a\r\nb: c")] if path == "/split" else []
            if path.startswith("/kept"):
                more = [(b"etag", b'"%d"' % len(path)), (b"cache-control", b"public"), (b"vary", b"Accept")]
                answer = Answer(200, [(b"content-length", b"%d" % len(body)), *more], body)
                self.hot.keep(address, dict(scope["headers"]), answer)
            await send(begin(len(body), *more))
            await send({"type": "http.response.body", "body": body})

    @staticmethod
    async def body(path: str, receive: Any) -> bytes:
        if path == "/slow":
            await asyncio.sleep(0.05)
        if path == "/large":
            return b"x" * 50_000_000
        if path != "/echo":
            return path.encode()
        body = bytearray()
        while (message := await receive())["type"] != "http.disconnect":
            body += message["body"]
            if not message["more_body"]:
                return bytes(body)
        return b"broken"

    def at_once(
        self, path: bytes, query: bytes, headers: Mapping[bytes, bytes], *, is_head: bool
    ) -> Messages | None:
        return self.hot.get((path, query), headers, is_head=is_head)

    def refusal(self, problem: Problem) -> Answer:
        body = problem.type.slug.encode()
        length = (b"content-length", b"%d" % len(body))
        return Answer(problem.type.status, [length, (b"connection", b"close")], body)


def begin(length: int, *more: tuple[bytes, bytes]) -> dict[str, Any]:
    headers = [(b"content-length", b"%d" % length), *more]
    return {"type": "http.response.start", "status": 200, "headers": headers}


class Server:
    """A server in this process, whose clock ticks fast."""

    def __init__(self, bounds: Bounds | None = None) -> None:
        self.application = Application()
        self.wire: Wire
        self.bounds = bounds or Bounds()
        self.port = 0

    async def __aenter__(self) -> Server:
        self.wire = Wire(self.application, self.bounds)
        loop = asyncio.get_running_loop()
        self.server = await loop.create_server(lambda: Connection(self.wire), "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]
        self.ticking = loop.create_task(self.tick())
        return self

    async def __aexit__(self, *_: object) -> None:
        self.ticking.cancel()
        self.server.close()
        await self.wire.close(1)

    async def tick(self) -> None:
        while True:
            await asyncio.sleep(0.01)
            self.wire.tick()

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def send(self, *pieces: bytes, pause: float = 0.0) -> bytes:
        """Send pieces; give what comes until the server closes."""
        reader, writer = await self.open()
        received = asyncio.ensure_future(reader.read(-1))
        for piece in pieces:
            with suppress(OSError):
                writer.write(piece)
                await writer.drain()
            await asyncio.sleep(pause)
        answer = await asyncio.wait_for(received, 10)
        writer.close()
        return answer


def get(path: str, *headers: bytes, method: str = "GET", last: bool = False) -> bytes:
    more = b"".join(one + b"\r\n" for one in headers)
    return b"%s %s HTTP/1.1\r\n%s%s%s\r\n" % (
        method.encode(), path.encode(), LOCAL, more, b"Connection: close\r\n" if last else b"",
    )  # fmt: skip


def exchange(*pieces: bytes, bounds: Bounds | None = None, pause: float = 0.0) -> tuple[bytes, Application]:
    async def run() -> tuple[bytes, Application]:
        async with Server(bounds) as server:
            return await server.send(*pieces, pause=pause), server.application

    return asyncio.run(run())


def dateless(answer: bytes) -> bytes:
    return re.sub(rb"date: [^\r]*\r\n", b"", answer)


def bodies(answer: bytes) -> list[bytes]:
    """Split answers with a length into their bodies."""
    found = []
    while answer:
        head, _, answer = answer.partition(b"\r\n\r\n")
        length = int(re.findall(rb"content-length: (\d+)", head)[0])
        found.append(answer[:length])
        answer = answer[length:]
    return found


@pytest.mark.parametrize(
    "request_",
    [
        get("/kept?a=b", b"Accept: text/html"),
        get("/kept?a=b", b"Accept: text/html", method="HEAD"),
        get("/kept?a=b", b"Accept: text/html", b'If-None-Match: "5"'),
    ],
    ids=["GET", "HEAD", "304"],
)
def test_a_kept_answer_goes_out_as_it_went_out_before(request_: bytes) -> None:
    async def run() -> tuple[bytes, bytes, int]:
        async with Server() as server:
            await server.send(get("/kept?a=b", b"Accept: text/html", last=True))
            parsed = await server.send(request_, get("/end", last=True), pause=0.02)
            before = server.application.calls
            at_once = await server.send(request_, get("/end", last=True), pause=0.02)
            return dateless(parsed), dateless(at_once), server.application.calls - before

    parsed, at_once, calls = asyncio.run(run())
    assert at_once == parsed
    assert calls == 1, "for the end only"


def test_kept_answers_are_for_those_who_ask_alike() -> None:
    html, turtle = (get("/kept", b"Accept: " + one) for one in (b"text/html", b"text/turtle"))
    _, application = exchange(html, html, turtle, turtle, html, get("/end", last=True), pause=0.02)
    assert application.asked == ["/kept", "/kept", "/end"]
    assert application.calls == 3


def test_requests_sent_in_one_go_are_answered_in_order() -> None:
    answer, _ = exchange(get("/slow") + get("/kept") + get("/slow") + get("/last", last=True))
    assert bodies(answer) == [b"/slow", b"/kept", b"/slow", b"/last"]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 400), max_size=6))
def test_where_the_bytes_are_cut_does_not_matter(cuts: list[int]) -> None:
    post = b"POST /echo HTTP/1.1\r\n" + LOCAL + b"Content-Length: 5\r\n\r\nhello"
    chunks = (
        b"POST /echo HTTP/1.1\r\n"
        + LOCAL
        + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    )
    sent = get("/kept") + post + get("/kept") + chunks + get("/kept") + get("/end", last=True)
    places = [0, *sorted({cut for cut in cuts if cut < len(sent)}), len(sent)]
    pieces = [sent[begin:end] for begin, end in pairwise(places)]
    answer, _ = exchange(*pieces, pause=0.001)
    assert bodies(answer) == [b"/kept", b"hello", b"/kept", b"abcde", b"/kept", b"/end"]


def test_an_answer_of_unknown_length_is_chunked_or_ends_with_the_connection() -> None:
    chunked, _ = exchange(get("/pieces", last=True))
    head, _, body = chunked.partition(b"\r\n\r\n")
    assert b"transfer-encoding: chunked" in head
    assert body == b"4\r\none \r\n3\r\ntwo\r\n0\r\n\r\n"
    plain, _ = exchange(b"GET /pieces HTTP/1.0\r\n\r\n")
    head, _, body = plain.partition(b"\r\n\r\n")
    assert (b"transfer-encoding" in head, b"connection: close" in head, body) == (False, True, b"one two")


def test_a_file_is_sent_whole() -> None:
    answer, _ = exchange(get("/file", last=True))
    assert answer.partition(b"\r\n\r\n")[2] == FILE.read_bytes()


def test_who_expects_it_is_told_to_go_on() -> None:
    head = (
        b"POST /echo HTTP/1.1\r\n"
        + LOCAL
        + b"Expect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\n"
    )
    answer, _ = exchange(head, b"hi", pause=0.05)
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")
    assert answer.endswith(b"hi")


def test_a_body_that_breaks_its_rules_reaches_the_application_as_broken() -> None:
    answer, _ = exchange(
        b"POST /echo HTTP/1.1\r\n" + LOCAL + b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\nzz\r\n"
    )
    assert bodies(answer) == [b"broken"]


@pytest.mark.parametrize(
    ("request_", "status", "slug"),
    [
        (b"\x16\x03\x01\x02\x00", 400, b"bad-request"),
        (b"GET a HTTP/1.1\r\n" + LOCAL + b"\r\n", 400, b"bad-request"),
        (b"GET /\xc3\xa6 HTTP/1.1\r\n" + LOCAL + b"\r\n", 400, b"bad-request"),
        (get("/", b"Content-Length: 1", b"Transfer-Encoding: chunked"), 400, b"bad-request"),
        (get("/", b"Content-Length: 1", b"Content-Length: 2"), 400, b"bad-request"),
        (get("/" + "a" * 70_000), 414, b"address-too-long"),
        (get("/", b"X: " + b"a" * 70_000), 431, b"headers-too-large"),
        (get("/", *[b"X: a"] * 200), 431, b"headers-too-large"),
    ],
)
def test_what_is_no_request_is_told_so_and_nothing_after_it_is_read(
    request_: bytes, status: int, slug: bytes
) -> None:
    answer, application = exchange(request_ + get("/after"))
    assert (int(answer[9:12]), bodies(answer)) == (status, [slug])
    assert "/after" not in application.asked


def test_a_head_without_an_end_is_stopped() -> None:
    answer, _ = exchange(b"GET / HTTP/1.1\r\nX: ", *[b"a" * 100_000] * 8, pause=0.01)
    assert (int(answer[9:12]), bodies(answer)) == (431, [b"headers-too-large"])


def test_what_came_before_nonsense_is_answered() -> None:
    answer, _ = exchange(get("/slow") + get("/kept") + b"nonsense\r\n\r\n")
    assert bodies(answer) == [b"/slow", b"/kept"]


def test_a_head_that_comes_too_slowly_is_408() -> None:
    answer, _ = exchange(b"GET / HT", bounds=Bounds(head_seconds=0.05))
    assert (int(answer[9:12]), bodies(answer)) == (408, [b"request-timeout"])


def test_a_connection_at_rest_is_closed_after_a_while() -> None:
    assert exchange(b"", bounds=Bounds(head_seconds=0.05))[0] == b""
    answer, _ = exchange(get("/a"), bounds=Bounds(idle_seconds=0.05))
    assert bodies(answer) == [b"/a"]


def test_the_connection_that_rested_longest_makes_room() -> None:
    async def run() -> None:
        async with Server(Bounds(connections=2)) as server:
            first, second = await server.open(), await server.open()
            for reader, writer in (first, second):
                writer.write(get("/a"))
                await reader.readuntil(b"/a")
                await asyncio.sleep(0.03)
            assert bodies(await server.send(get("/b", last=True))) == [b"/b"]
            assert await first[0].read() == b""
            second[1].write(get("/c", last=True))
            assert bodies(await second[0].read()) == [b"/c"]
            first[1].close()
            second[1].close()

    asyncio.run(run())


def test_where_nobody_rests_who_comes_last_is_told_to_wait() -> None:
    async def run() -> None:
        async with Server(Bounds(connections=1)) as server:
            _, writer = await server.open()
            writer.write(get("/wait"))
            await asyncio.sleep(0.02)
            assert bodies(await server.send(b"")) == [b"busy"]
            writer.close()

    asyncio.run(run())


def test_the_application_hears_of_a_client_that_hangs_up() -> None:
    async def run() -> list[str]:
        async with Server() as server:
            _, writer = await server.open()
            writer.write(get("/wait"))
            await asyncio.sleep(0.02)
            writer.close()
            await asyncio.sleep(0.05)
            return server.application.gone

    assert asyncio.run(run()) == ["/wait"]


def test_a_client_that_reads_nothing_is_dropped() -> None:
    async def run() -> int:
        async with Server(Bounds(stuck_seconds=0.1)) as server:
            _, writer = await server.open()
            writer.write(get("/large"))
            await asyncio.sleep(0.5)
            writer.transport.abort()
            return len(server.wire.connections)

    assert asyncio.run(run()) == 0


@pytest.mark.parametrize("path", ["/fail", "/split"])
def test_an_application_that_fails_costs_its_client_the_connection_only(path: str) -> None:
    async def run() -> None:
        async with Server() as server:
            assert await server.send(get(path)) == b""
            assert bodies(await server.send(get("/a", last=True))) == [b"/a"]

    asyncio.run(run())


def test_at_the_end_running_answers_are_finished() -> None:
    async def run() -> bytes:
        async with Server() as server:
            asking = asyncio.ensure_future(server.send(get("/slow")))
            await asyncio.sleep(0.02)
        return await asking

    answer = asyncio.run(run())
    assert bodies(answer) == [b"/slow"]
    assert b"connection: close" in answer


def test_a_socket_of_another_protocol_is_answered_in_this_one() -> None:
    answer, application = exchange(get("/a", b"Connection: upgrade", b"Upgrade: websocket") + get("/b"))
    assert bodies(answer) == [b"/a"]
    assert application.asked == ["/a"]
