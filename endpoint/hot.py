"""Which answers can be given again without asking the application, and to whom.

A cache by the rules of RFC 9111: the answer's own Vary says which headers count. They count by what they
mean, so that two browsers whose Accept headers differ only in image formats share a page.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from endpoint import codings, negotiate
from endpoint.words import LANGUAGES

Headers = list[tuple[bytes, bytes]]

_ROOM = 64 * 2**20
_LARGEST = 512 * 1024
_OVERHEAD = 4096
"""What an answer takes beside its body, in bytes: headers, keys."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of the application; `rest` yields what is not in the body yet, if it is a long one."""

    status: int
    headers: Headers
    body: bytes
    rest: Iterator[bytes] | None = None

    def header(self, name: bytes) -> bytes:
        """Give the first value of a header, or nothing."""
        return next((value for key, value in self.headers if key == name), b"")


class Kept:
    """An answer ready to go out: as the messages of ASGI, whole and as a 304."""

    __slots__ = ("bare", "body", "fresh", "size", "start", "tag")

    def __init__(self, answer: Answer) -> None:
        """Make the messages."""
        self.tag = answer.header(b"etag")
        self.size = len(answer.body) + _OVERHEAD
        self.start = {"type": "http.response.start", "status": answer.status, "headers": answer.headers}
        self.fresh = {"type": "http.response.start", "status": 304, "headers": _of_304(answer.headers)}
        self.body = {"type": "http.response.body", "body": answer.body}
        self.bare = {"type": "http.response.body", "body": b""}

    def messages(self, tags: bytes | None, *, is_head: bool) -> tuple[dict[str, Any], dict[str, Any]]:
        """Give what to send: 304 to a client with one of these tags, to HEAD no body."""
        if tags is not None and (tags == self.tag or self._is_among(tags)):
            return self.fresh, self.bare
        return self.start, self.bare if is_head else self.body

    def _is_among(self, tags: bytes) -> bool:
        known = {one.strip().removeprefix(b"W/") for one in tags.split(b",")}
        return self.tag in known or b"*" in known


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
        self._pages: OrderedDict[object, _Page] = OrderedDict()
        self._size = 0

    def get(self, address: object, headers: Mapping[bytes, bytes]) -> Kept | None:
        """Give the answer that was kept for an address and these headers, or None."""
        page = self._pages.get(address)
        if page is None:
            return None
        self._pages.move_to_end(address)
        return page.kept.get(_key(page.varying, headers))

    def keep(self, address: object, headers: Mapping[bytes, bytes], answer: Answer) -> None:
        """Keep an answer until others need its room, if all who send these headers may have it."""
        varying = _varying(answer)
        if varying is None or not _is_reusable(answer):
            return
        page = self._pages.setdefault(address, _Page())
        if not varying <= set(page.varying):
            self._size -= page.size
            page.varying, page.kept, page.size = tuple(sorted(varying.union(page.varying))), {}, 0
        key = _key(page.varying, headers)
        if key not in page.kept:
            kept = page.kept[key] = Kept(answer)
            page.size += kept.size
            self._size += kept.size
        self._make_room()

    def _make_room(self) -> None:
        while self._size > self._room:
            _, oldest = self._pages.popitem(last=False)
            self._size -= oldest.size


def _key(varying: tuple[bytes, ...], headers: Mapping[bytes, bytes]) -> tuple[object, ...]:
    return tuple([_MEANING[name](headers.get(name, b"")) for name in varying])


def _varying(answer: Answer) -> frozenset[bytes] | None:
    """Give the headers an answer depends on; None if there is one whose meaning nobody here knows."""
    named = (name.strip().lower() for name in answer.header(b"vary").split(b","))
    # The shell packs what it can, whatever the application says.
    varying = frozenset((*filter(None, named), b"accept-encoding"))
    return varying if varying <= _MEANING.keys() else None


def _is_reusable(answer: Answer) -> bool:
    """Tell whether an answer is whole and public."""
    caching = answer.header(b"cache-control")
    return (
        answer.status == 200
        and answer.rest is None
        and len(answer.body) <= _LARGEST
        and answer.header(b"etag").startswith(b'"')
        and b"public" in caching
        and b"no-store" not in caching
    )
