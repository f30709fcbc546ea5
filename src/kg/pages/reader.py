"""What each line of a page is; a line that is nothing known is reported."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from kg.errors import Bilingual
from kg.findings import Finding, Place, Severity, tagged
from kg.pages.layout import Layout, Section
from kg.pages.lines import Line
from kg.pages.matching import SUGGESTED_SCORE
from kg.pages.vocabulary import Vocabulary
from kg.pages.words import ADDRESS, fold

_UNCLOSED: Bilingual = (
    "The closing heading is missing: the page seems to be cut.",
    "Avslutningen mangler: siden ser ut til å være kuttet.",
)


@dataclass(frozen=True, slots=True)
class Match:
    """A phrase and what it was taken for: `how` is exact, variant, split, fuzzy or name."""

    line: int
    phrase: str
    property: str
    iris: tuple[str, ...]
    how: str
    score: float = 100.0


@dataclass(frozen=True, slots=True)
class LineUse:
    """What became of one line that is not blank."""

    line: int
    text: str
    use: str


class Reader:
    """One pass over one page; holds what has been read so far."""

    def __init__(self, layout: Layout, known: Vocabulary, path: str, lines: tuple[Line, ...]) -> None:
        self.layout, self.known, self.path, self.lines = layout, known, path, lines
        self.findings: list[Finding] = []
        self.uses: list[LineUse] = []
        self.matches: list[Match] = []
        self.prose: list[Line] = []
        self.items: list[tuple[Section, Line]] = []
        self.periods: list[Line] = []
        self.addresses: list[Line] = []
        self.closing: list[Line] = []
        self.closed = False
        self.language = _language(lines, layout)

    def find(
        self,
        rule: str,
        severity: Severity,
        line: Line,
        message: Bilingual,
        *,
        value: str | None = None,
        hint: Bilingual | None = None,
    ) -> None:
        """Report something about a line."""
        self.findings.append(
            Finding(
                rule=rule,
                severity=severity,
                messages=tagged(message),
                place=Place(self.path, line.number),
                value=value,
                hint=hint,
                excerpt=line.text,
            )
        )

    def used(self, line: Line, use: str) -> None:
        """Note what became of a line."""
        self.uses.append(LineUse(line.number, line.text, use))

    def sort(self) -> None:
        """Find out what each line is."""
        take: Callable[[Line], None] = self._take_prose
        seen: dict[str, int] = {}
        for line in self._joined(self.lines[1:]):
            heading, rest = self._heading(line)
            if heading:
                take = self._opened(heading, line, seen)
                self.used(line, "heading")
                if rest:
                    take(Line(line.number, rest, False, True, False))
            elif take != self._take_closing and self._is_address(line):
                self.addresses.append(line)
                self.used(line, "homepage")
                if take == self._take_prose:
                    self._take_prose(line)
            elif take not in (self._take_prose, self._take_closing) and self._is_unknown_heading(line):
                take = self._unknown(line)
            else:
                take(line)
                self.used(line, "read")
        if not self.closed:
            self.find("page-cut", Severity.WARNING, self.lines[-1], _UNCLOSED)

    def _joined(self, lines: Sequence[Line]) -> Iterator[Line]:
        """Yield lines with an item that runs on over a line break put together again."""
        held: Line | None = None
        for line in lines:
            runs_on = (
                held and held.bullet and not line.bullet and not line.apart and not self._heading(line)[0]
            )
            if held and runs_on:
                self.used(line, "joined to the item above")
                held = Line(held.number, f"{held.text} {line.text}", True, held.apart, line.before_bullets)
                continue
            if held:
                yield held
            held = line
        if held:
            yield held

    def _heading(self, line: Line) -> tuple[str, str]:
        """Give the heading that a line is, folded, and what stands after its colon."""
        if line.bullet:
            return "", ""
        whole, (before, _, after) = fold(line.text), line.text.partition(":")
        for heading in self._headings():
            if fold(heading) == whole:
                return fold(heading), ""
            if after.strip() and fold(heading) == fold(before):
                return fold(heading), after.strip()
        return "", ""

    def _headings(self) -> tuple[str, ...]:
        lists = [heading for section in self.layout.sections for heading in section.headings]
        return (*self.layout.period["headings"], *lists, *self.layout.closing["headings"])

    def _opened(self, heading: str, line: Line, seen: dict[str, int]) -> Callable[[Line], None]:
        part = self._part(heading)
        if part in seen:
            first = seen[part]
            self.find(
                "page-heading-twice",
                Severity.WARNING,
                line,
                (
                    f"The heading {line.text!r} is for the same part as line {first}; both are read as one.",
                    f"Overskriften «{line.text}» gjelder samme del som linje {first}; begge leses som én.",
                ),
                value=line.text,
            )
        seen.setdefault(part, line.number)
        if part == "period":
            return self.periods.append
        if part == "closing":
            self.closed = True
            return self._take_closing
        section = self.layout.sections[int(part)]
        return lambda item: self._take_item(section, item)

    def _part(self, heading: str) -> str:
        if heading in map(fold, self.layout.period["headings"]):
            return "period"
        for number, section in enumerate(self.layout.sections):
            if heading in map(fold, section.headings):
                return str(number)
        return "closing"

    def _is_unknown_heading(self, line: Line) -> bool:
        if line.bullet or line.text.endswith(".") or len(line.text.split()) > 5:
            return False
        return line.before_bullets and line.apart

    def _unknown(self, line: Line) -> Callable[[Line], None]:
        near = process.extractOne(fold(line.text), [fold(h) for h in self._headings()], scorer=fuzz.ratio)
        likely = near[0] if near and near[1] >= SUGGESTED_SCORE else None
        self.used(line, "reported: unknown heading")
        self.find(
            "page-unknown-heading",
            Severity.WARNING,
            line,
            (
                f"{line.text!r} looks like a heading and is not known; what is under it is left out.",
                f"«{line.text}» ser ut som en overskrift og er ukjent; det som står under, er ikke tatt med.",
            ),
            value=line.text,
            hint=(
                f"Did you mean {likely!r}? A new spelling belongs in the page layout.",
                f"Mente du «{likely}»? En ny skrivemåte hører hjemme i sideoppsettet.",
            )
            if likely
            else None,
        )
        return lambda item: self.report_unplaced(item, f"under the unknown heading {line.text!r}", ())

    def _take_prose(self, line: Line) -> None:
        self.prose.append(line)

    def _take_closing(self, line: Line) -> None:
        self.closing.append(line)

    def _take_item(self, section: Section, line: Line) -> None:
        bulleted = any(s is section and item.bullet for s, item in self.items)
        if bulleted and not line.bullet:
            self._take_prose(line)
        else:
            self.items.append((section, line))

    def _is_address(self, line: Line) -> bool:
        words = self.layout.homepage["words"]
        said = any(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", line.text, re.IGNORECASE) for word in words)
        return said and not line.bullet and self.address_in(line) is not None

    def address_in(self, line: Line) -> re.Match[str] | None:
        """Give the first address in a line that is none of the abbreviations that look like one."""
        odd = self.layout.homepage["not_addresses"]
        return next((found for found in ADDRESS.finditer(line.text) if found[0].lower() not in odd), None)

    def report_unplaced(self, line: Line, why: str, near: tuple[tuple[str, str, float], ...]) -> None:
        """Report a line that stands for nothing known, with what is like it."""
        named = ", ".join(f"{label} <{iri}> ({score:g})" for iri, label, score in near)
        self.find(
            "page-unplaced",
            Severity.WARNING,
            line,
            (f"{line.text!r} could not be placed: {why}.", f"«{line.text}» kunne ikke plasseres."),
            value=line.text,
            hint=(f"Nearest: {named}.", f"Nærmest: {named}.")
            if named
            else (
                "Nothing is like it; it may need a concept of its own.",
                "Ingenting ligner; det trenger kanskje et eget begrep.",
            ),
        )


def _language(lines: Sequence[Line], layout: Layout) -> str:
    text = " " + " ".join(line.text for line in lines).casefold() + " "
    words = set(re.findall(r"\w+", text))
    return max(layout.languages, key=lambda tag: len(words & set(layout.languages[tag]["words"])))
