"""`kg fmt`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import unified_diff
from pathlib import Path

import click

from kg import config, fmt, source
from kg.cli.options import PATHS, QUIET
from kg.errors import EXIT_FINDINGS
from kg.rdfio import Format
from kg.source import SourceFile


@click.command("fmt")
@PATHS
@click.option("--check", "only_check", is_flag=True, help="Change nothing; exit 1 if something would change.")
@click.option("--diff", "show_diff", is_flag=True, help="Change nothing; show what would change.")
@QUIET
def fmt_command(paths: tuple[Path, ...], only_check: bool, show_diff: bool, quiet: bool) -> int:
    """Lay out Turtle and TriG files in one way; comments stay, and so does what the files say."""
    files = [found for path in paths or (Path.cwd(),) for found in _to_lay_out(path)]
    changed = broken = 0
    for file, form, prefixes in files:
        before = file.raw()
        try:
            after = fmt.formatted_bytes(before, prefixes, form)
        except fmt.FormatError as error:
            broken += isinstance(error, fmt.NotTurtleError)
            click.echo(f"{file.relative}: left as it is. {error}", err=True)
            continue
        changed += before != after
        if before != after:
            _lay_out(file, before, after, only_check, show_diff, quiet)
    if not quiet:
        verb = "would change" if only_check or show_diff else "changed"
        click.echo(f"{changed} of {len(files)} files {verb}.", err=True)
    return EXIT_FINDINGS if broken or (only_check and changed) else 0


def _to_lay_out(path: Path) -> Iterator[tuple[SourceFile, Format, Mapping[str, str]]]:
    """Yield the files of a path that have a layout, with the prefixes of the dataset that they lie in."""
    found = source.read([path])
    settings = (folder / config.FILE_NAME for folder in path.resolve().parents)
    near = next((file for file in settings if path.is_file() and file.is_file()), None)
    prefixes = (config.load(near) if near else found.config).prefixes
    for file in found.files:
        if file.format in fmt.FORMATS and file.path.suffix != ".gz":
            yield file, file.format, prefixes


def _lay_out(
    file: SourceFile, before: bytes, after: bytes, only_check: bool, show_diff: bool, quiet: bool
) -> None:
    if show_diff:
        old, new = (text.decode("utf-8").splitlines(keepends=True) for text in (before, after))
        click.echo("".join(unified_diff(old, new, file.relative, f"{file.relative} (formatted)")), nl=False)
    elif not quiet:
        click.echo(file.relative)
    if not (only_check or show_diff):
        beside = file.path.with_name(f".{file.path.name}.new")
        beside.write_bytes(after)
        beside.chmod(file.path.stat().st_mode)
        beside.replace(file.path)
