"""Requests that are no requests, or two at once, or too much: each gets the right answer from any server.

A row says what the answers may be, one set of statuses for each answer that may come; then the connection
ends, for after a request that can be read in two ways nobody knows where the next one begins (RFC 9112, 6.3
and 11.2). Where the standard leaves a choice, both answers are in the set. Run with `pytest -m attack`.
"""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.serving import Served, served

pytestmark = [pytest.mark.attack, pytest.mark.xdist_group("http-attacks")]

PATIENCE = 3.0
Statuses = frozenset[int]


class Attack(NamedTuple):
    """Bytes that are sent, and the statuses of the answers; the last may be left out where `silent`."""

    name: str
    sent: bytes
    answers: tuple[Statuses, ...]
    silent: bool = False
    cut: bool = False
    """Whether the client says that nothing more will come."""


def one_of(*statuses: int) -> tuple[Statuses, ...]:
    return (frozenset(statuses),)


OK = one_of(200)
BAD = one_of(400)
TOLD = one_of(400, 404)
LARGE = one_of(431)
EITHER = one_of(200, 400)
"""What a server may take or refuse, as long as it sees one request."""

HOST = b"Host: localhost\r\n"
CLOSE = b"Connection: close\r\n"
SPARQL_TYPE = b"Content-Type: application/sparql-query\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
TARGET = b"/sparql?query=ASK%7B%7D"
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
CHUNKS = b"6\r\nASK {}\r\n0\r\n\r\n"


def get(*fields: bytes, target: bytes = TARGET, host: bytes = HOST) -> bytes:
    """Give a GET whose connection is to end with it."""
    lines = b"".join(field + b"\r\n" for field in fields)
    return b"GET " + target + b" HTTP/1.1\r\n" + host + lines + CLOSE + b"\r\n"


def post(framing: bytes, body: bytes, *, fields: bytes = SPARQL_TYPE, version: bytes = b"1.1") -> bytes:
    """Give a POST whose framing is as said; nothing asks for an end of the connection."""
    return b"POST /sparql HTTP/" + version + b"\r\n" + HOST + fields + framing + b"\r\n" + body


def length(value: bytes) -> bytes:
    return b"Content-Length: " + value + b"\r\n"


