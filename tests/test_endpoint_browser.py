# ruff: noqa: E501 - scripts in strings
"""Facts about pages in a real browser: what they weigh, that axe finds nothing wrong, that keys suffice."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from kg.snapshot import Snapshot
from tests.books import build
from tests.browser import MISSING, Browser, Page, browser
from tests.conftest import ROOT
from tests.serving import Served, served

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(bool(MISSING), reason=MISSING),
    pytest.mark.xdist_group("pages-browser"),
]

VALIDATE = ROOT / "build" / "html-validate" / "node_modules" / ".bin" / "html-validate"
WITH_MAP, WITHOUT_MAP = 80_000, 35_000

MAPS = (
    "/", "/projects?map=1", "/doc/project/nettverk-for-optimistbygder", "/doc/village/bessaker",
    "/doc/municipality/afjord", "/doc/municipality/roan/1632", "/doc/county/trondelag",
)  # fmt: skip
PLAIN = (
    "/projects", "/organisations", "/doc/organisation/distriktssenteret", "/doc/website/optimistbygd",
    "/doc/concept/activity", "/doc/concept/activity/host-scheme", "/doc/graph/data/village/bessaker",
    "/doc?iri=https%3A%2F%2Fw3id.org%2Fbygdegraf%2Fdef%23usesActivity", "/def", "/shapes", "/quality",
    "/quality/rules", "/quality/rules/orphan", "/quality/rules/syntax", "/history/village/bessaker",
    "/questions", "/kinds", "/dataset", "/dumps/", "/about", "/accessibility", "/api", "/limits", "/problems",
    "/search?q=bygd", "/search?q=qqqqqq", "/nowhere", "/doc/project/nowhere",
    "/links?to=https://w3id.org/bygdegraf/concept/activity/own-website&by=https://w3id.org/bygdegraf/def%23usesActivity",
    "/statements?of=https://w3id.org/bygdegraf/id/village/bessaker",
)  # fmt: skip
BOOKS = (
    "/", "/doc/book/growth", "/doc/book/L%C3%B8nset", "/doc/book/old", "/doc/town/oslo", "/def", "/books",
    "/shops?map=1", "/kinds", "/dataset", "/doc/concept/genre", "/search?q=growth",
)  # fmt: skip


@pytest.fixture(scope="module")
def site(published: Snapshot) -> Iterator[Served]:
    """Serve this repository's own dataset."""
    with served(ROOT, base=False, home=published.path.parents[1]) as found:
        yield found


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve a dataset that no template was made for."""
    folder, home = tmp_path_factory.mktemp("books"), tmp_path_factory.mktemp("home")
    build(folder, home)
    with served(folder, base=False, home=home) as found:
        yield found


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Run one browser for all."""
    with browser(tmp_path_factory.mktemp("chromium")) as found:
        yield found


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """Open a tab with nothing remembered."""
    tab = chromium.page()
    yield tab
    tab.close()


def within(path: str, language: str = "nb") -> str:
    """Give a path with the language of the page."""
    return f"{path.lstrip('/')}{'&' if '?' in path else '?'}lang={language}"


EVERYTHING = """(() => { const all = new CSSStyleSheet();
  all.replaceSync('* { content-visibility: visible !important }'); document.adoptedStyleSheets.push(all) })()"""
"""What the browser leaves undrawn until it is scrolled to has no size yet, which axe takes for too small."""


def faults(page: Page, address: str) -> dict[str, object]:
    """Give what is wrong with a page: to axe, light and dark, wide and narrow; and whether it is too wide."""
    found: dict[str, object] = {}
    page.size(1280, 900)
    page.open(address)
    page.run(EVERYTHING)
    found["light"] = page.axe()
    page.size(1280, 900, dark=True)
    found["dark"] = page.axe()
    page.size(360, 800)
    found["narrow"], found["too wide at 360"] = page.axe(), page.is_too_wide()
    page.size(320, 800)
    found["too wide at 320"] = page.is_too_wide()
    return {name: what for name, what in found.items() if what}


