"""How a checked state is named, stored, opened, listed and published: a folder that never changes."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import lru_cache, partial
from itertools import chain, islice
from pathlib import Path
from typing import Any, TypeVar

import platformdirs
from pyoxigraph import Literal, NamedNode, Quad, Store

from kg import cautions, config, derive, documents, dumps, history, index, quality, rdfio, statistics
from kg.config import Config
from kg.derive import Rule
from kg.errors import InvalidDataError, SnapshotError
from kg.findings import Report
from kg.history import History
from kg.index import Index
from kg.quality import Coverage, Quality
from kg.source import Room, Source
from kg.vocab import term

LAYOUT = "8"
"""Raise when the files of a snapshot change: it is part of a snapshot's id."""

_MANIFEST = "manifest.json"
_CURRENT = "current"
MODELS, OUTLINES = "models", "outlines"
"""What seldom changes: ontology and shapes; geometries."""
_BUILDING = ".building-"
_AT_ONCE = 100_000
"""How many quads go into the store at once: the engine keeps them in memory until then."""
_DERIVED = "graph/derived"
_NQUADS = next(fmt for fmt in rdfio.FORMATS if fmt.name == "nquads")
SOURCES = (term("prov:hadPrimarySource"), term("dcterms:source"))
"""The properties by which a graph names where its facts come from."""

Progress = Callable[[str], None]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class GraphInfo:
    """One named graph of a snapshot: which file it came from, how big it is, where its facts come from."""

    iri: str
    room: str
    triples: int
    file: str | None
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Query:
    """A question that comes with the dataset; the text is SPARQL, `#`-comments first."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A published state of a dataset. The id is a hash of what it says, so the same input has the same id."""

    id: str
    path: Path
    created: str
    quads: int
    terms: int
    config: Config
    graphs: tuple[GraphInfo, ...]
    queries: tuple[Query, ...]
    fingerprint: str
    seconds: tuple[tuple[str, float], ...]

    @property
    def store(self) -> Path:
        """The SPARQL store: its default graph is the merge of all graphs."""
        return self.path / "store"

    @property
    def content(self) -> Path:
        """Every quad, written and derived, as canonical N-Quads: literals as written, lines in order."""
        return self.path / "content.nq"

    @property
    def index(self) -> Path:
        """The index that pages are made from."""
        return self.path / "index.sqlite"

    @property
    def dumps(self) -> Path:
        """The folder of files to download."""
        return self.path / "dumps"

    @property
    def dumped(self) -> str:
        """The id of the snapshot whose dumps these are: itself, or the one that a preview began with."""
        return self.dumps.resolve().parent.name

    @property
    def statistics(self) -> Path:
        """The counts of classes, properties and links that describe the dataset."""
        return self.path / "statistics.json"

    @property
    def history(self) -> Path:
        """When each thing last changed."""
        return self.path / "history.sqlite"

    @property
    def documents(self) -> Path:
        """The finished documents about things; a preview has none."""
        return self.path / "documents.sqlite"

    @property
    def cautions(self) -> Path:
        """What the questions that warn have found."""
        return self.path / "cautions.json"

    @property
    def report(self) -> Path:
        """What the checks said of this state."""
        return self.path / "report.json"


@lru_cache(maxsize=16)
def settled(store: Path, part: str) -> Path:
    """Give the store to read from what seldom changes: `MODELS` or `OUTLINES`.

    It is the same store, or for a preview that has not changed that part, the one that it began with.
    """
    link = store.with_name(part)
    return link.resolve() if link.is_symlink() else store


