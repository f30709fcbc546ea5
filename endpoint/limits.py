"""What a query may cost here and what the engine gets wrong: the tables that the service works with, told."""

from __future__ import annotations

import json
from dataclasses import asdict

from endpoint import sparql
from endpoint.settings import Settings
from kg.query import Limits
from kg.query import limits as query_limits
from kg.query.faults import FAULTS
from kg.query.guard import REASONS

_MEBIBYTE = 2**20
_OWN_BUSINESS = ("internal", "recycle", "store_in_memory", "patience")


def limits_of(settings: Settings) -> Limits:
    """Give the limits of queries that an operator has set."""
    return Limits(
        length=settings.query_bytes,
        seconds=settings.query_timeout,
        memory=settings.query_memory * _MEBIBYTE,
        result=settings.result_bytes,
        workers=settings.query_workers,
        queue=settings.queue_seconds,
    )


def rows(settings: Settings) -> list[tuple[str, float, str, str]]:
    """Give name, value, unit and meaning of each limit that whoever asks can meet."""
    return [row for row in query_limits.rows(limits_of(settings)) if row[0] not in _OWN_BUSINESS]


def document(settings: Settings) -> str:
    """Give the same as a JSON document, with the formats of answers and the reasons for refusals."""
    return json.dumps(
        {
            "limits": {
                name: {"value": value, "unit": unit, "meaning": meaning}
                for name, value, unit, meaning in rows(settings)
            },
            "rows": None,
            "formats": {
                "SELECT, ASK": [one.media_type for one in sparql.RESULTS],
                "CONSTRUCT, DESCRIBE": [one.media_type for one in sparql.GRAPHS],
            },
            "refusals": dict(REASONS),
            "faults": [asdict(fault) for fault in FAULTS],
        },
        ensure_ascii=False,
        indent=1,
    )
