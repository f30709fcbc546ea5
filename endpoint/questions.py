"""The questions that come with a dataset: what the comments at the head of each query say about it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from endpoint.negotiate import fallbacks
from kg.snapshot import Query, Snapshot

_LINE = re.compile(r"#\s*(\w+)\.([a-z]{2,3})\s*:\s*(.+)")
_FRONT = 6


@dataclass(frozen=True, slots=True)
class Question:
    """A query with its title and why one asks it, in the reader's language or the nearest there is.

    `warning` is the sentence that stands on the page of each thing it finds; mostly empty.
    """

    name: str
    title: str
    title_language: str
    why: str
    why_language: str
    warning: str
    warning_language: str
    text: str

    @property
    def bare(self) -> str:
        """The query without the comments at its head."""
        lines = self.text.splitlines()
        start = next((n for n, line in enumerate(lines) if line.strip() and not line.startswith("#")), 0)
        return "\n".join(lines[start:])


def all_of(snapshot: Snapshot, language: str) -> tuple[Question, ...]:
    """Give every question of a snapshot, in the order of the files' names."""
    return tuple(_question(query, language) for query in snapshot.queries)


def chosen(snapshot: Snapshot, language: str) -> tuple[Question, ...]:
    """Give the questions for the front page: those the dataset names, else the first."""
    wanted = snapshot.config.front_page
    every = {question.name: question for question in all_of(snapshot, language)}
    named = [every[name.removesuffix(".rq")] for name in wanted if name.removesuffix(".rq") in every]
    return tuple(named or list(every.values())[:_FRONT])


@lru_cache(maxsize=1024)
def _question(query: Query, language: str) -> Question:
    texts: dict[str, dict[str, str]] = {"title": {}, "why": {}, "warning": {}}
    for line in query.text.splitlines():
        found = _LINE.match(line.strip())
        if found and found[1] in texts:
            known = texts[found[1]]
            known[found[2]] = (
                f"{known[found[2]]} {found[3].strip()}" if found[2] in known else found[3].strip()
            )
    title, title_language = _best(texts["title"], language, query.name)
    why, why_language = _best(texts["why"], language, "")
    warning = _best(texts["warning"], language, "")
    return Question(query.name, title, title_language, why, why_language, *warning, query.text)


def _best(texts: dict[str, str], language: str, otherwise: str) -> tuple[str, str]:
    for tag in fallbacks(language, texts):
        if tag in texts:
            return texts[tag], tag
    return otherwise, ""
