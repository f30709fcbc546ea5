"""What a check has to say: findings with a place in a file, and the report they make up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import Enum

from kg.errors import Bilingual


class Severity(Enum):
    """How bad a finding is, as SHACL grades it; a violation keeps data from being published."""

    VIOLATION = "violation"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a file: lines and columns count from 1, columns in characters; length in characters."""

    file: str
    line: int | None = None
    column: int | None = None
    length: int | None = None

    def __str__(self) -> str:
        """`file:line:column`, as far as known."""
        return ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)


_NEAR = {"nb": ("nn",), "nn": ("nb",), "no": ("nb", "nn")}


def spoken(language: str) -> str:
    """Give which of the two languages of a bilingual text is nearer.

    >>> spoken("nn"), spoken("nb-NO"), spoken("fr")
    ('nb', 'nb', 'en')
    """
    return "nb" if language.lower().partition("-")[0] in _NEAR else "en"


def tell(text: Bilingual, language: str) -> str:
    """Give a text in the nearer of its languages."""
    return dict(tagged(text))[spoken(language)]


def tagged(text: Bilingual) -> tuple[tuple[str, str], ...]:
    """Give both texts, each with its language."""
    en, nb = text
    return ("en", en), ("nb", nb)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong or wanting: which rule, where, about what, how to mend it, and why it is so.

    Nodes are IRIs, or blank nodes and literals as N-Triples writes them; a path of several steps is as SPARQL
    writes it. `grade` is the shape's own severity, where it is none of SHACL's three. A message in no
    language that is told has the tag "".
    """

    rule: str
    severity: Severity
    messages: tuple[tuple[str, str], ...]
    place: Place | None = None
    focus: str | None = None
    path: str | None = None
    value: str | None = None
    shape: str | None = None
    shape_place: Place | None = None
    constraint: str | None = None
    grade: str | None = None
    hint: Bilingual | None = None
    excerpt: str | None = None
    details: tuple[Finding, ...] = ()

    def message(self, language: str = "en") -> str:
        """Give the message in a language, else in the other Norwegian, in English, in the first there is."""
        texts = dict(self.messages)
        near = (language, *_NEAR.get(language, ()), "en", "")
        return next((texts[tag] for tag in near if tag in texts), next(iter(texts.values()), self.rule))

    def advice(self, language: str = "en") -> str | None:
        """Give the hint in the nearer of its languages."""
        return tell(self.hint, language) if self.hint else None

    def renamed(self, name: Callable[[str], str]) -> Finding:
        """Give the finding with other names for the files it points at."""
        place, shape = (at and replace(at, file=name(at.file)) for at in (self.place, self.shape_place))
        details = tuple(detail.renamed(name) for detail in self.details)
        return replace(self, place=place, shape_place=shape, details=details)


@dataclass(frozen=True, slots=True)
class Waiver:
    """Findings that the dataset silences, and why; `where` is the place of the comment that does it."""

    rules: tuple[str, ...]
    findings: int
    reason: str
    where: str | None = None

    @property
    def said(self) -> Bilingual:
        """One sentence, the reason as it was given."""
        names = ", ".join(self.rules)
        where, hvor = (f" in {self.where}", f" i {self.where}") if self.where else ("", "")
        return (
            f"{self.findings} of {names} silenced{where}: {self.reason}",
            f"{self.findings} av {names} dempet{hvor}: {self.reason}",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything the checks found, in the order of files and lines."""

    findings: tuple[Finding, ...] = ()
    seconds: tuple[tuple[str, float], ...] = ()
    notes: tuple[Bilingual, ...] = field(default=())
    waivers: tuple[Waiver, ...] = ()

    @property
    def conforms(self) -> bool:
        """True when there is no violation: only then may the data be published."""
        return not any(f.severity is Severity.VIOLATION for f in self.findings)

    @property
    def counts(self) -> dict[Severity, int]:
        """How many findings of each severity."""
        counted = Counter(f.severity for f in self.findings)
        return {severity: counted[severity] for severity in Severity}
