"""How long `kg check` takes on the synthetic catalogue, by size; run as a program, not by pytest.

usage: python tests/bench_check.py [TRIPLES…] [--referee]
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pyoxigraph import Quad, RdfFormat, parse

from kg.check.shacl.engine import DataStore, Plan, Validation
from kg.check.shacl.shapes import ShapesGraph

BENCH = Path(__file__).parents[2] / "shared" / "bench"


def generate(triples: int, folder: Path) -> tuple[Path, set[tuple[str, str]], int]:
    """Make a catalogue: give its file, the violations it has, and how many they are."""
    base = folder / str(triples)
    subprocess.run([sys.executable, str(BENCH / "generate_catalogue.py"), str(triples), str(base)],
                   check=True, capture_output=True)  # fmt: skip
    rows = [line.split("\t") for line in base.with_suffix(".expected.tsv").read_text().splitlines()]
    base.with_suffix(".nt").unlink()
    return base.with_suffix(".ttl"), {(row[0], row[2]) for row in rows}, len(rows)


def floor(data: Path) -> float:
    """Give the CPU seconds that parsing alone takes, each triple seen once."""
    start = time.process_time()
    for _ in parse(data.read_bytes(), format=RdfFormat.TURTLE):
        pass
    return time.process_time() - start


def measure(data: Path, expected: set[tuple[str, str]], count: int) -> str:
    """Validate, and give a row of the table."""
    shapes: list[Quad] = list(parse((BENCH / "shapes.ttl").read_bytes(), format=RdfFormat.TURTLE))
    parsing = floor(data)
    start, wall = time.process_time(), time.perf_counter()
    graph = ShapesGraph(shapes)
    plan = Plan(graph)
    store = DataStore(parse(data.read_bytes(), format=RdfFormat.TURTLE), graph)
    loaded = time.process_time()
    results = Validation(plan, store).outcome().results
    done = time.process_time()
    suffix = "ConstraintComponent"
    found = {(r.focus.value, r.component.value.split("#")[1].removesuffix(suffix)) for r in results}
    exact = found == expected and len(results) == count
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return (
        f"parse {parsing:.2f} s, load {loaded - start:.2f} s, validate {done - loaded:.2f} s CPU; "
        f"wall {time.perf_counter() - wall:.2f} s; peak {peak} MB; "
        f"{len(results)} results, {'exact' if exact else 'NOT EXACT'}"
    )


def referee(data: Path) -> str:
    """Give what pySHACL takes for the same."""
    from kg.check import referee as other

    shapes = parse((BENCH / "shapes.ttl").read_bytes(), format=RdfFormat.TURTLE)
    start = time.process_time()
    results = other.validate(shapes, parse(data.read_bytes(), format=RdfFormat.TURTLE)).results
    return f"pySHACL, load and validate {time.process_time() - start:.2f} s CPU; {len(results)} results"


def main() -> None:
    """Print a row for each size, each measured in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("triples", nargs="*", type=int, default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--referee", action="store_true", help="time pySHACL too")
    arguments = parser.parse_args()
    if len(arguments.triples) > 1:
        for triples in arguments.triples:
            extra = ["--referee"] if arguments.referee else []
            subprocess.run([sys.executable, __file__, str(triples), *extra], check=True)
        return
    with tempfile.TemporaryDirectory() as folder:
        data, expected, count = generate(arguments.triples[0], Path(folder))
        print(f"{arguments.triples[0]:>9,} triples: {measure(data, expected, count)}", flush=True)
        if arguments.referee:
            print(f"{'':>9}          {referee(data)}", flush=True)


if __name__ == "__main__":
    main()
