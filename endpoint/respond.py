"""How an answer goes out: headers for caches, crawlers and browsers, the same for every resource."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import quote

from flask import Response, request

from endpoint import site as current
from endpoint.negotiate import Representation
from endpoint.problems import Problem
from kg.vocab import PREFIXES

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; connect-src 'self'; "
        "font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": (
        "Accept-Ranges, Content-Language, Content-Location, Content-Profile, Content-Range, ETag, "
        "Last-Modified, Link, Location, Retry-After"
    ),
}
"""Set on every answer."""

_URI_SAFE = "/:?#[]@!$&'()*+=%~"
_PLAIN = re.compile(f"[A-Za-z0-9_.{re.escape(_URI_SAFE)}-]*")


def uri(iri: str) -> str:
    """Give an IRI as a URI that is safe in a header: ASCII, and nothing that ends a Link target.

    >>> uri('https://ex.org/Lønset>;x')
    'https://ex.org/L%C3%B8nset%3E%3Bx'
    """
    return iri if _PLAIN.fullmatch(iri) else quote(iri, safe=_URI_SAFE)


def link(target: str, rel: str, **attributes: str) -> str:
    """Give one value of a Link header.

    >>> link("/x.ttl", "alternate", type="text/turtle")
    '</x.ttl>; rel="alternate"; type="text/turtle"'
    """
    rest = "".join(f'; {name}="{value}"' for name, value in attributes.items())
    return f'<{uri(target)}>; rel="{rel}"{rest}'


def root_path() -> str:
    """Give what stands before every path of the site, without a final slash."""
    return current.site().settings.root_path


def here(path: str) -> str:
    """Give the root-relative address of a path: right on localhost, below a path, behind a proxy."""
    return f"{root_path()}/{path}"


def absolute(path: str) -> str:
    """Give the absolute address of a path, for what is read elsewhere: by setting, never by Host."""
    return uri((current.site().settings.public_url or current.snapshot().config.base) + path)


def etag(*parts: str, after: str = "") -> str:
    """Give an ETag that changes with the snapshot, the release of the program and the variant.

    `after` is the stamp, for who has it already.
    """
    content = "\0".join((after or stamp(), *parts))
    return hashlib.sha256(content.encode()).hexdigest()[:24]


def stamp() -> str:
    """Give what all ETags of a site have in common as long as nothing is published."""
    return "\0".join((current.snapshot().id, _program(), root_path(), *_watched()))


def _watched() -> tuple[str, ...]:
    """What makes a page that looks for news another one than a page that does not."""
    return ("watched",) if current.site().watched else ()


@cache
def _program() -> str:
    """A hash of the program's own pages and code: a new release is a new ETag."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.rglob("*")):
        if path.suffix in (".py", ".html", ".css", ".js", ".svg"):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def respond(
    body: bytes | str,
    representation: Representation,
    *,
    variant: Sequence[str] = (),
    vary: Iterable[str] = ("Accept",),
    content_location: str | None = None,
    links: Iterable[str] = (),
    status: int = 200,
    language: str | None = None,
    tag: str | None = None,
) -> Response:
    """Give the answer with its caching headers; 304 where the client has it already.

    `variant` is what else decides the bytes, beside representation and snapshot; a `tag` replaces it.
    """
    response = Response(body, status, content_type=representation.content_type)
    if status == 200:
        response.set_etag(tag or etag(request.path, representation.name, language or "", *variant))
        response.headers["Cache-Control"] = f"public, max-age={current.site().settings.cache_seconds}"
    response.headers["Vary"] = ", ".join(dict.fromkeys((*vary, "Accept-Encoding")))
    if content_location is not None:
        response.headers["Content-Location"] = uri(content_location)
    if language is not None:
        response.headers["Content-Language"] = language
    for value in links:
        response.headers.add("Link", value)
    if status == 200:
        response.make_conditional(request)
    return response


@dataclass(frozen=True, slots=True)
class FilePart:
    """Some bytes of a file, as the body of an answer; servers that know it can send it their own way."""

    path: Path
    start: int
    stop: int

    def __iter__(self) -> Iterator[bytes]:
        """Yield pieces; the file is opened only now."""
        with self.path.open("rb") as file:
            file.seek(self.start)
            left = self.stop - self.start
            while left and (piece := file.read(min(65_536, left))):
                left -= len(piece)
                yield piece


def respond_file(path: Path, media_type: str, size: int, tag: str) -> Response:
    """Give a file that never changes, whole or in the one range asked for; it is opened only when sent.

    Raises Problem for a range beyond its end.
    """
    start, stop, status = 0, size, 200
    fresh = request.if_none_match.contains(tag)
    wanted = request.range if not request.if_range.etag or request.if_range.etag == tag else None
    if wanted is not None and not fresh and len(wanted.ranges) == 1 and wanted.units == "bytes":
        found = wanted.range_for_length(size)
        if found is None:
            raise Problem(
                "range-not-satisfiable",
                f"The file has {size} bytes.",
                headers={"Content-Range": f"bytes */{size}"},
            )
        (start, stop), status = found, 206
    body = b"" if fresh else FilePart(path, start, stop)
    response = Response(body, 304 if fresh else status, direct_passthrough=True)
    response.headers["Content-Type"] = media_type
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["Cache-Control"] = f"public, max-age={current.site().settings.cache_seconds}"
    response.set_etag(tag)
    if not fresh:
        response.content_length = stop - start
    if status == 206:
        response.headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    return response


def redirect(
    location: str, *, status: int = 303, links: Iterable[str] = (), vary: str | None = None
) -> Response:
    """Give a redirect whose Location is a URI of this site, never made of the Host header."""
    response = Response(f"{location}\n", status, content_type="text/plain; charset=utf-8")
    response.headers["Location"] = uri(location)
    response.headers["Cache-Control"] = f"public, max-age={current.site().settings.cache_seconds}"
    if vary:
        response.headers["Vary"] = vary
    for value in links:
        response.headers.add("Link", value)
    return response


def prefixes() -> dict[str, str]:
    """Give the prefixes for documents: the common ones and the dataset's own."""
    return {**PREFIXES, **current.snapshot().config.prefixes}
