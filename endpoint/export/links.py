"""What becomes of a page's links when the site becomes files. Pure.

A query string cannot name a file, so that addresses which differ by query get one of their own; what only a
running server can answer is no longer a link.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape, unescape
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

FOLLOWED = frozenset(("after", "iri", "of", "to", "by", "class", "map"))
"""Parameters that lead to another page which can be written; others filter or sort."""

_HREF = re.compile(r'(\s)href="([^"]*)"')
_SUFFIX = re.compile(r"\.(html|ttl|jsonld|nt|rdf|trig|nq|csv|json)$")


@dataclass(frozen=True, slots=True)
class Address:
    """An address of the site: its path below the root, and the parameters that decide what is there."""

    path: str
    query: tuple[tuple[str, str], ...] = ()

    @property
    def url(self) -> str:
        """The path and query to ask the application for, without the language."""
        return f"/{self.path}" + (f"?{urlencode(self.query)}" if self.query else "")

    @property
    def written(self) -> str:
        """The path, percent-encoded, that it has among the files.

        >>> Address("list/x", (("after", "https://ex.org/y"),)).written
        'list/x/after-2d537cb46674'
        >>> Address("doc", (("format", "ttl"), ("iri", "http://ex.org/z"))).written
        'doc/iri-48501483dcf0.ttl'
        """
        deciding = [(name, value) for name, value in self.query if name in FOLLOWED]
        suffix = next((f".{value}" for name, value in self.query if name == "format"), "")
        stem = self.path
        found = _SUFFIX.search(stem)
        if deciding and found and not suffix:
            stem, suffix = stem[: found.start()], found[0]
        if not deciding:
            return stem + suffix
        names = "-".join(name for name, _ in deciding)
        digest = hashlib.sha256("\0".join(value for _, value in deciding).encode()).hexdigest()[:12]
        return f"{stem.rstrip('/')}/{names}-{digest}{suffix}"


def read(href: str, root: str) -> tuple[Address, str, str] | None:
    """Give the address that a link leads to, its language and its fragment; None if it leads elsewhere."""
    parts = urlsplit(href)
    if parts.scheme or parts.netloc or not (parts.path == root or parts.path.startswith(f"{root}/")):
        return None
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    language = next((value for name, value in pairs if name == "lang"), "")
    query = tuple(sorted((name, value) for name, value in pairs if name != "lang" and value))
    path = quote(parts.path[len(root) + 1 :], safe="/:@!$&'()*+,;=~%")
    return Address(path, query), language, parts.fragment


@dataclass(frozen=True, slots=True)
class Found:
    """A page with its links turned, and the addresses of the site that it leads to."""

    text: str
    addresses: frozenset[Address]


Exists = Callable[[Address], bool | str]
"""Says of an address whether it will be among the files; or gives the link to put in its place."""


def turn(page: str, root: str, exists: Exists) -> Found:
    """Give a page whose links lead to files; a link to what no file can be loses its address."""
    addresses: set[Address] = set()

    def replaced(match: re.Match[str]) -> str:
        found = read(unescape(match[2]), root)
        if found is None:
            return match[0]
        address, language, fragment = found
        answer = exists(address)
        if isinstance(answer, str):
            return f'{match[1]}href="{escape(answer)}"' if answer else match[1].rstrip(" ")
        if not answer:
            return match[1].rstrip(" ")
        addresses.add(address)
        href = f"{root}/{address.written}" + (f"?lang={language}" if language else "")
        return f'{match[1]}href="{escape(href + (f"#{fragment}" if fragment else ""))}"'

    return Found(_HREF.sub(replaced, page), frozenset(addresses))


def file_name(path: str) -> str | None:
    """Give the file, below the site's folder, that a percent-encoded path is served from; None if unsafe.

    >>> file_name("doc/village/L%C3%B8nset"), file_name("doc/..%2fx"), file_name("doc//x")
    ('doc/village/Lønset', None, None)
    """
    decoded = unquote(path, errors="surrogateescape")
    parts = decoded.split("/")
    safe = all(part.strip(".") and "\0" not in part and len(part.encode("utf-8", "surrogateescape")) < 230
               for part in parts)  # fmt: skip
    return decoded if safe and decoded.isprintable() else None
