"""What can be wrong with a table, and how it is told: row, column, value, reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kg.complaints import NOWHERE, Around, explain
from kg.errors import Bilingual, InvalidDataError

METADATA_SUFFIX = "-metadata.json"
"""What stands after the name of a CSV file in the name of its metadata file."""

MOST_PROBLEMS = 100
"""How many problems an error carries; the rest are only counted."""


@dataclass(frozen=True, slots=True)
class RowProblem:
    """One thing wrong in a table: the line the row begins on (the header is 1), the column, and why.

    In metadata the line is often not known. The reason goes on from a colon.
    """

    row: int | None
    column: str
    value: str
    reason: Bilingual
    hint: Bilingual | None = None

    def __str__(self) -> str:
        """Row, column, reason and value, in English."""
        row = f"row {self.row}" if self.row else ""
        where = ", ".join(filter(None, (row, f"column {self.column}" if self.column else "")))
        return (f"{where}: " if where else "") + self._found()[0]

    @property
    def said(self) -> Bilingual:
        """Column, reason and value in a sentence."""
        en, nb = self._found()
        if self.column:
            return f"Column {self.column}: {en}.", f"Kolonne {self.column}: {nb}."
        return f"{en[0].upper()}{en[1:]}.", f"{nb[0].upper()}{nb[1:]}."

    def _found(self) -> Bilingual:
        value, (en, nb) = _shortened(self.value), self.reason
        return (f"{en} (found {value!r})", f"{nb} (fant «{value}»)") if self.value else (en, nb)


def _shortened(text: str, most: int = 60) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


class CellError(ValueError):
    """A cell that has no value: why, and how to mend it."""

    def __init__(self, reason: Bilingual, hint: Bilingual | None = None) -> None:
        """Keep both in both languages."""
        super().__init__(reason[0])
        self.reason, self.hint = reason, hint


def more_problems(number: int) -> Bilingual:
    """Say how many problems there are beyond those that an error carries."""
    return f"There are {number} more.", f"Det er {number} til."


class TableError(InvalidDataError):
    """A table cannot be read, or has bad rows; carries the first of its problems and their number.

    `path` is the file that the problems are in: the table, or its metadata.
    """

    def __init__(
        self, path: str, problems: Sequence[RowProblem], *, total: int | None = None, hint: str | None = None
    ) -> None:
        """Say where and what, one problem a line."""
        self.path = path
        self.problems = tuple(problems)
        self.total = len(self.problems) if total is None else total
        lines = [f"{path}: {problem}." for problem in self.problems]
        if self.total > len(self.problems):
            lines.append(f"{path}: and {self.total - len(self.problems)} more.")
        hints = dict.fromkeys(problem.hint for problem in self.problems if problem.hint)
        super().__init__("\n".join(lines), hint=hint or " ".join(en for en, _ in hints) or None)


def told(
    sections: str, words: str, frame: Bilingual, around: Around = NOWHERE, **more: str
) -> tuple[Bilingual, Bilingual | None]:
    """Give the reason and the hint for the words of a library, framed where the table does not know them."""
    found = explain(sections, words, around, **more)
    if found is not None:
        return found.said, found.hint
    return (f"{frame[0]}: {words}", f"{frame[1]}: «{words}»"), None
