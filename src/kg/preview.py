"""A dataset as its author has it now, shown as a snapshot would show it, in a fraction of the time.

A preview begins as a copy of a snapshot. What a save changes is carried into the copy's store and index
statement by statement, and each state is frozen as a folder of its own, the store by hard links. Search,
dumps, history, statistics, warnings and coverage stay those of the snapshot until the next one is built; so
do ontology, shapes and outlines, which readers of stores keep, until one of these is changed.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from pyoxigraph import DefaultGraph, NamedNode, Quad, Store, Triple

from kg import derive, quality, rdfio, snapshot, vocab
from kg.amendment import Amendment
from kg.check.memory import Read
from kg.derive import Axioms, Derivation, Rule
from kg.findings import Report
from kg.quality import Quality
from kg.snapshot import Snapshot
from kg.source import Room, Source

Files = Mapping[str, Read]
"""Files as a check read them, by their path in the dataset."""

_NQUADS = next(fmt for fmt in rdfio.FORMATS if fmt.name == "nquads")
_FOLDER = ".kg-preview-"
_MEMORY, _ROOM = Path("/dev/shm"), 10  # noqa: S108
"""Where a folder lies in memory, and how many times the size of a snapshot must be free there."""
_OUTLINES = vocab.PREFIXES["geo"]
_KEPT = 3
"""How many states are kept, for requests that began on an older one."""


class Preview:
    """The states of a dataset since a snapshot; only one thread may use it."""

    def __init__(self, base: Snapshot, source: Source, files: Files, home: Path) -> None:
        """Begin with a snapshot and with the files that it was built from, as a check read them.

        States lie in memory if there is room, else in `home`.
        """
        place = _place(base, home)
        self._base, self._files, self._source = base, files, source
        self._derived_graph = NamedNode(snapshot.derived_graph(base.config.base))
        self._work = Path(tempfile.mkdtemp(prefix=f"{_FOLDER}{os.getpid()}-", dir=place))
        self._shown: list[Path] = []
        shutil.copytree(base.store, self._work / "store")
        self._store = Store(str(self._work / "store"))
        self._index = Amendment(base.index, self._work / "index.sqlite", [self._derived_graph.value])
        self._coverage = quality.read(base.report).coverage
        self._begun, self._has_outlines = files, True
        self._axioms: Axioms
        self._rules: Sequence[Rule]
        self._derivation: Derivation
        self._derive_anew(source, files)
        self._derivation.change((), ())  # what a first change needs is found out before somebody waits for it
        self._blank = self._canonical()

    def close(self) -> None:
        """Delete all states."""
        self._index.close()
        shutil.rmtree(self._work, ignore_errors=True)

    def show(self, source: Source, files: Files, report: Report) -> Snapshot:
        """Give the dataset as it is now, checked by this report, in the form of a snapshot."""
        gone, come = self._difference(source, files)
        self._has_outlines &= not any(quad.predicate.value.startswith(_OUTLINES) for quad in (*gone, *come))
        self._store_change(gone, come)
        self._index.change(gone, come)
        for folder in self._shown[: 1 - _KEPT]:
            shutil.rmtree(folder, ignore_errors=True)
        self._shown = self._shown[1 - _KEPT :]
        return self._frozen(source, report)

    # What changes

    def _difference(self, source: Source, files: Files) -> tuple[list[Quad], list[Quad]]:
        """Give the quads that go and those that come, as a snapshot would name their blank nodes."""
        gone, come = _written_difference((self._source, self._files), (source, files))
        self._source, self._files = source, files
        derived = self._derivation.derived
        self._derive(source, files, gone, come)
        now = self._derivation.derived
        gone |= {_in(self._derived_graph, triple) for triple in derived - now}
        come |= {_in(self._derived_graph, triple) for triple in now - derived}
        if not any(map(rdfio.has_blank_node, (*gone, *come))):
            return list(gone), list(come)
        blank, self._blank = self._blank, self._canonical()
        return (
            [*_without_blank(gone), *(blank - self._blank)],
            [*_without_blank(come), *(self._blank - blank)],
        )

    def _derive(self, source: Source, files: Files, gone: set[Quad], come: set[Quad]) -> None:
        """Let follow what follows now; from scratch where the rules are others."""
        if snapshot.rules_of(source) != self._rules:
            self._derive_anew(source, files)
            return
        axioms = derive.read_axioms(_stated(files, Room.ONTOLOGY))
        changed, self._axioms = axioms != self._axioms, axioms
        left = [quad.triple for quad in self._left(gone) if quad.graph_name != self._derived_graph]
        blank = {quad.subject for quad in gone if rdfio.has_blank_node(quad)}  # not as the index names them
        left += (quad.triple for quad in _stated(files) if quad.subject in blank) if blank else ()
        removed = derive.stored(quad.triple for quad in gone) - derive.stored(left)
        self._derivation.change(removed, (quad.triple for quad in come), axioms if changed else None)

    def _derive_anew(self, source: Source, files: Files) -> None:
        self._axioms, self._rules = (
            derive.read_axioms(_stated(files, Room.ONTOLOGY)),
            snapshot.rules_of(source),
        )
        triples = (quad.triple for quad in _stated(files))
        self._derivation = Derivation(triples, self._axioms, self._rules)

    def _canonical(self) -> set[Quad]:
        """Give all quads with blank nodes, as a snapshot names these."""
        written = _named(self._source, self._files)
        blank = {quad for quad in written if rdfio.has_blank_node(quad)}
        derived = (_in(self._derived_graph, triple) for triple in self._derivation.derived)
        blank.update(quad for quad in derived if rdfio.has_blank_node(quad))
        return set(rdfio.read(rdfio.canonical(blank), _NQUADS, keep_blank_nodes=True))

    def _store_change(self, gone: Iterable[Quad], come: Iterable[Quad]) -> None:
        """Carry a change into the store, whose default graph is the merge of all others.

        The store knows values only: what goes may be there still, in another graph or written otherwise. So
        what else the index, still as it was, has of the same subject and property is put in again.
        """
        taken = set(gone)
        for quad in taken:
            self._store.remove(quad)
            self._store.remove(Quad(*quad.triple))
        every = [*self._left(taken), *come]
        self._store.extend(every)
        self._store.extend(Quad(*quad.triple) for quad in every)

    def _left(self, gone: Set[Quad]) -> Iterator[Quad]:
        """Yield what else the index, where these quads are still, has of their subjects and properties."""
        for pair in {(str(quad.subject), str(quad.predicate)) for quad in gone}:
            yield from (quad for quad in self._index.quads(*pair) if quad not in gone)

    # What is shown

    def _frozen(self, source: Source, report: Report) -> Snapshot:
        folder = Path(tempfile.mkdtemp(prefix="state-", dir=self._work))
        self._shown.append(folder)
        self._store.flush()
        self._store.backup(str(folder / "store"))
        are_same = _models(self._begun) == _models(self._files)
        for part in (snapshot.MODELS,) * are_same + (snapshot.OUTLINES,) * self._has_outlines:
            (folder / part).symlink_to(self._base.store.resolve())
        queries = snapshot.queries_of(source)
        self._index.copy(folder / "index.sqlite")
        quality.write(folder / "report.json", Quality(report, self._coverage))
        for path in (self._base.dumps, self._base.statistics, self._base.history, self._base.cautions):
            (folder / path.name).symlink_to(path.resolve())
        sources = self._index.of_graphs(snapshot.SOURCES)
        graphs = snapshot.graphs_of(source, self._index.graphs(), sources)
        return replace(
            self._base,
            id=f"preview-{folder.name.removeprefix('state-')}",
            path=folder,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            quads=sum(graph.triples for graph in graphs),
            terms=self._index.terms,
            config=source.config,
            graphs=graphs,
            queries=queries,
            fingerprint="",
        )


def _models(files: Files) -> Files:
    """Give the files of ontology and shapes."""
    return {name: read for name, read in files.items() if read.room is not Room.DATA}


def _stated(files: Files, *rooms: Room) -> Iterator[Quad]:
    """Yield what files state, blank nodes as the check named them."""
    return (quad for read in files.values() if not rooms or read.room in rooms for quad in read.quads)


def _named(source: Source, files: Files) -> Iterator[Quad]:
    """Yield what files state, each triple in the graph of its file or in its own."""
    homes = {file.relative: file.home for file in source.files}
    for name, read in files.items():
        home = homes[name]
        for quad in read.quads:
            if home is not None and isinstance(quad.graph_name, DefaultGraph):
                yield _in(home, quad.triple)
            else:
                yield quad


def _written_difference(old: tuple[Source, Files], new: tuple[Source, Files]) -> tuple[set[Quad], set[Quad]]:
    """Give the quads that are written no more and those that were not before."""
    (source_before, before), (source, now) = old, new
    changed = {name for name in {*before, *now} if before.get(name) is not now.get(name)}
    gone, come = (
        set(_named(where, {name: files[name] for name in changed if name in files}))
        for where, files in ((source_before, before), (source, now))
    )
    touched = {quad.graph_name for quad in gone ^ come}
    several = {f.relative for f in source.files if f.format is not None and f.format.datasets}
    sharing = {*several, *(f.relative for f in source.files if f.home in touched)} - changed
    elsewhere = set(_named(source, {name: now[name] for name in sharing if name in now}))
    return gone - come - elsewhere, come - gone - elsewhere


def _in(graph: NamedNode, triple: Triple) -> Quad:
    return Quad(triple.subject, triple.predicate, triple.object, graph)


def _without_blank(quads: Iterable[Quad]) -> Iterator[Quad]:
    return (quad for quad in quads if not rdfio.has_blank_node(quad))


def _place(base: Snapshot, home: Path) -> Path:
    """Give a folder for states, swept of what processes left that are no more."""
    needed = _ROOM * sum(path.stat().st_size for path in (base.index, *base.store.iterdir()))
    in_memory = os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > needed
    place = _MEMORY if in_memory else home
    for folder in place.glob(f"{_FOLDER}*"):
        number = folder.name.removeprefix(_FOLDER).partition("-")[0]
        if not (number.isdecimal() and Path("/proc", number).exists()):
            shutil.rmtree(folder, ignore_errors=True)
    return place
