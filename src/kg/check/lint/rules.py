"""The one table of rules (`rules.toml`): what each finds, why that matters, how to mend it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from kg.check.words import severity as in_words
from kg.check.words import tongue
from kg.errors import Bilingual
from kg.findings import Finding, Place, Severity, tagged

SITE = "https://w3id.org/bygdegraf/"
"""Where the rules have pages for whoever reads a report far from a command line."""
_SHACL = "https://www.w3.org/TR/shacl/"


@dataclass(frozen=True, slots=True)
class Said:
    """What there is to say about a rule, in one language."""

    finds: str
    why: str
    mend: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of mistake; `texts` are by language, the example is Turtle or in another form.

    It is silenced by comments and settings ("comment"), by settings alone ("settings"), or not ("never").
    """

    name: str
    severity: Severity
    texts: Mapping[str, Said]
    example: str
    form: str = "turtle"
    silenced: str = "comment"

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
    rest = {key: row[key] for key in ("form", "silenced") if key in row}
    return Rule(name, Severity(row["severity"]), MappingProxyType(texts), row["example"].strip(), **rest)


RULES: tuple[Rule, ...] = _read()

_BY_NAME: Mapping[str, Rule] = MappingProxyType({rule.name: rule for rule in RULES})


def named(name: str) -> Rule | None:
    """Give the rule of this name, or None."""
    return _BY_NAME.get(name)


def url_of(name: str) -> str | None:
    """Give where a rule is explained: on its page, or for the components of SHACL in the standard."""
    rule = named(name)
    if rule is not None:
        return rule.url
    return f"{_SHACL}#{name.removeprefix('sh:')}" if name.startswith("sh:") else None


def finding(
    rule: str,
    en: str,
    nb: str,
    place: Place,
    *,
    focus: str | None = None,
    path: str | None = None,
    value: str | None = None,
    hint: Bilingual | None = None,
    severity: Severity | None = None,
) -> Finding:
    """Give a finding of a rule of the table, as severe as the table says unless told otherwise."""
    return Finding(
        rule=rule,
        severity=severity or _BY_NAME[rule].severity,
        messages=tagged((en, nb)),
        place=place,
        focus=focus,
        path=path,
        value=value,
        hint=hint,
    )


_SILENCING: Mapping[str, tuple[str, str, str, str]] = MappingProxyType(
    {
        "en": (
            "Silence it for the line that the comment ends or the line below it, with the reason:",
            "or for a whole file, or for the dataset, in `kg.toml`:",
            "Silence it in `kg.toml`, with the reason:",
            "It cannot be silenced: nobody knows what else is wrong there.",
        ),
        "nb": (
            "Demp den for linjen som kommentaren avslutter eller linjen under, med grunnen:",
            "eller for en hel fil, eller for datasettet, i `kg.toml`:",
            "Demp den i `kg.toml`, med grunnen:",
            "Den kan ikke dempes: ingen vet hva annet som er galt der.",
        ),
        "nn": (
            "Demp han for linja som kommentaren avsluttar eller linja under, med grunnen:",
            "eller for ei heil fil, eller for datasettet, i `kg.toml`:",
            "Demp han i `kg.toml`, med grunnen:",
            "Han kan ikkje dempast: ingen veit kva anna som er gale der.",
        ),
    }
)


def comment(rule: str) -> str:
    """Give the comment that silences a rule."""
    return f"# kg: ignore {rule} -- why"


def settings(rule: str) -> str:
    """Give the lines of `kg.toml` that silence a rule: everywhere, and in the files of a folder."""
    return f'[silenced]\n{rule} = "why"\n"{rule} data/old/*" = "why"'


def silencing(rule: Rule, language: str = "en") -> tuple[tuple[str, str, str], ...]:
    """Give how a rule is silenced: sentences, each with the form and the text of what to write, if any."""
    by_comment, or_settings, by_settings, never = _SILENCING[tongue(language)]
    setting = ("toml", settings(rule.name))
    if rule.silenced == "never":
        return ((never, "", ""),)
    if rule.silenced == "settings":
        return ((by_settings, *setting),)
    return ((by_comment, "turtle", comment(rule.name)), (or_settings, *setting))


def explained(rule: Rule, language: str = "en") -> str:
    """Give the documentation of a rule as Markdown."""
    said = rule.said(language)
    ways = "".join(
        f"{sentence}\n\n" + (f"```{form}\n{code}\n```\n\n" if code else "")
        for sentence, form, code in silencing(rule, language)
    )
    return (
        f"## {rule.name}\n\n*{in_words(rule.severity, language)}*. {said.finds}\n\n{said.why} {said.mend}\n\n"
        f"```{rule.form}\n{rule.example}\n```\n\n{ways}{rule.url}\n"
    )
