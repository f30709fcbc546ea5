"""What a check is, and what comes of running one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from endpoint.doctor.client import UnreachableError
from endpoint.doctor.deployment import Deployment, NotApplicableError

PASSED, FAILED, NOT_APPLICABLE = "passed", "failed", "not applicable"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must be true of a deployment; `probe` yields a sentence for each breach of it."""

    name: str
    area: str
    must: str
    why: str
    mend: str
    probe: Callable[[Deployment], Iterable[str]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one check found: `remarks` are what is wrong, or why it does not apply."""

    check: Check
    state: str
    remarks: tuple[str, ...] = ()


def run(checks: Iterable[Check], site: Deployment) -> Iterator[Outcome]:
    """Yield the outcome of each check as it is had."""
    for check in checks:
        yield _outcome(check, site)


def _outcome(check: Check, site: Deployment) -> Outcome:
    try:
        remarks = tuple(check.probe(site))
    except NotApplicableError as reason:
        return Outcome(check, NOT_APPLICABLE, (str(reason),))
    except UnreachableError as error:
        remarks = (f"{error}.",)
    except (ValueError, LookupError, TypeError, AttributeError, SyntaxError) as error:
        # Other people's answers hold what no check has foreseen; that is a finding, not the end of the run.
        kind = "" if isinstance(error, SyntaxError) else f"{type(error).__name__}: "
        remarks = (f"An answer cannot be read: {kind}{error}.",)
    return Outcome(check, FAILED if remarks else PASSED, remarks)
