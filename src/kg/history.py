"""Since when each thing is as it is, and how often it changed: what is said of it, hashed and compared."""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kg.statistics import statements
from kg.vocab import term

_DEPRECATED = str(term("owl:deprecated"))
_NOT_RETIRED = ('"false"^^', '"0"^^')
_SCHEMA = """
CREATE TABLE entity (iri TEXT PRIMARY KEY, hash BLOB, changed TEXT, retired INTEGER) WITHOUT ROWID;
CREATE TABLE version (iri TEXT, changed TEXT, snapshot TEXT);
CREATE INDEX version_of ON version (iri);
CREATE TABLE gone (iri TEXT PRIMARY KEY, since TEXT) WITHOUT ROWID;
"""
_SAME = """
UPDATE entity SET changed = (SELECT changed FROM before.entity b WHERE b.iri = entity.iri)
    WHERE hash = (SELECT hash FROM before.entity b WHERE b.iri = entity.iri)
"""
_BEFORE = (
    "INSERT INTO version SELECT * FROM before.version ORDER BY rowid",
    "INSERT INTO gone SELECT * FROM before.gone WHERE iri NOT IN (SELECT iri FROM entity)",
    "INSERT INTO gone SELECT iri, :now FROM before.entity WHERE iri NOT IN (SELECT iri FROM entity)",
)
_NEW = "INSERT INTO version SELECT iri, :now, :snapshot FROM entity"
_CHANGED = """
WHERE NOT EXISTS (SELECT 1 FROM before.entity b WHERE b.iri = entity.iri AND b.hash = entity.hash)
"""


@dataclass(frozen=True, slots=True)
class Change:
    """A thing and when it last changed, as ISO 8601 with a time zone."""

    iri: str
    changed: str


@dataclass(frozen=True, slots=True)
class Version:
    """A state of a thing: when it began, and the id of the snapshot that first had it."""

    changed: str
    snapshot: str


def build(
    path: Path, content: bytes, base: str, derived: str, now: str, snapshot: str, before: Path | None
) -> None:
    """Write the history of canonical N-Quads: a row for each thing below the base, parts with their whole.

    A thing of which the snapshot before says the same keeps its date; every other one gets `now`, and this
    snapshot is where its new version begins. What only earlier snapshots spoke of is remembered as gone.
    Nodes without IRI do not count: their names may differ where nothing else does.
    """
    hashes: dict[str, hashlib.blake2b] = {}
    retired: set[str] = set()
    written: set[str] = set()
    for subject, predicate, value, graph in statements(content):
        if not subject.startswith(f"<{base}"):
            continue
        iri = subject[1:-1].partition("#")[0]
        if iri not in hashes:
            hashes[iri] = hashlib.blake2b(digest_size=16)
        shown = "_:" if value.startswith("_:") else value
        hashes[iri].update(f"{subject} {predicate} {shown} {graph}\n".encode())
        if graph != f"<{derived}>":
            written.add(iri)
        if predicate == _DEPRECATED and "#" not in subject and not value.startswith(_NOT_RETIRED):
            retired.add(iri)
    rows = [
        (iri, found.digest(), now, iri in retired) for iri, found in sorted(hashes.items()) if iri in written
    ]
    _write(path, rows, {"now": now, "snapshot": snapshot}, before)


def _write(
    path: Path, rows: list[tuple[str, bytes, str, bool]], values: Mapping[str, str], before: Path | None
) -> None:
    connection = sqlite3.connect(path, isolation_level=None, uri=True)
    connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;" + _SCHEMA)
    if before is not None:
        connection.execute("ATTACH ? AS before", (f"{before.resolve().as_uri()}?mode=ro&immutable=1",))
    connection.execute("BEGIN")
    connection.executemany("INSERT INTO entity VALUES (?, ?, ?, ?)", rows)
    if before is not None:
        connection.execute(_SAME)
        if connection.execute("SELECT 1 FROM before.sqlite_master WHERE name = 'version'").fetchone():
            for statement in _BEFORE:
                connection.execute(statement, values)
    connection.execute(_NEW + (_CHANGED if before is not None else ""), values)
    connection.execute("COMMIT")
    connection.close()


class History:
    """The history of one snapshot, open for reading; safe to share between threads."""

    def __init__(self, path: Path) -> None:
        """Open the file when first asked; each thread gets a connection of its own."""
        self._uri = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
        self._local = threading.local()

    @property
    def _db(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = sqlite3.connect(self._uri, uri=True)
        return connection

    def changed(self, iri: str) -> str | None:
        """Give when a thing below the base last changed; None for what the snapshot says nothing of."""
        row = self._db.execute(
            "SELECT changed FROM entity WHERE iri = ?", (iri.partition("#")[0],)
        ).fetchone()
        return row[0] if row else None

    def versions(self, iri: str) -> tuple[Version, ...]:
        """Give the states that a thing has been in, the newest first."""
        rows = self._db.execute(
            "SELECT changed, snapshot FROM version WHERE iri = ? ORDER BY rowid DESC",
            (iri.partition("#")[0],),
        )
        return tuple(Version(*row) for row in rows)

    def gone(self, iri: str) -> str | None:
        """Give since when a thing that earlier snapshots spoke of is gone; None if it is not."""
        row = self._db.execute("SELECT since FROM gone WHERE iri = ?", (iri.partition("#")[0],)).fetchone()
        return row[0] if row else None

    def living(self, skip: int = 0, limit: int = -1) -> tuple[Change, ...]:
        """Give the things that are not retired, IRIs in order."""
        rows = self._db.execute(
            "SELECT iri, changed FROM entity WHERE NOT retired ORDER BY iri LIMIT ? OFFSET ?", (limit, skip)
        )
        return tuple(Change(*row) for row in rows)

    def count(self) -> int:
        """Give how many things are not retired."""
        return int(self._db.execute("SELECT COUNT(*) FROM entity WHERE NOT retired").fetchone()[0])
