"""One query, in a process that may be killed: evaluate, write within the cap, tell what happened."""

from __future__ import annotations

import ctypes
import io
import json
import os
import re
import resource
import signal
import socket
import struct
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import IO, Any, NamedTuple, cast

from pyoxigraph import (
    BlankNode,
    DefaultGraph,
    NamedNode,
    QueryBoolean,
    QuerySolutions,
    QueryTriples,
    RdfFormat,
    Store,
    Triple,
    serialize,
)

from kg.query import dataset, formats
from kg.query.formats import ResultFormat
from kg.query.rewrite import Statistics, rewrite

FRAME = struct.Struct(">II")
"""What stands before each message on the socket: length of its JSON head, length of its body."""

SMALL = 65_536
"""How much is read from a socket at once."""

_PR_SET_PDEATHSIG = 1
_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_NOT_XML = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]")
_XML_NAME_END = re.compile(r"[A-Za-z_\u00C0-\U0010FFFF][A-Za-z0-9_.\-\u00B7-\U0010FFFF]*\Z")


class Reply(NamedTuple):
    """What a worker says: a head of plain values, and the bytes of the result."""

    head: Mapping[str, Any]
    body: bytes | bytearray = b""


class _Full(Exception):  # noqa: N818
    """The result has reached the cap."""


class _Spool(io.RawIOBase):
    """A file that keeps what is written, up to a cap."""

    def __init__(self, cap: int) -> None:
        super().__init__()
        self.content = bytearray()
        self._cap = cap

    def write(self, data: Any, /) -> int:
        if len(self.content) + len(data) > self._cap:
            raise _Full
        self.content += data
        return len(data)


def send(channel: socket.socket, head: Mapping[str, Any], body: bytes | bytearray = b"") -> None:
    """Send one message: a JSON head and a body of bytes."""
    packed = json.dumps(head).encode()
    start = FRAME.pack(len(packed), len(body)) + packed
    if len(body) <= SMALL:
        channel.sendall(start + body)
        return
    channel.sendall(start)
    channel.sendall(body)


def is_whole(start: bytes) -> bool:
    """Tell whether these bytes are a whole message, or the end."""
    if len(start) < FRAME.size:
        return not start
    head_length, body_length = FRAME.unpack_from(start)
    return len(start) == FRAME.size + int(head_length) + int(body_length)


def receive(channel: socket.socket, start: bytes | None = None) -> Reply:
    """Give the next message; there must be no other behind it. Raises EOFError at the end.

    `start` is what was read of it already.
    """
    if start is None:
        start = channel.recv(SMALL)
    while len(start) < FRAME.size:
        more = channel.recv(SMALL) if start else b""
        if not more:
            raise EOFError
        start += more
    head_length, body_length = FRAME.unpack_from(start)
    end = FRAME.size + head_length
    if len(start) < end:
        start += _exactly(channel, end - len(start))
    head = json.loads(start[FRAME.size : end])
    if len(start) - end == body_length:
        return Reply(head, start[end:])
    return Reply(head, _exactly(channel, body_length, start[end:]))


def _exactly(channel: socket.socket, length: int, start: bytes = b"") -> bytearray:
    buffer = bytearray(length)
    buffer[: len(start)] = start
    view, got = memoryview(buffer), len(start)
    while got < length:
        count = channel.recv_into(view[got:], length - got)
        if not count:
            raise EOFError
        got += count
    return buffer


def isolate() -> None:
    """Shut this process in: no network, no core file, no output, no life beyond its parent's.

    To be called before a second thread starts: a user namespace is for processes with one.
    """
    if sys.platform.startswith("linux"):
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if libc.unshare(_CLONE_NEWNET) != 0:
            libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, 1)
    os.dup2(sink, 2)


def limit_memory(memory: int) -> None:
    """Cap what this process may map beyond what it has now."""
    if sys.platform.startswith("linux"):
        cap = _size() + memory
        resource.setrlimit(resource.RLIMIT_AS, (cap, cap))


def _size() -> int:
    with open("/proc/self/statm", "rb") as file:
        return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")


def answer_all(store: Store, channel: socket.socket, statistics: Statistics | None = None) -> None:
    """Answer queries from a socket until it is closed."""
    send(channel, {"ready": os.getpid()})
    while True:
        try:
            asked = receive(channel).head
        except (EOFError, OSError):
            return
        reply = answer(store, asked, statistics)
        with suppress(BrokenPipeError, ConnectionResetError):
            send(channel, reply.head, reply.body)