def framing() -> Iterator[Attack]:
    """Bodies whose end two servers in a row could see at two places."""
    yield Attack("length and chunks", post(length(b"6") + CHUNKED, b"0\r\n\r\n" + SMUGGLED), EITHER)
    yield Attack("chunks and length", post(CHUNKED + length(b"50"), CHUNKS + SMUGGLED), EITHER)
    yield Attack("two equal lengths", post(length(b"6") + length(b"6") + CLOSE, b"ASK {}"), EITHER)
    yield Attack("two lengths in one field", post(length(b"6, 6") + CLOSE, b"ASK {}"), EITHER)
    yield Attack("two lengths", post(length(b"6") + length(b"7"), b"ASK {}x"), BAD)
    for name, value in (
        ("plus", b"+6"), ("minus", b"-6"), ("hexadecimal", b"0x6"), ("a space", b"6 6"), ("a letter", b"x"),
        ("an exponent", b"6e0"), ("an underscore", b"0_6"), ("65 bits", b"99999999999999999999"),
        ("ten thousand digits", b"9" * 10_000),
    ):  # fmt: skip
        yield Attack(f"length with {name}", post(length(value), b"ASK {}"), BAD)
    refused = one_of(400, 501)
    for name, value in (
        ("an unknown coding", b"xchunked"), ("chunked not last", b"chunked, identity"),
        ("a vertical tab", b"\x0bchunked"), ("quotes", b'"chunked"'), ("gzip", b"gzip"),
    ):  # fmt: skip
        coded = b"Transfer-Encoding: " + value + b"\r\n"
        yield Attack(f"coding with {name}", post(coded, b"0\r\n\r\n" + SMUGGLED), refused)
    yield Attack("chunked twice", post(CHUNKED + CHUNKED + CLOSE, CHUNKS), one_of(200, 400, 501))
    yield Attack("chunks in HTTP/1.0", post(CHUNKED, CHUNKS, version=b"1.0"), EITHER)
    yield Attack("a space before the colon", post(b"Transfer-Encoding : chunked\r\n", CHUNKS), BAD)
    for name, body in (
        ("minus", b"-1\r\nASK {}\r\n0\r\n\r\n"), ("0x", b"0x6\r\nASK {}\r\n0\r\n\r\n"),
        ("no size", b"zz\r\nASK {}\r\n"), ("65 bits", b"10000000000000006\r\nASK {}\r\n0\r\n\r\n"),
        ("bare line feeds", b"6\nASK {}\n0\n\n"), ("more than it says", b"6\r\nASK {}XX\r\n0\r\n\r\n"),
    ):  # fmt: skip
        yield Attack(f"chunk with {name}", post(CHUNKED, body), one_of(400, 413, 431))
    long = b"6;" + b"a" * 100_000 + CHUNKS[1:]
    yield Attack("a long extension of a chunk", post(CHUNKED + CLOSE, long), one_of(200, 400, 413, 431))
    yield Attack("trailers", post(CHUNKED + CLOSE, CHUNKS[:-2] + b"Host: evil.example\r\n\r\n"), EITHER)
    yield Attack("a body that breaks off", post(length(b"60"), b"ASK {}"), BAD, silent=True, cut=True)
    yield Attack("chunks that break off", post(CHUNKED, b"6\r\nASK"), BAD, silent=True, cut=True)
    yield Attack("GET with a body", get(length(b"36").rstrip()) + SMUGGLED[:36], EITHER)
    yield Attack("GET with chunks", get(CHUNKED.rstrip()) + b"0\r\n\r\n", EITHER)


