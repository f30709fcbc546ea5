"""Words on the command line: what is asked goes down, what comes back is told in words or JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from difflib import unified_diff
from importlib.metadata import entry_points
from pathlib import Path
from typing import IO, Any, Protocol, get_args

import click
from pyoxigraph import Literal, Quad
from rich.console import Console
from rich.markup import escape
from rich.table import Table

import kg
from kg import check, fmt, pages, rdfio, snapshot, source, tables
from kg.check import lint, render, stored
from kg.errors import EXIT_CANNOT_RUN, EXIT_FINDINGS, InvalidDataError, KgError, NotFoundError, SourceError
from kg.findings import Report, Severity
from kg.index import Description, Index
from kg.query import RESULT_FORMATS, Limits, Pool, Query, guard
from kg.query import formats as result_formats
from kg.snapshot import Snapshot
from kg.source import Room, Source, SourceFile
from kg.vocab import PREFIXES, compact

PACKAGED = Path(__file__).parent / "dataset"
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


def main() -> None:
    """Run the command line; a failure is one sentence and an exit code.

    0: done, clean. 1: the data has findings. 2: could not run.
    """
    try:
        sys.exit(commands.main(standalone_mode=False) or 0)
    except KgError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(EXIT_CANNOT_RUN)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(0)


class _Commands(click.Group):
    """The commands of this package, and those that others add as entry points."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Give the names in alphabetical order."""
        return sorted({*super().list_commands(ctx), *(e.name for e in entry_points(group="kg.commands"))})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a command when it is called for."""
        for entry in entry_points(group="kg.commands", name=cmd_name):
            command = entry.load()
            assert isinstance(command, click.Command)
            return command
        return super().get_command(ctx, cmd_name)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(kg.__version__, prog_name="kg")
def commands() -> None:
    """Check a folder of RDF, freeze it, and publish it as linked data.

    PATH is a folder with ontology/, shapes/ and data/, a folder of RDF files, or single RDF files; without
    one it is this folder if it holds a dataset, else the dataset that was installed with kg.

    Exit codes: 0 clean, 1 findings, 2 could not run.
    """


def read_source(paths: Sequence[Path], base: str | None) -> Source:
    """Find the dataset that the command line names."""
    if not paths:
        here = Path.cwd()
        is_dataset = any((here / name).exists() for name in ("kg.toml", "data", "ontology", "shapes"))
        paths = [here if is_dataset else PACKAGED]
    return source.read(paths, base=base)


@contextmanager
def progress(quiet: bool) -> Iterator[Progress]:
    """Give a function that tells of stages: a moving line in a terminal, a line each elsewhere."""
    if quiet:
        yield lambda stage, done=0, total=0: None
    elif sys.stderr.isatty():
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


def _print_rules(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        click.echo(lint.page(), nl=False)
        context.exit()


@commands.command("check")
@PATHS
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
@click.option("--language", default="en", show_default=True, help="Language of the messages.")
@click.option(
    "--rules",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_rules,
    help="Explain the lint rules.",
)
@QUIET
@AS_JSON
def check_command(
    paths: tuple[Path, ...],
    base: str | None,
    form: str,
    engine: check.Engine,
    changed: bool,
    language: str,
    quiet: bool,
    as_json: bool,
) -> int:
    """Say what is wrong with a dataset, and where."""
    if changed and engine != "compiled":
        raise click.UsageError(
            "--changed is for the compiled engine: pySHACL validates everything each time."
        )
    found = read_source(paths, base)
    with progress(quiet or as_json) as tell:
        report = (
            _checked_changes(found, tell)
            if changed
            else check.run(found, engine=engine, progress=tell, today=date.today())
        )
    form = "json" if as_json else form
    if not (quiet and form == "text" and report.conforms):
        click.echo(render.render(report, form, language), nl=False)
    return 0 if report.conforms else EXIT_FINDINGS


def _checked_changes(found: Source, tell: Progress) -> Report:
    """Check what changed since the last time, and remember it for the next."""
    path = stored.path_of(found)
    memory = stored.load(path)
    report = check.run(found, progress=tell, today=date.today(), memory=memory)
    stored.save(memory, path)
    tell(memory.note)
    return report


@commands.command("fmt")
@PATHS
@click.option("--check", "only_check", is_flag=True, help="Change nothing; exit 1 if something would change.")
@click.option("--diff", "show_diff", is_flag=True, help="Change nothing; show what would change.")
@QUIET
def fmt_command(paths: tuple[Path, ...], only_check: bool, show_diff: bool, quiet: bool) -> int:
    """Lay out Turtle files in one way; comments stay, and so does what the files say."""
    found = source.read(paths or (Path.cwd(),))
    files = [file for file in found.files if file.path.suffix == ".ttl"]
    changed = broken = 0
    for file in files:
        before = file.raw()
        try:
            after = fmt.formatted_bytes(before, found.config.prefixes)
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


@commands.command()
@PATHS
@BASE
@SNAPSHOTS
@QUIET
@AS_JSON
def build(
    paths: tuple[Path, ...], base: str | None, snapshots: Path | None, quiet: bool, as_json: bool
) -> None:
    """Check a dataset and publish its snapshot; nothing is done where nothing changed."""
    new, fresh = built(read_source(paths, base), snapshots, quiet=quiet or as_json)
    if as_json:
        click.echo(json.dumps({**_row(new), "new": fresh, "seconds": dict(new.seconds)}))
    elif not quiet:
        click.echo(
            f"{'Published' if fresh else 'Nothing changed since'} snapshot {new.id[:12]}: {_size(new)}"
        )
        click.echo(f"in {new.path}")


def _size(one: Snapshot) -> str:
    return f"{one.quads} quads in {len(one.graphs)} graphs"


def _row(one: Snapshot) -> dict[str, Any]:
    return {
        "id": one.id,
        "created": one.created,
        "quads": one.quads,
        "graphs": len(one.graphs),
        "path": str(one.path),
    }


@commands.command("snapshots")
@PATHS
@BASE
@SNAPSHOTS
@AS_JSON
def snapshots_command(
    paths: tuple[Path, ...], base: str | None, snapshots: Path | None, as_json: bool
) -> None:
    """List the snapshots of a dataset, the newest first; * marks the published one."""
    home = snapshot.home_of(read_source(paths, base), snapshots)
    current = home.current()
    rows = [{**_row(one), "current": current is not None and one.id == current.id} for one in home.all()]
    if as_json:
        click.echo(json.dumps(rows))
        return
    if not rows:
        click.echo(f"No snapshots in {home.path} yet. `kg build` makes one.")
    for row in rows:
        mark = "*" if row["current"] else " "
        click.echo(f"{mark} {row['id'][:12]}  {row['created']}  {row['quads']} quads, {row['graphs']} graphs")


@commands.command()
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


@commands.command()
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


@commands.group("import")
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