@pytest.mark.parametrize("path", [*MAPS, *PLAIN])
def test_axe_finds_nothing_wrong_with_a_page_light_dark_and_narrow(
    site: Served, page: Page, path: str
) -> None:
    assert faults(page, site.address + within(path)) == {}


@pytest.mark.parametrize("path", [*BOOKS])
def test_axe_finds_nothing_wrong_with_pages_of_another_dataset(books: Served, page: Page, path: str) -> None:
    assert faults(page, books.address + within(path, "en")) == {}


@pytest.mark.parametrize("path", [*MAPS, *PLAIN, "/municipality-versions?map=1"])
def test_a_page_with_all_that_it_loads_is_light(site: Served, page: Page, path: str) -> None:
    """All bodies, compressed by brotli as browsers ask for over https."""
    page.open(site.address + within(path))
    loaded = page.run("performance.getEntriesByType('resource').map(entry => entry.name)")
    weight = sum(_weight(address) for address in {site.address + within(path), *loaded})
    assert weight < (WITH_MAP if path in MAPS or "map=1" in path else WITHOUT_MAP)


def _weight(address: str) -> int:
    request = Request(address, headers={"Accept": "text/html,*/*;q=0.8", "Accept-Encoding": "br"})
    try:
        with urlopen(request, timeout=30) as answer:
            return len(answer.read())
    except HTTPError as error:
        return len(error.read())


@pytest.mark.parametrize("path", ["/", "/doc/village/bessaker"])
def test_a_page_asks_no_other_host_and_breaks_no_rule_of_its_policy(
    site: Served, page: Page, path: str
) -> None:
    page.open(site.address + within(path))
    assert (page.hosts, page.wrong) == ({f"{site.host}:{site.port}"}, [])


@pytest.mark.skipif(not VALIDATE.is_file(), reason="run `python tools/vendor.py --tests`")
def test_the_html_of_every_page_is_valid(site: Served, books: Served, tmp_path: Path) -> None:
    paths = [
        (site, path) for path in (*MAPS, *PLAIN, "/sparql", "/sparql?query=SELECT+*+%7B+?s+?p+?o+%7D+LIMIT+9")
    ]
    paths += [(books, path) for path in BOOKS]
    names = {f"{number}.html": f"{where.address}{path[1:]}" for number, (where, path) in enumerate(paths)}
    for name, address in names.items():
        (tmp_path / name).write_text(_read(address), "utf-8")
    (tmp_path / ".htmlvalidate.json").write_text('{"root": true, "extends": ["html-validate:standard"]}')
    command = ["node", str(VALIDATE), "--formatter", "json", *names]
    answer = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    found = json.loads(answer.stdout)
    assert [(names[Path(file["filePath"]).name], file["messages"]) for file in found] == []


def _read(address: str) -> str:
    try:
        with urlopen(Request(address, headers={"Accept": "text/html"}), timeout=30) as answer:
            return str(answer.read().decode())
    except HTTPError as error:
        return str(error.read().decode())


FOCUSABLE = """[...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex="0"]')]
  .filter(e => e.type !== 'hidden' && e.checkVisibility({visibilityProperty: true, contentVisibilityAuto: false}))"""
IN_FOCUS = f"{FOCUSABLE}.indexOf(document.activeElement)"
MARKED = """(() => { const s = getComputedStyle(document.activeElement);
  return s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2 || s.boxShadow !== 'none' })()"""


@pytest.mark.parametrize("path", [
    "/", "/doc/village/bessaker", "/projects?map=1", "/search?q=bygd", "/questions", "/kinds", "/dataset",
    "/doc/concept/activity",
])  # fmt: skip
def test_the_tab_key_reaches_everything_in_the_order_of_the_page_and_shows_where_it_is(
    site: Served, page: Page, path: str
) -> None:
    page.size(1280, 900)
    page.open(site.address + within(path))
    count = page.run(f"{FOCUSABLE}.length")
    seen, unmarked = [], []
    for _ in range(count):
        page.press("Tab", 9)
        seen.append(page.run(IN_FOCUS))
        if not page.run(MARKED):
            unmarked.append(page.run("document.activeElement.outerHTML.slice(0, 200)"))
    assert (seen, unmarked) == (list(range(count)), [])


