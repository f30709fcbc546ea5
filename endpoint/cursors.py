"""How the place in a result is written into an address: readable, tied to a snapshot and a query, and sealed.

A cursor says `snapshot.offset.rows.seal`. The seal is a hash of all that it stands for, so that one that
was changed or belongs to another query is told from one whose snapshot has been replaced. It keeps no secret:
whoever makes a cursor gets rows that OFFSET would give.
"""

from __future__ import annotations

import hashlib
import re
from urllib.parse import quote

from endpoint.problems import Problem
from kg.query import Page

_FORM = re.compile(r"([0-9A-Za-z_-]{1,16})\.([0-9]{1,15})\.([1-9][0-9]{0,14})\.([0-9a-f]{16})\Z")
_SNAPSHOT = 16
_IN_ADDRESSES = "%&=+!$'()*,;:@/?-._~"


def write(page: Page, snapshot: str, query: object) -> str:
    """Give the cursor of a page; `query` is anything whose `repr` is the same for the same query."""
    known = re.sub(r"[^0-9A-Za-z_-]", "-", snapshot)[:_SNAPSHOT]
    return f"{known}.{page.offset}.{page.rows}.{_seal(known, page, query)}"


def _seal(known: str, page: Page, query: object) -> str:
    return hashlib.sha256(repr((known, page.offset, page.rows, query)).encode()).hexdigest()[:16]


def read(cursor: str, snapshot: str, query: object) -> Page:
    """Give the page that a cursor stands for. Raises Problem.

    >>> read(write(Page(20, 10), "abc", "ASK {}"), "abc", "ASK {}")
    Page(offset=20, rows=10)
    """
    found = _FORM.match(cursor)
    page = Page(int(found[2]), int(found[3])) if found else None
    if found is None or page is None or found[4] != _seal(found[1], page, query):
        raise Problem("bad-request", "`cursor` is not one that this service gave for this query.")
    if cursor != write(page, snapshot, query):
        raise Problem("snapshot-replaced", "The pages before were of data that have been replaced since.")
    return page


def address(query_string: str, **more: object) -> str:
    """Give the address that a query was sent to, with other paging.

    >>> address("query=ASK%7B%7D&rows=5", cursor="x")
    '?query=ASK%7B%7D&cursor=x'
    """
    kept = [
        pair for pair in query_string.split("&") if pair and pair.partition("=")[0] not in ("rows", "cursor")
    ]
    return "?" + quote(
        "&".join([*kept, *(f"{name}={value}" for name, value in more.items())]), safe=_IN_ADDRESSES
    )
