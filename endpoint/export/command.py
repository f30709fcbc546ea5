"""`kg publish`: the site of a dataset as files for any web server."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

from endpoint import settings as settings_table
from endpoint.export.site import Options, Report, export
from kg.cli import AS_JSON, BASE, PATHS, QUIET, SNAPSHOTS, built, progress, read_source


@click.command("publish")
@PATHS
@click.option(
    "--static", "folder", metavar="DIR", required=True, type=click.Path(path_type=Path, file_okay=False),
    help="Folder to write: new, or one that holds an earlier export.",
)  # fmt: skip
@BASE
@SNAPSHOTS
@click.option("--root-path", metavar="PATH", help="Path the site will hang under, such as /kg.")
@click.option(
    "--kind", "kinds", multiple=True, metavar="CLASS", help="Write documents of this kind only; repeatable."
)
@click.option(
    "--without", multiple=True, metavar="CLASS", help="Write no documents of this kind; repeatable."
)
@click.option(
    "--pages", type=click.IntRange(1), default=50, show_default=True, help="Pages of a list to write."
)
@click.option(
    "--sparql", metavar="URL", default="", help="A SPARQL service elsewhere for the links to queries."
)
@click.option(
    "--jobs", type=click.IntRange(1, 64), help="Processes that write.  [default: one for each core]"
)
@QUIET
@AS_JSON
def command(
    paths: tuple[Path, ...],
    folder: Path,
    base: str | None,
    snapshots: Path | None,
    root_path: str | None,
    kinds: tuple[str, ...],
    without: tuple[str, ...],
    pages: int,
    sparql: str,
    jobs: int | None,
    quiet: bool,
    as_json: bool,
) -> None:
    """Check a dataset and write its whole site as files, with rules for nginx, Apache and Caddy."""
    settings = settings_table.load({"root_path": root_path})
    snapshot, _ = built(read_source(paths, base), snapshots, quiet=quiet or as_json)
    options = Options(
        root_path=settings.root_path,
        public_url=settings.public_url,
        kinds=kinds,
        without=without,
        pages=pages,
        sparql=sparql,
        jobs=jobs or os.cpu_count() or 1,
    )
    with progress(quiet or as_json) as tell:
        report = export(snapshot, folder, options, tell)
    if as_json:
        click.echo(json.dumps(report.as_object(snapshot), ensure_ascii=False))
    elif not quiet:
        click.echo(told(report, folder), nl=False)


def told(report: Report, folder: Path) -> str:
    """Give the report in words: sizes by kind, and what was left out."""
    lines = [f"{'kind':<32}{'documents':>10}{'files':>10}{'MB':>10}"]
    for kind in sorted(report.files, key=lambda kind: -report.bytes[kind]):
        size = report.bytes[kind] / 1e6
        lines.append(f"{kind:<32}{report.documents[kind]:>10}{report.files[kind]:>10}{size:>10.1f}")
    total = f"{'together':<32}{report.documents.total():>10}"
    lines.append(f"{total}{report.files.total():>10}{report.bytes.total() / 1e6:>10.1f}")
    lines += [f"Left out: {count} {kind}" for kind, count in sorted(report.left_out.items())]
    if report.missing:
        lines.append(f"Not written: {len(report.missing)}, listed in {folder / 'export.json'}")
    lines.append(f"The site is in {folder / 'www'}; rules for web servers are beside it.")
    return "\n".join(lines) + "\n"
