"""Dumps: the whole dataset and each named graph in every format, packed and not, with checksums.

Everything goes through files and in pieces: memory holds the canonical N-Quads, and where each graph's lie.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import os
import threading
import zlib
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from types import MappingProxyType
from typing import Protocol
from urllib.parse import unquote

import zstandard
from pyoxigraph import Quad, Triple, parse, serialize

from kg import rdfio
from kg.rdfio import Format

LIST = "dumps.json"
WHOLE = "dataset"
DERIVED = "derived"
_NQUADS = next(fmt for fmt in rdfio.FORMATS if fmt.name == "nquads")
_PIECE, _SMALL = 2**20, 2**24


class Packer(Protocol):
    """What makes a file smaller, piece by piece."""

    def compress(self, data: bytes, /) -> bytes:
        """Take a piece, and give what of the packed file is ready."""

    def flush(self) -> bytes:
        """Give the rest."""


_local = threading.local()


def _zstd(size: int) -> Packer:
    """Give a packer for so many bytes; making the compressor is what takes time, so each thread has one."""
    if not hasattr(_local, "zstd"):
        _local.zstd = zstandard.ZstdCompressor(level=9)
    made: Packer = _local.zstd.compressobj(size=size)
    return made


def _gzip(size: int) -> Packer:
    return zlib.compressobj(6, wbits=31)


@dataclass(frozen=True, slots=True)
class Coding:
    """One way to make a file smaller: its name, the ending of file names, the media type, how it is done."""

    name: str
    suffix: str
    media_type: str
    packer: Callable[[int], Packer]


CODINGS = (
    Coding("gzip", "gz", "application/gzip", _gzip),
    Coding("zstd", "zst", "application/zstd", _zstd),
)
_CODINGS = {coding.name: coding for coding in CODINGS}


@dataclass(frozen=True, slots=True)
class Dump:
    """One file to download; `path` is below the snapshot's dumps folder, `graph` empty for the whole.

    `coding` names how it is packed, and is empty where it is not; `media_type` is that of what is packed.
    """

    path: str
    graph: str
    format: str
    media_type: str
    coding: str
    bytes: int
    sha256: str

    @property
    def file_type(self) -> str:
        """The media type of the file itself."""
        return _CODINGS[self.coding].media_type if self.coding else self.media_type


@dataclass(frozen=True, slots=True)
class Part:
    """What some dumps say: the stem of their paths, and where its lines lie, in order and graph by graph."""

    stem: str
    graph: str
    spans: Sequence[int]
    by_graph: Sequence[int]


def write(
    folder: Path,
    content: bytes,
    derived_graphs: frozenset[str],
    base: str,
    prefixes: Mapping[str, str],
) -> tuple[Dump, ...]:
    """Write all dumps of canonical N-Quads below a new folder and their list beside them, in order of paths.

    The whole dataset is what was written and validated; what was derived is a dump of its own.
    """
    folder.mkdir()
    with ThreadPoolExecutor(os.cpu_count()) as packing:
        files = [
            (part.graph, fmt, path, packing.submit(_pack, folder / path))
            for part in _parts(content, derived_graphs, base)
            for fmt, path in _serialised(folder, part, content, prefixes)
        ]
        dumps = [
            dump for graph, fmt, path, made in files for dump in _listed(graph, fmt, path, made.result())
        ]
    ordered = tuple(sorted(dumps, key=lambda dump: dump.path))
    rows = (json.dumps({name: getattr(dump, name) for name in _FIELDS}) for dump in ordered)
    (folder / LIST).write_text("[\n" + ",\n".join(rows) + "\n]\n", "utf-8")
    return ordered


_FIELDS = tuple(field.name for field in fields(Dump))


def _parts(content: bytes, derived_graphs: frozenset[str], base: str) -> Iterator[Part]:
    """Yield the whole, what was derived, and each graph."""
    written, derived = array("Q"), array("Q")
    graphs: dict[str, array[int]] = defaultdict(lambda: array("Q"))
    start = 0
    for quad in parse(content, format=_NQUADS.engine):
        graph, end = getattr(quad.graph_name, "value", ""), content.index(b"\n", start) + 1
        _extend(derived if graph in derived_graphs else written, start, end)
        if graph not in derived_graphs:
            _extend(graphs[graph], start, end)
        start = end
    by_graph = array("Q", (number for _, spans in sorted(graphs.items()) for number in spans))
    yield Part(WHOLE, "", written, by_graph)
    yield Part(DERIVED, "", derived, derived)
    for graph, spans in sorted(graphs.items()):
        if graph:
            yield Part(graph_path(graph, base), graph, spans, spans)


def _extend(spans: array[int], start: int, end: int) -> None:
    """Add a span to others, or make the last one longer where the two meet."""
    if spans and spans[-1] == start:
        spans[-1] = end
    else:
        spans.extend((start, end))


def read_list(folder: Path) -> tuple[Dump, ...]:
    """Give the dumps of a snapshot."""
    return tuple(Dump(**row) for row in json.loads((folder / LIST).read_text("utf-8")))


@lru_cache(maxsize=4)
def by_path(folder: Path) -> Mapping[str, Dump]:
    """Give the dumps of a snapshot by path; its folder never changes."""
    return MappingProxyType({dump.path: dump for dump in read_list(folder)})


def graph_path(graph: str, base: str) -> str:
    """Give the path of a graph's dumps, without ending: a safe file name, whatever the graph is called.

    >>> graph_path("https://ex.org/graph/data/x", "https://ex.org/")
    'graph/data/x'
    """
    own = f"{base}graph/"
    local = unquote(graph.removeprefix(own)) if graph.startswith(own) else ""
    if local and all(part.strip(".") and part.isascii() and part.isprintable() for part in local.split("/")):
        return f"graph/{local}"
    return f"other/{hashlib.sha256(graph.encode()).hexdigest()[:16]}"


def _serialised(
    folder: Path, part: Part, content: bytes, prefixes: Mapping[str, str]
) -> Iterator[tuple[Format, str]]:
    """Write a part in every format that can say it, and yield the paths: the rest is made of N-Quads."""
    path, grouped = (folder / f"{part.stem}.{suffix}" for suffix in (_NQUADS.suffix, "grouped"))
    path.parent.mkdir(parents=True, exist_ok=True)
    _copy(content, part.spans, path)
    yield _NQUADS, f"{part.stem}.{_NQUADS.suffix}"
    if part.by_graph is not part.spans:
        _copy(content, part.by_graph, grouped)
    found, used = _Statements(path, grouped if grouped.exists() else path), _used(path, prefixes)
    for fmt in rdfio.FORMATS:
        if fmt is _NQUADS or (fmt.name == "rdfxml" and not rdfio.fits_xml(found.quads())):
            continue
        name = f"{part.stem}.{fmt.suffix}"
        statements = found.quads() if fmt.datasets else found.triples()
        serialize(statements, str(folder / name), format=fmt.engine, prefixes=used or None)
        yield fmt, name
    grouped.unlink(missing_ok=True)


def _copy(content: bytes, spans: Sequence[int], path: Path) -> None:
    view = memoryview(content)
    with path.open("wb") as file:
        file.writelines(view[start:end] for start, end in zip(*[iter(spans)] * 2, strict=True))


class _Statements:
    """What N-Quads state, read as often as needed: quads graph by graph, triples once each.

    What is small is kept.
    """

    def __init__(self, path: Path, by_graph: Path) -> None:
        self._path, self._by_graph = path, by_graph
        small = path.stat().st_size <= _SMALL
        self._quads = list(_read(by_graph)) if small else None
        self._triples = list(self._each_once()) if small else None

    def quads(self) -> Iterable[Quad]:
        return _read(self._by_graph) if self._quads is None else self._quads

    def triples(self) -> Iterable[Triple]:
        return self._each_once() if self._triples is None else self._triples

    def _each_once(self) -> Iterator[Triple]:
        """Yield each triple once: in canonical N-Quads those of several graphs stand together."""
        return (triple for triple, _ in groupby(quad.triple for quad in _read(self._path)))


def _read(path: Path) -> Iterator[Quad]:
    return parse(path=str(path), format=_NQUADS.engine)


def _used(path: Path, prefixes: Mapping[str, str]) -> dict[str, str]:
    """Give the prefixes that some IRI of a file begins with."""
    if not path.stat().st_size:
        return {}
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
        return {prefix: iri for prefix, iri in prefixes.items() if text.find(f"<{iri}".encode()) >= 0}


_Packed = tuple[str, int, str]
"""How a file is packed, if at all, its size and its checksum."""


def _pack(path: Path) -> list[_Packed]:
    """Write a file packed in each way beside it; the file is read once."""
    size, digest = path.stat().st_size, hashlib.sha256()
    making = [_Making(path, coding, size) for coding in CODINGS]
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
            for one in making:
                one.take(piece)
    return [("", size, digest.hexdigest()), *(one.done() for one in making)]


class _Making:
    """One packed file while it is written."""

    def __init__(self, path: Path, coding: Coding, size: int) -> None:
        self._coding, self._packer = coding, coding.packer(size)
        self._file = path.with_name(f"{path.name}.{coding.suffix}").open("wb")
        self._size, self._digest = 0, hashlib.sha256()

    def take(self, piece: bytes) -> None:
        self._write(self._packer.compress(piece))

    def done(self) -> _Packed:
        self._write(self._packer.flush())
        self._file.close()
        return self._coding.name, self._size, self._digest.hexdigest()

    def _write(self, packed: bytes) -> None:
        self._size += len(packed)
        self._digest.update(packed)
        self._file.write(packed)


def _listed(graph: str, fmt: Format, path: str, packed: Iterable[_Packed]) -> Iterator[Dump]:
    for coding, size, checksum in packed:
        ending = f".{_CODINGS[coding].suffix}" if coding else ""
        yield Dump(f"{path}{ending}", graph, fmt.name, fmt.media_type, coding, size, checksum)
