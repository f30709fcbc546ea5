"""What the questions of a dataset warn of: asked when a snapshot is built, each in a process of its own.

A question whose head has `# warning.…:` lines warns with each of its rows, on the page of its `?thing`.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import cast

from pyoxigraph import Literal, NamedNode, QuerySolutions, RdfFormat, Store, parse

from kg.isolation import Unfinished, rows

SECONDS = 10.0
"""How long one question may take."""
_MAX_ROWS = 20_000
_WARNS = re.compile(r"^#\s*warning\.[a-z]{2,3}\s*:", re.MULTILINE)

Row = Mapping[str, NamedNode | Literal]


@dataclass(frozen=True, slots=True)
class Answer:
    """The rows of a question, by variable; or why it has none."""

    rows: tuple[Row, ...]
    failure: str = ""


def write(path: Path, store: Path, questions: Iterable[tuple[str, str]], seconds: float = SECONDS) -> None:
    """Ask the questions that warn, given by name and text, of the store in a folder; write the answers."""
    warning = {name: text for name, text in questions if _WARNS.search(text)}
    with ThreadPoolExecutor(os.cpu_count()) as threads:  # each waits for a process
        answers = threads.map(lambda text: _asked(store, text, seconds), warning.values())
        told = dict(zip(warning, answers, strict=True))
    path.write_text(json.dumps(told, ensure_ascii=False), "utf-8")


def _asked(store: Path, text: str, seconds: float) -> dict[str, object]:
    def ask() -> QuerySolutions:
        return cast(QuerySolutions, Store.read_only(str(store)).query(text))

    try:
        with closing(rows(ask, seconds)) as found:
            return {"rows": [dict(_plain(row)) for row in islice(found, _MAX_ROWS)]}
    except (Unfinished, SyntaxError) as error:
        return {"failure": str(error)}


def _plain(row: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    return ((name, str(value)) for name, value in row.items() if isinstance(value, NamedNode | Literal))


def read(path: Path) -> Mapping[str, Answer]:
    """Give the answers by the names of the questions."""
    told = json.loads(path.read_text("utf-8"))
    terms = _terms({text for one in told.values() for row in one.get("rows", ()) for text in row.values()})
    return {
        name: Answer(
            tuple({name: terms[text] for name, text in row.items()} for row in one.get("rows", ())),
            one.get("failure", ""),
        )
        for name, one in told.items()
    }


def _terms(texts: Iterable[str]) -> dict[str, NamedNode | Literal]:
    """Give terms by how N-Triples writes them."""
    ordered = list(texts)
    quads = parse("".join(f"<urn:x> <urn:x> {text} .\n" for text in ordered), format=RdfFormat.N_TRIPLES)
    return {text: cast(NamedNode | Literal, quad.object) for text, quad in zip(ordered, quads, strict=True)}
