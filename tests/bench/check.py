"""How long `kg check` takes on the synthetic catalogue, by size; run as a program, not by pytest.

usage: python tests/bench/check.py [TRIPLES…] [--referee TRIPLES]

For each size: the floor (parsing alone), loading and validating, each in CPU seconds, whether the violations
are the known ones; then the whole command, from its start to its report as JSON, with its peak of memory.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import pyshacl
import rdflib
from pyoxigraph import Quad, RdfFormat, parse
from rdflib import SH

from kg.check.shacl.engine import DataStore, Plan, Validation
from kg.check.shacl.shapes import ShapesGraph

SHARED = Path(os.environ.get("KG_SHARED", Path(__file__).parents[3] / "shared"))
BENCH = SHARED / "bench"
SHAPES = BENCH / "shapes.ttl"
SIZES = (10_000, 100_000, 1_000_000)
REFEREE_SIZE = 100_000


@dataclass(frozen=True)
class Catalogue:
    """A synthetic catalogue: its file, and the (thing, constraint) of each violation that it has."""

    file: Path
    expected: tuple[tuple[str, str], ...]


def generate(triples: int, folder: Path) -> None:
    """Make a catalogue in a folder."""
    command = [sys.executable, str(BENCH / "generate_catalogue.py"), str(triples), str(folder / str(triples))]
    subprocess.run(command, check=True, capture_output=True)


def generated(triples: int, folder: Path) -> Catalogue:
    """Give the catalogue that was made in a folder."""
    base = folder / str(triples)
    rows = [line.split("\t") for line in base.with_suffix(".expected.tsv").read_text().splitlines()]
    return Catalogue(base.with_suffix(".ttl"), tuple(sorted((row[0], row[2]) for row in rows)))


def exact(found: Collection[tuple[str, str]], catalogue: Catalogue) -> str:
    """Say how many violations were found, and whether they are the known ones."""
    named = sorted((focus, name.removesuffix("ConstraintComponent")) for focus, name in found)
    return f"{len(named)} results, {'exact' if tuple(named) == catalogue.expected else 'NOT EXACT'}"


def quads(file: Path) -> list[Quad]:
    """Read a small file."""
    return list(parse(file.read_bytes(), format=RdfFormat.TURTLE))


def floor(data: Path) -> float:
    """Give the CPU seconds that parsing alone takes, each triple seen once."""
    start = time.process_time()
    for _ in parse(data.read_bytes(), format=RdfFormat.TURTLE):
        pass
    return time.process_time() - start


def engine(catalogue: Catalogue) -> str:
    """Validate in this process, and say how long each part took."""
    shapes = quads(SHAPES)
    parsing = floor(catalogue.file)
    start = time.process_time()
    graph = ShapesGraph(shapes)
    plan = Plan(graph)
    store = DataStore(parse(catalogue.file.read_bytes(), format=RdfFormat.TURTLE), graph)
    loaded = time.process_time()
    results = Validation(plan, store).outcome().results
    done = time.process_time()
    found = [(r.focus.value, r.component.value.rpartition("#")[2]) for r in results]
    return (
        f"parse {parsing:.2f} s, load {loaded - start:.2f} s, validate {done - loaded:.2f} s CPU "
        f"({(done - start) / parsing:.1f} x the floor); {exact(found, catalogue)}"
    )


def whole(catalogue: Catalogue) -> str:
    """Run the command, and say what it took in all."""
    report = catalogue.file.with_suffix(".json")
    command = [sys.executable, "-m", "kg", "check", catalogue.file, "--shapes", SHAPES, "--quiet", "--json"]
    with report.open("wb") as output:
        start = time.perf_counter()
        process = subprocess.Popen([str(word) for word in command], stdout=output)
        _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    rows = [row for row in json.loads(report.read_text("utf-8"))["findings"] if row["rule"].startswith("sh:")]
    placed = sum(row["line"] is not None for row in rows)
    found = [(row["focus"], row["rule"].removeprefix("sh:")) for row in rows]
    return (
        f"kg check: {used.ru_utime + used.ru_stime:.2f} s CPU, {seconds:.2f} s wall, "
        f"peak {used.ru_maxrss // 1024} MB; {exact(found, catalogue)}, {placed} with a line"
    )


def referee(catalogue: Catalogue) -> str:
    """Give what pySHACL takes for the same: to load, and to validate what is loaded."""
    began = time.process_time()
    data = rdflib.Graph().parse(catalogue.file, format="turtle")
    loaded = time.process_time()
    _, report, _ = pyshacl.validate(data, shacl_graph=rdflib.Graph().parse(SHAPES), inference="none")
    done = time.process_time()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    assert isinstance(report, rdflib.Graph)
    found = [
        (str(report.value(one, SH.focusNode)), str(report.value(one, SH.sourceConstraintComponent)))
        for one in report.objects(None, SH.result)
    ]
    found = [(focus, component.rpartition("#")[2]) for focus, component in found]
    return (
        f"pySHACL: load {loaded - began:.2f}, validate {done - loaded:.2f} s CPU; peak {peak} MB; "
        f"{exact(found, catalogue)}"
    )


PARTS = {"engine": engine, "whole": whole, "referee": referee}


def main() -> None:
    """Print the rows of each size, each part measured in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("triples", nargs="*", type=int, default=list(SIZES))
    parser.add_argument("--referee", type=int, default=REFEREE_SIZE, help="the size to ask pySHACL at")
    parser.add_argument("--part", choices=PARTS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.part:
        catalogue = generated(arguments.triples[0], arguments.folder)
        print("   ", PARTS[arguments.part](catalogue), flush=True)
        return
    for triples in arguments.triples:
        print(f"{triples:,} triples", flush=True)
        with tempfile.TemporaryDirectory() as folder:
            generate(triples, Path(folder))
            for part in PARTS if triples == arguments.referee else ("engine", "whole"):
                again = [sys.executable, __file__, str(triples), "--part", part, "--folder", folder]
                subprocess.run(again, check=True)


if __name__ == "__main__":
    main()
