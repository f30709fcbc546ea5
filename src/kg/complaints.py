"""What parsers and libraries complain of, in words for people, in both languages of reports.

`complaints.toml` is the table; what no row of it knows is told in the words it came in.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from kg.errors import Bilingual
from kg.vocab import PREFIXES

_SHOWN, _QUOTED, _READ = 40, 300, 2_000
"""How many characters of what is wrong are shown, of a parser's words are quoted, and are looked at."""

_NOT_THIS = ("conflict", "is-xml", "is-json", "is-turtle")
_SECTIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "turtle": (*_NOT_THIS[:3], "turtle", "text", "iri", "end"),
        "trig": (*_NOT_THIS[:2], "turtle", "text", "iri", "end"),
        "ntriples": (*_NOT_THIS, "lines", "text", "iri", "end"),
        "nquads": (*_NOT_THIS, "lines", "text", "iri", "end"),
        "rdfxml": ("empty", *_NOT_THIS[2:], "conflict", "xml"),
        "jsonld": ("empty", *_NOT_THIS[:2], "is-turtle", "json"),
    }
)
"""Which sections of the table are about a format of RDF, by its name, in their order."""


@dataclass(frozen=True, slots=True)
class Around:
    """What stands around the place that a parser complains of: on its line before it, from it on, and all."""

    before: str = ""
    here: str = ""
    text: str = ""

    @property
    def line(self) -> str:
        """The line from as far before the place as is known."""
        return self.before + self.here


@dataclass(frozen=True, slots=True)
class Told:
    """A complaint in words for people; `at` is what to look for where the place is not known."""

    said: Bilingual
    hint: Bilingual | None = None
    at: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of complaint: the patterns that it is known by, and what to say."""

    told: Told
    words: re.Pattern[str]
    before: re.Pattern[str]
    here: re.Pattern[str]
    line: re.Pattern[str]
    text: re.Pattern[str]

    def fill(self, words: str, around: Around, more: Mapping[str, str]) -> Told | None:
        """Give what to say with its groups filled in, None where the row does not fit."""
        found = (
            self.words.search(words),
            self.before.search(around.before),
            self.here.match(around.here),
            self.line.match(around.line),
            self.text.search(around.text),
        )
        if not all(found):
            return None
        return _filled(self.told, dict(more), *(one.groupdict("") for one in found if one))


NOWHERE = Around()
"""For complaints that are about no place."""


def explain(sections: str, words: str, around: Around = NOWHERE, **more: str) -> Told | None:
    """Tell a complaint by the first row of the sections that fits; `more` fills the texts too.

    >>> explain("csv", "field larger than field limit (131072)").said[0]
    'a cell has more than 131072 characters'
    """
    rows = (row for section in sections.split() for row in _table()[section])
    return next((told for row in rows if (told := row.fill(words, around, more))), None)


def unreadable(form: str, label: str, words: str, around: Around) -> Told:
    """Tell why a document is not in a format of RDF, given by its name and its label."""
    found = explain(" ".join(_SECTIONS[form]), _shortened(words, _READ), around, format=label)
    words = _shortened(words.rstrip("."), _QUOTED)
    return found or Told((f"This is not {label}: {words}.", f"Dette er ikke {label}: «{words}»."))


def _filled(told: Told, groups: dict[str, str], *found: Mapping[str, str]) -> Told:
    for one in found:
        groups |= {name: _shown(value) for name, value in one.items()}
        if "character" in one:
            groups["percent"] = quote(one["character"])
    groups["namespace"] = PREFIXES.get(groups.get("prefix", ""), "...")

    def fill(text: str) -> str:
        return re.sub(r"\{(\w+)\}", lambda name: groups.get(name[1], name[0]), text)

    hint = told.hint and (fill(told.hint[0]), fill(told.hint[1]))
    return Told((fill(told.said[0]), fill(told.said[1])), hint, fill(told.at))


def _shown(value: str) -> str:
    text = value if len(value) == 1 else " ".join(value.split())
    text = "".join(c if c.isprintable() else f"U+{ord(c):04X}" for c in text)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _shortened(words: str, most: int) -> str:
    """Give words less what is in the middle of too many: parsers repeat what they do not know."""
    return words if len(words) <= most else f"{words[: most // 2]} … {words[-most // 2 :]}"


_PATTERNS = ("words", "before", "here", "line", "text")


@cache
def _table() -> Mapping[str, tuple[Row, ...]]:
    """Give the table, which is read only where there is something to complain of."""
    sections = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
    return {name: tuple(map(_row, rows)) for name, rows in sections.items()}


def _row(row: Mapping[str, Any]) -> Row:
    hint = (row["hint"]["en"], row["hint"]["nb"]) if "hint" in row else None
    told = Told((row["en"], row["nb"]), hint, row.get("at", ""))
    patterns = {key: re.compile(row.get(key, ""), re.DOTALL) for key in _PATTERNS}
    return Row(told, **patterns)
