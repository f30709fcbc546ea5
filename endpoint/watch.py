"""`kg serve --watch`: a file is saved, and the finding or the new page is there; for those who write."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import click
from flask import Blueprint, Response

from endpoint import html
from endpoint import site as current
from kg import check, source
from kg.check import render
from kg.errors import KgError
from kg.findings import Report, Severity
from kg.snapshot import Home, Snapshot
from kg.source import Source, SourceFile

_LOOK_SECONDS = 0.1
_WATCHED = ("ontology", "shapes", "data", "queries")
_MOST_FINDINGS = 50

Stamp = Mapping[str, tuple[int, int]]
"""When each file was last written, and its size."""


@dataclass(frozen=True, slots=True)
class State:
    """What a watcher is at ("waiting", "checking" or "building"), and what it has to say."""

    stage: str = "waiting"
    report: Report = field(default_factory=Report)
    error: str = ""


class Watcher:
    """Looks at the files of a dataset; after each save it checks, and publishes what has no violations."""

    def __init__(
        self,
        paths: Sequence[Path],
        read: Callable[[], Source],
        home: Home,
        published: Callable[[Snapshot], object],
        *,
        seen: Stamp,
        tell: Callable[[str], None] = click.echo,
    ) -> None:
        """Take the paths to look at and how to read them; `published` hears of each new snapshot.

        `seen` is the stamp of what was read last.
        """
        self._paths, self._read, self._home = tuple(paths), read, home
        self._published, self._tell = published, tell
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._seen = seen
        self.state = State()

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more; work that is under way is left to end with the process."""
        self._stopping.set()

    def _run(self) -> None:
        while not self._stopping.wait(_LOOK_SECONDS):
            self.look()

    def look(self) -> bool:
        """Look once; where files have changed and lie still, check and publish. Tell whether they had."""
        now = stamp(self._paths)
        if now == self._seen:
            return False
        while not self._stopping.wait(_LOOK_SECONDS / 2) and now != (now := stamp(self._paths)):
            pass
        changed = frozenset(name for name in {*now, *self._seen} if now.get(name) != self._seen.get(name))
        self._seen = now
        try:
            self._renew(changed)
        except (KgError, OSError) as error:
            self.state = State(error=str(error))
            self._tell(f"Error: {error}")
        return True

    def _renew(self, changed: frozenset[str]) -> None:
        start = time.perf_counter()
        self.state = State("checking")
        found = self._read()
        broken = _unreadable(found.files, changed)
        report = broken if broken.findings else check.run(found)
        near = foremost(report, {file.relative for file in found.files if str(file.path) in changed})
        self.state = State("building" if report.conforms else "waiting", near)
        self._tell(f"{render.render(near, 'text').rstrip()}\nIn all: {render.summary(report)}")
        self._tell(f"Checked in {time.perf_counter() - start:.1f} s.")
        if not report.conforms:
            return
        snapshot = self._home.build(found, report)
        self._home.publish(snapshot)
        self._published(snapshot)
        self.state = replace(self.state, stage="waiting")
        self._tell(f"Published {snapshot.id[:12]}, {time.perf_counter() - start:.1f} s after the save.")


def _unreadable(files: Sequence[SourceFile], changed: frozenset[str]) -> Report:
    """Find what keeps the changed files from being read at all, which is told at once."""
    found = (finding for file in files if str(file.path) in changed for finding in source.inspect(file))
    report = Report(findings=tuple(found))
    return Report() if report.conforms else report


def foremost(report: Report, files: Collection[str]) -> Report:
    """Give the violations, then what else was found in some files; the rest was there before."""
    order = list(Severity)
    near = [f for f in report.findings
            if f.severity is Severity.VIOLATION or (f.place and f.place.file in files)]  # fmt: skip
    near.sort(key=lambda finding: order.index(finding.severity))
    return Report(findings=tuple(near[:_MOST_FINDINGS]))


def stamp(paths: Sequence[Path]) -> Stamp:
    """Give when each file below the paths was written: of a dataset's folder, the parts that are read."""
    return {name: (found.st_mtime_ns, found.st_size) for path in paths for name, found in _stats(path)}


def _stats(path: Path) -> Iterator[tuple[str, os.stat_result]]:
    rooms = [path / name for name in _WATCHED if (path / name).is_dir()]
    for place in [path / "kg.toml", *rooms] if rooms else [path]:
        yield from _below(str(place))


def _below(path: str) -> Iterator[tuple[str, os.stat_result]]:
    """Yield the files below a path that are there at the moment, hidden ones left out."""
    try:
        if not os.path.isdir(path):
            yield path, os.stat(path)
            return
        with os.scandir(path) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                yield from _below(entry.path)
    except FileNotFoundError:
        return


def blueprint_of(watcher: Watcher) -> Blueprint:
    """Give what pages ask while they are open: which snapshot is served, and what the watcher has to say."""
    blueprint = Blueprint("watch", __name__)

    @blueprint.get("/watch.json")
    def state() -> Response:
        """The state of the watcher, for the script in each page."""
        now = watcher.state
        said = render.render(now.report, "text", html.language()) if now.report.findings else ""
        body = {"snapshot": current.snapshot().id, "stage": now.stage, "text": now.error or said}
        return Response(
            json.dumps(body, ensure_ascii=False),
            content_type="application/json",
            headers={"Cache-Control": "no-store"},
        )

    return blueprint
