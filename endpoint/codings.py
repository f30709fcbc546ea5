"""Content codings: which one a client gets, and the bytes in it. Pure."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Mapping

import brotli  # type: ignore[import-untyped]
import zstandard

SMALLEST = 512
"""Bodies below this many bytes stay as they are."""

ENCODERS: Mapping[str, Callable[[bytes], bytes]] = {
    "zstd": lambda body: zstandard.ZstdCompressor(level=5).compress(body),
    "br": lambda body: bytes(brotli.compress(body, quality=5)),
    "gzip": lambda body: gzip.compress(body, compresslevel=6, mtime=0),
}
"""Encoders by the name of their coding, the server's favourite first."""

_TEXTUAL = ("+json", "+xml", "/json", "/xml", "/javascript", "/n-triples", "/n-quads", "/trig")


def choose(accept_encoding: str) -> str | None:
    """Give the coding that an Accept-Encoding header likes best; None for the plain bytes.

    >>> choose("gzip, br;q=0.5"), choose("*"), choose("br;q=0"), choose("")
    ('gzip', 'zstd', None, None)
    """
    wishes: dict[str, float] = {}
    for element in accept_encoding.lower().split(","):
        name, _, rest = element.partition(";")
        wishes[name.strip()] = _quality(rest)
    anything = wishes.get("*", 0.0)
    best, most = None, 0.0
    for coding in ENCODERS:
        quality = wishes.get(coding, anything)
        if quality > most:
            best, most = coding, quality
    return best if most >= wishes.get("identity", 0.0) else None


def _quality(parameters: str) -> float:
    name, _, value = parameters.partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return min(1.0, max(0.0, float(value)))
    except ValueError:
        return 0.0


def is_textual(content_type: str) -> bool:
    """Tell whether packing is worth while.

    >>> is_textual("text/turtle"), is_textual("application/ld+json"), is_textual("image/png")
    (True, True, False)
    """
    media_type = content_type.partition(";")[0].strip()
    return media_type.startswith("text/") or media_type.endswith(_TEXTUAL)


def mark(tag: str, coding: str) -> str:
    """Give the ETag of a variant in a coding: the same resource in other bytes needs another tag.

    >>> mark('"abc"', "br")
    '"abc-br"'
    """
    return f'{tag[:-1]}-{coding}"'


def unmark(tags: str, coding: str | None) -> str:
    """Give the tags of an If-None-Match header as they are before this coding.

    >>> unmark('"abc-br", "def"', "br")
    '"abc", "def"'
    """
    return tags.replace(f'-{coding}"', '"') if coding else tags