def heads() -> Iterator[Attack]:
    """First lines and header fields that are none, or that say something else to somebody else."""
    yield Attack("no host", get(host=b""), BAD)
    yield Attack("two hosts", get(host=HOST + b"Host: evil.example\r\n"), BAD)
    yield Attack("an empty host", get(host=b"Host:\r\n"), BAD)
    for target in (b"/", b"/sparql", TARGET, b"/catalog", b"/limits", b"/sitemap.xml"):
        foreign = get(b"X-Forwarded-Host: evil.example", host=b"Host: evil.example\r\n", target=target)
        yield Attack(f"a foreign host for {target.decode()}", foreign, OK)
    yield Attack("a host that is none", get(host=b"Host: evil.example/a?b#c\r\n"), EITHER)
    yield Attack("bare line feeds", get().replace(b"\r\n", b"\n"), EITHER)
    yield Attack("a folded field", get(b"X-A: b\r\n c"), EITHER)
    yield Attack("a folded field first", get(host=b" X: y\r\n" + HOST), BAD)
    for name, field in (
        ("a bare carriage return", b"X-A: b\rX-B: c"), ("a zero byte", b"X-A: \0"),
        ("a zero byte in its name", b"X\0A: b"), ("a space before the colon", b"X-A : b"),
        ("no colon", b"X-A"), ("no name", b": b"), ("a name in UTF-8", "Høst: b".encode()),
    ):  # fmt: skip
        yield Attack(f"a field with {name}", get(field), BAD)
    for name, line in (
        ("HTTP/3.0", b"GET / HTTP/3.0"), ("HTTP/1.10", b"GET / HTTP/1.10"),
        ("small letters", b"GET / http/1.1"),
        ("no version", b"GET /"), ("tabs", b"GET\t/\tHTTP/1.1"),
        ("a space in the target", b"GET /a b HTTP/1.1"), ("a zero byte", b"GET /id/\0 HTTP/1.1"),
        ("nothing but bytes", b"\xff\xfe\xfd"), ("another protocol", b"SSH-2.0-OpenSSH_9.6"),
    ):  # fmt: skip
        yield Attack(f"a first line with {name}", line + b"\r\n" + HOST + b"\r\n", one_of(400, 405, 501, 505))
    yield Attack("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 100, BAD, silent=True)
    yield Attack("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", one_of(400, 505), silent=True)
    yield Attack("an upgrade to HTTP/2", get(b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAAQAAP__"), OK)
    yield Attack("an upgrade to websockets", get(b"Upgrade: websocket", b"Connection: Upgrade"), OK)
    yield Attack("an unknown method", b"GEHT /sparql HTTP/1.1\r\n" + HOST + CLOSE + b"\r\n",
                 one_of(400, 405, 501))  # fmt: skip
    yield Attack("a long method", b"A" * 5000 + b" / HTTP/1.1\r\n" + HOST + CLOSE + b"\r\n",
                 one_of(400, 405, 501))  # fmt: skip
    yield Attack("TRACE", b"TRACE /sparql HTTP/1.1\r\n" + HOST + CLOSE + b"\r\n", one_of(400, 405, 501))
    yield Attack("CONNECT", b"CONNECT 127.0.0.1:80 HTTP/1.1\r\n" + HOST + CLOSE + b"\r\n",
                 one_of(400, 404, 405, 501))  # fmt: skip
    yield Attack("options of the server", b"OPTIONS * HTTP/1.1\r\n" + HOST + CLOSE + b"\r\n",
                 one_of(200, 204, 400, 404))  # fmt: skip
    yield Attack("a whole address", get(target=b"http://evil.example" + TARGET), OK)
    yield Attack("a fragment", get(target=TARGET + b"#x"), EITHER)
    yield Attack("two spaces in the first line", get().replace(b" ", b"  ", 2), EITHER)
    yield Attack("empty lines before", b"\r\n\r\n" + get(), EITHER)
    yield Attack("an expectation that nobody knows", get(b"Expect: 200-ok"), one_of(200, 417))
    yield Attack("an expectation before a large body",
                 post(length(b"100000000") + b"Expect: 100-continue\r\n", b""), one_of(413))  # fmt: skip
    yield Attack("an expectation that is met",
                 post(length(b"6") + b"Expect: 100-continue\r\n" + CLOSE, b"ASK {}"),
                 OK)  # fmt: skip
    yield Attack("a hundred requests at once", get().replace(CLOSE, b"") * 99 + get(), OK * 100)
    yield Attack(
        "nonsense behind a request", get().replace(CLOSE, b"") + b"\xff\r\n\r\n", OK + BAD, silent=True
    )


def large() -> Iterator[Attack]:
    """More of something than anybody needs."""
    yield Attack("an address of 20 kB", get(target=b"/" + b"a" * 20_000), one_of(414))
    yield Attack("an address of 500 kB", get(target=b"/" + b"a" * 500_000), one_of(414, 431))
    yield Attack("a field of 20 kB", get(b"X-A: " + b"a" * 20_000), one_of(200, 431))
    yield Attack("a field of 2 MB", get(b"X-A: " + b"a" * 2_000_000), LARGE)
    yield Attack("a name of 2 MB", get(b"a" * 2_000_000 + b": b"), one_of(400, 431))
    yield Attack("five thousand fields", get(*(b"X-%d: a" % i for i in range(5000))), LARGE)
    yield Attack("a long Accept", get(b"Accept: " + b"a/b;q=0.1," * 5000), one_of(406, 431))
    yield Attack("a strange Accept", get(b'Accept: ;;;,,,/*;q="' + b"\\" * 100), OK)
    yield Attack("long languages",
                 get(b"Accept: text/html", b"Accept-Language: " + b"x-y;q=0.1," * 4000, target=b"/sparql"),
                 one_of(200, 431))  # fmt: skip
    yield Attack("long codings", get(b"Accept-Encoding: " + b"x;q=0.1," * 4000), one_of(200, 431))
    yield Attack("long tags", get(b"If-None-Match: " + b'"x",' * 8000), one_of(200, 431))
    yield Attack("a spoofed address", get(b"X-Forwarded-For: " + b"1.2.3.4," * 100), OK)
    yield Attack("a proxy", get(b"Proxy: http://evil.example/"), OK)
    yield Attack("many parameters", get(target=b"/sparql?" + b"a=b&" * 3000), BAD)
    yield Attack("a packed body", post(length(b"6") + CLOSE, b"\x1f\x8b\x08\0\0\0",
                                       fields=SPARQL_TYPE + b"Content-Encoding: gzip\r\n"),
                 one_of(415))  # fmt: skip
    yield Attack("a body in parts", post(length(b"6") + CLOSE, b"--x--\r",
                                         fields=b"Content-Type: multipart/form-data; boundary=x\r\n"),
                 one_of(415))  # fmt: skip
    yield Attack("a large body", post(length(b"100000000"), b"ASK {}"), one_of(413))
    yield Attack("large chunks", post(CHUNKED, b"200000\r\n" + b" " * 0x200000 + b"\r\n0\r\n\r\n"),
                 one_of(413))  # fmt: skip


def addresses() -> Iterator[Attack]:
    """Paths and parameters that try to get out of where they are written to."""
    for name, target in (
        ("a line end", b"/id/a%0d%0aSet-Cookie:x=1"), ("an angle bracket", b"/id/village/%3E;rel=stylesheet"),
        ("raw UTF-8", "/id/village/村".encode()), ("raw bytes", b"/id/\xff\xfe"),
        ("a zero byte", b"/id/%00"), ("bad UTF-8", b"/id/%ff%fe"), ("another server", b"//evil.example/id/x"),
        ("another server behind id", b"/id//evil.example"), ("up and out", b"/dumps/../../../../etc/passwd"),
        ("escapes up and out", b"/dumps/%2e%2e/%2e%2e/%2e%2e/etc/passwd"),
        ("double escapes up and out", b"/dumps/%252e%252e%252fetc%252fpasswd"),
        ("backslashes up and out", b"/static/..\\..\\..\\etc\\passwd"),
        ("static files up and out", b"/static/../app.py"),
    ):  # fmt: skip
        yield Attack(f"a path with {name}", get(target=target), TOLD)
    script = b"/sparql?query=%3C/textarea%3E%3Cscript%3Ealert(1)%3C/script%3E"
    yield Attack("a script in the query", get(b"Accept: text/html", target=script), BAD)


ATTACKS = [*framing(), *heads(), *large(), *addresses()]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("attacked")
    (folder / "data.nt").write_text("<http://x/a> <http://x/b> <http://x/c> .\n")
    with served(folder / "data.nt") as running:
        yield running


def exchange(server: Served, attack: Attack) -> tuple[bytes, bool]:
    """Give what came back, and whether the server ended the connection."""
    received = b""
    with socket.create_connection((server.host, server.port), PATIENCE) as connection:
        try:
            connection.sendall(attack.sent)
            if attack.cut:
                connection.shutdown(socket.SHUT_WR)
        except ConnectionError:
            pass  # it has heard enough; its answer may be there
        try:
            while piece := connection.recv(65_536):
                received += piece
        except ConnectionError:
            return received, True
        except TimeoutError:
            return received, False
    return received, True


def answers(received: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Yield status, head and body of each answer but "continue". Bytes beyond the last one fail."""
    while received:
        head, _, received = received.partition(b"\r\n\r\n")
        found = re.match(rb"HTTP/1\.[01] ([1-5][0-9]{2}) ", head)
        assert found, head[:200]
        size = re.search(rb"(?i)^content-length: ([0-9]+)$", head.replace(b"\r", b""), re.MULTILINE)
        count = int(size[1]) if size else 0
        assert len(received) >= count
        if found[1] != b"100":
            yield int(found[1]), head, received[:count]
        received = received[count:]


def test_there_are_a_hundred_requests_with_names_of_their_own() -> None:
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS) >= 100


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_a_hostile_request_gets_its_answer_and_no_other(attack: Attack, server: Served) -> None:
    received, ended = exchange(server, attack)
    found = list(answers(received))
    assert ended
    missing = len(attack.answers) - len(found)
    assert 0 <= missing <= attack.silent, received[:400]
    for (status, head, body), statuses in zip(found, attack.answers, strict=False):
        assert status in statuses, (head + body)[:400]
        assert b"set-cookie" not in head.lower()
        assert not re.search(rb"(?i)location: *(//|[a-z]+://)", head)
        assert (
            not re.search(rb"evil\.example(?!/id/x)", body.replace(b"//evil.example", b"")) or status == 404
        )
        for leak in (b"root:", b"<script>alert", b"Traceback", b"smuggled"):
            assert leak not in body


def test_after_all_that_the_server_answers(server: Served) -> None:
    assert server.ask("GET", TARGET.decode()).status == 200


def slow(server: Served, count: int, start: bytes) -> list[socket.socket]:
    connections = [socket.create_connection((server.host, server.port), 5) for _ in range(count)]
    for connection in connections:
        connection.sendall(start)
    return connections


@pytest.mark.parametrize(
    "start",
    [b"", b"GET /sp", b"GET /sparql HTTP/1.1\r\nHost: a\r\nX-A: ",
     post(length(b"50"), b"A"), post(CHUNKED, b"32\r\nA")],
    ids=["connections", "first lines", "headers", "bodies", "chunks"],
)  # fmt: skip
def test_sixty_slow_connections_do_not_keep_others_waiting(server: Served, start: bytes) -> None:
    connections = slow(server, 60, start)
    try:
        began = time.monotonic()
        for number in range(20):
            assert server.ask("GET", f"/sparql?query=ASK%7BBIND({number}%20AS%20?x)%7D").status == 200
        assert time.monotonic() - began < 5
    finally:
        for connection in connections:
            connection.close()


FLOODS = {
    "requests": (b"", get(b"Cache-Control: no-cache").replace(CLOSE, b"") * 1000),
    "kept answers": (b"", get().replace(CLOSE, b"") * 1000),
    "extension of a chunk": (post(CHUNKED, b"6;"), b"a" * 100_000),
    "small chunks": (post(CHUNKED, b""), b"1\r\n \r\n" * 10_000),
    "trailers": (post(CHUNKED, CHUNKS[:-2]), b"X-A: b\r\n" * 10_000),
    "header": (b"GET / HTTP/1.1\r\nX-A: ", b"a" * 100_000),
    "empty lines": (b"", b"\r\n" * 10_000),
    "body of GET": (get(length(b"1000000000").rstrip()), b"a" * 100_000),
    "what follows an upgrade": (get(b"Upgrade: h2c"), b"a" * 100_000),
}


def resident(server: Served) -> int:
    """Give the MiB of memory that the web process has."""
    status = Path(f"/proc/{server.pid}/status").read_text()
    return int(re.findall(r"VmRSS:\s+(\d+)", status)[0]) // 1024


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc to see memory")
@pytest.mark.parametrize("name", FLOODS)
def test_a_client_that_never_stops_and_never_reads_fills_no_memory(server: Served, name: str) -> None:
    start, piece = FLOODS[name]
    before = resident(server)
    with socket.create_connection((server.host, server.port), 0.5) as connection, suppress(OSError):
        connection.sendall(start)
        for _ in range(100_000_000 // len(piece)):
            connection.sendall(piece)
    assert resident(server) - before < 64
    assert server.ask("GET", TARGET.decode()).status == 200
