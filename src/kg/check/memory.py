"""What one check keeps for the next: files as they were read, and the validation of all that they say."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from pyoxigraph import BlankNode, Quad, Triple

from kg.check import lint
from kg.check.place import Text, written
from kg.check.shacl.changes import Kept
from kg.check.shacl.engine import DataStore, Plan
from kg.check.shacl.results import Outcome
from kg.check.shacl.shapes import ShapesGraph
from kg.source import Room, SourceFile

Where = Mapping[str, tuple[SourceFile, ...]]
"""Which files say something about a node."""

Difference = tuple[frozenset[Triple], frozenset[Triple]]
"""The triples that went and those that came."""

_Stamp = tuple[object, ...]
"""When a file was written, and what it is in the dataset."""
_Found = TypeVar("_Found")

_NONE: Difference = (frozenset(), frozenset())


@dataclass(frozen=True, slots=True)
class Read:
    """A file as it was read: its room, a hash of its bytes, and its statements in order."""

    room: Room
    digest: str
    quads: Sequence[Quad]

    def triples(self) -> Iterator[Triple]:
        """Yield what it states."""
        return (quad.triple for quad in self.quads)


@dataclass
class Memory:
    """The last check of a dataset: only what changed since then is read and validated again.

    `outcome` is that of the shapes for the files as they were; None where all must be validated. Blank nodes
    are named by their order in a file, so that a file that is read twice says the same twice.
    """

    files: dict[str, Read] = field(default_factory=dict)
    outcome: Outcome | None = None
    texts: dict[str, Text] = field(default_factory=dict)
    note: str = ""

    def __post_init__(self) -> None:
        """Begin with the files as they were."""
        self._kept: Kept | None = None
        self._validated = self.files
        self._now: dict[str, Read] = {}
        self._digests: dict[str, tuple[_Stamp, str]] = {}
        self._glances: dict[str, tuple[_Stamp, lint.Glance]] = {}
        self._last: dict[str, str] = {}
        self._facts: dict[str, tuple[Read, lint.Around, lint.Facts]] = {}

    def begin(self, files: Iterable[SourceFile]) -> None:
        """Begin to read files for a check: forget the text of those that changed."""
        self._now = {}
        digests = {file.relative: _while_same(self._digests, file, _digest) for file in files}
        for name in [name for name in self.texts if digests.get(name) != self._last.get(name)]:
            del self.texts[name]
        self._last = digests
        self._digests = {name: kept for name, kept in self._digests.items() if name in digests}
        self._glances = {name: kept for name, kept in self._glances.items() if name in digests}
        self._facts = {name: facts for name, facts in self._facts.items() if name in digests}

    def glance(self, file: SourceFile) -> lint.Glance:
        """Give what one look at a file tells, which is looked at again only if it was written to."""
        return _while_same(self._glances, file, lint.glance)

    def quads(self, file: SourceFile) -> Sequence[Quad]:
        """Give the statements of a file, which is read only if it changed. Raises as reading does."""
        return self._read(file).quads

    def facts(self, file: SourceFile, around: lint.Around) -> lint.Facts:
        """Give the facts of a file for lint, which are gathered again only where they may be others."""
        read = self._read(file)
        known = self._facts.get(file.relative)
        if known is None or known[0] is not read or known[1] != around:
            known = read, around, lint.gathered(read.quads, file.room, around)
            self._facts[file.relative] = known
        return known[2]

    def _read(self, file: SourceFile) -> Read:
        digest = self._last[file.relative]
        known = self._now.get(file.relative) or self.files.get(file.relative)
        if known is None or known.digest != digest:
            known = Read(file.room, digest, tuple(_renamed(file, file.quads(named=False))))
        self._now[file.relative] = known
        return known

    def settle(self) -> None:
        """Keep what was read, of which nothing is to be validated."""
        self.files, self.outcome, self._kept = self._now, None, None

    def validate(self, where: Where, limit: int | None = None) -> Outcome:
        """Give the outcome for the files that were read since the beginning; raises ShapeError as ever.

        After shapes that cannot be used, those that were used before and their outcome are still known.
        """
        before, self.files = self._validated, self._now
        known, self.outcome = self._kept.outcome if self._kept else self.outcome, None
        if known is not None and known.unfinished:
            known = None
        stays = known is not None and _same(*(_in_room(files, Room.SHAPES) for files in (before, self.files)))
        plan = None if stays else _plan(self.files)
        self._validated, kept, self._kept = self.files, self._kept, None
        difference = _NONE if known is None else _difference(before, self.files, where)
        again = "nothing"
        if known is None and plan is not None:
            self._kept, again = Kept(plan, _data(self.files, plan), limit=limit), "everything"
        elif plan is not None or difference != _NONE:
            self._kept, again = _mended(kept or _kept(before, limit, known), plan, difference)
        else:
            self._kept = kept
        found = self._kept.outcome if self._kept else known
        assert found is not None
        self.outcome = None if found.unfinished else found
        self.note = _told(before, self.files, again)
        return found


def _while_same(
    kept: dict[str, tuple[_Stamp, _Found]], file: SourceFile, find: Callable[[SourceFile], _Found]
) -> _Found:
    """Give what was found out about a file, again only where it was written to or is another one."""
    stamp = (file, *map(_written_at, filter(None, (file.path, file.metadata))))
    if file.relative not in kept or kept[file.relative][0] != stamp:
        kept[file.relative] = stamp, find(file)
    return kept[file.relative][1]


def _written_at(path: Path) -> tuple[int, ...]:
    try:
        found = path.stat()
    except OSError:
        return ()
    return found.st_mtime_ns, found.st_size, found.st_ino


def _told(before: Mapping[str, Read], now: Mapping[str, Read], again: str) -> str:
    """Say how much was validated again."""
    names = {*before, *now}
    changed = sum(before.get(name) is not now.get(name) for name in names)
    return f"{changed} of {len(names)} files changed; validated again: {again}."


def _same(before: Mapping[str, Read], now: Mapping[str, Read]) -> bool:
    """True if the same is stated, however it is laid out."""
    return before.keys() == now.keys() and all(
        read is before[name] or read.quads == before[name].quads for name, read in now.items()
    )


def _in_room(files: Mapping[str, Read], *rooms: Room) -> dict[str, Read]:
    return {name: read for name, read in files.items() if read.room in rooms}


def _mended(kept: Kept, plan: Plan | None, difference: Difference) -> tuple[Kept, str]:
    """Let other shapes or data be validated; tell how much was."""
    again = []
    if difference != _NONE:
        kept.change(*difference)
        again.append("everything" if kept.looked_at is None else f"at {kept.looked_at} nodes")
    if plan is not None:
        kept.replace_shapes(plan)
        some = kept.renewed
        again.append(f"{some[0]} of {some[1]} shapes with targets" if some else "everything")
    return kept, "everything" if "everything" in again else ", ".join(again)


def _kept(files: Mapping[str, Read], limit: int | None, outcome: Outcome | None) -> Kept:
    plan = _plan(files)
    return Kept(plan, _data(files, plan), limit=limit, outcome=outcome)


def _plan(files: Mapping[str, Read]) -> Plan:
    return Plan(ShapesGraph(_stated(files, Room.SHAPES)))


def _data(files: Mapping[str, Read], plan: Plan) -> DataStore:
    return DataStore(_stated(files, Room.ONTOLOGY, Room.DATA), plan.graph)


def _stated(files: Mapping[str, Read], *rooms: Room) -> list[Quad]:
    return [quad for read in _in_room(files, *rooms).values() for quad in read.quads]


def _difference(before: Mapping[str, Read], now: Mapping[str, Read], where: Where) -> Difference:
    """Give the triples of data that went and those that came; a triple is there while any file states it."""
    old, new = (_in_room(files, Room.ONTOLOGY, Room.DATA) for files in (before, now))
    changed = {name for name in {*old, *new} if old.get(name) is not new.get(name)}
    gone, come = (
        frozenset(triple for name in changed if name in files for triple in files[name].triples())
        for files in (old, new)
    )
    touched = gone ^ come
    files = {file.relative for triple in touched for file in where.get(_subject(triple), ())} - changed
    still = {triple for name in files if name in new for triple in new[name].triples()}
    return gone - come - still, come - gone - still


def _subject(triple: Triple) -> str:
    return written(triple.subject)


def _digest(file: SourceFile) -> str:
    found = hashlib.sha256(f"{file.graph.value}\0{file.room.value}\0".encode() + file.raw())
    if file.metadata is not None:
        found.update(file.metadata.read_bytes())
    return found.hexdigest()


def _renamed(file: SourceFile, quads: Iterable[Quad]) -> Iterator[Quad]:
    """Yield the quads with blank nodes named by the file and their order in it."""
    begin = hashlib.sha256(file.graph.value.encode()).hexdigest()[:12]
    names: dict[BlankNode, BlankNode] = {}

    def named(node: BlankNode) -> BlankNode:
        return names.setdefault(node, BlankNode(f"f{begin}n{len(names)}"))

    for quad in quads:
        subject, value = quad.subject, quad.object
        if isinstance(subject, BlankNode) or isinstance(value, BlankNode):
            subject = named(subject) if isinstance(subject, BlankNode) else subject
            value = named(value) if isinstance(value, BlankNode) else value
            yield Quad(subject, quad.predicate, value, quad.graph_name)
        else:
            yield quad
