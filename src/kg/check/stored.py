"""How the memory of a check lies on disk between two commands: a cache, which may be deleted at any time."""

from __future__ import annotations

import io
import pickle
import sqlite3
from contextlib import closing, suppress
from functools import cache
from hashlib import sha256
from pathlib import Path as FilePath

import platformdirs
from pyoxigraph import BlankNode, Literal, NamedNode, Quad, Triple
from pyoxigraph import __version__ as engine_version

from kg import rdfio
from kg.check.memory import Memory, Read
from kg.check.shacl.results import Outcome, Path, Result
from kg.source import Room, Source

_NQUADS = next(fmt for fmt in rdfio.FORMATS if fmt.name == "nquads")
_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS file (name TEXT PRIMARY KEY, room TEXT, digest TEXT, quads BLOB)",
    "CREATE TABLE IF NOT EXISTS outcome (pickled BLOB)",
)
_TRUSTED = {
    (kind.__module__, kind.__name__): kind
    for kind in (Outcome, Result, Path, NamedNode, BlankNode, Literal, Triple)
}
"""What a stored outcome is made of: reading it makes nothing else."""


def path_of(source: Source) -> FilePath:
    """Give the place of a dataset's memory, in the user's cache folder; another one for other code."""
    places = source.root or FilePath("\0".join(sorted(str(file.path) for file in source.files)))
    name = sha256(f"{places.absolute()}\0{source.config.base}".encode()).hexdigest()[:16]
    return FilePath(platformdirs.user_cache_dir("kg", appauthor=False)) / "check" / f"{name}-{_code()}.sqlite"


@cache
def _code() -> str:
    """Give a hash of the program: what one version found, another may not."""
    digest = sha256(engine_version.encode())
    for path in sorted(FilePath(__file__).parent.parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def load(path: FilePath) -> Memory:
    """Give the memory that lies at a path; an empty one if there is none that can be used."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            rows = connection.execute("SELECT name, room, digest, quads FROM file ORDER BY rowid").fetchall()
            [(pickled,)] = connection.execute("SELECT pickled FROM outcome")
        files = {name: Read(Room(room), digest, _quads(body)) for name, room, digest, body in rows}
        return Memory(files, _Unpickler(io.BytesIO(pickled)).load())
    except (sqlite3.Error, pickle.UnpicklingError, ValueError, SyntaxError, EOFError):
        return Memory()


def _quads(body: bytes) -> tuple[Quad, ...]:
    return tuple(rdfio.read(body, _NQUADS, keep_blank_nodes=True))


class _Unpickler(pickle.Unpickler):
    """Makes results and terms, and refuses everything else."""

    def find_class(self, module_name: str, global_name: str) -> type:
        """Give the class of this name if it is one of ours."""
        try:
            return _TRUSTED[module_name, global_name]
        except KeyError as error:
            raise pickle.UnpicklingError(f"{module_name}.{global_name} is not of an outcome") from error


def save(memory: Memory, path: FilePath) -> None:
    """Put a memory on disk in one step; where that cannot be done, the next check is of everything."""
    with suppress(OSError, sqlite3.Error):
        path.parent.mkdir(parents=True, exist_ok=True)
        for other in path.parent.glob(f"{path.name.partition('-')[0]}-*"):
            if other != path:
                other.unlink()
        with closing(sqlite3.connect(path, timeout=1)) as connection, connection:
            _write(memory, connection)


def _write(memory: Memory, connection: sqlite3.Connection) -> None:
    """Write the files that are not there as they are, and the outcome."""
    connection.execute("BEGIN IMMEDIATE")
    for statement in _SCHEMA:
        connection.execute(statement)
    there = dict(connection.execute("SELECT name, digest FROM file"))
    gone = [(name,) for name in there.keys() - memory.files.keys()]
    new = [
        (name, read.room.value, read.digest, rdfio.write(read.quads, _NQUADS))
        for name, read in memory.files.items()
        if there.get(name) != read.digest
    ]
    connection.executemany("DELETE FROM file WHERE name = ?", gone)
    connection.executemany("INSERT OR REPLACE INTO file VALUES (?, ?, ?, ?)", new)
    connection.execute("DELETE FROM outcome")
    connection.execute("INSERT INTO outcome VALUES (?)", (pickle.dumps(memory.outcome),))
