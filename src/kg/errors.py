"""What can go wrong, one class for each thing a caller can act on; each says what to do next."""

from __future__ import annotations

EXIT_CLEAN = 0
EXIT_FINDINGS = 1
EXIT_CANNOT_RUN = 2

Bilingual = tuple[str, str]
"""A text in English and in Norwegian bokmål: what a report says, it says in both."""


class KgError(Exception):
    """A failure with a message for people and, where there is one, the next step.

    What a report tells as a finding comes in both languages, which `said` and `advice` keep; the command line
    is English.
    """

    exit_code = EXIT_CANNOT_RUN

    def __init__(self, message: str | Bilingual, *, hint: str | Bilingual | None = None) -> None:
        """Keep the message and the hint apart, so that each output can lay them out."""
        self.said = _in_both(message)
        self.advice = None if hint is None else _in_both(hint)
        self.message = self.said[0]
        self.hint = self.advice[0] if self.advice else None
        super().__init__(self.message)

    def __str__(self) -> str:
        """Message and hint in one line."""
        return f"{self.message} {self.hint}" if self.hint else self.message


def _in_both(text: str | Bilingual) -> Bilingual:
    return (text, text) if isinstance(text, str) else text


class ConfigError(KgError):
    """The dataset's `kg.toml` or a command-line setting has a value that cannot be used."""


class SourceError(KgError):
    """The input cannot be read at all: nothing there, no permission, unknown format."""


class InvalidDataError(KgError):
    """The input was read and is wrong: the report says where."""

    exit_code = EXIT_FINDINGS


class SnapshotError(KgError):
    """A snapshot cannot be written, opened, or trusted."""


class NotFoundError(KgError):
    """The thing that was asked for is not in the snapshot."""
