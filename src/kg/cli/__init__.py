"""Words on the command line: what is asked goes down, what comes back is told in words or JSON.

Each command lies in a module that is loaded when it is called for: `kg check` knows no index and no search.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pkgutil import resolve_name
from types import MappingProxyType
from typing import TYPE_CHECKING

import click

import kg
from kg.cli.options import AS_JSON, BASE, PATHS, QUIET, SNAPSHOTS, built, progress, read_source
from kg.errors import EXIT_CANNOT_RUN, KgError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

__all__ = ["AS_JSON", "BASE", "OWN", "PATHS", "QUIET", "SNAPSHOTS", "built", "commands", "main", "progress",
           "read_source"]  # fmt: skip

OWN: Mapping[str, str] = MappingProxyType(
    {
        "build": "kg.cli.building:build",
        "check": "kg.cli.checking:check_command",
        "describe": "kg.cli.asking:describe",
        "fmt": "kg.cli.layout:fmt_command",
        "import": "kg.cli.importing:importing",
        "query": "kg.cli.asking:query",
        "snapshots": "kg.cli.building:snapshots_command",
    }
)
"""Where the commands of this package lie, by name."""


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
    except Exception:  # a fault of ours, which must not look like findings
        sys.excepthook(*sys.exc_info())
        sys.exit(EXIT_CANNOT_RUN)


class _Commands(click.Group):
    """The commands of this package, and those that others add as entry points."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Give the names in alphabetical order."""
        return sorted({*super().list_commands(ctx), *OWN, *(entry.name for entry in _added())})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a command when it is called for."""
        known = super().get_command(ctx, cmd_name)
        if known is None and cmd_name in OWN:
            known = resolve_name(OWN[cmd_name])
        for entry in _added() if known is None else ():
            if entry.name == cmd_name:
                known = entry.load()
        assert known is None or isinstance(known, click.Command)
        return known


def _added() -> Iterable[EntryPoint]:
    from importlib.metadata import entry_points  # looks through all that is installed

    return entry_points(group="kg.commands")


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(kg.__version__, prog_name="kg")
def commands() -> None:
    """Check a folder of RDF, freeze it, and publish it as linked data.

    PATH is a folder with ontology/, shapes/ and data/, a folder of RDF files, or single RDF files; without
    one it is this folder if it holds a dataset, else the dataset that was installed with kg.

    Exit codes: 0 clean, 1 findings, 2 could not run.
    """