def test_the_first_tab_leads_past_the_menu(site: Served, page: Page) -> None:
    page.open(site.address + within("/doc/village/bessaker"))
    page.press("Tab", 9)
    assert page.run("document.activeElement.getAttribute('href')") == "#content"
    assert page.run("document.activeElement.getBoundingClientRect().top >= 0")
    page.press("Enter", 13, text="\r")
    page.press("Tab", 9)
    assert page.run("document.querySelector('main').contains(document.activeElement)")


def open_map(page: Page, address: str) -> None:
    page.size(1280, 900)
    page.open(address)
    page.run("document.querySelector('.map-button').click()")
    page.wait("document.querySelectorAll('.leaflet-container [role=button][aria-label]').length > 2")


def test_an_opened_map_shows_points_and_outlines_within_the_content_policy(site: Served, page: Page) -> None:
    open_map(page, site.address + within("/doc/village/bessaker"))
    names = page.run("[...document.querySelectorAll('.leaflet-container [role=button][tabindex=\"0\"]')]"
                     ".map(e => e.getAttribute('aria-label')).filter(n => !n.startsWith('Zoom'))")  # fmt: skip
    twin = page.run(
        "[...document.querySelectorAll('figure[data-land] ~ details tbody th')].map(e => e.textContent.trim())"
    )
    assert sorted(names) == sorted(twin)
    assert page.run("document.querySelectorAll('.leaflet-container path.shape').length") == len(names) - 1
    assert page.run("document.querySelectorAll('.leaflet-container path.leaflet-land').length") > 10
    assert page.wrong == []
    assert page.axe() == []


def test_the_places_of_an_opened_map_can_be_used_with_keys_alone(site: Served, page: Page) -> None:
    open_map(page, site.address + within("/doc/village/bessaker"))
    page.wait("document.activeElement.getAttribute('role') === 'application'")
    for _ in range(20):
        page.press("Tab", 9)
        if page.run("document.activeElement.getAttribute('aria-label')") == "Bessaker":
            break
    page.press("Enter", 13, text="\r")
    assert (
        page.wait("document.activeElement.closest('.leaflet-popup') && document.activeElement.textContent")
        == "Bessaker"
    )
    page.press("Escape", 27)
    page.wait("document.activeElement.getAttribute('aria-label') === 'Bessaker'")


def test_a_map_of_another_dataset_opens_too(books: Served, page: Page) -> None:
    open_map(page, f"{books.address}doc/town/oslo?lang=en")
    assert page.run("document.querySelectorAll('.leaflet-container .map-point').length") == 1
    assert page.wrong == []


def test_a_printed_page_unfolds_what_is_folded(site: Served, page: Page) -> None:
    page.open(site.address + within("/doc/village/bessaker"))
    page.send("Emulation.setEmulatedMedia", media="print")
    assert page.run("document.querySelector('details.more table').getBoundingClientRect().height > 20")
    assert page.run("document.querySelector('.site-menu').getBoundingClientRect().height") == 0


def test_every_text_of_the_interface_is_in_the_language_of_the_page(site: Served) -> None:
    """Words of the English interface do not stand in Norwegian pages."""
    for path in (
        "/",
        "/doc/village/bessaker",
        "/projects",
        "/kinds",
        "/dataset",
        "/about",
        "/accessibility",
    ):
        text = re.sub(r"<[^>]+>", " ", _read(site.address + within(path, "nn")))
        assert not re.search(r"\b(Front page|Statements|Sources|Show|Search|Download|Accessibility)\b", text)
