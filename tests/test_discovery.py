"""What crawlers, catalogues and readers of citations find, on the site of a dataset that no code knows."""

import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from flask.testing import FlaskClient
from werkzeug.serving import make_server

from endpoint import discovery
from kg import source
from kg.findings import Report
from kg.snapshot import Home, Snapshot
from tests.books import BASE, FILES, build, make_client

HTML = {"Accept": "text/html", "Accept-Language": "en"}
SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """Give a snapshot of the books."""
    return build(tmp_path_factory.mktemp("books"), tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def client(snapshot: Snapshot) -> FlaskClient:
    """Give a client of the site of the books."""
    return make_client(snapshot)


def embedded(client: FlaskClient, path: str) -> dict[str, Any]:
    """Give the JSON-LD in a page."""
    page = client.get(path, headers=HTML).text
    (found,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page)
    return dict(json.loads(found))


def locations(client: FlaskClient, path: str) -> dict[str, str]:
    """Give the addresses in a site map, each with its date."""
    root = ElementTree.fromstring(client.get(path).data)
    return {
        entry.findtext(f"{SITEMAP}loc") or "": entry.findtext(f"{SITEMAP}lastmod") or "" for entry in root
    }


@pytest.mark.parametrize(("path", "content_type"), [
    ("/robots.txt", "text/plain; charset=utf-8"),
    ("/llms.txt", "text/markdown; charset=utf-8"),
    ("/CITATION.cff", "application/yaml"),
    ("/ro-crate-metadata.json", "application/ld+json"),
    ("/sitemap.xml", "application/xml"),
    ("/sitemap/site.xml", "application/xml"),
    ("/sitemap/1.xml", "application/xml"),
    ("/.well-known/void", "text/turtle; charset=utf-8"),
    ("/.well-known/void.jsonld", "application/ld+json"),
    ("/catalog.rdf", "application/rdf+xml"),
    ("/dataset.nt", "application/n-triples"),
])  # fmt: skip
def test_each_address_answers_with_its_type_and_a_tag(
    client: FlaskClient, path: str, content_type: str
) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.content_type) == (200, content_type)
    again = client.get(path, headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_every_address_in_the_site_maps_answers(client: FlaskClient) -> None:
    for site_map in locations(client, "/sitemap.xml"):
        for address in locations(client, site_map.replace(BASE, "/")):
            if not address.endswith("/sparql"):
                answer = client.get(address.replace(BASE, "/"), follow_redirects=True)
                assert answer.status_code == 200, address


def test_the_site_map_leaves_out_what_is_retired_and_named_graphs(client: FlaskClient) -> None:
    found = locations(client, "/sitemap/1.xml")
    assert f"{BASE}doc/book/growth" in found
    assert f"{BASE}def" in found
    assert not [address for address in found if "/graph/" in address or address.endswith("/book/old")]


def test_a_big_site_has_more_than_one_site_map(snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "URLS_IN_A_MAP", 5)
    discovery._maps.cache_clear()
    client = make_client(snapshot)
    site, *maps = locations(client, "/sitemap.xml")
    found = [address for one in maps for address in locations(client, one.replace(BASE, "/"))]
    discovery._maps.cache_clear()
    assert site == f"{BASE}sitemap/site.xml"
    assert len(maps) > 2
    assert len(found) == len(set(found)) > 10


def test_dates_are_those_of_the_last_change(tmp_path: Path) -> None:
    folder, home = tmp_path / "books", Home(tmp_path / "home")
    first = build(folder, home.path)
    changed = FILES["data/growth.ttl"].replace("Knut Hamsun", "K. Hamsun")
    (folder / "data/growth.ttl").write_text(changed, "utf-8")
    second = home.build(source.read([folder]), Report())
    client = make_client(second)
    found = locations(client, "/sitemap/1.xml")
    assert (found[f"{BASE}doc/person/hamsun"], found[f"{BASE}doc/book/growth"]) == (
        second.created,
        first.created,
    )
    header = client.get("/doc/book/growth.ttl").headers["Last-Modified"]
    expected = datetime.fromisoformat(first.created).astimezone(UTC)
    assert header == expected.strftime("%a, %d %b %Y %H:%M:%S GMT")


def test_the_citation_is_yaml_that_names_who_what_when(client: FlaskClient) -> None:
    rows = dict(line.split(": ", 1) for line in client.get("/CITATION.cff", headers=HTML).text.splitlines())
    assert {key: json.loads(rows[key]) for key in ("cff-version", "type", "title", "authors", "license")} == {
        "cff-version": "1.2.0",
        "type": "dataset",
        "title": "Books",
        "authors": [{"name": "Books"}],
        "license": "CC-BY-4.0",
    }


def test_the_crate_lists_every_file_with_its_checksum(client: FlaskClient, snapshot: Snapshot) -> None:
    graph = {node["@id"]: node for node in json.loads(client.get("/ro-crate-metadata.json").data)["@graph"]}
    assert graph["ro-crate-metadata.json"]["about"] == {"@id": "./"}
    for part in graph["./"]["hasPart"]:
        file = graph[part["@id"]]
        with client.head(file["@id"].replace(BASE, "/")) as answer:
            assert answer.headers["Content-Length"] == file["contentSize"]
            assert answer.headers["ETag"] == f'"{file["sha256"]}"'


def test_language_models_get_a_page_of_links_that_answer(client: FlaskClient) -> None:
    text = client.get("/llms.txt", headers=HTML).text
    assert text.startswith("# Books\n\n> ")
    addresses = re.findall(r"\]\(([^)]+)\)", text)
    assert len(addresses) == 10
    for address in addresses:
        if not address.endswith("/sparql"):
            assert client.get(address.replace(BASE, "/")).status_code == 200, address


def test_the_front_page_leads_to_the_catalogues(client: FlaskClient) -> None:
    links = client.get("/", headers=HTML).headers.getlist("Link")
    assert '</.well-known/api-catalog>; rel="api-catalog"; type="application/linkset+json"' in links
    assert '</catalog>; rel="describedby"; type="text/turtle"' in links


def test_every_api_of_the_catalogue_is_described(client: FlaskClient) -> None:
    first, *rest = json.loads(client.get("/.well-known/api-catalog").data)["linkset"]
    assert [item["href"] for item in first["item"]] == [context["anchor"] for context in rest]
    assert all("service-doc" in context for context in rest)


def test_the_dataset_is_described_for_dataset_search(client: FlaskClient) -> None:
    found = embedded(client, "/dataset")
    assert {key: found[key] for key in ("@type", "name", "isAccessibleForFree", "inLanguage")} == {
        "@type": "Dataset",
        "name": "Books",
        "isAccessibleForFree": True,
        "inLanguage": ["nb", "en"],
    }
    assert found["variableMeasured"] == [
        {"@type": "PropertyValue", "propertyID": f"{BASE}def#pages", "name": "pages"}
    ]
    formats = [file["encodingFormat"] for file in found["distribution"]]
    assert "text/turtle" in formats
    assert ["text/turtle", "application/gzip"] in formats


def test_a_thing_is_described_by_what_its_terms_are_in_schema_org(tmp_path: Path) -> None:
    folder = tmp_path / "books"
    build(folder, tmp_path / "home")
    (folder / "ontology/alignment.ttl").write_text(
        "@prefix def: <https://books.example/def#> .\n@prefix schema: <http://schema.org/> .\n"
        "@prefix skos: <http://www.w3.org/2004/02/skos/core#> .\n"
        "def:Book skos:closeMatch schema:Book .\ndef:pages skos:exactMatch schema:numberOfPages .\n"
        "def:author skos:closeMatch <https://schema.org/author> .\n",
        "utf-8",
    )
    home = Home(tmp_path / "home")
    client = make_client(home.build(source.read([folder]), Report()))
    found = embedded(client, "/doc/book/growth?lang=en")
    page = found.pop("mainEntityOfPage")
    assert found == {
        "@context": "https://schema.org/",
        "@id": f"{BASE}id/book/growth",
        "@type": "Book",
        "name": "Growth of the Soil",
        "author": {"@id": f"{BASE}id/person/hamsun", "name": "Knut Hamsun"},
        "creator": {"@id": f"{BASE}id/person/hamsun", "name": "Knut Hamsun"},
        "description": "En roman.",
        "numberOfPages": 350,
    }
    assert page["isPartOf"] == {"@id": f"{BASE}dataset"}
    links = client.get("/doc/book/growth", headers=HTML).headers.getlist("Link")
    assert '<https://schema.org/Book>; rel="type"' in links


def test_what_schema_org_has_no_word_for_is_a_thing(client: FlaskClient) -> None:
    assert embedded(client, "/doc/book/growth")["@type"] == "Thing"


def test_addresses_that_run_or_hide_something_are_no_values(client: FlaskClient) -> None:
    assert "javascript:" not in json.dumps(embedded(client, "/doc/book/L%C3%B8nset"))


def test_a_format_that_there_is_not_is_a_415(client: FlaskClient) -> None:
    for path in ("/catalog.docx", "/dataset.docx", "/.well-known/void.html", "/catalog?format=docx"):
        assert client.get(path).status_code == 415, path


@pytest.fixture
def address(snapshot: Snapshot) -> Iterator[str]:
    """Serve the site of the books and give its address."""
    server = make_server("127.0.0.1", 0, make_client(snapshot).application, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_the_rules_of_the_page_let_json_ld_pass(address: str, tmp_path: Path) -> None:
    command = [
        str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
        f"--user-data-dir={tmp_path}", "--enable-logging=stderr", "--v=0", "--dump-dom",
        f"{address}/doc/book/growth",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert '<script type="application/ld+json">' in done.stdout
    assert "Content Security Policy" not in done.stderr


def test_who_has_the_newest_document_by_date_need_not_fetch_it(client: FlaskClient) -> None:
    for path, headers in (("/doc/book/growth.ttl", {}), ("/doc/book/growth", HTML)):
        date = client.get(path, headers=headers).headers["Last-Modified"]
        again = client.get(path, headers={**headers, "If-Modified-Since": date})
        assert (again.status_code, again.data) == (304, b"")
        before = {**headers, "If-Modified-Since": "Mon, 01 Jan 2001 00:00:00 GMT"}
        assert client.get(path, headers=before).status_code == 200
