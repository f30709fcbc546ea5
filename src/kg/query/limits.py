"""What a query may cost: the one table that the guard, the pool and all documents about limits read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any

MEBIBYTE = 1024 * 1024


def _limit(default: float | int, unit: str, help_: str) -> Any:
    return field(default=default, metadata={"unit": unit, "help": help_})


def default_workers() -> int:
    """Give the number of queries that may run at once: two for each core, at least four.

    More than the cores, because a long query is made to yield to short ones (see `Limits.patience`).
    """
    return max(4, 2 * (os.cpu_count() or 1))


@dataclass(frozen=True, slots=True)
class Limits:
    """Every bound on queries, with its unit and its meaning in the field's metadata."""

    length: int = _limit(65_536, "bytes", "length of the query text in UTF-8")
    tokens: int = _limit(20_000, "tokens", "words, signs and terms in the query text")
    depth: int = _limit(48, "levels", "brackets inside brackets")
    run: int = _limit(32, "operators", "operators one after another, such as !!!! or :p****")
    operators: int = _limit(400, "operators", "operators and clause keywords in the whole query")
    patterns: int = _limit(120, "separators", "triple patterns and path steps, counted by . ; , and /")
    values: int = _limit(4_000, "commas", "entries of argument lists and IN lists")
    iri: int = _limit(2_048, "characters", "length of one IRI")
    seconds: float = _limit(10.0, "seconds", "time a query may run; `timeout=` may ask for less")
    memory: int = _limit(768 * MEBIBYTE, "bytes", "memory a query may take beyond the store's own")
    result: int = _limit(32 * MEBIBYTE, "bytes", "size of a result document")
    rows: int = _limit(1_000_000, "rows", "rows of a result document; `rows=` asks for pages of fewer")
    workers: int = _limit(0, "queries", "queries that run at once (0: two for each core, at least four)")
    internal: int = _limit(1, "queries", "places kept for the site's own look-ups")
    queue: float = _limit(2.0, "seconds", "time a query may wait for a place")
    patience: float = _limit(0.25, "seconds", "time after which a query yields to shorter ones")
    recycle: int = _limit(1_000, "queries", "queries a worker answers before it is replaced")
    store_in_memory: int = _limit(
        1_536 * MEBIBYTE, "bytes", "largest store that is held in memory rather than read from disk"
    )

    @property
    def places(self) -> int:
        """Queries of visitors that run at once."""
        return self.workers or default_workers()


def rows(limits: Limits) -> Iterator[tuple[str, float, str, str]]:
    """Yield name, value, unit and meaning of each limit, for documents that list them."""
    for item in fields(limits):
        value = limits.places if item.name == "workers" else getattr(limits, item.name)
        yield item.name, value, item.metadata["unit"], item.metadata["help"]
