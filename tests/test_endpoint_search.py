"""Facts about the search page, its tables, completion and the OpenSearch description."""

import csv
import io
import json
import re
import shutil
import subprocess
import threading
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree

import pytest
from flask import Flask, Response
from flask.testing import FlaskClient
from werkzeug.serving import make_server

from kg.snapshot import Snapshot
from tests.books import BASE, build, make_client

HTML = {"Accept": "text/html", "Accept-Language": "en"}
BOOK = f"{BASE}def#Book"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return build(tmp_path_factory.mktemp("books"), tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def client(snapshot: Snapshot) -> FlaskClient:
    return make_client(snapshot)


def test_hits_come_with_name_class_and_what_matched(client: FlaskClient) -> None:
    found = json.loads(client.get("/search.json?q=grode&lang=en").data)
    assert found == {
        "query": "grode",
        "total": 1,
        "near": False,
        "kinds": [{"id": BOOK, "label": "book", "count": 1}],
        "hits": [
            {
                "iri": f"{BASE}id/book/growth",
                "label": "Growth of the Soil",
                "language": "en",
                "kind": BOOK,
                "kind_label": "book",
                "matched": "Markens grøde",
            }
        ],
        "next": None,
    }


def test_hits_as_csv_are_the_hits_as_json(client: FlaskClient) -> None:
    table = client.get("/search.csv?q=book&lang=en")
    rows = list(csv.DictReader(io.StringIO(table.text)))
    assert table.content_type == "text/csv; charset=utf-8"
    assert rows
    assert rows == json.loads(client.get("/search?q=book&lang=en&format=json").data)["hits"]


def test_a_kind_narrows_the_hits_and_keeps_the_counts(client: FlaskClient) -> None:
    whole = json.loads(client.get("/search.json?q=b").data)
    books = json.loads(client.get("/search.json?q=b&kind=def:Book").data)
    assert len(whole["kinds"]) > 1
    assert books["kinds"] == whole["kinds"]
    assert {row["kind"] for row in books["hits"]} == {BOOK}
    assert books["total"] == next(kind["count"] for kind in whole["kinds"] if kind["id"] == BOOK)


def test_pages_follow_each_other_by_link_header_and_link(snapshot: Snapshot) -> None:
    client = make_client(snapshot, page_size=2)
    whole = json.loads(make_client(snapshot).get("/search.json?q=b").data)["hits"]
    address, hits = "/search.json?q=b", []
    while address:
        answer = client.get(address)
        page = json.loads(answer.data)
        hits += page["hits"]
        assert (f'<{page["next"]}>; rel="next"' in answer.headers.get("Link", "")) == bool(page["next"])
        address = page["next"]
    assert hits == whole
    assert 'rel="next" href="/search?q=b&amp;after=' in client.get("/search?q=b", headers=HTML).text


def test_a_page_of_hits_has_the_words_the_kinds_and_a_way_back(client: FlaskClient) -> None:
    page = client.get("/search?q=b&kind=def:Book", headers=HTML).text
    assert 'value="b"' in page
    assert re.search(r'<a class="choice" href="/search\?q=b" aria-current="true">', page)
    assert 'href="/search.csv?q=b&amp;kind=def:Book"' in page


def test_what_is_only_near_is_offered_as_such(client: FlaskClient) -> None:
    page = client.get("/search?q=hamsunn", headers=HTML).text
    assert "Nothing found for “hamsunn”" in page
    assert "Did you mean" in page
    assert "Knut Hamsun" in page


def test_a_prefixed_name_and_an_iri_find_their_thing(client: FlaskClient) -> None:
    for asked in ("def:Book", BOOK):
        rows = json.loads(client.get(f"/search.json?q={quote(asked, safe='')}").data)["hits"]
        assert [row["iri"] for row in rows] == [BOOK]


@pytest.mark.parametrize("query", ["q=b&after=x", "q=b&after=1.2", "q=b&after=-1.0.0"])
def test_a_cursor_that_no_page_gave_is_a_bad_request(client: FlaskClient, query: str) -> None:
    answer = client.get(f"/search?{query}")
    assert (answer.status_code, json.loads(answer.data)["type"].rpartition("#")[2]) == (400, "bad-request")


@pytest.mark.parametrize(
    "asked",
    ["", "%", '"', "'", "<script>alert(1)</script>", "*", "a OR b", "\x00", "\u202e", "🎣", "x" * 3000,
     "{{7*7}}", "'; DROP TABLE name; --", "NEAR(", "http://x/\n", "é" * 400],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/search", "/search.json", "/search.csv", "/suggest"])
def test_odd_words_are_answered_and_shown_as_text(client: FlaskClient, path: str, asked: str) -> None:
    answer = client.get(path, query_string={"q": asked}, headers={"Accept": "*/*"})
    assert answer.status_code == 200
    if answer.mimetype == "text/html":
        assert "<script>alert" not in answer.text
    assert "49" not in re.findall(r'value="([^"]*)"', answer.text)


def test_completions_are_small_rows_with_the_page_to_go_to(client: FlaskClient) -> None:
    answer = client.get("/suggest?q=ham&lang=en")
    assert answer.content_type == "application/json"
    assert json.loads(answer.data)[0] == {
        "id": f"{BASE}id/person/hamsun",
        "label": "Knut Hamsun",
        "language": "nb",
        "kind": "person",
        "kind_id": f"{BASE}def#Person",
        "matched": "Knut Hamsun",
        "href": "/doc/person/hamsun?lang=en",
    }


def test_completions_for_browsers_are_four_lists(client: FlaskClient) -> None:
    answer = client.get("/suggest?q=ham&format=opensearch&lang=en")
    assert answer.content_type == "application/x-suggestions+json"
    asked, texts, kinds, addresses = json.loads(answer.data)
    assert (asked, texts[0], kinds[0], addresses[0]) == (
        "ham", "Knut Hamsun", "person", f"{BASE}doc/person/hamsun",
    )  # fmt: skip


def test_the_opensearch_description_names_page_tables_and_completions(client: FlaskClient) -> None:
    answer = client.get("/opensearch.xml?lang=en")
    space = "{http://a9.com/-/spec/opensearch/1.1/}"
    root = ElementTree.fromstring(answer.text)
    assert answer.content_type == "application/opensearchdescription+xml"
    assert root.findtext(f"{space}ShortName") == "Books"
    assert {(url.get("type"), url.get("rel"), url.get("template")) for url in root.iter(f"{space}Url")} == {
        ("text/html", "results", f"{BASE}search?q={{searchTerms}}"),
        ("application/json", "results", f"{BASE}search?q={{searchTerms}}&format=json"),
        ("text/csv", "results", f"{BASE}search?q={{searchTerms}}&format=csv"),
        (
            "application/x-suggestions+json",
            "suggestions",
            f"{BASE}suggest?q={{searchTerms}}&format=opensearch",
        ),
        ("application/opensearchdescription+xml", "self", f"{BASE}opensearch.xml"),
    }
    assert [tag.text for tag in root.iter(f"{space}Language")] == ["nb", "en"]
    page = client.get("/", headers=HTML).text
    assert '<link rel="search" href="/opensearch.xml" type="application/opensearchdescription+xml"' in page


def test_the_search_box_is_a_form_that_needs_no_script_and_the_script_is_a_file(client: FlaskClient) -> None:
    page = client.get("/", headers=HTML).text
    assert '<form class="search" role="search" action="/search" method="get">' in page
    assert '<script src="/static/search.js" defer></script>' in page
    assert "onclick" not in page


# -- in a browser -----------------------------------------------------------------------------------------

DRIVER = """
<script>
const key = (name) => document.getElementById("q").dispatchEvent(
  new KeyboardEvent("keydown", {key: name, bubbles: true, cancelable: true}));
const wait = (done) => new Promise(yes => {
  const t = setInterval(() => { if (done()) { clearInterval(t); yes(); } }, 20); });
addEventListener("load", async () => {
  const input = document.getElementById("q"), seen = [];
  const note = (what) => seen.push([what, input.getAttribute("aria-expanded"),
    input.getAttribute("aria-activedescendant"),
    document.querySelector("[role=option][aria-selected=true] bdi")?.textContent ?? null]);
  input.focus(); note("start");
  input.value = "ham"; input.dispatchEvent(new InputEvent("input", {bubbles: true}));
  await wait(() => input.getAttribute("aria-expanded") === "true"); note("typed");
  key("ArrowDown"); note("down"); key("ArrowUp"); note("up");
  key("ArrowUp"); note("up again"); key("Escape"); note("escape");
  const out = document.createElement("pre"); out.id = "seen";
  out.textContent = JSON.stringify({seen, role: input.getAttribute("role"),
    controls: document.getElementById(input.getAttribute("aria-controls")).getAttribute("role"),
    status: document.querySelector(".search-field [role=status]").textContent,
    value: input.value});
  document.body.append(out);
});
</script>
"""


@pytest.mark.browser
def test_the_box_completes_by_keyboard_as_a_combobox(snapshot: Snapshot, tmp_path: Path) -> None:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    app = make_client(snapshot).application
    _drive(app)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        command = [
            CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
            "--virtual-time-budget=20000", "--disable-background-networking", f"--user-data-dir={tmp_path}",
            "--dump-dom", f"http://127.0.0.1:{server.server_port}/search?lang=en",
        ]  # fmt: skip
        page = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    found = re.search(r'<pre id="seen">(.*?)</pre>', page, re.DOTALL)
    assert found, page[:500]
    count = len(json.loads(make_client(snapshot).get("/suggest?q=ham&lang=en").data))
    last = json.loads(make_client(snapshot).get("/suggest?q=ham&lang=en").data)[-1]["label"]
    assert json.loads(found[1]) == {
        "seen": [
            ["start", "false", None, None],
            ["typed", "true", None, None],
            ["down", "true", "q-list-0", "Knut Hamsun"],
            ["up", "true", None, None],
            ["up again", "true", f"q-list-{count - 1}", last],
            ["escape", "false", None, None],
        ],
        "role": "combobox",
        "controls": "listbox",
        "status": f"{count} suggestions; arrow down to choose",
        "value": "ham",
    }


def _drive(app: Flask) -> None:
    def add(response: Response) -> Response:
        if response.mimetype == "text/html":
            del response.headers["Content-Security-Policy"]
            response.set_data(response.get_data(as_text=True).replace("</body>", f"{DRIVER}</body>"))
        return response

    app.after_request_funcs.setdefault(None, []).insert(0, add)
