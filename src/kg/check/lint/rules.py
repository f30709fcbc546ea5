"""The one table of lint rules (`rules.toml`): what each finds, why that matters, how to mend it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from kg.check.words import severity as in_words
from kg.check.words import tongue
from kg.findings import Finding, Place, Severity

SITE = "https://w3id.org/bygdegraf/"
"""Where the rules have pages for whoever reads a report far from a command line."""


@dataclass(frozen=True, slots=True)
class Said:
    """What there is to say about a rule, in one language."""

    finds: str
    why: str
    mend: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of mistake that is valid RDF; `texts` are by language, the example is Turtle."""

    name: str
    severity: Severity
    texts: Mapping[str, Said]
    example: str

    @property
    def url(self) -> str:
        """Its page."""
        return f"{SITE}quality/rules/{self.name}"

    def said(self, language: str = "en") -> Said:
        """Give what there is to say in a language, or in the nearest of ours."""
        return self.texts[tongue(language)]


def _read() -> tuple[Rule, ...]:
    text = files(__package__).joinpath("rules.toml").read_text("utf-8")
    return tuple(_rule(name, row) for name, row in tomllib.loads(text).items())


def _rule(name: str, row: Mapping[str, Any]) -> Rule:
    texts = {tag: Said(row["finds"][tag], row["why"][tag], row["mend"][tag]) for tag in row["finds"]}
    return Rule(name, Severity(row["severity"]), MappingProxyType(texts), row["example"].strip())


RULES: tuple[Rule, ...] = _read()

_BY_NAME: Mapping[str, Rule] = MappingProxyType({rule.name: rule for rule in RULES})


def named(name: str) -> Rule | None:
    """Give the rule of this name, or None."""
    return _BY_NAME.get(name)


def finding(
    rule: str,
    en: str,
    nb: str,
    place: Place,
    *,
    focus: str | None = None,
    path: str | None = None,
    value: str | None = None,
    hint: str | None = None,
    severity: Severity | None = None,
) -> Finding:
    """Give a finding of a rule of the table, as severe as the table says unless told otherwise."""
    return Finding(
        rule=rule,
        severity=severity or _BY_NAME[rule].severity,
        messages=(("en", en), ("nb", nb)),
        place=place,
        focus=focus,
        path=path,
        value=value,
        hint=hint,
    )


SILENCING: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "en": (
            "Silence it for the line that the comment ends or the line below it, with the reason:",
            "or for a whole file, or for the dataset, in `kg.toml`:",
        ),
        "nb": (
            "Demp den for linjen som kommentaren avslutter eller linjen under, med grunnen:",
            "eller for en hel fil, eller for datasettet, i `kg.toml`:",
        ),
        "nn": (
            "Demp han for linja som kommentaren avsluttar eller linja under, med grunnen:",
            "eller for ei heil fil, eller for datasettet, i `kg.toml`:",
        ),
    }
)
"""What stands before the comment that silences a rule, and before the settings that do."""


def comment(rule: str) -> str:
    """Give the comment that silences a rule."""
    return f"# kg: ignore {rule} -- why"


def settings(rule: str) -> str:
    """Give the lines of `kg.toml` that silence a rule: everywhere, and in the files of a folder."""
    return f'[silenced]\n{rule} = "why"\n"{rule} data/old/*" = "why"'


def explained(rule: Rule, language: str = "en") -> str:
    """Give the documentation of a rule as Markdown."""
    said, (in_file, in_settings) = rule.said(language), SILENCING[tongue(language)]
    return (
        f"## {rule.name}\n\n*{in_words(rule.severity, language)}*. {said.finds}\n\n{said.why} {said.mend}\n\n"
        f"```turtle\n{rule.example}\n```\n\n{in_file}\n\n```turtle\n{comment(rule.name)}\n```\n\n"
        f"{in_settings}\n\n```toml\n{settings(rule.name)}\n```\n\n{rule.url}\n"
    )
