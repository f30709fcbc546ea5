"""The CPU seconds of each stage of `kg check` and `kg build`, on half of this dataset and on all of it.

Run `python -m tests.bench.halves` from the repository's root, with `src` on the path. Half leaves out every
other row of the population table and half of the catalogue entries, with their projects: those that nothing
else refers to.
The exponent is 1 where the time grows as the data does, and 2 where it grows as its square.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
PARTS = ("kg.toml", "ontology", "shapes", "data")
SHORT = 0.5
"""Seconds below which a stage is too short for its exponent to mean anything."""


def copy(target: Path) -> Path:
    """Copy the dataset, and give the copy's folder."""
    for name in PARTS:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, target / name)
        else:
            target.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target / name)
    return target


def halve(folder: Path) -> tuple[int, int]:
    """Leave out half of a copy; give how many rows and how many entries went."""
    table = folder / "data" / "geo" / "population.csv"
    header, *rows = table.read_text("utf-8").splitlines(keepends=True)
    table.write_text(header + "".join(rows[::2]), "utf-8")
    entries = sorted(path.stem for path in (folder / "data" / "entry").glob("*.ttl"))
    removable = [slug for slug in entries if not _referred_to(folder, slug)]
    gone = removable[: len(entries) // 2]
    for slug in gone:
        for path in _own(folder, slug):
            path.unlink()
    return len(rows) - len(rows[::2]), len(gone)


def _own(folder: Path, slug: str) -> Iterator[Path]:
    for kind in ("entry", "project"):
        yield from (
            path for path in (folder / "data" / kind).glob("*.ttl") if path.name.split(".")[0] == slug
        )


def _referred_to(folder: Path, slug: str) -> bool:
    own = set(_own(folder, slug))
    name = re.compile(rf"(?:\b(?:project|entry):|/id/(?:project|entry)/){re.escape(slug)}(?![a-z0-9-])")
    files = (path for room in ("data", "ontology", "shapes") for path in (folder / room).rglob("*.ttl"))
    return any(name.search(path.read_text("utf-8")) for path in files if path not in own)


COUNTING_CPU = "import time; time.perf_counter = time.process_time; from kg import cli; cli.main()"
"""The command line with a clock that stands still while other processes have the machine."""


def run(folder: Path, *words: str) -> dict[str, Any]:
    """Run kg on a dataset, and give what it prints as JSON; its seconds are those of the processor."""
    done = subprocess.run(
        [sys.executable, "-c", COUNTING_CPU, *words, str(folder), "--json"],
        check=True,
        capture_output=True,
        text=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def measured(folder: Path) -> tuple[int, dict[str, float]]:
    """Give the number of quads of a dataset, and the seconds of each stage of checking and building it."""
    checked = run(folder, "check")["seconds"]
    built = run(folder, "build", "--snapshots", str(folder.parent / f"{folder.name}-snapshots"))
    stages = {f"check: {stage}": seconds for stage, seconds in checked.items()}
    rest = {f"build: {stage}": seconds for stage, seconds in built["seconds"].items() if stage not in checked}
    return built["quads"], {**stages, **rest}


def row(stage: str, half: float, full: float, growth: float) -> str:
    """Give a stage as a row of the table."""
    exponent = (
        f"{math.log(full / half) / math.log(growth):10.2f}" if min(half, full) >= SHORT else "         -"
    )
    return f"{stage:<22}{half:8.2f}{full:8.2f}{exponent}"


def main() -> None:
    """Print seconds by stage for half and for all, and the exponent by which they grow."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    with tempfile.TemporaryDirectory() as name:
        whole, part = copy(Path(name) / "whole"), copy(Path(name) / "half")
        rows, entries = halve(part)
        less, half = measured(part)
        more, full = measured(whole)
    print(f"half: {less} quads ({rows} rows and {entries} entries left out); whole: {more} quads")
    print(f"{'stage':<22}{'half s':>8}{'whole s':>8}{'exponent':>10}")
    for stage in full:
        print(row(stage, half[stage], full[stage], more / less))
    print(row("sum", sum(half.values()), sum(full.values()), more / less))


if __name__ == "__main__":
    main()
