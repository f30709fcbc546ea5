"""Results beyond the limits come in pages that are together the whole, or not at all."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from pyoxigraph import RdfFormat, parse

from tests.serving import Reply, Served, served

pytestmark = pytest.mark.xdist_group("sparql")
DATA = "@prefix : <http://x/> .\n" + "\n".join(
    f':n{i} :number {i} ; :text "{i % 7}\\n,"@nb, "{i % 5}" ; :other {i % 3}.5 .' for i in range(30)
)
ALL = "SELECT ?s ?p ?o { ?s ?p ?o }"
NUMBERS = "SELECT ?n { ?s <http://x/number> ?n } ORDER BY DESC(?n)"
MOST_ROWS = 100


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("paging") / "data.ttl"
    path.write_text(DATA)
    return path


@pytest.fixture(scope="module")
def server(file: Path) -> Iterator[Served]:
    environment = {"KG_RESULT_ROWS": str(MOST_ROWS), "KG_RESULT_BYTES": "20000"}
    with served(file, environment=environment) as running:
        yield running


def get(server: Served, query: str, accept: str = "text/csv", **more: str) -> Reply:
    return server.ask("GET", f"/sparql?{urlencode({'query': query, **more})}", headers={"Accept": accept})


def link(reply: Reply, rel: str) -> str | None:
    found = re.search(rf'<([^>]*)>; rel="{rel}"', reply.headers.get("link", ""))
    return found and found[1]


def problem(reply: Reply) -> tuple[int, str]:
    return reply.status, json.loads(reply.body)["type"].rpartition("#")[2]


def rows(reply: Reply) -> list[tuple[str, ...]]:
    assert reply.status == 200, reply.body
    return [tuple(row) for row in csv.reader(io.StringIO(reply.body.decode(), newline=""))][1:]


def walk(server: Served, reply: Reply, accept: str = "text/csv") -> list[list[tuple[str, ...]]]:
    pages = [rows(reply)]
    while address := link(reply, "next"):
        reply = server.ask("GET", f"/sparql{address}", headers={"Accept": accept})
        pages.append(rows(reply))
    return pages


def test_a_result_with_too_many_rows_leads_to_its_first_page(server: Served) -> None:
    reply = get(server, ALL)
    assert problem(reply) == (413, "result-too-large")
    told = json.loads(reply.body)
    assert (told["rows"], told["first"]) == (MOST_ROWS, link(reply, "first"))
    pages = walk(server, server.ask("GET", f"/sparql{told['first']}", headers={"Accept": "text/csv"}))
    assert [len(page) for page in pages] == [100, 20]
    triples = {(t.subject.value, t.predicate.value, t.object.value)
               for t in parse(DATA.encode(), RdfFormat.TURTLE)}  # fmt: skip
    assert {row for page in pages for row in page} == triples


@pytest.mark.parametrize("size", [1, 7, 30, 31])
def test_walking_all_pages_gives_exactly_the_whole(server: Served, size: int) -> None:
    pages = walk(server, get(server, NUMBERS, rows=str(size)))
    assert [row for page in pages for row in page] == rows(get(server, NUMBERS))
    assert all(len(page) == size for page in pages[:-1])


def test_a_result_within_the_limits_is_whole_and_leads_nowhere(server: Served) -> None:
    assert "link" not in get(server, NUMBERS).headers


def test_a_result_with_too_many_bytes_leads_to_pages_too(server: Served) -> None:
    long = 'SELECT ?s (REPLACE("x", "x", "' + "y" * 900 + '") AS ?y) { ?s <http://x/number> ?n }'
    reply = get(server, long)
    assert (problem(reply), json.loads(reply.body)["bytes"]) == ((413, "result-too-large"), 20000)
    smaller = server.ask("GET", f"/sparql{link(reply, 'first')}", headers={"Accept": "text/csv"})
    assert problem(smaller) == (413, "result-too-large")
    pages = walk(
        server, server.ask("GET", f"/sparql{link(smaller, 'first')}", headers={"Accept": "text/csv"})
    )
    assert sum(map(len, pages)) == 30


def test_what_has_no_order_is_told_to_take_a_limit(server: Served) -> None:
    reply = get(server, "SELECT ?s ?p ?o (RAND() AS ?r) { ?s ?p ?o }")
    assert (problem(reply), link(reply, "first")) == ((413, "result-too-large"), None)
    assert "Add LIMIT" in json.loads(reply.body)["hint"]
    assert problem(get(server, "SELECT (RAND() AS ?r) {}", rows="5")) == (422, "not-pageable")
    assert problem(get(server, "ASK {}", rows="5")) == (422, "not-pageable")


@pytest.mark.parametrize("rows", ["0", "-1", "x", "1e3", "", "101"])
def test_a_page_has_a_number_of_rows_within_the_limit(server: Served, rows: str) -> None:
    assert problem(get(server, NUMBERS, rows=rows)) == (400, "bad-request")


def cursor_of(reply: Reply) -> str:
    found = re.search(r"cursor=([^&]+)", link(reply, "next") or "")
    assert found
    return found[1]


def test_a_cursor_that_was_changed_is_refused(server: Served) -> None:
    cursor = cursor_of(get(server, NUMBERS, rows="5"))
    snapshot, offset, size, seal = cursor.split(".")
    changed = [
        f"{snapshot}.{int(offset) + 1}.{size}.{seal}",
        f"{snapshot}.{offset}.6.{seal}",
        f"{'0' * 16}.{offset}.{size}.{seal}",
        f"{snapshot}.{offset}.{size}.{'0' * 16}",
        cursor[:-1], "", "x" * 5000, f"{snapshot}.{'9' * 30}.5.{seal}",
    ]  # fmt: skip
    assert {problem(get(server, NUMBERS, cursor=one)) for one in changed} == {(400, "bad-request")}
    assert problem(get(server, ALL, cursor=cursor)) == (400, "bad-request")
    assert len(rows(get(server, NUMBERS.replace("SELECT", "SELECT # why\n"), cursor=cursor))) == 5


def test_a_cursor_from_another_snapshot_leads_back_to_the_first_page(server: Served, tmp_path: Path) -> None:
    (tmp_path / "data.ttl").write_text(DATA + "\n:more :number 31 .")
    with served(tmp_path / "data.ttl") as other:
        cursor = cursor_of(get(other, NUMBERS, rows="5"))
    reply = get(server, NUMBERS, cursor=cursor)
    assert problem(reply) == (410, "snapshot-replaced")
    first = server.ask("GET", f"/sparql{link(reply, 'first')}", headers={"Accept": "text/csv"})
    assert rows(first) == rows(get(server, NUMBERS))


@pytest.mark.parametrize("content_type", ["application/sparql-query", "application/x-www-form-urlencoded"])
def test_a_query_by_post_is_sent_again_to_the_next_page(server: Served, content_type: str) -> None:
    is_form = content_type.endswith("urlencoded")
    body = (urlencode({"query": NUMBERS, "rows": "20"}) if is_form else NUMBERS).encode()
    headers = {"Content-Type": content_type, "Accept": "text/csv"}
    first = server.ask("POST", "/sparql" if is_form else "/sparql?rows=20", body, headers)
    second = server.ask("POST", f"/sparql{link(first, 'next')}", body, headers)
    assert rows(first) + rows(second) == rows(get(server, NUMBERS))
    assert link(second, "next") is None


def test_a_page_keeps_graphs_and_format_and_has_a_tag(server: Served) -> None:
    absent = quote("http://x/absent", safe="")
    text = f"/sparql?query={quote(NUMBERS)}&default-graph-uri={absent}&format=json&rows=5"
    empty = server.ask("GET", text)
    assert (json.loads(empty.body)["results"]["bindings"], link(empty, "next")) == ([], None)
    page = get(server, NUMBERS, format="tsv", rows="2")
    second = server.ask("GET", f"/sparql{link(page, 'next')}", headers={"Accept": "text/csv"})
    assert second.body == b"?n\n27\n26\n"
    assert second.headers["etag"] != page.headers["etag"]
    again = {"If-None-Match": second.headers["etag"], "Accept": "text/csv"}
    assert server.ask("GET", f"/sparql{link(page, 'next')}", headers=again).status == 304


def test_a_browser_finds_the_pages_by_links(server: Served) -> None:
    page = get(server, ALL, "text/html")
    first = re.search(r'<a class="ds-link" href="([^"]+)" rel="first">', page.body.decode())
    assert page.status == 413
    assert first
    shown = server.ask("GET", f"/sparql{first[1].replace('&amp;', '&')}", headers={"Accept": "text/html"})
    assert (shown.status, 'rel="next">' in shown.body.decode()) == (200, True)


def test_the_limits_are_in_the_description_of_the_service(server: Served) -> None:
    reply = server.ask("GET", "/sparql", headers={"Accept": "text/turtle"})
    found: dict[str, dict[str, str]] = {}
    for triple in parse(reply.body, RdfFormat.TURTLE):
        name = triple.predicate.value.rpartition("/")[2]
        found.setdefault(str(triple.subject), {})[name] = triple.object.value
    described = {one["name"]: float(one["maxValue"]) for one in found.values() if "maxValue" in one}
    told = json.loads(server.ask("GET", "/limits", headers={"Accept": "application/json"}).body)["limits"]
    assert described == {name: limit["value"] for name, limit in told.items()}
    assert (described["rows"], described["result"]) == (MOST_ROWS, 20000)
