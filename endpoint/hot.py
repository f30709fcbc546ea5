"""Which answers can be given again without asking the application, and to whom.

A cache by the rules of RFC 9111: the answer's own Vary says which headers count. They count by what they
mean, so that two browsers whose Accept headers differ only in image formats share a page.
"""

from __future__ import annotations

import os
import re
from collections import OrderedDict
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from endpoint import codings, negotiate
from endpoint.respond import FilePart
from endpoint.words import LANGUAGES

Headers = list[tuple[bytes, bytes]]

_ROOM = 64 * 2**20
_LARGEST = 512 * 1024
_SMALLEST_FILE = 2**20
"""Smaller files may be packed, and are kept like pages."""
PATHSEND = "http.response.pathsend"
_NO_BODY = {"type": "http.response.body", "body": b""}
_RANGE = re.compile(rb"bytes=(\d{1,15})-(\d{0,15})")
_OVERHEAD = 4096
"""What an answer takes beside its body, in bytes: headers, keys."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of the application; `rest` yields what is not in the body yet, if it is a long one.

    `file` is what both are read from, if they are.
    """

    status: int
    headers: Headers
    body: bytes
    rest: Iterator[bytes] | None = None
    file: FilePart | None = None

    def header(self, name: bytes) -> bytes:
        """Give the first value of a header, or nothing."""
        return next((value for key, value in self.headers if key == name), b"")


Messages = tuple[dict[str, Any], dict[str, Any]]


class Kept:
    """An answer ready to go out: as the messages of ASGI, whole and as a 304."""

    __slots__ = ("_fresh", "body", "size", "start", "tag")

    def __init__(self, answer: Answer) -> None:
        """Make the messages."""
        self.tag = answer.header(b"etag")
        self.size = len(answer.body) + _OVERHEAD
        self.start = _start(answer.status, answer.headers)
        self._fresh: dict[str, Any] | None = None
        self.body = {"type": "http.response.body", "body": answer.body}

    def messages(self, headers: Mapping[bytes, bytes], *, is_head: bool) -> Messages:
        """Give what to send: 304 to a client that has it, to HEAD no body."""
        if not _has(self.tag, headers):
            return self.start, _NO_BODY if is_head else self.body
        if self._fresh is None:
            self._fresh = _start(304, _of_304(self.start["headers"]))
        return self._fresh, _NO_BODY


class KeptFile:
    """A file that never changes: what to say of it is kept, its bytes are read when they are asked for."""

    __slots__ = ("fresh", "headers", "path", "size", "start", "tag")

    def __init__(self, answer: Answer, file: FilePart, size: int) -> None:
        """Make the messages from an answer with the file or a part of it."""
        self.tag, self.path, self.size = answer.header(b"etag"), file.path, size
        partial = (b"content-length", b"content-range")
        self.headers = [pair for pair in answer.headers if pair[0] not in partial]
        self.start = _start(200, [*self.headers, (b"content-length", b"%d" % size)])
        self.fresh = _start(304, _of_304(self.headers))

    def messages(
        self, headers: Mapping[bytes, bytes], extensions: Container[str], *, is_head: bool
    ) -> Messages | None:
        """Give what to send: 304, a range, or the path of the whole; None for what takes more thought."""
        if _has(self.tag, headers):
            return self.fresh, _NO_BODY
        if b"range" in headers:
            return self._part(headers, is_head=is_head)
        if is_head:
            return self.start, _NO_BODY
        if PATHSEND not in extensions:
            return None
        return self.start, {"type": PATHSEND, "path": str(self.path)}

    def _part(self, headers: Mapping[bytes, bytes], *, is_head: bool) -> Messages | None:
        found = _RANGE.fullmatch(headers[b"range"])
        if found is None or headers.get(b"if-range", self.tag) != self.tag:
            return None
        begin, end = int(found[1]), min(int(found[2] or self.size), self.size - 1)
        if not begin <= end or end - begin >= _LARGEST:
            return None
        length = end + 1 - begin
        told = [
            (b"content-range", b"bytes %d-%d/%d" % (begin, end, self.size)),
            (b"content-length", b"%d" % length),
        ]
        start = _start(206, [*self.headers, *told])
        if is_head:
            return start, _NO_BODY
        with self.path.open("rb", buffering=0) as file:
            return start, {"type": "http.response.body", "body": os.pread(file.fileno(), length, begin)}


def _start(status: int, headers: Headers) -> dict[str, Any]:
    return {"type": "http.response.start", "status": status, "headers": headers}


def _has(tag: bytes, headers: Mapping[bytes, bytes]) -> bool:
    """Tell whether a client has what has this tag; a redirect has none."""
    tags = headers.get(b"if-none-match")
    if tags is None or not tag:
        return False
    if tags == tag:
        return True
    known = {one.strip().removeprefix(b"W/") for one in tags.split(b",")}
    return tag in known or b"*" in known


