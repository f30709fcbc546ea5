"""What an RDF document about a thing says, and the finished documents of a snapshot, in one SQLite file.

Documents are much alike: packed with a dictionary made of some of them, most take a hundred bytes.
"""

from __future__ import annotations

import re
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from pyoxigraph import Literal, NamedNode, Quad, Store
from zstandard import (
    DICT_TYPE_RAWCONTENT,
    ZstdCompressionDict,
    ZstdCompressor,
    ZstdDecompressor,
    ZstdError,
    train_dictionary,
)

from kg import jsonld, rdfio
from kg.config import Config
from kg.history import History
from kg.index import Description, Index
from kg.jsonld import Context
from kg.rdfio import Format
from kg.vocab import RDF_TYPE, document_path, term

VERSION = "1"
"""Raise when documents are written otherwise: it is part of a snapshot's id."""

FINISHED = tuple(fmt for fmt in rdfio.FORMATS if fmt.name in ("turtle", "jsonld"))
"""The formats that are asked for most; others are made when they are."""

_COLUMNS = ", ".join(fmt.name for fmt in FINISHED)
_SCHEMA = f"""
CREATE TABLE document (path TEXT PRIMARY KEY, iri TEXT, changed TEXT, {_COLUMNS}) WITHOUT ROWID;
CREATE TABLE dictionary (format TEXT PRIMARY KEY, content BLOB);
"""
_SELECT = {fmt.name: f"SELECT iri, changed, {fmt.name} FROM document WHERE path = ?" for fmt in FINISHED}
_LARGEST = 256 * 1024
_SAMPLES, _DICTIONARY, _LEVEL = 1024, 64 * 1024, 3
_DEPRECATED = term("owl:deprecated")
_PLAIN = re.compile(r"[\w~-][\w.~/-]*")


def write(
    quads: Sequence[Quad], fmt: Format, *, root: str, prefixes: Mapping[str, str], context: Context
) -> bytes:
    """Give quads in a format, literals as written; JSON-LD begins with the node `root`."""
    if fmt.name == "jsonld":
        return context.write(dict.fromkeys(quad.triple for quad in quads), root)
    written = quads if fmt.datasets else tuple(dict.fromkeys(quad.triple for quad in quads))
    return rdfio.write(written, fmt, prefixes=_used(quads, prefixes))


def _used(quads: Iterable[Quad], prefixes: Mapping[str, str]) -> dict[str, str]:
    """Give the prefixes that some IRI of the quads begins with."""
    parts = {part for quad in quads for part in (*quad.triple, quad.graph_name)}
    iris = {part.value for part in parts if isinstance(part, NamedNode)}
    iris |= {part.datatype.value for part in parts if isinstance(part, Literal)}
    names = {iri[: max(iri.rfind("#"), iri.rfind("/")) + 1] for iri in iris}
    return {prefix: iri for prefix, iri in prefixes.items() if iri in names}


def heading(document: str, iri: str, config: Config) -> tuple[Quad, ...]:
    """Give what a document says of itself: what it is about, and under which licence."""
    node = NamedNode(document)
    quads = [
        Quad(node, RDF_TYPE, term("foaf:Document"), node),
        Quad(node, term("foaf:primaryTopic"), NamedNode(iri), node),
        Quad(node, term("void:inDataset"), NamedNode(f"{config.base}dataset"), node),
    ]
    if config.license:
        quads.append(Quad(node, term("dcterms:license"), NamedNode(config.license), node))
    return tuple(quads)