def answer(store: Store, asked: Mapping[str, Any], statistics: Statistics | None = None) -> Reply:
    """Run one query. Whatever goes wrong becomes a head with a `failure`."""
    wanted = formats.named(asked["format"])
    spool = _Spool(asked["cap"])
    try:
        result = _query(store, asked, statistics)
        form = _write(result, wanted, spool)
        return _whole(form, _finished(spool.content, wanted), wanted, asked)
    except _Full:
        return Reply({"failure": "size"})
    except MemoryError:
        return Reply({"failure": "memory"})
    except SyntaxError as error:
        return Reply({"failure": "syntax", "message": str(error)})
    except _NotWritableError as error:
        return Reply({"failure": "format", "message": str(error)})
    except Exception as error:  # whatever the engine raises is an answer, not an end
        return Reply({"failure": "engine", "kind": type(error).__name__, "message": str(error)})


def _whole(form: str, body: bytearray, wanted: ResultFormat | None, asked: Mapping[str, Any]) -> Reply:
    """Give the result with its number of rows, where somebody wants to know or they may be too many."""
    if form != "SELECT" or wanted is None:
        return Reply({"form": form}, body)
    if asked.get("paged"):
        return Reply({"form": form, "rows": formats.count_rows(body, wanted)}, body)
    most = asked.get("rows")
    is_too_long = most is not None and formats.has_more_rows(body, wanted, most)
    return Reply({"failure": "rows"}) if is_too_long else Reply({"form": form}, body)


class _NotWritableError(Exception):
    """The format has no way to write this result."""


def _query(
    store: Store, asked: Mapping[str, Any], statistics: Statistics | None
) -> QuerySolutions | QueryBoolean | QueryTriples:
    default, named = (asked["default"], asked["named"])
    if not default and not named:
        default, named = dataset.named_in(asked["text"])
    if default or named:
        return _query_of(store, asked, default, named)
    faster = None if asked.get("plain") else rewrite(asked["text"], statistics)
    if faster is not None:
        with suppress(SyntaxError):  # then the error is to be that of the text as it was written
            return store.query(faster, base_iri=asked["base"])
    return store.query(asked["text"], base_iri=asked["base"])


def _query_of(
    store: Store, asked: Mapping[str, Any], default: Sequence[str], named: Sequence[str]
) -> QuerySolutions | QueryBoolean | QueryTriples:
    """Run a query of some graphs; where they are merged, each triple is there once."""
    merged = [NamedNode(iri) for iri in dict.fromkeys(default)]
    others: list[NamedNode | BlankNode] = [NamedNode(iri) for iri in dict.fromkeys(named)]
    graphs: list[NamedNode | BlankNode | DefaultGraph] = [*merged]
    if len(merged) > 1:
        store, graphs = dataset.merge(store, merged, others), [DefaultGraph()]
    return store.query(asked["text"], base_iri=asked["base"], default_graph=graphs, named_graphs=others)


def _write(
    result: QuerySolutions | QueryBoolean | QueryTriples, wanted: ResultFormat | None, spool: _Spool
) -> str:
    if wanted is None:
        raise _NotWritableError("There is no such result format.")
    if isinstance(result, QueryTriples):
        if not isinstance(wanted.engine, RdfFormat):
            raise _NotWritableError(f"The answer is triples, and {wanted.label} cannot write that.")
        if wanted.engine == RdfFormat.RDF_XML:
            serialize(_named_predicates(result), _sink(spool), format=wanted.engine)
        else:
            result.serialize(_sink(spool), wanted.engine)
        return "GRAPH"
    if isinstance(wanted.engine, RdfFormat):
        raise _NotWritableError(f"The answer is rows or a boolean, and {wanted.label} cannot write that.")
    result.serialize(_sink(spool), wanted.engine)
    return "ASK" if isinstance(result, QueryBoolean) else "SELECT"


def _sink(spool: _Spool) -> IO[bytes]:
    return cast(IO[bytes], spool)


def _named_predicates(result: Any) -> Iterator[Triple]:
    """Yield triples as long as their predicates can be the names of XML elements."""
    good: set[str] = set()
    for triple in result:
        predicate = triple.predicate.value
        if predicate not in good:
            if not _XML_NAME_END.search(predicate):
                raise _NotWritableError(f"RDF/XML cannot write the predicate <{predicate}> as an XML name.")
            good.add(predicate)
        yield triple


def _finished(content: bytearray, wanted: ResultFormat | None) -> bytearray:
    """Give the document, made well-formed where the engine's XML is not; refuse what XML cannot hold."""
    if wanted is not None and wanted.name == "spreadsheet":
        return formats.for_spreadsheets(content)
    if wanted is None or not wanted.media_type.endswith("+xml"):
        return content
    found = _NOT_XML.search(content)
    if found:
        code = ord(found[0].decode("utf-8"))
        raise _NotWritableError(f"The result has the character U+{code:04X}, which XML cannot hold.")
    return content.replace(b"\r", b"&#xD;") if b"\r" in content else content
