"""What can be wrong with a table, and how it is told: row, column, value, reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kg.errors import InvalidDataError

METADATA_SUFFIX = "-metadata.json"
"""What stands after the name of a CSV file in the name of its metadata file."""

MOST_PROBLEMS = 100
"""How many problems an error carries; the rest are only counted."""


@dataclass(frozen=True, slots=True)
class RowProblem:
    """One thing wrong in a table: the line the row begins on (the header is 1), the column, and why."""

    row: int
    column: str
    value: str
    reason: str

    def __str__(self) -> str:
        column = f", column {self.column}" if self.column else ""
        value = f" (found {_shortened(self.value)!r})" if self.value else ""
        return f"row {self.row}{column}: {self.reason}{value}"


def _shortened(text: str, most: int = 60) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


class TableError(InvalidDataError):
    """A table cannot be read, or has bad rows; carries the first of its problems and their number."""

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
        super().__init__("\n".join(lines), hint=hint)
