"""`kg doctor`: which checks to run, and how their outcomes are told."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import urlsplit

import click

from endpoint.doctor import CHECKS, examine
from endpoint.doctor.check import FAILED, NOT_APPLICABLE, PASSED, Check, Outcome
from endpoint.doctor.client import Client, UnreachableError
from endpoint.doctor.deployment import Deployment
from kg.errors import EXIT_CLEAN, EXIT_FINDINGS, KgError

_MARKS = {PASSED: "ok  ", FAILED: "FAIL", NOT_APPLICABLE: "-   "}
_MOST_REMARKS = 5
_UNREACHED = "Is it running, and may you reach it?"
_UNTRUSTED = (
    "Let the web server send the whole chain of certificates (fullchain.pem); for a certificate of your own, "
    "name its file in SSL_CERT_FILE."
)
_GUARDED = "It asks who you are: examine it from where it lets everybody in, behind that proxy."
_NO_ANSWER = "The proxy has no answer to give: is `kg serve` running, on the address the proxy asks?"
_SHUT = {401: _GUARDED, 403: _GUARDED, 502: _NO_ANSWER, 503: _NO_ANSWER, 504: _NO_ANSWER}


class CannotExamineError(KgError):
    """The address cannot be looked at, or no check was chosen."""


@click.command("doctor")
@click.argument("url", required=False)
@click.option("--thing", metavar="ADDRESS", help="A thing or document to look at, where the site shows none.")
@click.option("--only", multiple=True, metavar="NAME", help="Run only this check or area; repeatable.")
@click.option("--skip", multiple=True, metavar="NAME", help="Leave this check or area out; repeatable.")
@click.option("--timeout", type=float, default=15.0, show_default=True, help="Seconds an answer may take.")
@click.option("--list", "only_list", is_flag=True, help="Print the table of checks and stop.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--quiet", "-q", is_flag=True, help="Say only what is wrong.")
def command(
    url: str | None,
    thing: str | None,
    only: tuple[str, ...],
    skip: tuple[str, ...],
    timeout: float,
    only_list: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """Examine a deployment from outside: say what is wrong with it, why it matters, and how to mend it.

    URL is the address of the site's front page, such as https://data.example.org/kg/.
    """
    checks = chosen(only, skip)
    if only_list:
        click.echo(table(checks), nl=False)
        return EXIT_CLEAN
    with Client(timeout) as client:
        site = reached(url, client, thing)
        outcomes = _told(examine(site, checks), quiet or as_json)
    if as_json:
        click.echo(json.dumps(as_object(site, outcomes), ensure_ascii=False, indent=1))
    else:
        click.echo(verdict(site, outcomes), nl=False)
    return EXIT_FINDINGS if any(outcome.state == FAILED for outcome in outcomes) else EXIT_CLEAN


def chosen(only: Sequence[str], skip: Sequence[str]) -> tuple[Check, ...]:
    """Give the checks that names of checks or areas select. Raises CannotExamineError for unknown names."""
    names = {name for check in CHECKS for name in (check.name, check.area)}
    unknown = sorted({*only, *skip} - names)
    if unknown:
        raise CannotExamineError(
            f"There is no check or area {', '.join(unknown)}.", hint="`kg doctor --list` names them."
        )
    wanted = [check for check in CHECKS if not only or {check.name, check.area} & set(only)]
    return tuple(check for check in wanted if not {check.name, check.area} & set(skip))


def reached(url: str | None, client: Client, thing: str | None = None) -> Deployment:
    """Give the deployment at an address. Raises CannotExamineError if nothing answers there."""
    if not url or urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).netloc:
        raise CannotExamineError(
            f"{url or 'No address'} cannot be examined.",
            hint="Give the front page's, such as https://ex.org/kg/.",
        )
    site = Deployment(url.partition("?")[0].partition("#")[0], client, thing)
    try:
        front = site.front
    except UnreachableError as error:
        hint = _UNTRUSTED if "CERTIFICATE_VERIFY_FAILED" in str(error) else _UNREACHED
        raise CannotExamineError(f"Nothing answers: {error}.", hint=hint) from None
    if front.status in _SHUT:
        raise CannotExamineError(f"{site.root} is answered {front.status}.", hint=_SHUT[front.status])
    if front.location and not site.inside(front.location):
        raise CannotExamineError(
            f"{site.root} leads to {front.location}.", hint="Examine that address instead."
        )
    return site


def _told(outcomes: Iterable[Outcome], quiet: bool) -> tuple[Outcome, ...]:
    """Print each outcome as it is had; give them all."""
    kept = []
    area = ""
    for outcome in outcomes:
        kept.append(outcome)
        if quiet:
            continue
        if outcome.check.area != area:
            area = outcome.check.area
            click.echo(area)
        reason = f": {outcome.remarks[0]}" if outcome.state == NOT_APPLICABLE else ""
        click.echo(f"  {_MARKS[outcome.state]} {outcome.check.name}{reason}")
    return tuple(kept)


def verdict(site: Deployment, outcomes: Sequence[Outcome]) -> str:
    """Give what is wrong, with reasons and remedies, and the count of everything."""
    lines = [line for outcome in outcomes if outcome.state == FAILED for line in _failure(outcome)]
    counts = Counter(outcome.state for outcome in outcomes)
    told = f"{counts[PASSED]} passed, {counts[FAILED]} failed, {counts[NOT_APPLICABLE]} not applicable"
    return "\n".join([*lines, f"{site.root}: {told}; {site.client.count} requests.", ""])


def _failure(outcome: Outcome) -> Iterator[str]:
    yield f"\n{outcome.check.name}: {outcome.check.must}"
    yield from (f"  * {remark}" for remark in outcome.remarks[:_MOST_REMARKS])
    if len(outcome.remarks) > _MOST_REMARKS:
        yield f"  * and {len(outcome.remarks) - _MOST_REMARKS} more"
    yield f"  Why:  {outcome.check.why}"
    yield f"  Mend: {outcome.check.mend}\n"


def as_object(site: Deployment, outcomes: Sequence[Outcome]) -> dict[str, object]:
    """Give the outcomes for programs."""
    counts = Counter(outcome.state for outcome in outcomes)
    return {
        "url": site.root,
        "requests": site.client.count,
        "counts": {state: counts[state] for state in (PASSED, FAILED, NOT_APPLICABLE)},
        "checks": [_row(outcome) for outcome in outcomes],
    }


def _row(outcome: Outcome) -> dict[str, object]:
    words = {name: getattr(outcome.check, name) for name in ("name", "area", "must", "why", "mend")}
    return {**words, "state": outcome.state, "remarks": list(outcome.remarks)}


def table(checks: Sequence[Check] = CHECKS) -> str:
    """Give the checks as a Markdown table, for the documentation."""
    rows = [
        f"| `{check.name}` | {check.area} | {check.must} | {check.why} | {check.mend} |" for check in checks
    ]
    return "\n".join(
        [
            "| check | area | what must be true | why | how to mend |",
            "| --- | --- | --- | --- | --- |",
            *rows,
            "",
        ]
    )