class Home:
    """A folder of snapshots with a pointer to the published one."""

    def __init__(self, path: Path) -> None:
        """Name the folder; it is made when something is written to it."""
        self.path = path

    def current(self) -> Snapshot | None:
        """Give the published snapshot, or None before the first. Raises SnapshotError if it is damaged."""
        pointer = self.path / _CURRENT
        return _open(pointer.resolve()) if pointer.is_symlink() else None

    def all(self) -> tuple[Snapshot, ...]:
        """Give every whole snapshot, the newest first."""
        folders = [path.parent for path in (self.path / "snapshots").glob(f"*/{_MANIFEST}")]
        return tuple(sorted(map(_open, folders), key=lambda s: (s.created, s.id), reverse=True))

    def open(self, identity: str) -> Snapshot | None:
        """Give the snapshot with this whole id, if it is still here."""
        folder = self.path / "snapshots" / identity
        return _open(folder) if identity.isalnum() and (folder / _MANIFEST).exists() else None

    def find(self, prefix: str) -> Snapshot:
        """Give the one snapshot whose id begins so. Raises SnapshotError for none or several."""
        found = [snapshot for snapshot in self.all() if snapshot.id.startswith(prefix)]
        if len(found) != 1:
            raise SnapshotError(
                f"{len(found) or 'No'} snapshots in {self.path} have an id that begins with {prefix!r}.",
                hint="`kg snapshots` lists them.",
            )
        return found[0]

    def of_input(self, source: Source) -> Snapshot | None:
        """Give the published snapshot if it was built from exactly these bytes, without parsing them."""
        try:
            snapshot = self.current()
        except SnapshotError:
            return None
        return snapshot if snapshot and snapshot.fingerprint == _fingerprint(source) else None

    def build(self, source: Source, report: Report, progress: Progress = lambda stage: None) -> Snapshot:
        """Build, name and store the snapshot of a checked source, and publish nothing.

        A report with a violation raises InvalidDataError; anything that cannot be written, SnapshotError.
        Until the last step all work is in a folder that no reader looks at.
        """
        if not report.conforms:
            raise InvalidDataError("The data breaks its shapes, so it is not published.")
        with self._locked():
            for killed in self.path.glob(f"{_BUILDING}*"):
                shutil.rmtree(killed, ignore_errors=True)
            building = Path(tempfile.mkdtemp(prefix=_BUILDING, dir=self.path))
            try:
                manifest = _Build(source, report, building, progress, self._before()).run()
                final = self.path / "snapshots" / manifest["id"]
                if not (final / _MANIFEST).exists():
                    shutil.rmtree(final, ignore_errors=True)
                    os.sync()
                    building.rename(final)
                    _sync_folder(final.parent)
                return _open(final)
            except OSError as error:
                raise SnapshotError(f"The snapshot cannot be written to {self.path}: {error}.") from error
            finally:
                shutil.rmtree(building, ignore_errors=True)

    def _before(self) -> Path | None:
        """Give the history of the snapshot that is published now, if it has one."""
        try:
            snapshot = self.current()
        except SnapshotError:
            return None
        return snapshot.history if snapshot and snapshot.history.exists() else None

    def publish(self, snapshot: Snapshot) -> None:
        """Make a snapshot the current one, in one step: readers see the old one or the new one."""
        with self._locked():
            pointer = self.path / f".{_CURRENT}-{os.getpid()}"
            pointer.unlink(missing_ok=True)
            pointer.symlink_to(Path("snapshots") / snapshot.id)
            pointer.replace(self.path / _CURRENT)
            _sync_folder(self.path)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep other builders out of this home until the block ends."""
        try:
            (self.path / "snapshots").mkdir(parents=True, exist_ok=True)
            lock = (self.path / "lock").open("w")
        except OSError as error:
            raise SnapshotError(
                f"Snapshots cannot be written to {self.path}: {error.strerror}.",
                hint="Name another folder with --snapshots.",
            ) from error
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def home_of(source: Source, folder: Path | None) -> Home:
    """Give the folder of a dataset's snapshots: the one named, else one of the user's data folders."""
    if folder is not None:
        return Home(folder)
    names = sorted(str(file.path.resolve()) for file in source.files[:1])
    root = str(source.root.resolve()) if source.root else "\0".join(names)
    name = (source.root or source.files[0].path).resolve().name or "dataset"
    digest = hashlib.sha256(root.encode()).hexdigest()[:8]
    return Home(Path(platformdirs.user_data_dir("kg", appauthor=False)) / f"{name}-{digest}")


def _fingerprint(source: Source) -> str:
    return ":".join((source.fingerprint, _versions()))


def _versions() -> str:
    return f"{LAYOUT}.{derive.VERSION}.{index.VERSION}.{documents.VERSION}"


class _Build:
    """One build: each stage is timed and told."""

    def __init__(
        self, source: Source, report: Report, folder: Path, progress: Progress, before: Path | None
    ) -> None:
        self.source, self.report, self.folder, self.progress = source, report, folder, progress
        self.before = before
        self.created = datetime.now(UTC).isoformat(timespec="seconds")
        self.seconds: list[tuple[str, float]] = list(report.seconds)
        self.base = source.config.base

    def run(self) -> dict[str, Any]:
        """Do all stages; give the manifest, which is written last."""
        queries = [asdict(query) for query in queries_of(self.source)]
        rules = rules_of(self.source)
        identity, content = self.content(rules, queries)
        (self.folder / "content.nq").write_bytes(content)
        derived = frozenset({derived_graph(self.base)})
        read = partial(_read_content, content)
        self.stage("store", lambda: self.write_store(content))
        terms = self.stage("index", lambda: index.build(self.folder / "index.sqlite", read, derived))
        self.stage(
            "dumps",
            lambda: dumps.write(
                self.folder / "dumps", content, derived, self.base, self.source.config.prefixes
            ),
        )
        self.stage("describe", lambda: self.describe(content, identity))
        self.stage("documents", self.write_documents)
        self.stage("warn", self.warn)
        covered = self.stage("cover", self.cover)
        quality.write(self.folder / "report.json", Quality(self.report, covered))
        manifest = {
            "id": identity,
            "created": self.created,
            "quads": content.count(b"\n"),
            "terms": terms,
            "config": config.to_row(self.source.config),
            "graphs": [asdict(graph) for graph in self.graphs(read())],
            "queries": queries,
            "fingerprint": _fingerprint(self.source),
            "seconds": self.seconds,
        }
        manifest["files"] = _sizes(self.folder)
        (self.folder / _MANIFEST).write_text(json.dumps(manifest, ensure_ascii=False, indent=1), "utf-8")
        return manifest

    def stage(self, name: str, work: Callable[[], T]) -> T:
        self.progress(name)
        start = time.perf_counter()
        result = work()
        self.seconds.append((name, round(time.perf_counter() - start, 3)))
        return result

    def content(self, rules: list[Rule], queries: list[dict[str, str]]) -> tuple[str, bytes]:
        """Give the identity and everything there is, written and derived; only the bytes stay in memory."""
        written = self.stage("read", lambda: list(self.source.quads()))
        identity = self.stage("canonicalise", lambda: self.identity(written, rules, queries))
        derived = self.stage("derive", lambda: self.derive(written, rules))
        return identity, rdfio.canonical(chain(written, derived))

    def identity(self, written: list[Quad], rules: list[Rule], queries: list[dict[str, str]]) -> str:
        """Hash what the dataset says, how it is derived, and how it is stored."""
        rest = [_versions(), config.to_row(self.source.config), [asdict(rule) for rule in rules], queries]
        digest = hashlib.sha256(rdfio.canonical(written))
        digest.update(json.dumps(rest, sort_keys=True).encode())
        return digest.hexdigest()

    def derive(self, written: list[Quad], rules: list[Rule]) -> list[Quad]:
        ontology = [quad for file in self.source.in_room(Room.ONTOLOGY) for quad in file.quads()]
        graph = NamedNode(derived_graph(self.base))
        return [
            Quad(t.subject, t.predicate, t.object, graph) for t in derive.derive(written, ontology, rules)
        ]

    def describe(self, content: bytes, identity: str) -> None:
        """Count what there is, and find out since when each thing is as it is."""
        derived = derived_graph(self.base)
        statistics.write(self.folder / "statistics.json", statistics.count(content, self.base, derived))
        path = self.folder / "history.sqlite"
        history.build(path, content, self.base, derived, self.created, identity, self.before)

    def write_documents(self) -> None:
        """Finish the documents that are asked for most."""
        documents.build(
            self.folder / "documents.sqlite",
            Index(self.folder / "index.sqlite"),
            History(self.folder / "history.sqlite"),
            self.folder / "store",
            self.source.config,
        )

    def warn(self) -> None:
        """Ask the questions that warn."""
        questions = ((query.name, query.text) for query in queries_of(self.source))
        cautions.write(self.folder / "cautions.json", self.folder / "store", questions)

    def write_store(self, content: bytes) -> None:
        """Load every quad, and its triple into the default graph; blank nodes keep their names."""
        store = Store(str(self.folder / "store"))
        quads = _read_content(content)
        while some := list(islice(quads, _AT_ONCE)):
            store.bulk_extend(some)
            store.bulk_extend(Quad(*quad.triple) for quad in some)
        store.flush()
        store.optimize()

    def graphs(self, quads: Iterable[Quad]) -> tuple[GraphInfo, ...]:
        triples: dict[str, int] = defaultdict(int)
        sources: dict[str, set[str]] = defaultdict(set)
        for quad in quads:
            triples[getattr(quad.graph_name, "value", "")] += 1
            if quad.predicate in SOURCES and isinstance(quad.object, NamedNode | Literal):
                sources[getattr(quad.subject, "value", "")].add(quad.object.value)
        return graphs_of(self.source, triples, sources)

    def cover(self) -> Coverage:
        """Find out which statements of the data no shape looked at."""
        return quality.cover(*(self.source.quads(room) for room in (Room.DATA, Room.ONTOLOGY, Room.SHAPES)))


def derived_graph(base: str) -> str:
    """Give the IRI of the graph of what was not written but follows."""
    return f"{base}{_DERIVED}"


def queries_of(source: Source) -> tuple[Query, ...]:
    """Give the questions that come with a dataset."""
    return tuple(Query(path.stem, path.read_text("utf-8")) for path in source.queries)


def rules_of(source: Source) -> list[Rule]:
    """Give the rules by which a dataset derives triples."""
    return [Rule(path.name, path.read_text("utf-8")) for path in source.rules]


def graphs_of(
    source: Source, triples: Mapping[str, int], sources: Mapping[str, Collection[str]]
) -> tuple[GraphInfo, ...]:
    """Give what is known of each graph, by how many triples it has and what is named as its sources."""
    files = {file.graph.value: file for file in source.files}
    derived = derived_graph(source.config.base)
    return tuple(
        GraphInfo(
            iri=graph,
            room="derived" if graph == derived else files[graph].room.value if graph in files else "data",
            triples=count,
            file=files[graph].relative if graph in files else None,
            sources=tuple(sorted(sources.get(graph, ()))),
        )
        for graph, count in sorted(triples.items())
    )


def _read_content(content: bytes) -> Iterator[Quad]:
    return rdfio.read(content, _NQUADS, keep_blank_nodes=True)


def _sizes(folder: Path) -> dict[str, int]:
    return {
        path.relative_to(folder).as_posix(): path.stat().st_size
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _open(folder: Path) -> Snapshot:
    """Read a manifest and see that each file it names is there and whole."""
    try:
        row = json.loads((folder / _MANIFEST).read_text("utf-8"))
        for name, size in row["files"].items():
            if os.stat(f"{folder}/{name}").st_size != size:  # thousands of files: no Path for each
                raise SnapshotError(
                    f"{folder / name} has not the size that was written.",
                    hint="Remove that folder; `kg build` makes it again.",
                )
        return _of_row(folder, row)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SnapshotError(
            f"{folder} is no whole snapshot: {error}.", hint="Remove it; `kg build` makes it again."
        ) from error


def _of_row(folder: Path, row: dict[str, Any]) -> Snapshot:
    return Snapshot(
        id=row["id"],
        path=folder,
        created=row["created"],
        quads=row["quads"],
        terms=row["terms"],
        config=config.of_row(row["config"]),
        graphs=tuple(GraphInfo(**{**g, "sources": tuple(g["sources"])}) for g in row["graphs"]),
        queries=tuple(Query(**q) for q in row["queries"]),
        fingerprint=row["fingerprint"],
        seconds=tuple((name, seconds) for name, seconds in row["seconds"]),
    )