def build(path: Path, index: Index, history: History, store: Path, config: Config) -> None:
    """Write the documents about everything that has one below `doc/`, and is not retired."""
    context = Context(jsonld.declared(Store.read_only(str(store))), config.prefixes)
    every = (iri for iri, _ in index.subjects() if _is_plain(iri, index, config.base))
    things = sorted(every, key=lambda iri: _key(iri, config.base))
    samples = [bodies for _, bodies in _made(things[:: len(things) // _SAMPLES + 1], index, config, context)]
    dictionaries = [_dictionary(some) for some in zip(*samples, strict=True)]
    packers = [ZstdCompressor(_LEVEL, dict_data=some) for some in dictionaries]
    rows = (
        (_key(iri, config.base), iri, history.changed(iri), *map(ZstdCompressor.compress, packers, bodies))
        for iri, bodies in _made(things, index, config, context)
    )
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.executescript(f"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; {_SCHEMA} BEGIN;")
        connection.executemany(f"INSERT INTO document VALUES (?, ?, ?{', ?' * len(FINISHED)})", rows)
        for fmt, dictionary in zip(FINISHED, dictionaries, strict=False):
            connection.execute("INSERT INTO dictionary VALUES (?, ?)", (fmt.name, dictionary.as_bytes()))
        connection.execute("COMMIT")


def _key(iri: str, base: str) -> str:
    return document_path(iri, base).removeprefix("doc/")


def _is_plain(iri: str, index: Index, base: str) -> bool:
    """Tell whether the path of a document can only mean this thing, however it ends."""
    path = iri.removeprefix(base)
    if not (iri.startswith(base) and _PLAIN.fullmatch(path)) or path == "def":
        return False
    hidden = not path.startswith("id/") and index.knows(f"{base}id/{path}")
    return not hidden and not index.knows_any(f"{iri}.")


def _made(
    things: Iterable[str], index: Index, config: Config, context: Context
) -> Iterator[tuple[str, list[bytes]]]:
    """Yield things with their documents; not those that are retired, or only follow, or are too long."""
    for iri in things:
        described = index.describe(iri)
        if described is None or _is_doubtful(described):
            continue
        document = config.base + document_path(iri, config.base)
        quads = (*described.quads(), *heading(document, iri, config))
        bodies = [write(quads, fmt, root=iri, prefixes=config.prefixes, context=context) for fmt in FINISHED]
        if max(map(len, bodies)) <= _LARGEST:
            yield iri, bodies


def _is_doubtful(described: Description) -> bool:
    """Tell whether a thing may be gone: the document would not be what its address gives."""
    retired = any(statement.predicate == _DEPRECATED for statement in described.statements)
    return retired or all(statement.derived for statement in described.statements)


def _dictionary(samples: Sequence[bytes]) -> ZstdCompressionDict:
    """Give what documents are packed with; few samples cannot be trained with, and stand for themselves."""
    try:
        return train_dictionary(_DICTIONARY, list(samples))
    except ZstdError:
        return ZstdCompressionDict(b"".join(samples)[-_DICTIONARY:], dict_type=DICT_TYPE_RAWCONTENT)


@dataclass(frozen=True, slots=True)
class Finished:
    """What a document is about, when that last changed (ISO 8601), and the document."""

    iri: str
    changed: str | None
    body: bytes


class Documents:
    """The finished documents of one snapshot, open for reading; safe to share between threads."""

    def __init__(self, path: Path) -> None:
        """Open the file when first asked; each thread gets a connection of its own. A preview has no file."""
        self._path = path
        self._local = threading.local()

    def get(self, path: str, fmt: str) -> Finished | None:
        """Give the document in a finished format at a path below `doc/`, written as links have it."""
        opened = self._opened()
        found = opened and opened[0].execute(_SELECT[fmt], (path,)).fetchone()
        if not opened or found is None:
            return None
        return Finished(found[0], found[1], opened[1][fmt].decompress(found[2]))

    def about(self, path: str) -> str | None:
        """Give what the document at a path below `doc/` is about, if it is finished."""
        opened = self._opened()
        found = opened and opened[0].execute("SELECT iri FROM document WHERE path = ?", (path,)).fetchone()
        return str(found[0]) if found else None

    def _opened(self) -> tuple[sqlite3.Connection, Mapping[str, ZstdDecompressor]] | None:
        opened: tuple[sqlite3.Connection, Mapping[str, ZstdDecompressor]] | None
        opened = getattr(self._local, "opened", None)
        if opened is None and self._path.exists():
            uri = f"{self._path.resolve().as_uri()}?mode=ro&immutable=1"
            connection = sqlite3.connect(uri, uri=True, check_same_thread=False)
            connection.execute("PRAGMA mmap_size = 268435456")
            dictionaries = connection.execute("SELECT format, content FROM dictionary")
            unpackers = {
                name: ZstdDecompressor(ZstdCompressionDict(content)) for name, content in dictionaries
            }
            opened = self._local.opened = connection, unpackers
        return opened
