"""`kg check`."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any, get_args

import click
from pyoxigraph import NamedNode

from kg import check
from kg.check import lint, render
from kg.cli.options import AS_JSON, BASE, QUIET, Progress, progress, read_source
from kg.errors import EXIT_FINDINGS
from kg.findings import Report
from kg.source import Source, SourceFile, readable


def _read_targets(targets: Sequence[str], shapes: Sequence[str], base: str | None, folder: Path) -> Source:
    """Find what is to be checked; what is named by its address is fetched into a folder first."""
    fetched: dict[Path, str] = {}

    def local(target: str) -> Path:
        if "://" not in target:
            return Path(target)
        from kg import remote  # knows HTTP, which files do not need

        if not remote.is_url(target):
            return Path(target)
        document = remote.fetch(target)
        path = folder / f"{len(fetched)}.{document.format.suffix}"
        path.write_bytes(document.body)
        fetched[path] = document.url
        return path

    found = read_source([local(target) for target in targets], base, [local(target) for target in shapes])
    files = (_named_by_address(file, fetched.get(file.path)) for file in found.files)
    return replace(found, files=tuple(files))


def _named_by_address(file: SourceFile, url: str | None) -> SourceFile:
    return file if url is None else replace(file, relative=url, graph=NamedNode(url.partition("#")[0]))


_STYLES: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "violation": {"fg": "red", "bold": True},
        "warning": {"fg": "yellow"},
        "info": {"fg": "cyan"},
        "file": {"bold": True},
        "rule": {"dim": True},
    }
)


def _paint(kind: str, text: str) -> str:
    return click.style(text, **_STYLES[kind])


def _from_here(found: Source) -> Callable[[str], str]:
    """Give what names a file as the current folder sees it, where it lies below: CI looks there."""
    here, paths = Path.cwd(), {file.relative: file.path for file in found.files}

    def name(file: str) -> str:
        path = Path(os.path.normpath(here / paths.get(file, (found.root or here) / file)))
        is_here = path.is_relative_to(here) and "://" not in file
        return readable(path.relative_to(here).as_posix()) if is_here else file

    return name


def _print_rules(context: click.Context, _: click.Parameter, wanted: str | None) -> None:
    """Tell what there is to say of a rule, or of all of them, instead of checking."""
    if wanted:
        language = context.params.get("language", "en")
        rules = [rule for rule in lint.RULES if wanted in (rule.name, "all")]
        click.echo("\n".join(lint.explained(rule, language) for rule in rules), nl=False)
        context.exit()


@click.command("check")
@click.argument("targets", nargs=-1, metavar="[PATH|URL]...")
@click.option(
    "--shapes",
    multiple=True,
    metavar="PATH|URL",
    help="File, folder or address of shapes to apply, besides those of the dataset.",
)
@BASE
@click.option(
    "--format",
    "form",
    type=click.Choice(list(render.FORMATS)),
    default="text",
    show_default=True,
    help="Form of the report.",
)
@click.option(
    "--engine",
    type=click.Choice(get_args(check.Engine)),
    default="compiled",
    show_default=True,
    help="Who applies the shapes: our compiled queries, or pySHACL as the referee.",
)
@click.option("--changed", is_flag=True, help="Validate again only what changes since the last time affect.")
@click.option("--language", default="en", show_default=True, is_eager=True, help="Language of the messages.")
@click.option(
    "--explain",
    metavar="RULE",
    type=click.Choice(["all", *(rule.name for rule in lint.RULES)]),
    expose_value=False,
    callback=_print_rules,
    help="Tell what a rule of the linter finds, why, and how to silence it; or `all` of them.",
)
@click.option(
    "--max",
    "most",
    type=click.IntRange(1),
    default=check.LIMIT,
    show_default=True,
    help="How many results of shapes to keep; a note says if there were more.",
)
@QUIET
@AS_JSON
def check_command(
    targets: tuple[str, ...],
    shapes: tuple[str, ...],
    base: str | None,
    form: str,
    engine: check.Engine,
    changed: bool,
    language: str,
    most: int,
    quiet: bool,
    as_json: bool,
) -> int:
    """Say what is wrong with a dataset, and where.

    An http(s) URL is fetched, once, and checked like a file; nothing that the data name is fetched.
    """
    if changed and engine != "compiled":
        raise click.UsageError(
            "--changed is for the compiled engine: pySHACL validates everything each time."
        )
    gc.disable()  # a check makes next to no rings, and to look for them takes a tenth of its time
    with TemporaryDirectory() as folder, progress(quiet or as_json) as tell:
        found = _read_targets(targets, shapes, base, Path(folder))
        report = (
            _checked_changes(found, tell, most)
            if changed
            else check.run(found, engine=engine, progress=tell, limit=most, today=date.today())
        )
    name = _from_here(found)
    report = replace(report, findings=tuple(finding.renamed(name) for finding in report.findings))
    form = "json" if as_json else form
    if not (quiet and form == "text" and report.conforms):
        in_colours = form == "text" and sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        body = render.text(report, language, _paint) if in_colours else render.render(report, form, language)
        click.echo(body, nl=False, color=True)  # what looks like a colour in data is data
    return 0 if report.conforms else EXIT_FINDINGS


def _checked_changes(found: Source, tell: Progress, most: int) -> Report:
    """Check what changed since the last time, and remember it for the next."""
    from kg.check import stored  # a database that other checks do without

    path = stored.path_of(found)
    memory = stored.load(path)
    report = check.run(found, progress=tell, limit=most, today=date.today(), memory=memory)
    stored.save(memory, path)
    tell(memory.note)
    return report
