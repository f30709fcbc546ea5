"""What reports say about findings, in the languages of those who read them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from kg.findings import Report, Severity
from kg.vocab import compact

_COUNTED: Mapping[str, Mapping[Severity, tuple[str, str]]] = MappingProxyType(
    {
        "en": {
            Severity.VIOLATION: ("violation", "violations"),
            Severity.WARNING: ("warning", "warnings"),
            Severity.INFO: ("note", "notes"),
        },
        "nb": {
            Severity.VIOLATION: ("brudd", "brudd"),
            Severity.WARNING: ("advarsel", "advarsler"),
            Severity.INFO: ("merknad", "merknader"),
        },
        "nn": {
            Severity.VIOLATION: ("brot", "brot"),
            Severity.WARNING: ("åtvaring", "åtvaringar"),
            Severity.INFO: ("merknad", "merknader"),
        },
    }
)
_TEXTS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "clean": {"en": "Nothing to remark.", "nb": "Ingenting å bemerke.", "nn": "Ingenting å merke."},
        "elsewhere": {"en": "(no file)", "nb": "(ingen fil)", "nn": "(inga fil)"},
        "explain": {
            "en": "`kg check --explain RULE` tells what a rule is about and how to silence it.",
            "nb": "`kg check --explain REGEL` sier hva en regel handler om og hvordan den dempes.",
            "nn": "`kg check --explain REGEL` seier kva ein regel handlar om og korleis han blir dempa.",
        },
        "title": {
            "en": "Report of the check",
            "nb": "Rapport fra kontrollen",
            "nn": "Rapport frå kontrollen",
        },
        "conforms": {
            "en": "There are no violations: the data may be published.",
            "nb": "Det er ingen brudd: dataene kan publiseres.",
            "nn": "Det er ingen brot: dataa kan publiserast.",
        },
        "breaks": {
            "en": "There are violations: the data may not be published.",
            "nb": "Det er brudd: dataene kan ikke publiseres.",
            "nn": "Det er brot: dataa kan ikkje publiserast.",
        },
        "show": {"en": "Show", "nb": "Vis", "nn": "Vis"},
        "rules": {"en": "By rule", "nb": "Etter regel", "nn": "Etter regel"},
        "rule": {"en": "Rule", "nb": "Regel", "nn": "Regel"},
        "severity": {"en": "Severity", "nb": "Alvor", "nn": "Alvor"},
        "findings": {"en": "Findings", "nb": "Funn", "nn": "Funn"},
        "because": {"en": "Because", "nb": "Fordi", "nn": "Fordi"},
        "shape": {"en": "Shape", "nb": "Form", "nn": "Form"},
        "silenced": {"en": "Silenced, with a reason", "nb": "Dempet, med grunn", "nn": "Dempa, med grunn"},
        "notes": {"en": "About the check", "nb": "Om kontrollen", "nn": "Om kontrollen"},
    }
)


def tongue(language: str) -> str:
    """Give the language of ours that is nearest to one that was asked for.

    >>> tongue("no"), tongue("nn"), tongue("fr")
    ('nb', 'nn', 'en')
    """
    return {"nb": "nb", "no": "nb", "nn": "nn"}.get(language.lower().partition("-")[0], "en")


def say(what: str, language: str) -> str:
    """Give one of the texts."""
    return _TEXTS[what][tongue(language)]


def severity(one: Severity, language: str, count: int = 1) -> str:
    """Give a severity in words, for so many findings."""
    return _COUNTED[tongue(language)][one][count != 1]


def summary(report: Report, language: str = "en") -> str:
    """Give one sentence: how many findings of each severity.

    >>> summary(Report())
    'Nothing to remark.'
    """
    parts = [f"{n} {severity(one, language, n)}" for one, n in report.counts.items() if n]
    return ", ".join(parts) + "." if parts else say("clean", language)


def short(written: str) -> str:
    """Give an IRI as a prefixed name where the prefix table allows, other terms as they are."""
    return compact(written) or written


WIDTH = 160
"""How much of a line is read at one glance."""


def excerpt(line: str, column: int, length: int) -> tuple[str, str, str]:
    """Give as much of a line as is read at one glance: before a place in it, the place, and after.

    >>> excerpt("a b c", 3, 1)
    ('a ', 'b', ' c')
    """
    start = max(0, min(column - WIDTH // 4, len(line) - WIDTH)) if column > WIDTH - 20 else 0
    cut = ("…" if start else "") + line[start + bool(start) : start + WIDTH]
    before = min(column - 1 - start, len(cut))
    end = before + max(1, length)
    return cut[:before], cut[before:end], cut[end:]
