"""What silences a rule, with a reason: `# kg: ignore orphan -- its links come next year`, or `kg.toml`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from kg.check.lint import rules
from kg.check.lint.glance import MARK
from kg.check.place import Places, Text
from kg.findings import Finding, Waiver
from kg.source import SourceFile
from kg.turtle import Span, TurtleError, tokens

_DIRECTIVE = re.compile(
    r"kg: (ignore|ignore-file)\s+([a-z-]+(?:\s*,\s*[a-z-]+)*)\s*(?:(?:--|:)\s*(\S.*?))?\s*(?:-->)?\Z"
)
_XML_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_SPARQL = re.compile(
    r"""(?s)"{3}(?:[^"\\]|\\.|"(?!""))*"{3}|'{3}(?:[^'\\]|\\.|'(?!''))*'{3}"""
    r"""|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|<[^<>"{}|^`\\\s]*>|\#[^\n]*"""
)
"""What may hold a number sign in a query: texts, IRIs, and comments."""


@dataclass(frozen=True, slots=True)
class Silence:
    """What one comment silences: some rules, on one line or in the whole file (None), and why."""

    text: Text
    span: Span
    names: tuple[str, ...]
    line: int | None
    reason: str

    def covers(self, finding: Finding) -> bool:
        """True for a finding of its rules at its place."""
        place = finding.place
        return (
            place is not None
            and place.file == self.text.name
            and finding.rule in self.names
            and self.line in (None, place.line)
        )


class Settings:
    """What `kg.toml` silences: a rule everywhere, or, where files follow its name, in these alone.

    >>> silenced = Settings({"orphan data/old/*": "as found"})
    >>> finding = rules.finding("orphan", "", "", rules.Place("data/old/a.csv"))
    >>> silenced.cover(finding), [waiver.said[0] for waiver in silenced.waivers()]
    (True, ['1 of orphan silenced in data/old/*: as found'])
    """

    def __init__(self, silenced: Mapping[str, str]) -> None:
        """Take the reasons by rule, or by rule and pattern of files."""
        self._rows = [(*(*key.split(maxsplit=1), "")[:2], reason) for key, reason in silenced.items()]
        self._counts = Counter[tuple[str, ...]]()

    def cover(self, finding: Finding) -> bool:
        """Tell whether a finding is silenced, and count it."""
        file = finding.place.file if finding.place else ""
        known = rules.named(finding.rule)
        if known is not None and known.silenced == "never":
            return False
        for row in self._rows:
            rule, pattern, _ = row
            if finding.rule == rule and (not pattern or fnmatchcase(file, pattern)):
                self._counts[row] += 1
                return True
        return False

    def waivers(self) -> Iterator[Waiver]:
        """Yield what was silenced, so far."""
        for row in self._rows:
            rule, pattern, reason = row
            if self._counts[row]:
                yield Waiver((rule,), self._counts[row], reason, pattern or None)


def apply(
    findings: Sequence[Finding], marked: Iterable[SourceFile], queries: Iterable[Text], places: Places
) -> tuple[list[Finding], list[Waiver]]:
    """Give the findings that no comment silences, with those about comments; and what each silences.

    Such comments are looked for in queries and in the files with the mark.
    """
    kept, waivers = list(findings), list[Waiver]()
    for silence in _silences(marked, queries, places):
        unknown = [name for name in silence.names if not _is_lint(name)]
        if unknown or not silence.reason:
            kept.append(_idle(silence, unknown))
            continue
        rest = [finding for finding in kept if not silence.covers(finding)]
        if len(rest) == len(kept):
            kept.append(_idle(silence, []))
        else:
            where = silence.text.name + (f":{silence.line}" if silence.line else "")
            waivers.append(Waiver(silence.names, len(kept) - len(rest), silence.reason, where))
            kept = rest
    return kept, waivers


def _is_lint(name: str) -> bool:
    rule = rules.named(name)
    return rule is not None and rule.silenced == "comment"


_GIVE_REASON = (
    "Write -- (in XML a colon) and the reason after the rule.",
    "Skriv -- (i XML et kolon) og grunnen etter regelen.",
)


def _idle(silence: Silence, unknown: Sequence[str]) -> Finding:
    if unknown:
        en, nb = f"There is no lint rule {unknown[0]!r}.", f"Det finnes ingen regel {unknown[0]!r}."
    elif not silence.reason:
        en, nb = "The comment gives no reason.", "Kommentaren gir ingen grunn."
    else:
        en, nb = "There is nothing to silence here.", "Her er det ingenting å dempe."
    hint = None if unknown or silence.reason else _GIVE_REASON
    return rules.finding("idle-silence", en, nb, silence.text.place(silence.span), hint=hint)


def _silences(marked: Iterable[SourceFile], queries: Iterable[Text], places: Places) -> Iterator[Silence]:
    for file in marked:
        if file.format is not None:
            text = places.text(file)
            yield from _in_comments(text, _comments(text, file.format.name))
    for text in queries:
        if MARK.decode() in text.text:
            spans = (found.span() for found in _SPARQL.finditer(text.text) if found[0][0] == "#")
            yield from _in_comments(text, spans)


def _in_comments(text: Text, spans: Iterable[Span]) -> Iterator[Silence]:
    for span in spans:
        if found := _DIRECTIVE.search(text.text[slice(*span)]):
            kind, names, reason = found.groups()
            line = None if kind == "ignore-file" else _line(text, span)
            yield Silence(text, span, tuple(re.split(r"\s*,\s*", names)), line, reason or "")


def _comments(text: Text, form: str) -> Iterator[Span]:
    """Yield the comments of a file; JSON-LD has none, and tables have none that all readers know."""
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
