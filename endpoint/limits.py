"""What a query may cost here and what the engine gets wrong: the tables that the service works with, told."""

from __future__ import annotations

import json
from dataclasses import asdict

from endpoint.negotiate import HTML
from endpoint.settings import Settings
from kg.query import RESULT_FORMATS, Limits, formats
from kg.query import limits as query_limits
from kg.query.faults import FAULTS
from kg.query.guard import REASONS

_MEBIBYTE = 2**20
_OWN_BUSINESS = ("internal", "recycle", "store_in_memory", "patience")
PAGING = (
    "The parameter `rows` asks for a SELECT query's first page of so many rows.",
    'The header `Link: <...>; rel="next"` leads to the next page; there is none behind the last page, '
    "which may be empty. A query by POST is sent again, with the same body, to the address of the link.",
    "All pages together are exactly the whole: without ORDER BY rows come sorted; its ties are broken.",
    "Rows that may differ from one evaluation to the next have no pages (422): RAND, NOW, UUID, BNODE, "
    "REDUCED, aggregates other than COUNT, LIMIT in a sub-query.",
    "A cursor belongs to its query and its snapshot: 410 when the data have been replaced, 400 when changed.",
)
"""How results beyond the limits are to be had, a sentence each."""


def limits_of(settings: Settings) -> Limits:
    """Give the limits of queries that an operator has set."""
    return Limits(
        length=settings.query_bytes,
        seconds=settings.query_timeout,
        memory=settings.query_memory * _MEBIBYTE,
        result=settings.result_bytes,
        rows=settings.result_rows,
        workers=settings.query_workers,
        queue=settings.queue_seconds,
    )


def rows(settings: Settings) -> list[tuple[str, float, str, str]]:
    """Give name, value, unit and meaning of each limit that whoever asks can meet."""
    return [row for row in query_limits.rows(limits_of(settings)) if row[0] not in _OWN_BUSINESS]


def _media_types(kind: str) -> list[str]:
    found = (fmt.media_type for fmt in RESULT_FORMATS if fmt.kind == kind)
    return [*dict.fromkeys(found), HTML.media_type]


def document(settings: Settings) -> str:
    """Give the same as a JSON document, with the formats of answers and the reasons for refusals."""
    return json.dumps(
        {
            "limits": {
                name: {"value": value, "unit": unit, "meaning": meaning}
                for name, value, unit, meaning in rows(settings)
            },
            "paging": list(PAGING),
            "formats": {
                "SELECT, ASK": _media_types(formats.RESULTS),
                "CONSTRUCT, DESCRIBE": _media_types(formats.GRAPH),
            },
            "refusals": dict(REASONS),
            "faults": [asdict(fault) for fault in FAULTS],
        },
        ensure_ascii=False,
        indent=1,
    )
