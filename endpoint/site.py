"""What a running site consists of, and how a request takes hold of one snapshot for as long as it lasts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, cast

from flask import current_app, g
from pyoxigraph import Store

from endpoint.settings import Settings
from kg import statistics
from kg.history import History
from kg.statistics import Statistics

if TYPE_CHECKING:
    from kg.index import Index
    from kg.query import Pool
    from kg.snapshot import Home, Snapshot


@dataclass(frozen=True, slots=True)
class Published:
    """A snapshot opened for reading, with its index."""

    snapshot: Snapshot
    index: Index


class Site:
    """Settings, query pool and the snapshot that is published now; a publication swaps one reference."""

    def __init__(
        self, settings: Settings, published: Published, pool: Pool | None = None, home: Home | None = None
    ) -> None:
        """Keep the parts; without `pool` no query is run, without `home` no older snapshot is found.

        `watched` pages look for news as long as they are open.
        """
        self.settings = settings
        self.pool = pool
        self.home = home
        self.watched = False
        self._published = published

    @property
    def published(self) -> Published:
        """The snapshot that new requests get."""
        return self._published

    def switch(self, published: Published) -> None:
        """Give new requests another snapshot; running ones keep theirs."""
        self._published = published


def site() -> Site:
    """Give the site of the running application."""
    return cast(Site, current_app.extensions["kg"])


def published() -> Published:
    """Give the snapshot that this request works on: the same from its first line to its last."""
    if "published" not in g:
        g.published = site().published
    return cast(Published, g.published)


def snapshot() -> Snapshot:
    """Give the snapshot of this request."""
    return published().snapshot


def index() -> Index:
    """Give the index of this request's snapshot."""
    return published().index


def numbers() -> Statistics:
    """Give the numbers of this request's snapshot."""
    return _statistics(snapshot().statistics)


@lru_cache(maxsize=4)
def _statistics(path: Path) -> Statistics:
    return statistics.read(path)


def history() -> History:
    """Give since when each thing of this request's snapshot is as it is."""
    return _history(snapshot().history)


@lru_cache(maxsize=4)
def _history(path: Path) -> History:
    return History(path)


@lru_cache(maxsize=4)
def opened(path: Path) -> Store:
    """Open a snapshot's store for reading, once for all who look something up in it."""
    return Store.read_only(str(path))
