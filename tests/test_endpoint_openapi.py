"""Facts about the OpenAPI document and the page made of it."""

import json
import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from openapi_spec_validator import OpenAPIV31SpecValidator

from endpoint.openapi import PARAMETERS, RESOURCES, Route
from endpoint.problems import TYPES
from endpoint.serve import application
from endpoint.settings import Settings
from endpoint.site import Published, Site
from kg.index import Index
from kg.snapshot import Snapshot
from tests.books import build

EXAMPLES = {
    "/doc/{path}": "/doc/book/growth", "/doc": "/doc?iri=https://books.example/def", "/{path}": "/books",
    "/linkset/{path}": "/linkset/book/growth", "/linkset": "/linkset?iri=https://books.example/id/book/growth",
    "/sparql/examples/{name}": "/sparql/examples/authors", "/sitemap/{name}.xml": "/sitemap/1.xml",
    "/dumps/{path}": "/dumps/dataset.nt", "/dumps/latest/{path}": "/dumps/latest/dataset.nt",
    "/sparql": "/sparql?query=ASK{}", "/history/{path}": "/history/book/growth",
}  # fmt: skip


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """Give a snapshot of the books."""
    return build(tmp_path_factory.mktemp("books"), tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def client(snapshot: Snapshot) -> FlaskClient:
    """Give a client of the whole site of the books, without a pool for queries."""
    return application(Site(Settings(), Published(snapshot, Index(snapshot.index)))).test_client()


@pytest.fixture(scope="module")
def document(client: FlaskClient) -> dict[str, Any]:
    """Give the document."""
    return dict(json.loads(client.get("/api.json?lang=en").data))


def test_the_document_is_valid_openapi(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1.")
    assert [str(error) for error in OpenAPIV31SpecValidator(document).iter_errors()] == []


def test_every_route_of_the_site_is_in_the_document(client: FlaskClient, document: dict[str, Any]) -> None:
    rules = (rule for rule in client.application.url_map.iter_rules() if rule.endpoint != "static")
    expected = {Route(r.rule, (), "", "").template: set(r.methods or ()) - {"HEAD", "OPTIONS"} for r in rules}
    described = {path: {m.upper() for m in operations} for path, operations in document["paths"].items()}
    assert described == expected


def test_every_row_of_the_tables_is_used(document: dict[str, Any]) -> None:
    text = json.dumps(document["paths"])
    operations = [one for path in document["paths"].values() for one in path.values()]
    names = {re.sub(r"[._]", "-", resource.view) for resource in RESOURCES}
    told = [one["operationId"].partition("-")[2] for one in operations]
    assert {name for name in names if not any(one.startswith(name) for one in told)} == set()
    assert [p for p in document["components"]["parameters"] if f"parameters/{p}" not in text] == []
    assert len(document["components"]["parameters"]) == len(PARAMETERS)


def test_operations_have_names_of_their_own_and_say_what_they_do(document: dict[str, Any]) -> None:
    operations = [one for path in document["paths"].values() for one in path.values()]
    assert len({one["operationId"] for one in operations}) == len(operations)
    assert all(one["summary"].endswith(".") for one in operations)


def test_what_the_document_promises_is_what_comes(client: FlaskClient, document: dict[str, Any]) -> None:
    for path, operations in document["paths"].items():
        if "{suffix}" in path or "{identity}" in path:
            continue
        answers = operations["get"]["responses"]
        for media_type in answers.get("200", {}).get("content", {"*/*": {}}):
            with client.get(EXAMPLES.get(path, path), headers={"Accept": media_type}) as answer:
                if path == "/sparql" and media_type != "text/html":
                    assert str(answer.status_code) in answers, path
                    continue
                assert str(answer.status_code) in answers, (path, media_type)
                if answer.status_code == 200 and len(answers["200"]["content"]) > 1 and "dumps" not in path:
                    assert answer.mimetype == media_type.partition(";")[0] or path == "/suggest", path


def test_suffixes_name_the_forms_of_the_document(client: FlaskClient, document: dict[str, Any]) -> None:
    for path, operations in document["paths"].items():
        if "{suffix}" in path:
            kinds = set(operations["get"]["responses"]["200"]["content"])
            with client.get(path.replace("{suffix}", "html")) as page:
                assert page.status_code in (200, 303, 415)
            assert "406" not in operations["get"]["responses"]
            assert "415" in operations["get"]["responses"]
            assert kinds


def test_problems_are_those_of_the_table(document: dict[str, Any]) -> None:
    told = " ".join(found["description"] for found in document["components"]["responses"].values())
    slugs = set(re.findall(r"`([a-z-]+)`", told))
    assert slugs <= {found.slug for found in TYPES}
    assert {"not-found", "gone", "query-timeout", "range-not-satisfiable"} <= slugs


def test_problems_and_rows_are_as_their_schemas_say(client: FlaskClient, document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for path, name in (("/doc/nothing", "Problem"), ("/search.json?q=growth", "Hits")):
        body = json.loads(client.get(path, headers={"Accept": "application/json"}).data)
        assert set(schemas[name]["required"]) <= set(body) <= set(schemas[name]["properties"])
    (hit, *_) = json.loads(client.get("/search.json?q=growth").data)["hits"]
    assert set(hit) == set(schemas["Hits"]["properties"]["hits"]["items"]["properties"])
    (row, *_) = json.loads(client.get("/suggest?q=growth").data)
    assert set(row) == set(schemas["Completions"]["items"]["properties"])


@pytest.mark.parametrize("language", ["nb", "nn", "en"])
def test_the_page_shows_every_operation_and_profile(
    client: FlaskClient, document: dict[str, Any], language: str
) -> None:
    page = client.get(f"/api?lang={language}", headers={"Accept": "text/html"}).text
    ids = set(re.findall(r' id="([^"]+)"', page))
    operations = {one["operationId"] for path in document["paths"].values() for one in path.values()}
    assert operations | {f"profile-{token}" for token in ("own", "schema", "annotated", "alt")} <= ids


def test_the_api_catalogue_leads_to_the_document(client: FlaskClient) -> None:
    contexts = json.loads(client.get("/.well-known/api-catalog").data)["linkset"]
    described = [row["href"] for found in contexts for row in found.get("service-desc", ())]
    assert "https://books.example/api.json" in described
    assert client.get("/api", headers={"Accept": "application/vnd.oai.openapi+json"}).mimetype == (
        "application/vnd.oai.openapi+json"
    )
