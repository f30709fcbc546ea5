"""Facts about IRIs that are not plain ASCII words, all the way through the server."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from endpoint.resolve import raw_path
from kg import source
from kg.findings import Report
from kg.snapshot import Home, Snapshot
from tests.books import BASE, build, make_client
from tests.serving import Served, served

ODD = {
    "a%2Fb": "with an encoded slash", "a/b": "with a slash", "50%25": "with a per cent sign",
    "Løn(1)": "in parentheses", "a%20b": "with a space", "L%C3%B8p": "encoded", "Løn": "with a letter",
    "v1.ttl": "with a suffix of its own", "a.schema": "with the name of a profile",
    "q;x=1,2": "with separators", "it's!*~$&@": "with all else",
}  # fmt: skip
FILES = {
    "kg.toml": f'base = "{BASE}"\ntitle.en = "Odd"\n',
    "data/odd.ttl": "@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .\n"
    + "".join(f'<{BASE}id/x/{n}> a <{BASE}def#T> ; rdfs:label "{label}"@en .\n' for n, label in ODD.items()),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve things with odd IRIs."""
    folder: Path = tmp_path_factory.mktemp("odd")
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    home = tmp_path_factory.mktemp("home")
    Home(home).publish(Home(home).build(source.read([folder]), Report()))
    with served(folder, base=False, home=home) as running:
        yield running


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """Give a snapshot of the books."""
    return build(tmp_path_factory.mktemp("books"), tmp_path_factory.mktemp("home"))


def sent(name: str) -> str:
    """Give the end of an IRI as a browser sends it."""
    return quote(name, safe="/:@!$&'()*+,;=~%")


def written(name: str) -> str:
    """Give the same as it stands in headers: nothing in it could be taken for the end of a link."""
    return quote(name, safe="/:@!$&'()*+=~%")


@pytest.mark.parametrize("name", ODD)
def test_each_iri_leads_to_a_document_about_itself(server: Served, name: str) -> None:
    found = server.ask("GET", f"/id/x/{sent(name)}")
    assert (found.status, found.headers["location"]) == (303, f"/doc/x/{written(name)}")
    for _ in range(2):  # the second time from the cache
        document = server.ask("GET", found.headers["location"], headers={"Accept": "application/n-triples"})
        assert f'"{ODD[name]}"@en' in document.body.decode()
        assert document.body.decode().count("@en") == 1
        assert f'<{BASE}id/x/{written(name)}>; rel="describes"' in document.headers["link"]
        assert document.headers["content-location"] == f"/doc/x/{written(name)}.nt"
    by_suffix = server.ask("GET", document.headers["content-location"])
    assert (by_suffix.status, by_suffix.body) == (200, document.body)


@pytest.mark.parametrize("name", ODD)
def test_every_link_header_of_an_odd_iri_answers(server: Served, name: str) -> None:
    page = server.ask("GET", f"/doc/x/{sent(name)}", headers={"Accept": "text/html"})
    links = re.findall(r'<(/[^>]*)>; rel="[^"]*(?:alternate|linkset)', page.headers["link"])
    assert len(links) > 12
    assert {server.ask("GET", link).status for link in links} == {200}


@pytest.mark.parametrize(
    ("root", "uri", "prefix", "expected"),
    [
        ("", "/doc/x/a%2Fb?x", "doc/", "x/a%2Fb"),
        ("/kg", "/kg/doc/x/a%2Fb", "doc/", "x/a%2Fb"),
        ("/kg", "/kg/id/x", "", "id/x"),
        ("/kg", "/id/x", "", "id/x"),
        ("", "", "doc/", "what%20was%20decoded"),
        ("", "/elsewhere", "doc/", "what%20was%20decoded"),
    ],
)
def test_the_path_as_sent_is_found_below_a_root_path_or_not(
    books: Snapshot, root: str, uri: str, prefix: str, expected: str
) -> None:
    app = make_client(books, root_path=root).application
    with app.test_request_context("/", environ_overrides={"RAW_URI": uri}):
        assert raw_path(prefix, "what was decoded") == expected


def test_each_profile_is_kept_apart_by_the_cache(server: Served) -> None:
    def ask(profile: str) -> str:
        headers = {"Accept": "text/turtle", **({"Accept-Profile": profile} if profile else {})}
        return server.ask("GET", "/doc/x/v1.ttl", headers=headers).headers["content-location"]

    wanted = {"": "", "<https://schema.org/>": ".schema", f"<{BASE}api#profile-annotated>": ".annotated"}
    for _ in range(2):
        assert {profile: ask(profile) for profile in wanted} == {
            profile: f"/doc/x/v1.ttl{token}.ttl" for profile, token in wanted.items()
        }
