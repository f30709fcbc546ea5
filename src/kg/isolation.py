"""How a query that may not end is run: in a process of its own, which is killed at its deadline.

The engine cannot be interrupted. A process that is forked has the data already, and costs some milliseconds;
so only queries that users wrote, and those with paths of any length, are run so. Where there is no fork they
run as others do.
"""

from __future__ import annotations

import os
import resource
import signal
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import Any, Protocol

from pyoxigraph import Variable

_ROWS = 500
"""How many rows are sent at a time."""
_MEMORY = 4 * 2**30
"""How many bytes a query may take beyond what there is."""

Row = Mapping[str, Any]


class Solutions(Protocol):
    """What can be asked for: rows, and the names of what they bind."""

    @property
    def variables(self) -> Sequence[Variable]:
        """The variables."""

    def __iter__(self) -> Iterator[Any]:
        """Yield the rows."""


class Unfinished(Exception):  # noqa: N818
    """A query that was ended before it was done; the texts say why."""

    def __init__(self, en: str, nb: str) -> None:
        """Keep the texts, which go on from the words "A query"."""
        super().__init__(en)
        self.en, self.nb = en, nb


def rows(ask: Callable[[], Solutions], seconds: float) -> Generator[Row, None, None]:
    """Yield the solutions of a query by the names of their variables. Raises Unfinished, and SyntaxError."""
    if not hasattr(os, "fork"):
        found = ask()
        names = [variable.value for variable in found.variables]
        yield from ({name: row[name] for name in names} for row in found)
        return
    begin = time.monotonic()
    receiver, sender = Pipe(duplex=False)
    child = os.fork()
    if child == 0:
        _answer(ask, sender, seconds)
    sender.close()
    try:
        while (rows := _received(receiver, seconds, begin)) is not None:
            yield from rows
    finally:
        receiver.close()
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        threading.Thread(target=_bury, args=(child,), daemon=True).start()


def _bury(child: int) -> None:
    """Wait for the end of a process; what a large one held takes some hundredths of a second to be let go."""
    with suppress(ChildProcessError):
        os.waitpid(child, 0)


def _received(receiver: Connection, seconds: float, begin: float) -> list[Row] | None:
    """Give the next rows; None after the last."""
    if not receiver.poll(max(0.0, begin + seconds - time.monotonic())):
        limit = f"{seconds:g}"
        raise Unfinished(f"did not end within {limit} seconds", f"ble ikke ferdig på {limit} sekunder")
    try:
        kind, content = receiver.recv()
    except (EOFError, OSError) as error:
        raise Unfinished(
            "took too much memory, or was too much for the engine",
            "tok for mye minne, eller var for mye for motoren",
        ) from error
    if kind == "syntax":
        raise SyntaxError(content)
    return content if kind == "rows" else None


def _answer(ask: Callable[[], Solutions], sender: Connection, seconds: float) -> None:
    """Send the solutions, and end the process whatever happens."""
    try:
        _close_others(sender.fileno())
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, seconds + 1)
        _bound_memory()
        _send(ask(), sender)
        sender.send(("end", None))
    except SyntaxError as error:
        sender.send(("syntax", error.msg))
    finally:
        os._exit(0)


def _send(found: Solutions, sender: Connection) -> None:
    names = [variable.value for variable in found.variables]
    some: list[Row] = []
    for row in found:
        some.append({name: row[name] for name in names})
        if len(some) == _ROWS:
            sender.send(("rows", some))
            some = []
    sender.send(("rows", some))


def _close_others(mine: int) -> None:
    """Let go of what the process was forked with, such as the socket of a server."""
    os.closerange(3, mine)
    os.closerange(mine + 1, os.sysconf("SC_OPEN_MAX"))


def _bound_memory() -> None:
    """Let the process take no more than so much beyond what it has; where that is not known, let it be."""
    with suppress(OSError, ValueError):
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
        limit = pages * resource.getpagesize() + _MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
