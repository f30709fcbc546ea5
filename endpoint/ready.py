"""Documents that need no application: a finished body, under the headers that the application would give.

The headers of documents differ in addresses, dates and tags only. So the application is asked once for each
form, about a thing that is none, and its answer is the template for all others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from urllib.parse import unquote

from flask import Flask, Response, g, request
from werkzeug.http import http_date

from endpoint import negotiate, views
from endpoint.hot import Answer, Headers
from endpoint.negotiate import DOCUMENTS, Representation
from endpoint.problems import Problem
from endpoint.respond import etag, here, redirect, stamp, uri
from endpoint.site import Published, Site
from endpoint.variants import choose
from kg.documents import FINISHED, Documents
from kg.index import Description

_DOCUMENT = re.compile(rb"/doc/([A-Za-z0-9_.~/%-]+)")
_ENTITY = re.compile(rb"/id/([A-Za-z0-9_~/%-]+)")
_CONDITIONS = frozenset((b"range", b"if-modified-since"))
_FORMATS = frozenset(fmt.name for fmt in FINISHED)
_ACCEPTS = ("Accept", "Accept-Profile")
_LONGEST, _CHOICES = 512, 1024
"""How long wishes may be that are thought about here, and how many are remembered."""
_THING, _PATH = b"urn:thing--here", b"path--here"
_OWN = ("etag", "content-length", "date")
_IN_ORDER = (b"link",)
"""Headers that come more than once, and stay in their order."""


@dataclass(frozen=True, slots=True)
class _Template:
    """Headers: those that are always the same, and the values, a line each, that hold `_THING` or `_PATH`.

    `stamp` begins each tag.
    """

    fixed: Headers
    names: tuple[bytes, ...]
    values: bytes
    stamp: str

    def headers(self, path: str, iri: str, length: int) -> Headers:
        """Give the headers of an answer about a thing at a path."""
        values = self.values.replace(_PATH, path.encode()).replace(_THING, uri(iri).encode())
        own = zip(self.names, values.split(b"\n"), strict=True)
        return [*self.fixed, *own, (b"content-length", b"%d" % length)]


class _Shelf:
    """The finished documents of one snapshot, and the templates of their headers."""

    def __init__(self, app: Flask, published: Published) -> None:
        self.published = published
        self._app = app
        self._documents = Documents(published.snapshot.documents)
        self._things = f"{published.snapshot.config.base}id/"
        self._templates: dict[tuple[str, bool], _Template] = {}
        self._choices: dict[tuple[str, ...], Representation | None] = {}

    def document(self, path: str, headers: Mapping[bytes, bytes]) -> Answer | None:
        stem, form, _ = next(negotiate.splits(path, DOCUMENTS), (path, None, ""))
        accepted = {name: headers.get(name.lower().encode(), b"").decode("latin-1") for name in _ACCEPTS}
        chosen = form or self._chosen(accepted)
        if chosen is None or chosen.name not in _FORMATS:
            return None
        found = self._documents.get(stem, chosen.name)
        if found is None:
            return None
        template = self._of_form(chosen, accepted, named=form is not None)
        told = template.headers(stem, found.iri, len(found.body))
        # The client may have asked by another spelling of the suffix, which is another address.
        tag = etag(unquote(f"/doc/{path}"), chosen.name, "", after=template.stamp)
        told.append((b"etag", b'"%s"' % tag.encode()))
        if found.changed:
            told.append((b"last-modified", _http_date(found.changed)))
        return Answer(200, told, found.body)

    def entity(self, path: str) -> Answer | None:
        iri = self._documents.about(path)
        if iri is None or not iri.startswith(self._things):
            return None
        template = self._templates.get(("", False)) or self._of_redirect()
        told = template.headers(path, iri, 0)
        body = next(value for name, value in told if name == b"location") + b"\n"
        return Answer(303, [*told[:-1], (b"content-length", b"%d" % len(body))], body)

    def _chosen(self, accepted: Mapping[str, str]) -> Representation | None:
        """Give what the application chooses by these headers; None where it has something to explain."""
        key = tuple(accepted.values())
        if sum(map(len, key)) > _LONGEST:
            return None
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

    def _of_form(self, form: Representation, accepted: Mapping[str, str], *, named: bool) -> _Template:
        """Give the template of a form; the application makes it by describing a thing that is none."""
        key, path = (form.name, named), f"doc/{_PATH.decode()}"
        if key not in self._templates:
            nothing, asked = Description(_THING.decode(), (), {}, ()), form if named else None
            self._templates[key] = self._learnt(
                lambda: views.describe(nothing, asked, DOCUMENTS, path), f"/{path}", accepted
            )
        return self._templates[key]

    def _of_redirect(self) -> _Template:
        path = f"doc/{_PATH.decode()}"
        made = self._templates["", False] = self._learnt(lambda: redirect(here(path)), "/", {})
        return made

    def _learnt(self, ask: Callable[[], Response], path: str, accepted: Mapping[str, str]) -> _Template:
        with self._app.test_request_context(path, headers=_sent(accepted)):
            g.published = self.published
            response = self._app.process_response(ask())
            told = [
                (name.lower().encode(), value.encode("latin-1"))
                for name, value in response.get_wsgi_headers(request.environ)
                if name.lower() not in _OWN
            ]
            own = [pair for pair in told if pair[0] in _IN_ORDER or _PATH in pair[1] or _THING in pair[1]]
            fixed = [pair for pair in told if pair not in own]
            names, values = tuple(name for name, _ in own), b"\n".join(value for _, value in own)
            return _Template(fixed, names, values, stamp())


class Ready:
    """What a site can give without a thread: documents, and the ways to them. Only one thread may ask."""

    def __init__(self, app: Flask, site: Site) -> None:
        """Serve what is published at each moment."""
        self._app, self._site = app, site
        self._root = site.settings.root_path.encode()
        self._shelf: _Shelf | None = None

    def answer(self, path: bytes, query: bytes, headers: Mapping[bytes, bytes]) -> Answer | None:
        """Give what is at a path, as the client sent it; None if the application is to be asked."""
        below = path.removeprefix(self._root)
        document, entity = _DOCUMENT.fullmatch(below), _ENTITY.fullmatch(below)
        if not (document or entity) or query or not _CONDITIONS.isdisjoint(headers):
            return None
        shelf, published = self._shelf, self._site.published
        if shelf is None or shelf.published is not published:
            shelf = self._shelf = _Shelf(self._app, published)
        if entity:
            return shelf.entity(entity[1].decode())
        return shelf.document(document[1].decode(), headers) if document else None


def _sent(accepted: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in accepted.items() if value}


@lru_cache(maxsize=1024)
def _http_date(changed: str) -> bytes:
    return http_date(datetime.fromisoformat(changed)).encode()
