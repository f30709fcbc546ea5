"""Mistakes that are valid RDF: what each rule finds is in `rules`, what it needs to know in `seen`.

The latter is put together from the `facts` of each file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

from kg.check.lint import links, literals, shapes, silence, vocabulary
from kg.check.lint.facts import Around, Facts, gathered
from kg.check.lint.glance import Glance, glance
from kg.check.lint.rules import RULES, Rule, explained
from kg.check.lint.seen import Seen
from kg.check.lint.silence import Settings
from kg.check.place import Places, Text
from kg.config import Config
from kg.errors import Bilingual
from kg.findings import Finding, Waiver
from kg.source import Source

__all__ = [
    "RULES",
    "Around",
    "Facts",
    "Glance",
    "Rule",
    "Seen",
    "Settings",
    "explained",
    "gathered",
    "glance",
    "run",
]

MOST = 1_000
"""How many findings of one rule are told; the others are counted."""

_CUT = (
    "{} is large: of the uses of a property, only those in its first part were looked at one by one.",
    "{} er stor: av brukene av en egenskap ble bare de i første del sett på en for en.",
)


def run(
    source: Source, seen: Seen, places: Places, today: date | None = None
) -> tuple[list[Finding], list[Bilingual | Waiver]]:
    """Give what the rules find in a source that was read, less what comments silence, and notes on that."""
    queries = [Text(_name(path, source.root), path.read_text("utf-8", "replace")) for path in source.queries]
    found, notes = _first(_findings(source, seen, places, queries, today))
    marked = [file for file, glance in seen.glances if glance.is_marked]
    kept, more = silence.apply(found, marked, queries, places)
    cut = ((_CUT[0].format(name), _CUT[1].format(name)) for name in places.cut())
    return kept, [*notes, *more, *cut]


def _name(path: Path, root: Path | None) -> str:
    return path.relative_to(root).as_posix() if root else path.name


def _findings(
    source: Source, seen: Seen, places: Places, queries: list[Text], today: date | None
) -> Iterator[Finding]:
    config = source.config
    schema, everywhere = vocabulary.Schema(seen), links.Everywhere(seen)
    yield from vocabulary.unknown_terms(seen, places, queries)
    yield from vocabulary.deprecated_terms(seen, schema, places)
    yield from vocabulary.property_kinds(seen, places)
    yield from vocabulary.domains(seen, schema, places)
    yield from vocabulary.ranges(seen, schema, places)
    yield from literals.languages(seen, places, _languages(source))
    yield from literals.ill_typed(seen, places)
    yield from literals.odd_forms(seen, places)
    yield from literals.texts(seen, places)
    if today is not None:
        yield from literals.future_dates(seen, places, today)
    yield from links.policy(everywhere, places, config.base)
    yield from links.twins(everywhere, places)
    yield from links.dangling(seen, places, config.base)
    yield from links.orphans(seen, places, config.base)
    yield from links.same_labels(seen, places, config.base)
    yield from links.duplicate_subjects(seen, places)
    yield from links.prefixes(seen, places, config.prefixes)
    yield from shapes.idle(seen, places)


def _languages(source: Source) -> tuple[str, ...]:
    """Give the languages that the dataset's settings name; without a word on them every language will do."""
    said = source.config.languages
    return () if said == Config().languages else said


def _first(findings: Iterable[Finding]) -> tuple[list[Finding], list[Bilingual]]:
    """Keep the first of each rule and count the rest."""
    kept, counts = list[Finding](), Counter[str]()
    for finding in findings:
        counts[finding.rule] += 1
        if counts[finding.rule] <= MOST:
            kept.append(finding)
    more = ((rule, n - MOST) for rule, n in counts.items() if n > MOST)
    return kept, [
        (f"{n} more of {rule} are not listed.", f"{n} til av {rule} er ikke listet opp.") for rule, n in more
    ]
