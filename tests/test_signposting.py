"""Signposts as the reference client reads them: FAIR Signposting, levels 1 and 2, and RFC 9264 link sets."""

import json
import warnings

import pytest
from flask.testing import FlaskClient

from endpoint.negotiate import DOCUMENTS
from endpoint.variants import principal
from kg.snapshot import Snapshot
from tests.books import BASE, build, make_client

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from signposting import htmllinks
    from signposting.linkheader import find_signposting_http_link
    from signposting.linkset import LinksetJSON, _parse_linkset_json
    from signposting.signpost import AbsoluteURI, Signposting

HTML = {"Accept": "text/html", "Accept-Language": "en"}
PAGES = ("doc/book/growth", "doc/book/L%C3%B8nset", "doc/book/x(1)", "def", "dataset")


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """Give a snapshot of the books."""
    return build(tmp_path_factory.mktemp("books"), tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def client(snapshot: Snapshot) -> FlaskClient:
    """Give a client of the site of the books."""
    return make_client(snapshot)


def headers(client: FlaskClient, path: str) -> Signposting:
    """Give the signposts in the headers of an answer."""
    with client.get(f"/{path}", headers=HTML) as answer:
        assert answer.status_code == 200, path
        found = answer.headers.getlist("Link")
    assert len(", ".join(found)) < 8192
    return find_signposting_http_link(found, f"{BASE}{path}")


def linkset(client: FlaskClient, signposts: Signposting) -> Signposting:
    """Give the signposts of the link set that a page links to."""
    (found,) = signposts.linksets
    assert found.type == "application/linkset+json"
    answer = client.get("/" + str(found.target).removeprefix(BASE))
    address = AbsoluteURI(str(found.target))
    assert answer.content_type == "application/linkset+json"
    return _parse_linkset_json(LinksetJSON(answer.text, answer.content_type, address, address))


@pytest.mark.parametrize("path", PAGES)
def test_a_page_has_the_signposts_of_level_1(client: FlaskClient, path: str) -> None:
    found = headers(client, path)
    assert found.citeAs is not None
    assert 1 <= len(found.types) <= 2
    assert "https://schema.org/AboutPage" in {str(s.target) for s in found.types}
    assert found.describedBy
    assert all(s.type for s in found.describedBy)
    assert found.license is not None


@pytest.mark.parametrize("path", PAGES)
def test_each_target_of_a_page_s_signposts_answers_with_its_type(client: FlaskClient, path: str) -> None:
    found = headers(client, path)
    for signpost in (*found.describedBy, *found.items, *found.linksets):
        with client.get("/" + str(signpost.target).removeprefix(BASE)) as answer:
            assert (answer.status_code, answer.mimetype) == (200, str(signpost.type)), signpost


@pytest.mark.parametrize("path", PAGES)
def test_the_link_set_says_what_the_headers_say(client: FlaskClient, path: str) -> None:
    page = headers(client, path)
    found = linkset(client, page).for_context(f"{BASE}{path}")
    for name in ("citeAs", "types", "describedBy", "license", "authors", "items", "collection"):
        said, repeated = getattr(page, name), getattr(found, name)
        assert _targets(said) == _targets(repeated), name


def _targets(found: object) -> set[str]:
    some = found if isinstance(found, set | frozenset | list | tuple) else [found]
    return {str(getattr(signpost, "target", None)) for signpost in some}


@pytest.mark.parametrize("path", PAGES)
def test_metadata_lead_back_to_the_page_they_describe(client: FlaskClient, path: str) -> None:
    page = headers(client, path)
    for signpost in page.describedBy:
        back = headers(client, str(signpost.target).removeprefix(BASE))
        assert f"{BASE}{path}" in _targets(back.describes)
        assert _targets(back.linksets) == _targets(page.linksets)
        described = linkset(client, page).for_context(signpost.target)
        assert f"{BASE}{path}" in _targets(described.describes)


def test_each_file_leads_back_to_the_dataset(client: FlaskClient) -> None:
    items = headers(client, "dataset").items
    assert len(items) == 15
    for signpost in items:
        back = headers(client, str(signpost.target).removeprefix(BASE))
        assert _targets(back.collection) == {f"{BASE}dataset"}


def test_the_thing_itself_is_a_context_of_the_link_set_too(client: FlaskClient) -> None:
    contexts = json.loads(client.get("/linkset/book/growth").data)["linkset"]
    (found,) = [context for context in contexts if context["anchor"] == f"{BASE}id/book/growth"]
    assert len(found["describedby"]) == len(list(principal(DOCUMENTS))) - 1


def test_the_link_set_is_to_be_had_as_links_too(client: FlaskClient) -> None:
    answer = client.get("/linkset/book/growth", headers={"Accept": "application/linkset"})
    assert answer.content_type == "application/linkset"
    first, *rest = answer.text.strip().split(",\n")
    assert first == f'<{BASE}id/book/growth>; rel="cite-as"; anchor="{BASE}doc/book/growth"'
    assert len(rest) == sum(
        len(targets)
        for context in json.loads(client.get("/linkset/book/growth").data)["linkset"]
        for rel, targets in context.items()
        if rel != "anchor"
    ) - 1  # fmt: skip


def test_things_of_others_have_signposts_and_a_link_set(client: FlaskClient) -> None:
    iri = "https%3A%2F%2Felsewhere.example%2Fa%28b%29%3Fc%3Dd%26e%3Df"
    links = client.get(f"/doc?iri={iri}", headers=HTML).headers.getlist("Link")
    (target,) = [link for link in links if 'rel="linkset"' in link]
    answer = client.get(target[1 : target.index(">")])
    assert json.loads(answer.data)["linkset"][0]["anchor"] == f"{BASE}doc?iri={iri}"


def test_an_unknown_link_set_is_a_404(client: FlaskClient) -> None:
    assert client.get("/linkset/book/none").status_code == 404
    assert client.get("/linkset?iri=https://nowhere.example/x").status_code == 404


def test_below_a_path_the_links_stay_right(snapshot: Snapshot) -> None:
    below = make_client(snapshot, root_path="/kg", public_url="https://example.org/kg/")
    links = below.get("/kg/doc/book/growth", headers=HTML).headers.getlist("Link")
    assert '</kg/linkset/book/growth>; rel="linkset"; type="application/linkset+json"' in links
    first = json.loads(below.get("/kg/linkset/book/growth").data)["linkset"][0]
    assert first["anchor"] == "https://example.org/kg/doc/book/growth"
    assert "Disallow: /kg/sparql?" in below.get("/kg/robots.txt").text
    assert "Sitemap: https://example.org/kg/sitemap.xml" in below.get("/kg/robots.txt").text


@pytest.mark.parametrize("path", PAGES)
def test_the_page_itself_has_the_signposts_too(client: FlaskClient, path: str) -> None:
    answer = client.get(f"/{path}", headers=HTML)
    address = AbsoluteURI(f"{BASE}{path}")
    found = htmllinks._parse_html(htmllinks.HTML(answer.text, answer.content_type, address, address))
    said = headers(client, path)
    for name in ("citeAs", "types", "license", "authors", "linksets"):
        assert _targets(getattr(found, name)) == _targets(getattr(said, name)), name
    assert _targets(found.describedBy) <= _targets(said.describedBy)
