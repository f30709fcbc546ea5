"""Dumps: the whole dataset and each named graph in every format, packed and not, with checksums."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from urllib.parse import unquote

import zstandard
from pyoxigraph import Quad

from kg import rdfio
from kg.rdfio import Format

LIST = "dumps.json"
WHOLE = "dataset"
DERIVED = "derived"


@dataclass(frozen=True, slots=True)
class Coding:
    """One way to make a file smaller: its name, the ending of file names, the media type, how it is done."""

    name: str
    suffix: str
    media_type: str
    pack: Callable[[bytes], bytes]


CODINGS = (
    Coding("gzip", "gz", "application/gzip", lambda body: gzip.compress(body, compresslevel=6, mtime=0)),
    Coding("zstd", "zst", "application/zstd", lambda body: zstandard.ZstdCompressor(level=9).compress(body)),
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


def write(
    folder: Path,
    quads: Iterable[Quad],
    derived_graphs: frozenset[str],
    base: str,
    prefixes: Mapping[str, str],
) -> tuple[Dump, ...]:
    """Write all dumps below a new folder and their list beside them; give the list in order of paths.

    The whole dataset is what was written and validated; what was derived is a dump of its own.
    """
    folder.mkdir()
    graphs: dict[str, list[Quad]] = defaultdict(list)
    for quad in quads:
        graphs[getattr(quad.graph_name, "value", "")].append(quad)
    written = [quad for graph, some in graphs.items() if graph not in derived_graphs for quad in some]
    dumps = _write_all(folder, WHOLE, "", written, prefixes)
    derived = [quad for graph, some in graphs.items() if graph in derived_graphs for quad in some]
    dumps += _write_all(folder, DERIVED, "", derived, prefixes)
    for graph, some in sorted(graphs.items()):
        if graph and graph not in derived_graphs:
            dumps += _write_all(folder, graph_path(graph, base), graph, some, prefixes)
    ordered = tuple(sorted(dumps, key=lambda dump: dump.path))
    (folder / LIST).write_text(json.dumps([asdict(dump) for dump in ordered], indent=1), "utf-8")
    return ordered


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


def _write_all(
    folder: Path, stem: str, graph: str, quads: list[Quad], prefixes: Mapping[str, str]
) -> list[Dump]:
    (folder / stem).parent.mkdir(parents=True, exist_ok=True)
    used = rdfio.used(quads, prefixes)
    dumps: list[Dump] = []
    for fmt in rdfio.FORMATS:
        if fmt.name == "rdfxml" and not rdfio.fits_xml(quads):
            continue
        body = rdfio.write(quads, fmt, prefixes=used)
        dumps.append(_file(folder, f"{stem}.{fmt.suffix}", graph, fmt, "", body))
        for coding in CODINGS:
            packed = coding.pack(body)
            dumps.append(
                _file(folder, f"{stem}.{fmt.suffix}.{coding.suffix}", graph, fmt, coding.name, packed)
            )
    return dumps


def _file(folder: Path, path: str, graph: str, fmt: Format, coding: str, body: bytes) -> Dump:
    (folder / path).write_bytes(body)
    return Dump(path, graph, fmt.name, fmt.media_type, coding, len(body), sha256(body))


def sha256(body: bytes) -> str:
    """Give the checksum that dumps are listed with, in hexadecimal."""
    return hashlib.sha256(body).hexdigest()
