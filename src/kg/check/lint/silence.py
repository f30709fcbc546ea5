"""Comments that silence a rule with a reason: `# kg: ignore orphan -- its links come next year`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from kg.check.lint import rules
from kg.check.place import Places, Text
from kg.findings import Finding, Waiver
from kg.source import SourceFile
from kg.turtle import Span, TurtleError, tokens

_MARK = b"kg: ignore"
_DIRECTIVE = re.compile(
    r"kg: (ignore|ignore-file)\s+([a-z-]+(?:\s*,\s*[a-z-]+)*)\s*(?:(?:--|:)\s*(\S.*?))?\s*(?:-->)?\Z"
)
_XML_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Silence:
    """What one comment silences: some rules, on one line or in the whole file (None), and why."""

    file: SourceFile
    span: Span
    names: tuple[str, ...]
    line: int | None
    reason: str

    def covers(self, finding: Finding) -> bool:
        """True for a finding of its rules at its place."""
        place = finding.place
        return (
            place is not None
            and place.file == self.file.relative
            and finding.rule in self.names
            and self.line in (None, place.line)
        )


def apply(
    findings: Sequence[Finding], files: Iterable[SourceFile], places: Places
) -> tuple[list[Finding], list[Waiver]]:
    """Give the findings that no comment silences, with those about comments; and what each silences."""
    kept, waivers = list(findings), list[Waiver]()
    for silence in _silences(files, places):
        unknown = [name for name in silence.names if rules.named(name) is None]
        if unknown or not silence.reason:
            kept.append(_idle(silence, places, unknown))
            continue
        rest = [finding for finding in kept if not silence.covers(finding)]
        if len(rest) == len(kept):
            kept.append(_idle(silence, places, []))
        else:
            where = silence.file.relative + (f":{silence.line}" if silence.line else "")
            waivers.append(Waiver(silence.names, len(kept) - len(rest), silence.reason, where))
            kept = rest
    return kept, waivers


def _idle(silence: Silence, places: Places, unknown: Sequence[str]) -> Finding:
    if unknown:
        en, nb = f"There is no lint rule {unknown[0]!r}.", f"Det finnes ingen regel {unknown[0]!r}."
    elif not silence.reason:
        en, nb = "The comment gives no reason.", "Kommentaren gir ingen grunn."
    else:
        en, nb = "There is nothing to silence here.", "Her er det ingenting å dempe."
    hint = None if unknown or silence.reason else "Write -- and the reason after the rule."
    return rules.finding("idle-silence", en, nb, places.text(silence.file).place(silence.span), hint=hint)


def _silences(files: Iterable[SourceFile], places: Places) -> Iterator[Silence]:
    for file in files:
        if file.format is not None and _MARK in file.content():
            text = places.text(file)
            for span in _comments(text, file.format.name):
                if found := _DIRECTIVE.search(text.text[slice(*span)]):
                    kind, names, reason = found.groups()
                    line = None if kind == "ignore-file" else _line(text, span)
                    yield Silence(file, span, tuple(re.split(r"\s*,\s*", names)), line, reason or "")


def _comments(text: Text, form: str) -> Iterator[Span]:
    if form == "rdfxml":
        yield from (found.span() for found in _XML_COMMENT.finditer(text.text))
    elif form != "jsonld":
        try:
            for token in tokens(text.text, comments=True):
                if token.kind == "comment":
                    yield token.start, token.end
        except TurtleError:
            return


def _line(text: Text, span: Span) -> int:
    """Give the line that a comment is about: its own, or the next one with more than comments on it."""
    line, column = text.lines.place(span[0])
    if text.lines.line(line)[: column - 1].strip():
        return line
    following = line + 1
    while following < len(text.lines) and not re.match(r"\s*[^\s#]", text.lines.line(following)):
        following += 1
    return following
