"""Facts about documents that are given without asking the application."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from operator import itemgetter
from pathlib import Path

import pytest
from flask import Flask

from endpoint import sparql, views
from endpoint.app import create_app
from endpoint.ready import Ready
from endpoint.settings import Settings
from endpoint.shell import Bounds, Shell
from endpoint.site import Published, Site
from kg import source
from kg.findings import Report
from kg.index import Index
from kg.snapshot import Home, Snapshot
from tests import books

FINISHED = (
    "/doc/book/growth",
    "/doc/book/growth.ttl",
    "/doc/book/growth.jsonld",
    "/doc/book/growth.json",
    "/doc/book/L%C3%B8nset",
    "/doc/book/L%C3%B8nset.ttl",
    "/doc/book/v1.5",
    "/doc/book/v1.5.ttl",
    "/doc/book/nested",
    "/doc/book/nameless",
    "/doc/person/hamsun",
    "/doc/concept/genre/novel",
    "/doc/concept/genre",
    "/doc/graph/data/growth",
    "/doc/shape/Book",
)
SEEN = ("/id/book/growth", "/id/book/L%C3%B8nset", "/id/town/oslo", "/id/person/hamsun")
OTHERS = (
    "/doc/book/old",
    "/doc/book/old.ttl",
    "/doc/book/nothing",
    "/doc/book/growth.xyz",
    "/doc/book/growth.nt",
    "/doc/book/growth.schema.jsonld",
    "/doc/book/growth.html",
    "/doc/book/a%20b",
    "/doc/book/",
    "/doc//book/growth",
    "/doc/book/%",
    "/doc/book/../book/growth",
    "/def.ttl",
    "/id/book/old",
    "/id/book/v1.5",
    "/id/concept/genre",
    "/id/book/growth.ttl",
)
TURTLE = {"Accept": "text/turtle"}
ACCEPTS: tuple[Mapping[str, str], ...] = (
    {},
    {"Accept": "text/turtle"},
    {"Accept": "application/ld+json, text/turtle;q=0.5"},
    {"Accept": "text/html"},
    {"Accept": "image/png"},
    {"Accept": "text/turtle", "Accept-Profile": "<https://schema.org/>"},
    {"Accept": "text/turtle", "Accept-Profile": "<urn:nobody>;q=1, <https://books.example/def>;q=0.5"},
    {"Accept": "application/n-triples"},
    {"Accept": ",;"},
)


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return books.build(tmp_path_factory.mktemp("books"), tmp_path_factory.mktemp("home"))


def site_of(snapshot: Snapshot, **settings: object) -> tuple[Flask, Ready, Site]:
    site = Site(Settings(**settings), Published(snapshot, Index(snapshot.index)))  # type: ignore[arg-type]
    app = create_app(site, (views.blueprint,))
    return app, Ready(app, site), site


Given = tuple[int, list[tuple[str, str]], bytes]


def by_application(app: Flask, path: str, headers: Mapping[str, str]) -> Given:
    given = app.test_client().get(path, headers=dict(headers))
    pairs = [(name.lower(), value) for name, value in given.headers if name != "Date"]
    return given.status_code, sorted(pairs, key=itemgetter(0)), given.data


def by_hand(ready: Ready, path: str, headers: Mapping[str, str]) -> Given | None:
    sent = {name.lower().encode(): value.encode() for name, value in headers.items()}
    given = ready.answer(path.encode(), b"", sent)
    if given is None:
        return None
    pairs = [(name.decode(), value.decode("latin-1")) for name, value in given.headers]
    return given.status, sorted(pairs, key=itemgetter(0)), given.body


@pytest.mark.parametrize(
    "settings", [{}, {"root_path": "/kg", "public_url": "https://public.example/kg/", "cache_seconds": 7}]
)
@pytest.mark.parametrize("headers", ACCEPTS)
def test_what_is_ready_is_what_the_application_gives(
    snapshot: Snapshot, headers: Mapping[str, str], settings: Mapping[str, object]
) -> None:
    app, ready, _ = site_of(snapshot, **settings)
    for path in FINISHED + SEEN + OTHERS:
        found = by_hand(ready, path, headers)
        assert found is None or found == by_application(app, path, headers), path


def test_links_and_tags_are_those_of_each_thing(snapshot: Snapshot) -> None:
    _, ready, _ = site_of(snapshot)
    tags = set()
    for path in FINISHED:
        found = by_hand(ready, path, {"Accept": "text/turtle"})
        assert found is not None, path
        tags |= {value for name, value in found[1] if name == "etag"}
    assert len(tags) == len(FINISHED)


@pytest.mark.parametrize("path", SEEN)
def test_the_iri_of_a_thing_is_ready_to_see_other_its_document(snapshot: Snapshot, path: str) -> None:
    found = by_hand(site_of(snapshot)[1], path, {"Accept": "text/html"})
    assert found is not None
    assert (found[0], dict(found[1])["location"]) == (303, path.replace("/id/", "/doc/"))


def test_long_wishes_are_left_to_the_application(snapshot: Snapshot) -> None:
    assert (
        by_hand(site_of(snapshot)[1], "/doc/book/growth", {"Accept": "text/turtle" + ", a/b" * 200}) is None
    )


@pytest.mark.parametrize("path", OTHERS)
def test_what_takes_more_thought_is_left_to_the_application(snapshot: Snapshot, path: str) -> None:
    assert by_hand(site_of(snapshot)[1], path, {"Accept": "text/turtle"}) is None


@pytest.mark.parametrize(
    "headers",
    [{"Range": "bytes=0-1", **TURTLE}, {"If-Modified-Since": "x", **TURTLE}, {"Accept": "*/*"}],
)
def test_conditions_and_pages_are_left_to_the_application(
    snapshot: Snapshot, headers: Mapping[str, str]
) -> None:
    assert by_hand(site_of(snapshot)[1], "/doc/book/growth", headers) is None


def test_a_query_string_is_left_to_the_application(snapshot: Snapshot) -> None:
    assert site_of(snapshot)[1].answer(b"/doc/book/growth.ttl", b"lang=nn", {}) is None


def test_the_root_path_may_be_there_or_not(snapshot: Snapshot) -> None:
    _, ready, _ = site_of(snapshot, root_path="/kg")
    assert by_hand(ready, "/kg/doc/book/growth.ttl", {}) == by_hand(ready, "/doc/book/growth.ttl", {})


def test_a_publication_is_followed(snapshot: Snapshot, tmp_path: Path) -> None:
    _, ready, site = site_of(snapshot)
    assert by_hand(ready, "/doc/book/growth.ttl", {}) is not None
    books.build(tmp_path / "books", tmp_path / "home")
    (tmp_path / "books/data/growth.ttl").unlink()
    later = Home(tmp_path / "home").build(source.read([tmp_path / "books"]), Report())
    site.switch(Published(later, Index(later.index)))
    assert by_hand(ready, "/doc/book/growth.ttl", {}) is None
    assert by_hand(ready, "/doc/book/v1.5.ttl", {}) is not None


def test_the_shell_packs_what_is_ready_keeps_it_and_knows_its_tag(
    snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, ready, site = site_of(snapshot)
    shell = Shell(create_app(site, (views.blueprint, sparql.blueprint)), site, Bounds())
    plain = ready.answer(b"/doc/book/growth.ttl", b"", {})
    assert plain is not None

    def ask(**headers: bytes) -> tuple[int, dict[bytes, bytes], bytes]:
        sent = {name.replace("_", "-").encode(): value for name, value in headers.items()}
        messages = shell.at_once(b"/doc/book/growth.ttl", b"", sent, is_head=False)
        assert messages is not None
        return messages[0]["status"], dict(messages[0]["headers"]), messages[1]["body"]

    status, headers, body = ask(accept_encoding=b"gzip")
    assert (status, headers[b"content-encoding"], gzip.decompress(body)) == (200, b"gzip", plain.body)
    assert headers[b"etag"] == plain.header(b"etag")[:-1] + b'-gzip"'
    assert ask()[2] == plain.body
    assert ask(accept_encoding=b"gzip", if_none_match=headers[b"etag"])[::2] == (304, b"")
    monkeypatch.setattr(Ready, "answer", lambda *_: pytest.fail("It is kept."))
    assert ask(accept_encoding=b"gzip") == (200, headers, body)
    shell.close()
