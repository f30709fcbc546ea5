"""What a reader is warned of before anything else: the answers to the questions that say how to warn.

A question of the dataset whose head has `# warning.nb: …` lines is asked when a snapshot is built. Each of
its rows stands as a warning on the page of what its variable `?thing` names. In the sentence `{name}` is the
value of a variable, `{name|link}` the same leading to the value of another, and `[…]` is left out where one
of its variables has no value.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pyoxigraph import Literal, NamedNode

from endpoint.literals import readable
from endpoint.negotiate import fallbacks
from endpoint.questions import Question, all_of
from kg import cautions
from kg.cautions import Answer, Row
from kg.index import Index
from kg.snapshot import Snapshot

_ABOUT = "thing"
_MAX_EACH = 20
_OPTIONAL = re.compile(r"\[([^\[\]]*)\]")
_SLOT = re.compile(r"\{(\w+)(?:\|(\w+))?\}")


@dataclass(frozen=True, slots=True)
class Piece:
    """Some words of a warning; with an IRI they lead to its page."""

    text: str
    language: str = ""
    iri: str = ""


Sentence = tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Caution:
    """What one question warns of on a page, a sentence for each row of its answer."""

    question: Question
    sentences: tuple[Sentence, ...]


def about(iri: str, snapshot: Snapshot, index: Index, language: str) -> tuple[Caution, ...]:
    """Give the warnings on the page of a thing, question by question."""
    warning = {question.name: question for question in all_of(snapshot, language) if question.warning}
    rows = _rows(snapshot.cautions).get(iri, {}) if warning else {}
    return tuple(
        Caution(warning[name], tuple(_sentence(row, warning[name], index, language) for row in some))
        for name, found in rows.items()
        if (some := _in_language(found, language)[:_MAX_EACH])
    )


def failures(snapshot: Snapshot) -> Mapping[str, str]:
    """Give why questions that should warn could not be asked, by their names."""
    return {name: answer.failure for name, answer in _answers(snapshot.cautions).items() if answer.failure}


@lru_cache(maxsize=4)
def _answers(path: Path) -> Mapping[str, Answer]:
    return cautions.read(path)


@lru_cache(maxsize=4)
def _rows(path: Path) -> Mapping[str, Mapping[str, Sequence[Row]]]:
    """Give the rows of each question by the thing they warn about."""
    found: dict[str, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for name, answer in _answers(path).items():
        for row in answer.rows:
            if isinstance(thing := row.get(_ABOUT), NamedNode):
                found[thing.value][name].append(row)
    return found


def _in_language(rows: Sequence[Row], language: str) -> list[Row]:
    """Give each row once, in the reader's language or the nearest: rows may differ only in such texts."""
    order = {tag: rank for rank, tag in enumerate(fallbacks(language))}
    best: dict[object, tuple[int, Row]] = {}
    for row in rows:
        tags = [value.language for value in row.values() if isinstance(value, Literal) and value.language]
        rank = sum(order.get(tag, len(order)) for tag in tags)
        key = frozenset((n, v) for n, v in row.items() if isinstance(v, NamedNode) or not v.language)
        if key not in best or rank < best[key][0]:
            best[key] = rank, row
    return [row for _, row in best.values()]


def _sentence(row: Row, question: Question, index: Index, language: str) -> Sentence:
    return tuple(_pieces(row, question.warning, index, language))


def _pieces(row: Row, sentence: str, index: Index, language: str) -> Iterator[Piece]:
    sentence = _OPTIONAL.sub(lambda part: part[1] if _filled(part[1], row) else "", sentence)
    names = index.labels([v.value for v in row.values() if isinstance(v, NamedNode)], fallbacks(language))
    end = 0
    for slot in _SLOT.finditer(sentence):
        yield Piece(sentence[end : slot.start()])
        end = slot.end()
        value, link = row.get(slot[1]), row.get(slot[2] or slot[1])
        iri = link.value if isinstance(link, NamedNode) else ""
        if isinstance(value, NamedNode):
            yield Piece(names[value.value].text, names[value.value].language, iri)
        elif value is not None:
            yield Piece(readable(value.value, value.datatype.value, language), value.language or "", iri)
    yield Piece(sentence[end:])


def _filled(part: str, row: Row) -> bool:
    return all(slot[1] in row for slot in _SLOT.finditer(part))
