"""How soon an author sees what was saved, in a browser, while `kg serve --watch` shows this dataset.

usage: PYTHONPATH=src:. python tests/bench/watch.py [--rounds N] [--home FOLDER]

The dataset is copied. After each save a page that is open is looked at every hundredth of a second, until
the new state or the finding is on it. Each row has the median and the longest of the rounds, in seconds.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests import browser
from tests.browser import Page
from tests.serving import ROOT, served

_PARTS = ("kg.toml", "ontology", "shapes", "data", "queries")
_PAGE = "doc/village/bessaker"
_VILLAGE, _SHAPE, _TERMS = (
    Path("data/village/bessaker.ttl"),
    Path("shapes/village.ttl"),
    Path("ontology/places.ttl"),
)
_LONGEST = 30.0
_TERM_MORE = """
bg:Village skos:changeNote "Bench {number}"@en .
"""
_AXIOM_MORE = """
bg:Village rdfs:subClassOf <https://example.org/Bench{number}> .
"""


@dataclass(frozen=True)
class Edit:
    """A kind of edit: the file, what it becomes, and what is true in the page that shows it."""

    name: str
    file: Path
    become: Callable[[str, int], str]
    seen: str


_RELOADED = "document.querySelector('script[data-snapshot]').dataset.snapshot !== '{snapshot}'"
_BOX = "document.querySelector('.watch-box').textContent.includes('{word}')"
EDITS = (
    Edit("a label", _VILLAGE, lambda text, n: text.replace('"Bessaker"@nb', f'"Bessaker {n}"@nb'),
         "document.querySelector('h1').textContent.includes('Bessaker {number}')"),
    Edit("an axiom", _TERMS, lambda text, n: text + _AXIOM_MORE.format(number=n), _RELOADED),
    Edit("a finding", _VILLAGE, lambda text, _: text.replace("rdfs:label", "rdfs:labell", 1),
         _BOX.format(word="labell")),
    Edit("a syntax error", _VILLAGE, lambda text, _: text.rstrip().removesuffix("."),
         _BOX.format(word="bessaker.ttl")),
    Edit("a shape", _SHAPE, lambda text, n: text.replace("sh:order 3", f"sh:order {n}3"), _RELOADED),
    Edit("a term", _TERMS, lambda text, n: text + _TERM_MORE.format(number=n), _RELOADED),
)  # fmt: skip


def seconds(page: Page, edit: Edit, folder: Path, number: int) -> float:
    """Save an edit, and give how long it takes until it is seen; then take it back."""
    path = folder / edit.file
    text = path.read_text("utf-8")
    snapshot = page.run("document.querySelector('script[data-snapshot]').dataset.snapshot")
    seen = edit.seen.format(snapshot=snapshot, number=number)
    path.write_text(edit.become(text, number), "utf-8")
    start = time.perf_counter()
    try:
        while not is_true(page, seen):
            if time.perf_counter() - start > _LONGEST:
                raise AssertionError(f"{edit.name} was never seen.")
            time.sleep(0.01)
        return time.perf_counter() - start
    finally:
        path.write_text(text, "utf-8")
        time.sleep(3)


def is_true(page: Page, expression: str) -> bool:
    """Tell whether an expression is true; it is not while the page is loaded anew."""
    try:
        return bool(page.run(expression))
    except AssertionError:
        return False


def main() -> None:
    """Print a row for each kind of edit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--home", type=Path, help="Where a snapshot lies already.")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch, "set")
        for part in _PARTS:
            copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
            folder.mkdir(exist_ok=True)
            copy(ROOT / part, folder / part)
        home = options.home or Path(scratch, "home")
        with (
            served(folder, base=False, home=home, watch=True) as site,
            browser.browser(Path(scratch)) as chromium,
        ):
            page = chromium.page()
            page.open(site.address + _PAGE)
            time.sleep(8)  # what is there is checked, and a preview begun
            for edit in EDITS:
                took = [seconds(page, edit, folder, number) for number in range(options.rounds)]
                print(f"{edit.name:15} {median(took):.2f} {max(took):.2f}", flush=True)


if __name__ == "__main__":
    main()
