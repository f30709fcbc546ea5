"""`kg import page` and `kg import table`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click
from pyoxigraph import Quad

from kg import pages, rdfio, source, tables
from kg.check import render
from kg.cli.options import BASE, DATASET, QUIET, Progress, progress, read_source
from kg.errors import EXIT_FINDINGS, SourceError
from kg.findings import Severity
from kg.source import Room, Source
from kg.vocab import PREFIXES


@click.group("import")
def importing() -> None:
    """Turn what others wrote into Turtle, ready for review."""


@importing.command("page")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--source",
    "address",
    metavar="IRI",
    required=True,
    help="The page's own address, which its statements rest on.",
)
@click.option("--slug", help="Its name in the dataset, if not made of the title.")
@click.option("--write", is_flag=True, help="Write the files into the dataset; those there are kept.")
@click.option("--language", default="en", show_default=True, help="Language of the messages.")
@DATASET
@BASE
@QUIET
def import_page(
    file: Path,
    address: str,
    slug: str | None,
    write: bool,
    language: str,
    paths: tuple[Path, ...],
    base: str | None,
    quiet: bool,
) -> int:
    """Turn the text of a catalogue page into Turtle, and list what could not be placed."""
    found = read_source(paths, base)
    layout_path = (found.root or Path.cwd()) / pages.LAYOUT_FILE
    if not layout_path.is_file():
        raise SourceError(f"{layout_path} is not there.", hint="It says how pages are laid out.")
    layout = pages.load_layout(
        layout_path.read_bytes(), path=pages.LAYOUT_FILE, prefixes=found.config.prefixes
    )
    with progress(quiet) as tell:
        known = pages.vocabulary(_known_quads(found, tell), layout, base=found.config.base)
    page = pages.read_page(
        file.read_bytes(), layout=layout, known=known, path=str(file), source=address, slug=slug
    )
    if write:
        _write_drafts(page, found.root or Path.cwd())
    else:
        click.echo(pages.to_turtle(page), nl=False)
    if page.report.findings and not quiet:
        click.echo(render.render(page.report, "text", language), err=True, nl=False)
    return EXIT_FINDINGS if page.report.counts[Severity.WARNING] else 0


def _known_quads(found: Source, tell: Progress) -> Iterator[Quad]:
    files = (*found.in_room(Room.ONTOLOGY), *found.in_room(Room.DATA))
    for number, file in enumerate(files, start=1):
        tell("reading what the dataset knows", number, len(files))
        yield from file.quads()


def _write_drafts(page: pages.PageImport, root: Path) -> None:
    for draft in page.drafts:
        path = root / draft.path
        if path.is_file() and path.read_text("utf-8") != draft.turtle:
            click.echo(f"{draft.path} is there and differs: left as it is.", err=True)
        elif not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(draft.turtle, "utf-8")
            click.echo(draft.path)


@importing.command("table")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--keep-going", is_flag=True, help="Take the good rows and list the bad ones.")
@click.option(
    "--output", "-o", type=click.Path(path_type=Path, dir_okay=False), help="File to write, not the screen."
)
@BASE
@QUIET
def import_table(file: Path, keep_going: bool, output: Path | None, base: str | None, quiet: bool) -> int:
    """Turn a CSV file with CSVW metadata beside it (FILE.csv-metadata.json) into Turtle.

    A dataset needs no import: tables in its data folder are read like any other file. This shows what they
    say, and which rows are bad.
    """
    described = source.read([file], base=base).files[0]
    if described.metadata is None:
        raise SourceError(f"{file}: this is no table.", hint="A table is a CSV file.")
    table = tables.read_table(
        described.content(),
        described.metadata.read_bytes(),
        table_iri=described.graph.value,
        path=str(file),
    )
    problems: list[tables.RowProblem] = []
    with progress(quiet) as tell:
        triples = list(
            tables.triples(
                table,
                keep_going=problems.append if keep_going else None,
                progress=lambda rows: tell("rows", rows),
            )
        )
    turtle = next(fmt for fmt in rdfio.FORMATS if fmt.name == "turtle")
    body = rdfio.write(triples, turtle, prefixes=rdfio.used(triples, PREFIXES))
    if output:
        output.write_bytes(body)
    else:
        sys.stdout.buffer.write(body)
    for problem in problems:
        click.echo(f"{file}: {problem}.", err=True)
    return EXIT_FINDINGS if problems else 0
