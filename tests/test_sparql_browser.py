"""Facts about the query page in a real browser."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from werkzeug.serving import make_server

from endpoint import serve
from endpoint.settings import load
from endpoint.site import Published, Site
from kg.index import Index
from kg.query import Limits, Pool
from tests.books import build
from tests.test_endpoint_browser import AXE, CHROMIUM, _inject, examine

pytestmark = pytest.mark.browser
QUERIES = (
    "",
    "SELECT ?s ?p ?o { ?s ?p ?o } ORDER BY ?s ?p ?o LIMIT 30",
    "SELECT ?s { ?s ?p 'nothing' }",
    "ASK {}",
    "CONSTRUCT WHERE { ?s ?p ?o } LIMIT 50",
    "SELECT * { ?s foaf:name ?o }",
)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve the books with axe in every page, and give the site's address."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    if not AXE.is_file():
        pytest.skip("axe is not here: run `python tools/vendor.py --tests`")
    snapshot = build(tmp_path_factory.mktemp("books"), tmp_path_factory.mktemp("home"))
    with Pool(snapshot.store, Limits(workers=2)) as pool:
        app = serve.application(Site(load({}, {}), Published(snapshot, Index(snapshot.index)), pool))
        _inject(app)
        server = make_server("127.0.0.1", 0, app, threaded=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("width", [1280, 360])
def test_axe_finds_nothing_wrong_with_the_query_page(
    address: str, query: str, width: int, tmp_path: Path
) -> None:
    found = examine(
        f"{address}/sparql?lang=nb&format=html&query={quote(query)}", tmp_path, f"--window-size={width},900"
    )
    assert found == {"wide": False, "violations": []}
