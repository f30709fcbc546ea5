"""Is it right? Text and syntax, lint, and SHACL over a source, in one report that points at lines."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Literal as OneOf

from pyoxigraph import BlankNode, Quad

from kg import source as sources
from kg.check import lint, shacl
from kg.check.place import Places, written
from kg.check.shacl.results import SH, Outcome, Result
from kg.findings import Finding, Place, Report, Severity
from kg.source import Room, Source, SourceFile
from kg.tables import TableError

Engine = OneOf["compiled", "pyshacl"]
Progress = Callable[[str, int, int], None]
"""Called with the stage, how much is done, and of how much."""

_SEVERITIES = {
    f"{SH}Violation": Severity.VIOLATION,
    f"{SH}Warning": Severity.WARNING,
    f"{SH}Info": Severity.INFO,
}
_NO_SHAPES = "There are no shapes: nothing was validated beyond syntax and vocabulary."


def run(source: Source, *, engine: Engine = "compiled", progress: Progress | None = None) -> Report:
    """Check everything in a source and say what is wrong, in the order of files and lines.

    A file that does not parse gets a finding and is left out; the others are still checked. `engine` chooses
    who applies the shapes: our compiled queries, or pySHACL as the referee.
    """
    return _Run(source, engine, progress or (lambda stage, done, total: None)).report()


class _Run:
    """One check under way: the files still in, the findings so far, the time each stage took."""

    def __init__(self, source: Source, engine: Engine, progress: Progress) -> None:
        self._source = source
        self._engine = engine
        self._progress = progress
        self._files: tuple[SourceFile, ...] = ()
        self._findings: list[Finding] = []
        self._notes: list[str] = []
        self._seconds: list[tuple[str, float]] = []

    def report(self) -> Report:
        """Run the stages in turn."""
        self._timed("read", self._read)
        self._timed("lint", self._lint)
        self._timed("shapes", self._validate)
        return Report(
            findings=tuple(sorted(self._settled(), key=_order)),
            seconds=tuple(self._seconds),
            notes=tuple(self._notes),
        )

    def _timed(self, stage: str, work: Callable[[], None]) -> None:
        start = time.perf_counter()
        work()
        self._seconds.append((stage, time.perf_counter() - start))

    def _read(self) -> None:
        self._seen = lint.Seen()
        readable: list[SourceFile] = []
        for number, file in enumerate(self._source.files, 1):
            found = list(sources.inspect_text(file))
            if not any(finding.severity is Severity.VIOLATION for finding in found):
                found += self._parse(file, readable)
            self._findings += found
            self._progress("read", number, len(self._source.files))
        self._files = tuple(readable)
        self._places = Places(readable)

    def _parse(self, file: SourceFile, readable: list[SourceFile]) -> list[Finding]:
        try:
            for _ in self._seen.watch(file, file.quads()):
                pass
        except (SyntaxError, TableError) as error:
            self._seen.used.pop(file, None)
            return list(sources.unparsed(error, file.relative))
        readable.append(file)
        return []

    def _lint(self) -> None:
        source = self._source
        self._findings += lint.unknown_terms(self._seen, self._places, source.queries, source.root)
        self._findings += lint.duplicate_subjects(self._seen, self._places)

    def _validate(self) -> None:
        if not any(file.room is Room.SHAPES for file in self._files):
            self._notes.append(_NO_SHAPES)
            return
        outcome = _validator(self._engine)(self._quads(Room.SHAPES), self._quads(Room.ONTOLOGY, Room.DATA))
        self._notes += outcome.notes
        self._findings += (self._finding(result) for result in outcome.results)

    def _quads(self, *rooms: Room) -> Iterator[Quad]:
        for file in self._files:
            if file.room in rooms:
                yield from file.quads()

    def _finding(self, result: Result) -> Finding:
        focus = written(result.focus)
        path = None if result.path is None else _path(result)
        return Finding(
            rule=_rule(result.component.value),
            severity=_SEVERITIES.get(result.severity.value, Severity.WARNING),
            messages=_messages(result),
            place=self._places.locate(focus, path=path),
            focus=focus,
            path=path,
            value=None if result.value is None else written(result.value),
            shape=result.shape.value,
            shape_place=self._shape_place(result),
        )

    def _shape_place(self, result: Result) -> Place | None:
        if isinstance(result.shape, BlankNode):
            return None
        return self._places.locate(result.shape.value)

    def _settled(self) -> Iterator[Finding]:
        """Yield the findings that the dataset has not silenced, each as severe as the dataset wants it."""
        config = self._source.config
        silenced = dict.fromkeys(config.silenced, 0)
        for finding in dict.fromkeys(self._findings):
            if finding.rule in silenced:
                silenced[finding.rule] += 1
                continue
            if finding.rule in config.violations:
                finding = replace(finding, severity=Severity.VIOLATION)
            yield finding if finding.place is None else self._excerpted(finding, finding.place)
        for rule, count in silenced.items():
            if count:
                self._notes.append(f"{count} of {rule} silenced: {config.silenced[rule]}")

    def _excerpted(self, finding: Finding, place: Place) -> Finding:
        return replace(finding, excerpt=self._places.excerpt(place))


def _validator(engine: Engine) -> Callable[[Iterable[Quad], Iterable[Quad]], Outcome]:
    if engine == "compiled":
        return shacl.validate
    from kg.check import referee  # rdflib and pySHACL are heavy, and only the referee needs them

    return referee.validate


def _path(result: Result) -> str:
    assert result.path is not None
    predicate = result.path.predicate
    return predicate.value if predicate is not None else result.path.text


def _rule(component: str) -> str:
    return f"sh:{component.removeprefix(SH)}" if component.startswith(SH) else component


def _messages(result: Result) -> tuple[tuple[str, str], ...]:
    return tuple((message.language or "en", message.value) for message in result.messages)


def _order(finding: Finding) -> tuple[str, int, int, str, str]:
    place = finding.place or Place("")
    return place.file, place.line or 0, place.column or 0, finding.rule, finding.focus or ""
