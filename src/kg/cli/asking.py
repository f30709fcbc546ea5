"""`kg query` and `kg describe`."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import click
from pyoxigraph import Literal
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from kg import rdfio
from kg.cli.options import BASE, DATASET, QUIET, SNAPSHOTS, built, read_source
from kg.errors import NotFoundError
from kg.index import Description, Index
from kg.query import RESULT_FORMATS, Limits, Pool, Query, guard
from kg.query import formats as result_formats
from kg.snapshot import Snapshot
from kg.vocab import compact


@click.command()
@click.argument("query_file", metavar="FILE|-", type=click.File("r", encoding="utf-8"))
@DATASET
@BASE
@SNAPSHOTS
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", *(name for f in RESULT_FORMATS for name in (f.name, f.suffix))]),
    help="By default a table in a terminal, else JSON or Turtle.",
)
@click.option("--timeout", type=float, default=60.0, show_default=True, help="Seconds.")
@QUIET
def query(
    query_file: IO[str],
    paths: tuple[Path, ...],
    base: str | None,
    snapshots: Path | None,
    form: str | None,
    timeout: float,
    quiet: bool,
) -> None:
    """Ask the dataset a SPARQL question; FILE is a query or - for standard input."""
    text = query_file.read()
    current, _ = built(read_source(paths, base), snapshots, quiet=quiet)
    asked = guard.inspect(text)
    as_table = form == "table" or (form is None and sys.stdout.isatty())
    wanted = result_formats.named(form or "") or result_formats.default(asked.form)
    limits = Limits(workers=1, internal=0, seconds=timeout, store_in_memory=0)
    with Pool(current.store, limits, prefixes=current.config.prefixes) as pool:
        answer = pool.run(Query(text), wanted, outline=asked)
    if as_table and wanted.name == "json":
        _print_table(json.loads(answer.body), current)
    else:
        sys.stdout.buffer.write(answer.body)


def _print_table(result: dict[str, Any], current: Snapshot) -> None:
    if "boolean" in result:
        click.echo("yes" if result["boolean"] else "no")
        return
    table = Table(*result["head"]["vars"], box=None)
    for binding in result["results"]["bindings"]:
        cells = (binding.get(name) for name in result["head"]["vars"])
        table.add_row(*(escape(_cell(cell, current.config.prefixes)) for cell in cells))
    Console().print(table)
    click.echo(f"{table.row_count} rows", err=True)


def _cell(cell: dict[str, str] | None, prefixes: Mapping[str, str]) -> str:
    if cell is None:
        return ""
    if cell["type"] == "uri":
        return compact(cell["value"], prefixes) or f"<{cell['value']}>"
    return cell["value"]


@click.command()
@click.argument("iri_or_slug")
@DATASET
@BASE
@SNAPSHOTS
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", *(f.suffix for f in rdfio.FORMATS)]),
    default="text",
    show_default=True,
    help="Tables for people, or RDF with literals as written.",
)
@QUIET
def describe(
    iri_or_slug: str,
    paths: tuple[Path, ...],
    base: str | None,
    snapshots: Path | None,
    form: str,
    quiet: bool,
) -> None:
    """Say everything known of one thing, named by its IRI, its path below id/, or the end of its IRI."""
    current, _ = built(read_source(paths, base), snapshots, quiet=quiet)
    found = Index(current.index)
    description = _find(found, iri_or_slug, current)
    if form == "text":
        _print_description(description, found, current)
        return
    fmt = rdfio.named(form)
    assert fmt is not None
    prefixes = rdfio.used(description.quads(), current.config.prefixes)
    click.echo(rdfio.write(description.quads(), fmt, prefixes=prefixes), nl=False)


def _find(found: Index, name: str, current: Snapshot) -> Description:
    base = current.config.base
    for iri in (name, f"{base}{name}", f"{base}id/{name}"):
        description = found.describe(iri)
        if description and (description.statements or description.parts):
            return description
    slugs = found.ending_in(name)
    slugs = tuple(iri for iri in slugs if iri.startswith(f"{base}id/")) or slugs
    if len(slugs) == 1 and (description := found.describe(slugs[0])):
        return description
    near = slugs or tuple(hit.iri for hit in found.search(name, current.config.languages, limit=5).hits)
    raise NotFoundError(
        f"Nothing is known of {name!r}{' alone' if slugs else ''}.",
        hint=f"Did you mean {', '.join(near)}?" if near else "`kg query` can search.",
    )


def _print_description(description: Description, found: Index, current: Snapshot) -> None:
    """Print a heading, a table for the thing and one for each node inside it, and what points to it."""
    console = Console(highlight=False, soft_wrap=True)
    groups = {description.iri: description.statements, **description.parts}
    every = [s for statements in groups.values() for s in statements]
    iris = [v.value for s in every for v in (s.predicate, s.object) if not isinstance(v, Literal)]
    iris += [incoming.predicate for incoming in description.incoming]
    names = found.labels([description.iri, *iris], current.config.languages)
    console.print(f"[bold]{escape(names[description.iri].text)}[/]  {escape(f'<{description.iri}>')}")
    for subject, statements in groups.items():
        if subject != description.iri:
            console.print(f"[bold]{escape(subject)}[/]")
        table = Table(show_header=False, box=None)
        for statement in statements:
            value = statement.object
            told = (
                value.value if isinstance(value, Literal) else f"{names[value.value].text}  <{value.value}>"
            )
            mark = "derived" if statement.derived else ""
            table.add_row(escape(names[statement.predicate.value].text), escape(told), mark)
        console.print(table)
    for incoming in description.incoming:
        first = ", ".join(f"<{iri}>" for iri in incoming.subjects[:3])
        more = ", ..." if incoming.count > len(incoming.subjects[:3]) else ""
        text = f"{incoming.count} by {names[incoming.predicate].text}: {first}{more}"
        console.print(escape(text))
