"""What commands share: options, which dataset is meant, how far work is, the snapshot of what lies there."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import click

from kg import source
from kg.errors import InvalidDataError
from kg.findings import Severity
from kg.source import Source

if TYPE_CHECKING:
    from kg.snapshot import Snapshot


PACKAGED = Path(__file__).parents[1] / "dataset"
"""The dataset that the wheel carries."""


class Progress(Protocol):
    """Hears of the stages of long work, and how far one is."""

    def __call__(self, stage: str, done: int = 0, total: int = 0) -> None:
        """Tell of one step."""


PATHS = click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
BASE = click.option("--base", metavar="IRI", help="Base IRI, instead of the one in kg.toml.")
SNAPSHOTS = click.option(
    "--snapshots",
    metavar="DIR",
    envvar="KG_SNAPSHOTS",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of snapshots; by default a folder of the user's data.",
)
DATASET = click.option(
    "--dataset",
    "paths",
    multiple=True,
    metavar="PATH",
    type=click.Path(path_type=Path),
    help="Folder or file to ask, where it is not this folder.",
)
QUIET = click.option("--quiet", "-q", is_flag=True, help="Say nothing but errors.")
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


def read_source(paths: Sequence[Path], base: str | None, shapes: Sequence[Path] = ()) -> Source:
    """Find the dataset that the command line names."""
    if not paths:
        here = Path.cwd()
        is_dataset = any((here / name).exists() for name in ("kg.toml", "data", "ontology", "shapes"))
        paths = [here if is_dataset else PACKAGED]
    return source.read(paths, base=base, shapes=shapes)


@contextmanager
def progress(quiet: bool) -> Iterator[Progress]:
    """Give a function that tells of stages: a moving line in a terminal, a line each elsewhere."""
    if quiet:
        yield lambda stage, done=0, total=0: None
    elif sys.stderr.isatty():
        from rich.console import Console  # heavy, and only terminals need it

        with Console(stderr=True).status("reading") as status:
            yield lambda stage, done=0, total=0: status.update(told(stage, done, total))
    else:
        seen: set[str] = set()

        def tell(stage: str, done: int = 0, total: int = 0) -> None:
            if stage not in seen:
                seen.add(stage)
                click.echo(f"{stage} ...", err=True)

        yield tell


def told(stage: str, done: int, total: int) -> str:
    """Say how far a stage is, as well as is known.

    >>> told("rows", 3000, 0)
    'rows 3000'
    """
    if total:
        return f"{stage} {done}/{total}"
    return f"{stage} {done}" if done else stage


def built(found: Source, folder: Path | None, *, quiet: bool = False) -> tuple[Snapshot, bool]:
    """Give the published snapshot of a source, and whether it is new: made now, after a check.

    Where nothing changed nothing is done. Raises InvalidDataError, the report told first, for violations.
    """
    from kg import check, snapshot  # heavy: not all commands need them
    from kg.check import render

    home = snapshot.home_of(found, folder)
    existing = home.of_input(found)
    if existing:
        return existing, False
    with progress(quiet) as tell:
        report = check.run(found, progress=tell)
        if report.conforms:
            new = home.build(found, report, tell)
            home.publish(new)
            return new, True
    click.echo(render.render(report, "text"), err=True)
    raise InvalidDataError(
        f"{report.counts[Severity.VIOLATION]} violations: nothing was published.",
        hint="A snapshot that was published before stays as it is.",
    )