def _of_304(headers: Headers) -> Headers:
    """Give the headers that a cache may have to renew; the page it has keeps the others."""
    kept = (b"etag", b"cache-control", b"vary", b"content-location")
    return [pair for pair in headers if pair[0] in kept or pair[0] == b"access-control-allow-origin"]


@dataclass(slots=True)
class _Page:
    """The answers at one address, by what the headers in `varying` mean."""

    varying: tuple[bytes, ...] = ()
    kept: dict[tuple[object, ...], Kept] = field(default_factory=dict)
    size: int = 0


@lru_cache(maxsize=1024)
def _languages(value: bytes) -> object:
    return negotiate.choose_language(value.decode("latin-1"), ("", *LANGUAGES))


@lru_cache(maxsize=1024)
def _types(value: bytes) -> object:
    return negotiate.wishes(value.decode("latin-1"))


@lru_cache(maxsize=256)
def _coding(value: bytes) -> object:
    return codings.choose(value.decode("latin-1"))


_MEANING: Mapping[bytes, Callable[[bytes], object]] = {
    b"accept": _types,
    b"accept-language": _languages,
    b"accept-encoding": _coding,
    b"accept-profile": lambda value: value,
    b"accept-datetime": lambda value: value,
}
"""What each header says that an answer may vary by."""


class Hot:
    """The answers that were given last, each under its address."""

    def __init__(self, room: int = _ROOM) -> None:
        """Begin empty; `room` is in bytes."""
        self._room = room
        self._pages: OrderedDict[object, _Page | KeptFile] = OrderedDict()
        self._size = 0

    def get(
        self,
        address: object,
        headers: Mapping[bytes, bytes],
        extensions: Container[str] = (),
        *,
        is_head: bool = False,
    ) -> Messages | None:
        """Give the messages that answer a request for an address, or None where the application is to."""
        found = self._pages.get(address)
        if found is None:
            return None
        self._pages.move_to_end(address)
        if isinstance(found, KeptFile):
            return found.messages(headers, extensions, is_head=is_head)
        if b"range" in headers:
            return None
        kept = found.kept.get(_key(found.varying, headers))
        return None if kept is None else kept.messages(headers, is_head=is_head)

    def keep(self, address: object, headers: Mapping[bytes, bytes], answer: Answer) -> None:
        """Keep an answer until others need its room, if all who send these headers may have it."""
        if not _is_public(answer):
            return
        file = answer.file
        size = file.path.stat().st_size if file else 0
        if file and size >= _SMALLEST_FILE:
            self._keep_file(address, answer, file, size)
        elif answer.status in (200, 303) and b"range" not in headers and answer.rest is None:
            self._keep_page(address, headers, answer)
        self._make_room()

    def _keep_file(self, address: object, answer: Answer, file: FilePart, size: int) -> None:
        if answer.status in (200, 206) and address not in self._pages:
            self._pages[address] = KeptFile(answer, file, size)
            self._size += _OVERHEAD

    def _keep_page(self, address: object, headers: Mapping[bytes, bytes], answer: Answer) -> None:
        varying = _varying(answer)
        if varying is None or len(answer.body) > _LARGEST:
            return
        page = self._pages.setdefault(address, _Page())
        if isinstance(page, KeptFile):
            return
        if not varying <= set(page.varying):
            self._size -= page.size
            page.varying, page.kept, page.size = tuple(sorted(varying.union(page.varying))), {}, 0
        key = _key(page.varying, headers)
        if key not in page.kept:
            kept = page.kept[key] = Kept(answer)
            page.size += kept.size
            self._size += kept.size

    def _make_room(self) -> None:
        while self._size > self._room:
            _, oldest = self._pages.popitem(last=False)
            self._size -= _OVERHEAD if isinstance(oldest, KeptFile) else oldest.size


def _key(varying: tuple[bytes, ...], headers: Mapping[bytes, bytes]) -> tuple[object, ...]:
    return tuple([_MEANING[name](headers.get(name, b"")) for name in varying])


def _varying(answer: Answer) -> frozenset[bytes] | None:
    """Give the headers an answer depends on; None if there is one whose meaning nobody here knows."""
    named = (name.strip().lower() for name in answer.header(b"vary").split(b","))
    # The shell packs what it can, whatever the application says.
    varying = frozenset((*filter(None, named), b"accept-encoding"))
    return varying if varying <= _MEANING.keys() else None


def _is_public(answer: Answer) -> bool:
    """Tell whether an answer is for all, and has a tag to know it by if it has a content."""
    caching = answer.header(b"cache-control")
    known = answer.header(b"etag").startswith(b'"') or answer.status == 303
    return known and b"public" in caching and b"no-store" not in caching
