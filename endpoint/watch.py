"""`kg serve --watch`: a file is saved, and the finding or the new page is there; for those who write.

What is saved is checked against what was checked before, and shown as a preview. A snapshot is built from it
by another process once no file was saved for a while.
"""

from __future__ import annotations

import gc
import json
import os
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import click
from flask import Blueprint, Response

from endpoint import html
from endpoint import site as current
from kg import check, source
from kg.check import render
from kg.check.memory import Memory
from kg.errors import KgError
from kg.findings import Report, Severity
from kg.preview import Preview
from kg.snapshot import Home, Snapshot
from kg.source import Source, SourceFile

_LOOK_SECONDS = 0.05
_QUIET_SECONDS = 10.0
"""How long nothing is saved before a snapshot is built."""
_STOP_SECONDS = 5.0
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


class Desk:
    """What is shown while somebody writes: previews of what is saved, snapshots of what was left to lie."""

    def __init__(
        self,
        home: Home,
        published: Callable[[Snapshot], object],
        build: Callable[[], subprocess.Popen[bytes]],
    ) -> None:
        """`published` hears of each state that is to be shown; `build` starts to build and publish one."""
        self._home, self._published, self._build = home, published, build
        self._memory = Memory()
        self._preview: Preview | None = None
        self._former: Preview | None = None
        self._base = ""
        self._found: Source | None = None
        self._building: subprocess.Popen[bytes] | None = None
        self._unbuilt = False

    def begin(self, found: Source) -> None:
        """Check what there is, so that later only changes need be, and make ready to show them."""
        report = self.check(found)
        snapshot = self._home.of_input(found)
        if snapshot and report.conforms:
            self._begin_at(snapshot, found)
        gc.freeze()  # what was read stays, and need not be looked through again and again

    def check(self, found: Source) -> Report:
        """Check a source, of which only what changed is validated; a build that it is too late for ends."""
        self._stop_building()
        return check.run(found, memory=self._memory)

    def show(self, found: Source, report: Report) -> Snapshot:
        """Show a source that was checked: by a preview, or by a snapshot where nothing can be kept."""
        if self._preview is not None and found.config.base == self._base:
            return self._show_preview(self._preview, found, report)
        snapshot = self._home.build(found, report)
        self._home.publish(snapshot)
        self._published(snapshot)
        self._begin_at(snapshot, found)
        return snapshot

    def _show_preview(self, preview: Preview, found: Source, report: Report) -> Snapshot:
        """Show a preview; one that fails is not used again, and the next state is a whole snapshot."""
        try:
            shown = preview.show(found, self._memory.files, report)
        except BaseException:
            self._preview = None
            preview.close()
            raise
        self._found, self._unbuilt, _ = found, True, found.fingerprint
        self._published(shown)
        return shown

    def rest(self) -> Snapshot | None:
        """Use the time in which nothing is saved: build a snapshot, and show it in place of its preview."""
        if self._unbuilt and self._building is None:
            self._building = self._build()
        if self._building is None or self._building.poll() is None or self._found is None:
            return None
        self._building, self._unbuilt = None, False
        snapshot = self._home.of_input(self._found)
        if snapshot is not None:
            self._published(snapshot)
            self._begin_at(snapshot, self._found)
        return snapshot

    def close(self) -> None:
        """Let go of everything."""
        self._stop_building()
        for preview in (self._former, self._preview):
            if preview is not None:
                preview.close()

    def _begin_at(self, snapshot: Snapshot, found: Source) -> None:
        """Let what is saved from now on be shown as changes to a snapshot.

        What was shown before stays for the requests that are under way.
        """
        if self._former is not None:
            self._former.close()
        self._former = self._preview
        self._preview = Preview(snapshot, found, self._memory.files, self._home.path)
        self._base = found.config.base

    def _stop_building(self) -> None:
        if self._building is not None:
            self._building.kill()
            self._building.wait()
            self._building = None


class Watcher:
    """Looks at the files of a dataset; after each save it checks, and shows what has no violations."""

    def __init__(
        self,
        paths: Sequence[Path],
        read: Callable[[], Source],
        desk: Desk,
        *,
        seen: Stamp,
        tell: Callable[[str], None] = click.echo,
    ) -> None:
        """Take the paths to look at and how to read them; `seen` is the stamp of what was read last."""
        self._paths, self._read, self._desk = tuple(paths), read, desk
        self._tell = tell
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._seen = seen
        self._saved = time.monotonic()
        self.state = State()

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more; work that takes longer is left to end with the process."""
        self._stopping.set()
        self._thread.join(_STOP_SECONDS)

    def _run(self) -> None:
        try:
            if self._seen == stamp(self._paths):
                self._try(lambda: self._desk.begin(self._read()))
            while not self._stopping.wait(_LOOK_SECONDS):
                if not self.look() and time.monotonic() - self._saved > _QUIET_SECONDS:
                    self.rest()
        finally:
            self._desk.close()

    def look(self) -> bool:
        """Look once; where files have changed and lie still, check and show. Tell whether they had."""
        now = stamp(self._paths)
        if now == self._seen:
            return False
        while not self._stopping.wait(_LOOK_SECONDS / 2) and now != (now := stamp(self._paths)):
            pass
        changed = frozenset(name for name in {*now, *self._seen} if now.get(name) != self._seen.get(name))
        self._seen = now
        self._try(lambda: self._renew(changed))
        self._saved = time.monotonic()
        return True

    def rest(self) -> None:
        """Let what was saved become a snapshot."""

        def rest() -> None:
            if snapshot := self._desk.rest():
                self._tell(f"Published {snapshot.id[:12]}.")

        self._try(rest)

    def _try(self, work: Callable[[], None]) -> None:
        try:
            work()
        except (KgError, OSError, sqlite3.Error) as error:
            self.state = State(error=str(error))
            self._tell(f"Error: {error}")

    def _renew(self, changed: frozenset[str]) -> None:
        start = time.perf_counter()
        self.state = State("checking")
        found = self._read()
        broken = _unreadable(found.files, changed)
        report = broken if broken.findings else self._desk.check(found)
        near = foremost(report, {file.relative for file in found.files if str(file.path) in changed})
        self.state = State("building" if report.conforms else "waiting", near)
        self._tell(f"{render.render(near, 'text').rstrip()}\nIn all: {render.summary(report)}")
        self._tell(f"Checked in {time.perf_counter() - start:.1f} s.")
        if not report.conforms:
            return
        shown = self._desk.show(found, report)
        self.state = replace(self.state, stage="waiting")
        self._tell(f"Shown as {shown.id[:12]}, {time.perf_counter() - start:.1f} s after the save.")


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
        if place.is_dir():
            yield from _below(str(place))
        elif found := _stat(place):
            yield str(place), found


def _below(path: str) -> Iterator[tuple[str, os.stat_result]]:
    """Yield the files below a folder that are there at the moment, hidden ones left out."""
    with suppress(FileNotFoundError), os.scandir(path) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir():
                yield from _below(entry.path)
            elif found := _stat(entry):
                yield entry.path, found


def _stat(entry: Path | os.DirEntry[str]) -> os.stat_result | None:
    with suppress(FileNotFoundError):
        return entry.stat()
    return None


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
