# ruff: noqa: E501 - a script in a string
"""Facts about pages in a real browser: axe finds nothing wrong, light and dark, wide and narrow."""

import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from flask import Flask, Response
from werkzeug.serving import make_server

from kg.snapshot import Snapshot
from tests.books import build, make_client

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parent.parent
AXE = ROOT / "build" / "axe.min.js"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--virtual-time-budget=20000",
)  # fmt: skip
SCRIPT = """
<script src="/axe.js"></script><script>
const refused = [];
document.addEventListener("securitypolicyviolation", e => refused.push(e.violatedDirective + " " + e.blockedURI));
if (location.hash === "#open-map") addEventListener("load", () => {
  document.querySelector(".map-button").click();
  setTimeout(() => { const out = document.createElement("pre"); out.id = "axe-found";
    out.textContent = JSON.stringify({refused, points: document.querySelectorAll(".leaflet-container .point").length,
      land: document.querySelectorAll(".leaflet-container .leaflet-land").length}); document.body.append(out); }, 3000);
}); else
addEventListener("load", () => axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a",
 "wcag21aa", "wcag22aa", "best-practice"]}).then(found => {
  const out = document.createElement("pre"); out.id = "axe-found";
  const wide = document.documentElement.scrollWidth > document.documentElement.clientWidth;
  out.textContent = JSON.stringify({wide, violations: found.violations.map(v => v.id + ": " +
    v.nodes.map(n => n.html.slice(0, 120) + " " + n.failureSummary.slice(0, 300)).slice(0, 3).join(" | "))});
  document.body.append(out); }));
</script>
"""
PAGES = (
    "/", "/doc/book/growth", "/doc/book/L%C3%B8nset", "/doc/town/oslo", "/def", "/books", "/shops?map=1",
    "/kinds", "/questions", "/dumps/", "/dataset", "/about", "/accessibility", "/api", "/limits",
    "/problems", "/quality", "/shapes", "/doc/concept/genre", "/search?q=growth", "/nowhere", "/doc?iri=https%3A%2F%2Fbooks.example%2Fdef%23author",
)  # fmt: skip


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """Give a snapshot of the books."""
    return build(tmp_path_factory.mktemp("books"), tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def address(snapshot: Snapshot) -> Iterator[str]:
    """Serve the site with axe in every page, and give its address."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    if not AXE.is_file():
        pytest.skip("axe is not here: run `python tools/vendor.py --tests`")
    app = make_client(snapshot).application
    _inject(app)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def _inject(app: Flask) -> None:
    def add(response: Response) -> Response:
        policy = response.headers["Content-Security-Policy"]
        response.headers["Content-Security-Policy"] = policy.replace(
            "script-src 'self'", "script-src 'self' 'unsafe-inline'"
        )
        if response.mimetype == "text/html" and not response.is_streamed:
            response.set_data(response.get_data(as_text=True).replace("</body>", f"{SCRIPT}</body>"))
        return response

    app.after_request_funcs.setdefault(None, []).insert(0, add)
    app.add_url_rule("/axe.js", "axe", lambda: Response(AXE.read_bytes(), content_type="text/javascript"))


def examine(address: str, folder: Path, *flags: str) -> dict[str, object]:
    """Give what axe found on a page, and whether the page is wider than the window."""
    command = [str(CHROMIUM), *FLAGS, *flags, f"--user-data-dir={folder}", "--dump-dom", address]
    page = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    found = re.search(r'<pre id="axe-found">(.*?)</pre>', page, re.DOTALL)
    assert found is not None, page[:500]
    return dict(json.loads(unescape(found[1])))


@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing_wrong_with_a_page(address: str, path: str, tmp_path: Path) -> None:
    separator = "&" if "?" in path else "?"
    found = examine(f"{address}{path}{separator}lang=nb", tmp_path, "--window-size=1280,900")
    assert found == {"wide": False, "violations": []}


@pytest.mark.parametrize("path", ["/", "/doc/book/growth", "/doc/town/oslo", "/def", "/dumps/"])
def test_axe_finds_nothing_wrong_in_the_dark_on_a_narrow_screen(
    address: str, path: str, tmp_path: Path
) -> None:
    flags = ("--window-size=360,800", "--force-dark-mode")
    assert examine(f"{address}{path}?lang=en", tmp_path, *flags) == {"wide": False, "violations": []}


def test_a_map_opens_for_moving_and_zooming_within_the_content_policy(address: str, tmp_path: Path) -> None:
    found = examine(f"{address}/doc/town/oslo?lang=en#open-map", tmp_path, "--window-size=1280,900")
    assert found == {"refused": [], "points": 1, "land": 2}
