"""Each fault that we tell of is there; one that is mended must be taken off the list."""

from __future__ import annotations

from typing import Any

import pytest
from pyoxigraph import Store

from kg.query import worker
from kg.query.faults import FAULTS, Fault


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.what[:40])
def test_the_engine_still_has_this_fault(fault: Fault) -> None:
    asked: dict[str, Any] = {"text": fault.query, "default": [], "named": [], "base": None, "format": "csv",
                             "cap": 10_000}  # fmt: skip
    reply = worker.answer(Store(), asked)
    rows = "error" if "failure" in reply.head else " ".join(bytes(reply.body).decode().splitlines()[1:])
    assert rows == fault.given
    assert rows != fault.wanted
