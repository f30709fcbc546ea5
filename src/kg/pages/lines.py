"""The lines of a page, out of its bytes."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kg.errors import InvalidDataError
from kg.pages.words import spaced

_BULLET = re.compile(r"\s*[•·*\-–—▪◦]\s+(?=\S)")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1b\x7f]")


class PageError(InvalidDataError):
    """A page that cannot be read at all: nothing in it, or not text."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line that is not blank: its number from 1, its text without bullet, and how it stands."""

    number: int
    text: str
    bullet: bool
    apart: bool
    before_bullets: bool


def decode(content: bytes) -> tuple[str, bool]:
    """Give the text of a page and whether it was Windows-1252 rather than UTF-8. Raises PageError."""
    try:
        return _as_text(content.decode("utf-8-sig")), False
    except UnicodeDecodeError:
        pass
    try:
        return _as_text(content.decode("cp1252")), True
    except UnicodeDecodeError as error:
        byte = content[error.start]
        raise PageError(
            f"The page is neither UTF-8 nor Windows-1252: byte 0x{byte:02X} at position {error.start}.",
            hint="Save it as UTF-8 and import it again.",
        ) from error


def _as_text(text: str) -> str:
    control = _CONTROL.search(text)
    if control:
        raise PageError(
            f"The page is not text: it has the control character U+{ord(control[0]):04X}.",
            hint="Save the page as plain text and import it again.",
        )
    return text


def lines(text: str) -> tuple[Line, ...]:
    """Give the lines of a text that are not blank."""
    raw = text.splitlines()
    filled = [number for number, line in enumerate(raw) if line.strip()]
    found = []
    for position, number in enumerate(filled):
        following = filled[position + 1] if position + 1 < len(filled) else None
        bullet = _BULLET.match(raw[number])
        found.append(
            Line(
                number=number + 1,
                text=spaced(raw[number][bullet.end() :] if bullet else raw[number]),
                bullet=bool(bullet),
                apart=number == 0 or not raw[number - 1].strip(),
                before_bullets=following is not None and bool(_BULLET.match(raw[following])),
            )
        )
    return tuple(found)
