"""An RDF document that somebody named by its address: fetched once, within bounds of time and size."""

from __future__ import annotations

import http.client
import threading
import urllib.error
import urllib.request
import zlib
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from kg import __version__, rdfio
from kg.errors import SourceError
from kg.rdfio import Format

SECONDS = 60.0
"""How long a document may take, from the first look-up to the last byte."""
MOST_BYTES = 256 * 2**20
"""How large a document may be, unpacked."""

_CHUNK = 1 << 16
_FORMATS = {media_type: fmt for fmt in rdfio.FORMATS for media_type in fmt.media_types}
_XML_AND_JSON = {"application/xml": "rdfxml", "text/xml": "rdfxml", "application/json": "jsonld"}
_SAYS_NOTHING = ("", "text/plain", "application/octet-stream", "binary/octet-stream", "application/gzip",
                 "application/x-gzip")  # fmt: skip
ACCEPT = ", ".join(f"{fmt.media_type};q={1 - number / 10:.1f}" for number, fmt in enumerate(rdfio.FORMATS, 1))
"""What we ask for: Turtle before all, then the others in the order of the table."""


@dataclass(frozen=True, slots=True)
class Document:
    """What an address answered: the address after redirects, the format, and the bytes, unpacked."""

    url: str
    format: Format
    body: bytes


def is_url(target: str) -> bool:
    """Tell whether somebody means an address and no file.

    >>> is_url("https://example.org/x.ttl"), is_url("data/x.ttl")
    (True, False)
    """
    return urlsplit(target).scheme.lower() in ("http", "https")


def fetch(url: str, *, seconds: float = SECONDS, most_bytes: int = MOST_BYTES) -> Document:
    """Give the RDF document at an address. Raises SourceError for whatever stands in the way."""
    answers: list[Document | Exception] = []

    def work() -> None:
        try:
            answers.append(_fetched(url, seconds, most_bytes))
        except Exception as error:  # whatever it is, it is told in the thread that asked
            answers.append(error)

    # A server may send a byte a second for ever; only a thread that can be left behind has a deadline.
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(seconds)
    if not answers:
        raise SourceError(f"{url}: no whole answer within {seconds:g} seconds.")
    answer = answers[0]
    if isinstance(answer, Document):
        return answer
    raise _told(url, answer) from answer


def _fetched(url: str, seconds: float, most_bytes: int) -> Document:
    request = urllib.request.Request(  # noqa: S310 - the opener below knows HTTP alone
        url,
        headers={"Accept": ACCEPT, "Accept-Encoding": "gzip, identity", "User-Agent": f"kg/{__version__}"},
    )
    with _opener().open(request, timeout=seconds) as answer:
        found = _format(answer.headers.get_content_type(), answer.headers.get("Content-Type"), answer.url)
        if found is None:
            raise SourceError(
                f"{url}: the answer is {answer.headers.get('Content-Type')}, which is no RDF format.",
                hint=f"Known: {', '.join(_FORMATS)}.",
            )
        return Document(answer.url, found, _body(answer, url, most_bytes))


def _opener() -> urllib.request.OpenerDirector:
    """Give what follows redirects, but to HTTP alone: a file or FTP address has no handler."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(), urllib.request.HTTPHandler(), urllib.request.HTTPSHandler(),
        urllib.request.HTTPRedirectHandler(), urllib.request.HTTPErrorProcessor(),
        urllib.request.HTTPDefaultErrorHandler(), urllib.request.UnknownHandler(),
    ):  # fmt: skip
        opener.add_handler(handler)
    return opener


def _format(media_type: str, sent: str | None, url: str) -> Format | None:
    """Give the format by the media type, or, where that says nothing, by the ending of the address."""
    if media_type in _FORMATS:
        return _FORMATS[media_type]
    if media_type in _XML_AND_JSON:
        return rdfio.named(_XML_AND_JSON[media_type])
    says_nothing = sent is None or media_type in _SAYS_NOTHING
    return rdfio.of_path(PurePosixPath(urlsplit(url).path)) if says_nothing else None


def _body(answer: http.client.HTTPResponse, url: str, most_bytes: int) -> bytes:
    """Read to the end, unpacking what is gzipped by the server or on its disk."""
    found = bytearray()
    unpack = None
    first = True
    while piece := answer.read(_CHUNK):
        if first and piece.startswith(b"\x1f\x8b"):
            unpack = zlib.decompressobj(31)
        first = False
        found += unpack.decompress(piece, most_bytes + 1 - len(found)) if unpack else piece
        if len(found) > most_bytes:
            raise SourceError(f"{url}: the document is larger than {most_bytes / 2**20:g} MiB.")
    if answer.length or (unpack and not unpack.eof):
        raise SourceError(f"{url}: the answer breaks off after {len(found)} bytes.")
    return bytes(found)


def _told(url: str, error: Exception) -> SourceError:
    if isinstance(error, SourceError):
        return error
    if isinstance(error, urllib.error.HTTPError):
        error.close()
        return SourceError(f"{url}: the answer is {error.code} {error.reason}.")
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    return SourceError(f"{url}: cannot be fetched: {reason}.")
