"""Documents that need no application: a finished body, under the headers that the application would give.

The headers of documents differ in addresses, dates and tags only. So the application is asked once for each
form, about a thing that is none, and its answer is the template for all others.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from urllib.parse import unquote

from flask import Flask, g, request
from werkzeug.http import http_date

from endpoint import negotiate, views
from endpoint.hot import Answer, Headers
from endpoint.negotiate import DOCUMENTS, Representation
from endpoint.problems import Problem
from endpoint.respond import etag, stamp, uri
from endpoint.site import Published, Site
from endpoint.variants import choose
from kg.documents import FINISHED, Documents, Finished
from kg.index import Description

_DOCUMENT = re.compile(rb"/doc/([A-Za-z0-9_.~/%-]+)")
_CONDITIONS = frozenset((b"range", b"if-modified-since"))
_FORMATS = frozenset(fmt.name for fmt in FINISHED)
_THING, _PATH = b"urn:thing--here", b"path--here"
_OWN = ("etag", "content-length", "date")
_CHOICES = 1024


_ACCEPTS = ("Accept", "Accept-Profile")


@dataclass(frozen=True, slots=True)
class _Template:
    """The headers of a form: those that are always the same, and the values that hold `_THING` or `_PATH`.

    The values stand a line each; `stamp` begins each tag.
    """

    form: str
    fixed: Headers
    names: tuple[bytes, ...]
    values: bytes
    stamp: str

    def fill(self, asked: str, path: str, found: Finished) -> Answer:
        """Give the answer about a thing at a path, which the client may have asked for by another."""
        tag = etag(unquote(f"/doc/{asked}"), self.form, "", after=self.stamp)
        values = self.values.replace(_PATH, path.encode()).replace(_THING, uri(found.iri).encode())
        headers = [
            *self.fixed,
            *zip(self.names, values.split(b"\n"), strict=True),
            (b"content-length", b"%d" % len(found.body)),
            (b"etag", b'"%s"' % tag.encode()),
        ]
        if found.changed:
            headers.append((b"last-modified", _http_date(found.changed)))
        return Answer(200, headers, found.body)


class _Shelf:
    """The finished documents of one snapshot, and the templates of their headers."""

    def __init__(self, app: Flask, published: Published) -> None:
        self.published = published
        self._app = app
        self._documents = Documents(published.snapshot.documents)
        self._templates: dict[tuple[str, bool], _Template] = {}
        self._choices: dict[tuple[str, ...], Representation | None] = {}

    def answer(self, path: str, headers: Mapping[bytes, bytes]) -> Answer | None:
        stem, form, _ = next(negotiate.splits(path, DOCUMENTS), (path, None, ""))
        accepted = {name: headers.get(name.lower().encode(), b"").decode("latin-1") for name in _ACCEPTS}
        chosen = form or self._chosen(accepted)
        if chosen is None or chosen.name not in _FORMATS:
            return None
        found = self._documents.get(stem, chosen.name)
        if found is None:
            return None
        return self._template(chosen, accepted, named=form is not None).fill(path, stem, found)

    def _chosen(self, accepted: Mapping[str, str]) -> Representation | None:
        """Give what the application chooses by these headers; None where it has something to explain."""
        key = tuple(accepted.values())
        if key not in self._choices:
            if len(self._choices) >= _CHOICES:
                self._choices.clear()
            with self._app.test_request_context(headers=_sent(accepted)):
                g.published = self.published
                try:
                    self._choices[key] = choose(None, DOCUMENTS, "doc")[0]
                except Problem:
                    self._choices[key] = None
        return self._choices[key]

    def _template(self, form: Representation, accepted: Mapping[str, str], *, named: bool) -> _Template:
        key = form.name, named
        if key not in self._templates:
            self._templates[key] = self._made(form, accepted, named=named)
        return self._templates[key]

    def _made(self, form: Representation, accepted: Mapping[str, str], *, named: bool) -> _Template:
        """Let the application describe the thing that is none."""
        path = f"doc/{_PATH.decode()}"
        with self._app.test_request_context(f"/{path}", headers=_sent(accepted)):
            g.published = self.published
            nothing = Description(_THING.decode(), (), {}, ())
            given = views.describe(nothing, form if named else None, DOCUMENTS, path)
            response = self._app.process_response(given)
            told = [
                (name.lower().encode(), value.encode("latin-1"))
                for name, value in response.get_wsgi_headers(request.environ)
                if name.lower() not in _OWN
            ]
            own = [pair for pair in told if _PATH in pair[1] or _THING in pair[1]]
            fixed = [pair for pair in told if pair not in own]
            names, values = tuple(name for name, _ in own), b"\n".join(value for _, value in own)
            return _Template(form.name, fixed, names, values, stamp())


class Ready:
    """The documents of a site that can be given without a thread; only one thread may ask."""

    def __init__(self, app: Flask, site: Site) -> None:
        """Serve what is published at each moment."""
        self._app, self._site = app, site
        self._root = site.settings.root_path.encode()
        self._shelf: _Shelf | None = None

    def answer(self, path: bytes, query: bytes, headers: Mapping[bytes, bytes]) -> Answer | None:
        """Give the document at a path, as the client sent it; None if the application is to be asked."""
        asked = _DOCUMENT.fullmatch(path.removeprefix(self._root))
        if asked is None or query or not _CONDITIONS.isdisjoint(headers):
            return None
        shelf, published = self._shelf, self._site.published
        if shelf is None or shelf.published is not published:
            shelf = self._shelf = _Shelf(self._app, published)
        return shelf.answer(asked[1].decode(), headers)


def _sent(accepted: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in accepted.items() if value}


@lru_cache(maxsize=1024)
def _http_date(changed: str) -> bytes:
    return http_date(datetime.fromisoformat(changed)).encode()
