"""How long pages take by what there is to say: `PYTHONPATH=src:. python tests/bench/pages.py`.

CPU milliseconds for a page that nobody asked for before, the middle of several rounds in turn; compressed
size. A thing that ten thousand others point to must cost what an ordinary one costs, and one about which much
is said not twice as much: its page shows a part.
"""

from __future__ import annotations

import tempfile
import time
import zlib
from pathlib import Path
from statistics import median

from flask.testing import FlaskClient

from kg import source
from kg.findings import Report
from kg.snapshot import Home
from tests.books import PREFIXES, make_client

BASE = "https://odd.example/"
ROUNDS = 15
FANS, PROPERTIES, VALUES, NAMES = 10_000, 500, 500, 5_000


def thing(name: str) -> str:
    """Give a thing's IRI in Turtle."""
    return f"<{BASE}id/thing/{name}>"


def turtle() -> str:
    """Give things of one class: an ordinary one, and some of which there is much to say."""
    kind = f"a <{BASE}def#Thing> ; rdfs:label"
    plain = " ; ".join(f'<{BASE}def#p{n}> "v{n}"' for n in range(12))
    many = " ; ".join(f'<{BASE}def#q{n}> "v{n}"' for n in range(PROPERTIES))
    values = " , ".join(thing(f"fan-{n}") for n in range(VALUES))
    names = " , ".join(f'"Name {n}"@en' for n in range(NAMES))
    lines = [
        f'{thing("ordinary")} {kind} "Ordinary"@en ; {plain} .',
        f'{thing("linked")} {kind} "Linked"@en ; {plain} .',
        f'{thing("properties")} {kind} "Properties"@en ; {many} .',
        f'{thing("values")} {kind} "Values"@en ; <{BASE}def#has> {values} .',
        f"{thing('names')} {kind} {names} .",
        *(
            f'{thing(f"fan-{n}")} {kind} "Fan {n}"@en ; <{BASE}def#likes> {thing("linked")} .'
            for n in range(FANS)
        ),
    ]
    return PREFIXES + "\n".join(lines)


def seconds(client: FlaskClient, name: str) -> float:
    """Give the CPU seconds of one page."""
    before = time.process_time()
    client.get(f"/doc/thing/{name}", headers={"Accept": "text/html"})
    return time.process_time() - before


def main() -> None:
    """Build, warm, measure in turn, print."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "odd"
        folder.mkdir()
        (folder / "kg.toml").write_text(f'base = "{BASE}"\n', "utf-8")
        (folder / "odd.ttl").write_text(turtle(), "utf-8")
        client = make_client(Home(Path(scratch) / "home").build(source.read([folder]), Report()))
        names = ("ordinary", "linked", "properties", "values", "names")
        for name in names:
            seconds(client, name)
        rounds = [[seconds(client, name) for name in names] for _ in range(ROUNDS)]
        print(f"{'thing':12} {'ms':>7} {'ratio':>6} {'kB':>6}")
        first = median(row[0] for row in rounds)
        for place, name in enumerate(names):
            middle = median(row[place] for row in rounds)
            body = client.get(f"/doc/thing/{name}", headers={"Accept": "text/html"}).data
            print(
                f"{name:12} {middle * 1000:7.1f} {middle / first:6.1f} {len(zlib.compress(body)) / 1000:6.1f}"
            )


if __name__ == "__main__":
    main()
