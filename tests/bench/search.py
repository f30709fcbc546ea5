"""How fast searches and completions answer: on this dataset, and on as many made-up names as you like.

Run `python -m tests.bench.search [--names N]` from the repository's root, with `src` on the path.
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from pyoxigraph import Literal, NamedNode, Quad

from kg import index, search, source
from kg.index import Index
from kg.vocab import RDF_TYPE, RDFS_LABEL, term
from tests.test_search import FIRST_HITS, LANGUAGES

ROOT = Path(__file__).resolve().parent.parent.parent
BEGINNINGS = (
    "Sæter Løns Bess Bud Å Røy Trond Fos Opp Hol Kvam Nes Vik Sand Stor Lille Øst Vest Sør Nord".split()
)
ENDINGS = "vik set aker al fjord heim dal nes sund øy haug rud stad bygd land".split()
KINDS = "prosjektet bygda kommune skule samvirkelag utvikling tilflytting nettverk forening gard".split()


def names(count: int) -> Iterator[Quad]:
    """Yield things with made-up names, four statements each: class, two labels, a description."""
    chance = random.Random(1)
    graph = NamedNode("http://x/graph")
    for number in range(count):
        subject = NamedNode(f"http://x/id/{number}")
        place = f"{chance.choice(BEGINNINGS)}{chance.choice(ENDINGS)}{chance.choice(ENDINGS)}"
        label = f"{place} {chance.choice(KINDS)} {chance.randrange(count // 20)}"
        text = " ".join(chance.choice(KINDS) for _ in range(12))
        yield Quad(subject, RDF_TYPE, NamedNode(f"http://x/Kind{number % 30}"), graph)
        yield Quad(subject, RDFS_LABEL, Literal(label, language="nb"), graph)
        yield Quad(subject, term("skos:altLabel"), Literal(f"{place} {number}", language="en"), graph)
        yield Quad(subject, term("dcterms:description"), Literal(text, language="nb"), graph)


def build(path: Path, read: Callable[[], Iterable[Quad]]) -> Index:
    """Build an index, and say how long its search part took and how big it is."""
    searching, whole = 0.0, time.perf_counter()
    inner = search.build

    def timed(connection: sqlite3.Connection) -> None:
        nonlocal searching
        start = time.perf_counter()
        inner(connection)
        searching = time.perf_counter() - start

    search.build = timed
    index.build(path, read, frozenset())
    search.build = inner
    whole = time.perf_counter() - whole
    with sqlite3.connect(path) as db:
        tables = "found name name_of found_thing word stemmer".split()
        sizes = dict(db.execute("SELECT name, SUM(pgsize) FROM dbstat GROUP BY name").fetchall())
        size = sum(n for table, n in sizes.items() if table in tables or table.startswith("search"))
        things = db.execute("SELECT COUNT(*) FROM found").fetchone()[0]
    print(
        f"  {things} things; search: {searching:.2f} of {whole:.2f} s, {size / 1e6:.1f} of "
        f"{path.stat().st_size / 1e6:.1f} MB"
    )
    return Index(path)


def _times(ask: Callable[[str], object], text: str, rounds: int) -> Iterator[float]:
    ask(text)
    for _ in range(rounds):
        start = time.perf_counter()
        ask(text)
        yield (time.perf_counter() - start) * 1000


def measure(name: str, ask: Callable[[str], object], asked: list[str], rounds: int = 20) -> None:
    """Print median, 99th percentile and slowest of the questions, each by the median of its rounds."""
    medians = [(statistics.median(_times(ask, text, rounds)), text) for text in asked]
    cuts = statistics.quantiles([value for value, _ in medians], n=100)
    worst = max(medians)
    print(f"  {name}: p50 {cuts[49]:.2f} ms, p99 {cuts[98]:.2f} ms, slowest {worst[0]:.1f} ms ({worst[1]!r})")


def main() -> None:
    """Measure both datasets."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--names", type=int, default=100_000)
    count = parser.parse_args().names
    with tempfile.TemporaryDirectory() as folder:
        print("This dataset")
        quads = list(source.read([ROOT]).quads())
        real = build(Path(folder) / "real.sqlite", lambda: quads)
        asked = [text for text, _ in FIRST_HITS]
        measure("search", lambda text: real.search(text, LANGUAGES), asked)
        measure("complete", lambda text: real.complete(text, LANGUAGES), asked)
        typed = sorted({text[:n] for text in asked for n in range(1, 9)})
        measure("complete, letter by letter", lambda text: real.complete(text, LANGUAGES), typed, 3)
        print(f"{count} made-up things, {2 * count} names")
        made = build(Path(folder) / "made.sqlite", lambda: names(count))
        asked = ["Lønsetvik", "saetervik", "lonset", "bygdene", "oppdalfjord prosjekt", "besakersund",
                 "nordnesdal 17", "utvikling tilflytting", '"bygda kommune"', "lonsetvkk", "sor", "1234",
                 "vestlandrud nettverkene", "skulen", "xyzzy"]  # fmt: skip
        measure("search", lambda text: made.search(text, LANGUAGES), asked, 5)
        measure("complete", lambda text: made.complete(text, LANGUAGES), asked, 5)
        typed = sorted({text[:n] for text in asked for n in range(1, 9)})
        measure("complete, letter by letter", lambda text: made.complete(text, LANGUAGES), typed, 3)


if __name__ == "__main__":
    main()
