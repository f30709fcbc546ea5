"""Is it right? Text and syntax, lint, and SHACL over a source, in one report that points at lines."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import Literal as OneOf
from typing import Protocol

from pyoxigraph import BlankNode, Literal, NamedNode, Quad

from kg import source as sources
from kg.check import beyond, hints, lint, shacl
from kg.check.memory import Memory
from kg.check.place import Places, written
from kg.check.shacl.results import SH, Outcome, Result, Term
from kg.errors import Bilingual, InvalidDataError
from kg.findings import Finding, Place, Report, Severity, Waiver, tagged
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
_STATING = frozenset({Room.ONTOLOGY, Room.DATA})
_NO_SHAPES = (
    "There are no shapes: nothing was validated beyond syntax and vocabulary.",
    "Det er ingen former: ingenting ble validert ut over syntaks og vokabular.",
)
_VISIT_LESS = (
    "Let its query or its path begin at $this and visit less.",
    "La spørringen eller stien begynne i $this og gå innom mindre.",
)

LIMIT = 100_000
"""How many results of shapes a report keeps, so that a hopeless file cannot fill the memory."""
_BAD_SHAPES = (
    "The shapes cannot be used: nothing was validated beyond syntax and vocabulary.",
    "Formene kan ikke brukes: ingenting ble validert ut over syntaks og vokabular.",
)


class _BrokenFileError(Exception):
    """Some file stops being in its format: the reading begins again without those that do."""


def run(
    source: Source,
    *,
    engine: Engine = "compiled",
    progress: Progress | None = None,
    limit: int | None = LIMIT,
    today: date | None = None,
    memory: Memory | None = None,
) -> Report:
    """Check everything in a source and say what is wrong, in the order of files and lines.

    A file that does not parse gets a finding and is left out; the others are still checked. `engine` chooses
    who applies the shapes: our compiled queries, or pySHACL as the referee. At most `limit` results of shapes
    are kept; a note says if there were more. Dates in the future are looked for where the caller says what
    day it is. With a memory, what did not change since the check before is neither read nor validated again
    by the compiled queries; the report is the same.
    """
    tell = progress or (lambda stage, done, total: None)
    return _Run(source, engine, tell, limit, today, memory).report()


class _Run:
    """One check under way: the files still in, the findings so far, the time each stage took."""

    def __init__(
        self,
        source: Source,
        engine: Engine,
        progress: Progress,
        limit: int | None,
        today: date | None,
        memory: Memory | None,
    ) -> None:
        self._limit = limit
        self._memory = memory
        self._source = source
        self._today = today
        self._engine = engine
        self._progress = progress
        self._named = {file.relative: file for file in source.files}
        self._files: tuple[SourceFile, ...] = ()
        self._glances: dict[str, lint.Glance] = {}
        self._findings: list[Finding] = []
        self._results: list[Result] = []
        self._notes: list[Bilingual | Waiver] = []
        self._seconds: list[tuple[str, float]] = []

    def report(self) -> Report:
        """Run the stages in turn."""
        self._timed("text", self._inspect)
        self._timed("shapes", self._read_and_validate)
        self._timed("lint", self._lint)
        findings = tuple(sorted(self._settled(), key=_order))
        return Report(
            findings=findings,
            seconds=tuple(self._seconds),
            notes=tuple(dict.fromkeys(n.said if isinstance(n, Waiver) else n for n in self._notes)),
            waivers=tuple(dict.fromkeys(note for note in self._notes if isinstance(note, Waiver))),
        )

    def _timed(self, stage: str, work: Callable[[], None]) -> None:
        start = time.perf_counter()
        work()
        self._seconds.append((stage, time.perf_counter() - start))

    def _inspect(self) -> None:
        """Look at the files as text; those that are not even that are left out."""
        readable: list[SourceFile] = []
        glance = lint.glance if self._memory is None else self._memory.glance
        for number, file in enumerate(self._source.files, 1):
            self._glances[file.relative] = found = glance(file)
            self._findings += found.findings
            if not any(finding.severity is Severity.VIOLATION for finding in found.findings):
                readable.append(file)
            self._progress("text", number, len(self._source.files))
        self._files = tuple(readable)

    def _read_and_validate(self) -> None:
        """Parse everything once, on its way into the validator; begin again without a file that is broken."""
        if self._memory:
            self._memory.begin(self._files)
        while True:
            self._seen = lint.Seen(self._source.config.base, self._today)
            texts = self._memory.texts if self._memory else None
            self._places = Places(self._files, self._seen.subjects, self._seen.blanks, texts)
            try:
                self._results += self._validated(list(self._quads(Room.SHAPES)))
                break
            except _BrokenFileError:
                self._leave_out_broken()
        self._places.look_for(_named_in(self._results))
        self._findings += (self._finding(result) for result in self._results)

    def _leave_out_broken(self) -> None:
        sound: list[SourceFile] = []
        for file in self._files:
            try:
                deque(file.quads(named=False), maxlen=0)
                sound.append(file)
            except (SyntaxError, TableError) as error:
                self._findings += sources.unparsed(error, file)
        self._files = tuple(sound)

    def _validated(self, shapes: list[Quad]) -> tuple[Result, ...]:
        data = self._quads(Room.ONTOLOGY, Room.DATA)
        if not shapes:
            self._notes.append(_NO_SHAPES)
            deque(data, maxlen=0)
            if self._memory:
                self._memory.settle()
            return ()
        try:
            outcome = self._outcome(shapes, data)
        except InvalidDataError as error:
            left, unknown = list(data), beyond.shapes_of(error)
            if not unknown or self._engine != "compiled":
                self._report_shapes(error)
                return ()
            outcome = self._with_pyshacl(shapes, left or self._remembered(), unknown)
        self._notes += outcome.notes
        for node, why in outcome.unfinished:
            self._report_unfinished(node, why)
        return outcome.results

    def _outcome(self, shapes: list[Quad], data: Iterator[Quad]) -> Outcome:
        if self._memory is None or self._engine != "compiled":
            return _validator(self._engine)(shapes, data, limit=self._limit)
        deque(data, maxlen=0)
        return self._memory.validate(self._seen.subjects, self._limit)

    def _with_pyshacl(
        self, shapes: list[Quad], data: Sequence[Quad], unknown: Sequence[shacl.BeyondError]
    ) -> Outcome:
        """Give what the engine finds by most shapes, and pySHACL by those that the engine cannot apply."""
        nodes = tuple(error.node for error in unknown if isinstance(error.node, NamedNode | BlankNode))
        ours, theirs = beyond.parted(shapes, nodes)
        try:
            found = shacl.validate(ours, data, limit=self._limit)
        except InvalidDataError as error:
            self._report_shapes(error)
            return Outcome(results=())
        more = beyond.validate(theirs, data, nodes, self._limit)
        notes = (_applied_by_pyshacl(self._shape_place(error.node), error.plain) for error in unknown)
        return Outcome(
            results=(*found.results, *more.results),
            notes=(*found.notes, *more.notes, *notes),
            unfinished=(*found.unfinished, *more.unfinished),
        )

    def _remembered(self) -> list[Quad]:
        """Give the statements of ontology and data, where they went into the memory already."""
        files = [file for file in self._files if file.room in _STATING]
        return [quad for file in files for quad in self._memory.quads(file)] if self._memory else []

    def _quads(self, *rooms: Room) -> Iterator[Quad]:
        files = [file for file in self._files if file.room in rooms]
        for number, file in enumerate(files, 1):
            try:
                yield from self._read(file)
            except (SyntaxError, TableError) as error:
                raise _BrokenFileError from error
            self._progress("read", number, len(files))

    def _read(self, file: SourceFile) -> Iterable[Quad]:
        """Give the statements of a file, seen by lint: as they pass by, or from memory."""
        if self._memory is None:
            return self._seen.watch(file, file.quads(named=False))
        self._seen.add(file, self._memory.facts(file, self._seen.around))
        return self._memory.quads(file)

    def _lint(self) -> None:
        self._seen.glances = [(file, self._glances[file.relative]) for file in self._files]
        found, notes = lint.run(self._source, self._seen, self._places, self._today)
        self._findings += found
        self._notes += notes

    def _report_unfinished(self, node: NamedNode | BlankNode, why: Bilingual) -> None:
        """Say that a shape was given up: whether the data comply with it is not known."""
        finding = Finding(
            rule="unfinished-shape",
            severity=Severity.VIOLATION,
            messages=tagged(
                (
                    f"A query of this shape {why[0]}: what it would find is not known.",
                    f"En spørring i denne formen {why[1]}: hva den ville ha funnet, vet ingen.",
                )
            ),
            place=self._shape_place(node),
            focus=written(node),
            shape=written(node),
            hint=_VISIT_LESS,
        )
        self._findings.append(finding)

    def _report_shapes(self, error: InvalidDataError) -> None:
        self._notes.append(_BAD_SHAPES)
        if not isinstance(error, shacl.ShapeError):
            self._findings.append(_invalid_shape(error, error.said))
            return
        for each in (error, *error.others):
            node, path = written(each.node), each.path.value if each.path else None
            place = self._places.locate(node, path=path, rooms=frozenset({Room.SHAPES}))
            if place is not None and each.at is not None:
                place = self._places.inside(place, each.at)
            self._findings.append(_invalid_shape(each, each.plain, node, place))

    def _finding(self, result: Result) -> Finding:
        focus = written(result.focus)
        path = None if result.path is None else _path(result)
        value = None if result.value is None else written(result.value)
        rule = _rule(result.component.value)
        return Finding(
            rule=rule,
            severity=_SEVERITIES.get(result.severity.value, Severity.WARNING),
            messages=_messages(result, self._engine),
            place=self._places.locate(focus, path=path, value=value, rule=rule, rooms=_STATING),
            focus=focus,
            path=path,
            value=value,
            shape=written(result.shape),
            shape_place=self._shape_place(result.shape),
            constraint=None if result.constraint is None else written(result.constraint),
            grade=None if result.severity.value in _SEVERITIES else result.severity.value,
            hint=hints.mend(result),
            details=tuple(self._finding(detail) for detail in result.details),
        )

    def _shape_place(self, shape: Term) -> Place | None:
        return self._places.locate(written(shape), rooms=frozenset({Room.SHAPES}))

    def _settled(self) -> Iterator[Finding]:
        """Yield the findings that the dataset has not silenced, each as severe as the dataset wants it."""
        config = self._source.config
        silenced = lint.Settings(config.silenced)
        for finding in dict.fromkeys(self._findings):
            if silenced.cover(finding):
                continue
            if finding.rule in config.violations:
                finding = replace(finding, severity=Severity.VIOLATION, grade=None)
            yield finding if finding.place is None else self._excerpted(finding, finding.place)
        self._notes += silenced.waivers()

    def _excerpted(self, finding: Finding, place: Place) -> Finding:
        file = self._named.get(place.file)
        if file is not None and place.column:
            self._places.text(file)
        return replace(finding, excerpt=self._places.excerpt(place))


class _Validator(Protocol):
    def __call__(
        self, shapes: Iterable[Quad], data: Iterable[Quad], *, limit: int | None = None
    ) -> Outcome: ...


def _validator(engine: Engine) -> _Validator:
    if engine == "compiled":
        return shacl.validate
    from kg.check import referee  # rdflib and pySHACL are heavy, and only the referee needs them

    return referee.validate


def _named_in(results: Iterable[Result]) -> frozenset[str]:
    """Give the nodes that the places of results are found by."""
    pending, found = list(results), set[str]()
    while pending:
        result = pending.pop()
        pending += result.details
        nodes = (result.focus, result.value, result.shape)
        found.update(written(node) for node in nodes if node is not None and not isinstance(node, Literal))
    return frozenset(found)


def _invalid_shape(
    error: InvalidDataError, said: Bilingual, node: str | None = None, place: Place | None = None
) -> Finding:
    return Finding(
        rule="invalid-shape",
        severity=Severity.VIOLATION,
        messages=tagged(said),
        place=place,
        focus=node,
        hint=error.advice,
    )


def _path(result: Result) -> str:
    assert result.path is not None
    predicate = result.path.predicate
    return predicate.value if predicate is not None else result.path.text


def _rule(component: str) -> str:
    return f"sh:{component.removeprefix(SH)}" if component.startswith(SH) else component


def _messages(result: Result, engine: Engine) -> tuple[tuple[str, str], ...]:
    said = beyond.in_languages(result.messages) if engine == "pyshacl" else result.messages
    return tuple((message.language or "", message.value) for message in said)


def _applied_by_pyshacl(place: Place | None, why: Bilingual) -> Bilingual:
    where = f"{place}: " if place else ""
    return f"{where}pySHACL applied this shape. {why[0]}", f"{where}pySHACL brukte denne formen. {why[1]}"


def _order(finding: Finding) -> tuple[str, int, int, str, tuple[str, ...]]:
    """Sort by place and rule, and then by all that tells findings apart, so that the order is always one."""
    place = finding.place or Place("")
    rest = (finding.focus, finding.path, finding.value, finding.shape, finding.message())
    return place.file, place.line or 0, place.column or 0, finding.rule, tuple(text or "" for text in rest)
