"""What one look at the bytes of a file tells, before and beside what it states."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kg.findings import Finding
from kg.source import SourceFile, inspect_text
from kg.turtle import Span

MARK = b"kg: ignore"
"""What a comment that silences a rule holds."""

_HEAD = 65_536
"""How many bytes the beginning of a file has, where prefixes are looked for."""
_DECLARED = re.compile(r"(?im)^[ \t]*@?prefix[ \t]+([^\s:]+):[ \t]*<([^>\n]*)>")
_DECLARING = ("turtle", "trig")


@dataclass(frozen=True, slots=True)
class Glance:
    """What is wrong with a file as text, the prefixes it declares at its beginning, and if it has the mark.

    A prefix comes with its namespace and with the span of this in the text.
    """

    findings: tuple[Finding, ...]
    prefixes: tuple[tuple[str, str, Span], ...]
    is_marked: bool


def glance(file: SourceFile) -> Glance:
    """Read a file once; one that cannot be read has a finding."""
    findings, content = inspect_text(file)
    head = content[:_HEAD].decode("utf-8", "replace") if _declares(file) else ""
    prefixes = (
        (found[1], found[2], (found.start(2) - 1, found.end(2) + 1)) for found in _DECLARED.finditer(head)
    )
    return Glance(findings, tuple(prefixes), file.format is not None and MARK in content)


def _declares(file: SourceFile) -> bool:
    return file.format is not None and file.format.name in _DECLARING
