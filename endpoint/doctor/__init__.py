"""`kg doctor URL`: a deployment examined from outside, by one table of checks that know the cure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from endpoint.doctor import check, delivery, discovery, documents, files, service
from endpoint.doctor.check import Check, Outcome
from endpoint.doctor.deployment import Deployment

CHECKS: tuple[Check, ...] = (
    *documents.CHECKS,
    *delivery.CHECKS,
    *files.CHECKS,
    *service.CHECKS,
    *discovery.CHECKS,
    *delivery.AFTERWARDS,
)
"""Every check, in the order in which they are run."""


def examine(site: Deployment, checks: Sequence[Check] = CHECKS) -> Iterator[Outcome]:
    """Yield the outcome of each check of a deployment."""
    return check.run(checks, site)
