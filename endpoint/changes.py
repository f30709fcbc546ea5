"""What changed in a thing from version to version, as far as the snapshots that had it are kept."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

from pyoxigraph import Triple

from kg.history import Version
from kg.index import Index
from kg.snapshot import Snapshot

_MOST_VERSIONS = 20
_MOST_STATEMENTS = 100


@dataclass(frozen=True, slots=True)
class Change:
    """A version of a thing beside the one before: None where that cannot be told, or there is none."""

    version: Version
    added: tuple[Triple, ...] | None
    removed: tuple[Triple, ...] | None

    def record(self) -> dict[str, object]:
        """Give the change for a JSON document, statements as N-Triples."""
        return {
            "changed": self.version.changed,
            "snapshot": self.version.snapshot,
            "added": None if self.added is None else [f"{triple} ." for triple in self.added],
            "removed": None if self.removed is None else [f"{triple} ." for triple in self.removed],
        }


def of(iri: str, versions: Sequence[Version], kept: Callable[[str], Snapshot | None]) -> tuple[Change, ...]:
    """Give the newest versions of a thing, each with what was written and struck out.

    `kept` gives the snapshot with an id, if it is still there.
    """
    some = versions[: _MOST_VERSIONS + 1]
    said = [_statements(iri, kept(version.snapshot)) for version in some]
    found = [
        Change(version, _fewer(now, before), _fewer(before, now))
        for (version, now), (_, before) in pairwise(zip(some, said, strict=True))
    ]
    if len(some) == len(versions) and some:
        found.append(Change(some[-1], None, None))
    return tuple(found[:_MOST_VERSIONS])


def _fewer(these: frozenset[Triple] | None, those: frozenset[Triple] | None) -> tuple[Triple, ...] | None:
    if these is None or those is None:
        return None
    return tuple(sorted(these - those, key=str)[:_MOST_STATEMENTS])


def _statements(iri: str, snapshot: Snapshot | None) -> frozenset[Triple] | None:
    """Give what was written of a thing; None where the snapshot is gone, or of a layout we do not read."""
    if snapshot is None:
        return None
    try:
        found = _opened(snapshot.index).describe(iri)
    except sqlite3.Error:
        return None
    return frozenset(quad.triple for quad in found.quads(derived=False)) if found else frozenset()


@lru_cache(maxsize=8)
def _opened(path: Path) -> Index:
    return Index(path)
