"""HTTP as it is on the wire: nothing added, nothing followed, nothing unpacked.

The standard library's client, because it alone sends a request without Accept, a wrong Host or a broken
header when told to, and shows each header as it came; the friendlier libraries mend what is to be examined.
"""

from __future__ import annotations

import http.client
import re
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import urljoin, urlsplit

AGENT = "kg-doctor"
MOST_BYTES = 64 * 2**20
_LINK = re.compile(r'<([^>]*)>((?:\s*;\s*[\w*-]+\s*(?:=\s*(?:"[^"]*"|[^\s",;]+))?)*)')
_ATTRIBUTE = re.compile(r';\s*([\w*-]+)\s*(?:=\s*(?:"([^"]*)"|([^\s",;]+)))?')


class UnreachableError(Exception):
    """No answer came: the connection was refused, broken off, or too slow."""


@dataclass(frozen=True, slots=True)
class Link:
    """One element of a Link header; the target is absolute."""

    target: str
    rels: tuple[str, ...]
    type: str = ""
    profile: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: header names in lower case, the body as sent; `whole` is False where it was cut."""

    url: str
    status: int
    fields: tuple[tuple[str, str], ...]
    body: bytes = field(repr=False)
    whole: bool = True

    def header(self, name: str) -> str:
        """Give a header's values, joined as HTTP joins them; empty if there is none."""
        return ", ".join(value for key, value in self.fields if key == name)

    @property
    def media_type(self) -> str:
        """The Content-Type without its parameters."""
        return self.header("content-type").partition(";")[0].strip().lower()

    @property
    def vary(self) -> frozenset[str]:
        """The names in Vary, in lower case."""
        return frozenset(name.strip().lower() for name in self.header("vary").split(",") if name.strip())

    @property
    def text(self) -> str:
        """The body as UTF-8."""
        return self.body.decode("utf-8", "replace")

    @property
    def links(self) -> tuple[Link, ...]:
        """What the Link header says."""
        return tuple(_links(self.header("link"), self.url))

    def linked(self, rel: str) -> tuple[Link, ...]:
        """Give the links with a relation."""
        return tuple(link for link in self.links if rel in link.rels)

    @property
    def location(self) -> str:
        """The Location, absolute; empty if there is none."""
        found = self.header("location")
        return urljoin(self.url, found) if found else ""


def _links(header: str, url: str) -> Iterator[Link]:
    for target, attributes in _LINK.findall(header):
        values = {name.lower(): quoted or plain for name, quoted, plain in _ATTRIBUTE.findall(attributes)}
        rels = tuple(values.get("rel", "").split())
        yield Link(urljoin(url, target), rels, values.get("type", ""), values.get("profile", ""))


class Client:
    """Sends requests one after another and remembers the answers to equal GETs and HEADs."""

    def __init__(self, timeout: float = 15.0) -> None:
        """Set the seconds that an answer may take; `unavailable` tells of each 502, 503 and 504."""
        self.count = 0
        self.unavailable: list[str] = []
        self._timeout = timeout
        self._known: dict[tuple[object, ...], Reply] = {}
        self._connections: dict[tuple[str, str], http.client.HTTPConnection] = {}

    def ask(
        self,
        url: str,
        headers: Mapping[str, str] | None = None,
        *,
        method: str = "GET",
        body: bytes | None = None,
    ) -> Reply:
        """Send a request with these headers, Host and User-Agent besides. Raises UnreachableError."""
        sent = tuple((headers or {}).items())
        key = (method, url, sent)
        if method in ("GET", "HEAD") and key in self._known:
            return self._known[key]
        self.count += 1
        reply = self._exchange(method, url, sent, body)
        if reply.status in (502, 503, 504):
            self.unavailable.append(f"{method} {url} was answered {reply.status}.")
        if method in ("GET", "HEAD"):
            self._known[key] = reply
        return reply

    def __enter__(self) -> Self:
        """Use it until the block ends."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Close the connections."""
        for connection in self._connections.values():
            connection.close()
        self._connections.clear()

    def _exchange(
        self, method: str, url: str, headers: tuple[tuple[str, str], ...], body: bytes | None
    ) -> Reply:
        parts = urlsplit(url)
        key = (parts.scheme, parts.netloc)
        fresh = key not in self._connections
        try:
            return self._once(method, url, headers, body)
        except (http.client.HTTPException, OSError) as error:
            self._drop(key)
            # A server may close a connection that it kept open; only with a fresh one is something wrong.
            if fresh or isinstance(error, TimeoutError):
                raise UnreachableError(f"{method} {url}: {_told(error)}") from error
        try:
            return self._once(method, url, headers, body)
        except (http.client.HTTPException, OSError) as error:
            self._drop(key)
            raise UnreachableError(f"{method} {url}: {_told(error)}") from error

    def _drop(self, key: tuple[str, str]) -> None:
        found = self._connections.pop(key, None)
        if found is not None:
            found.close()

    def _once(self, method: str, url: str, headers: tuple[tuple[str, str], ...], body: bytes | None) -> Reply:
        parts = urlsplit(url)
        connection = self._connection(parts.scheme, parts.netloc)
        target = parts.path or "/"
        connection.putrequest(
            method,
            f"{target}?{parts.query}" if parts.query else target,
            skip_host=True,
            skip_accept_encoding=True,
        )
        names = {name.lower() for name, _ in headers}
        if "host" not in names:
            connection.putheader("Host", parts.netloc.rpartition("@")[2])
        if "user-agent" not in names:
            connection.putheader("User-Agent", AGENT)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        for name, value in headers:
            connection.putheader(name, value)
        connection.endheaders(body)
        return self._read(connection, url, (parts.scheme, parts.netloc))

    def _read(self, connection: http.client.HTTPConnection, url: str, key: tuple[str, str]) -> Reply:
        deadline = time.monotonic() + 4 * self._timeout
        answer = connection.getresponse()
        pieces: list[bytes] = []
        size = 0
        while size <= MOST_BYTES and (piece := answer.read(65_536)):
            pieces.append(piece)
            size += len(piece)
            if time.monotonic() > deadline:
                raise TimeoutError("the body came too slowly")
        whole = size <= MOST_BYTES
        fields = tuple((name.lower(), value.strip()) for name, value in answer.getheaders())
        if not whole or answer.will_close:
            self._drop(key)
        return Reply(url, answer.status, fields, b"".join(pieces), whole)

    def _connection(self, scheme: str, netloc: str) -> http.client.HTTPConnection:
        key = (scheme, netloc)
        if key not in self._connections:
            host = netloc.rpartition("@")[2]
            self._connections[key] = (
                http.client.HTTPSConnection(host, timeout=self._timeout, context=ssl.create_default_context())
                if scheme == "https"
                else http.client.HTTPConnection(host, timeout=self._timeout)
            )
        return self._connections[key]


def _told(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return str(error) or type(error).__name__
