"""`kg build` and `kg snapshots`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from kg import snapshot
from kg.cli.options import AS_JSON, BASE, PATHS, QUIET, SNAPSHOTS, built, read_source
from kg.snapshot import Snapshot


@click.command()
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


@click.command("snapshots")
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
