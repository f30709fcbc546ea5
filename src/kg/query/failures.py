"""Why a query has no answer: one class for each thing that a caller can act on."""

from __future__ import annotations

from kg.errors import KgError


class QueryError(KgError):
    """A query that has no answer."""


class QuerySyntaxError(QueryError):
    """The text is not a SPARQL query. Line and column count from 1, the column in characters."""

    def __init__(
        self,
        message: str,
        *,
        line: int | None,
        column: int | None,
        excerpt: str = "",
        hint: str | None = None,
    ) -> None:
        """Keep the place; `excerpt` is the line and, below it, a caret under the column."""
        super().__init__(message, hint=hint)
        self.line = line
        self.column = column
        self.excerpt = excerpt

    def __str__(self) -> str:
        """Place, message, hint and the line with its caret."""
        place = f"line {self.line}, column {self.column}: " if self.line else ""
        return "\n".join(part for part in (place + super().__str__(), self.excerpt) if part)


class QueryRefused(QueryError):  # noqa: N818
    """The query was not run, because of what it asks for; `reason` is a key of guard.REASONS."""

    def __init__(self, message: str, *, reason: str, hint: str | None = None) -> None:
        """Keep the reason, which picks the status of an HTTP answer."""
        super().__init__(message, hint=hint)
        self.reason = reason


class QueryTimeout(QueryError):  # noqa: N818
    """The query was stopped at its deadline."""

    def __init__(self, seconds: float) -> None:
        """Keep the time it was given."""
        super().__init__(
            f"The query was stopped after {seconds:g} seconds.",
            hint="Ask for less: name more terms, count in a sub-select, drop ORDER BY, or add LIMIT.",
        )
        self.seconds = seconds


class QueryMemory(QueryError):  # noqa: N818
    """The query was stopped because it needed more memory than it may have."""

    def __init__(self, limit: int) -> None:
        """Keep the number of bytes it could have had."""
        super().__init__(
            f"The query needed more than {limit // 2**20} MiB of memory and was stopped.",
            hint="Sort, group or join fewer rows: name more terms, or put LIMIT into a sub-select.",
        )
        self.limit = limit


class ResultTooLarge(QueryError):  # noqa: N818
    """The result is larger than a result may be. Nothing of it is given."""

    def __init__(self, limit: int, unit: str = "bytes") -> None:
        """Keep what a result may have at most, in bytes or rows."""
        most = f"{limit / 2**20:.3g} MiB" if unit == "bytes" else f"{limit} {unit}"
        super().__init__(
            f"The result is larger than {most}; no part of it is given.",
            hint="Add LIMIT, take the dumps, or ask the service for pages (rows=10000).",
        )
        self.limit = limit
        self.unit = unit


class NotPageable(QueryError):  # noqa: N818
    """The rows of the query have no order that pages could be cut from."""

    def __init__(self, reason: str) -> None:
        """Keep why."""
        super().__init__(
            f"The result cannot be had in pages: {reason}.",
            hint="Order the rows by all their variables, and cut them with LIMIT and OFFSET.",
        )
        self.reason = reason


class PoolBusy(QueryError):  # noqa: N818
    """No worker came free in time. `retry_after` is in seconds."""

    def __init__(self, retry_after: int) -> None:
        """Keep the time after which another try makes sense."""
        super().__init__(f"All workers are busy. Try again in {retry_after} seconds.")
        self.retry_after = retry_after


class NotRepresentable(QueryError):  # noqa: N818
    """The result has an answer, but this format cannot write it."""


class QueryCancelled(QueryError):  # noqa: N818
    """Whoever asked has gone; the query was stopped."""

    def __init__(self) -> None:
        """Take no details: nobody reads them."""
        super().__init__("The query was cancelled.")
