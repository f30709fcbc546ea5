"""How the rows of a query are put in an order that pages can be cut from, whichever worker cuts them.

Pages of one result are evaluated one by one, so they are parts of a whole only if the rows come in the same
order each time. A query without ORDER BY is sorted by all that tells two rows apart; one with ORDER BY keeps
it, and its ties are broken so. What the engine cannot compare it compares by letters, which is no order:
2 < 10 < "1x" < 2, and so with times of which some have no zone. So each condition is made to sort numbers
and the other datatypes one after another, and times as if those without a zone were in UTC, which agrees with
every two that can be compared. What is left are durations of months beside days, and triple terms.
Where the rows themselves depend on the order of evaluation, there are no pages.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from kg.query.failures import NotPageable
from kg.sparql import Token, tokens

_UNSTEADY = re.compile("RAND|NOW|UUID|BNODE|SAMPLE|GROUP_CONCAT|SUM|AVG|MIN|MAX|REDUCED|LIMIT|OFFSET")
"""What may come out otherwise next time; LIMIT and OFFSET only in sub-queries."""
_MOST_VARIABLES = 100
_LONGEST_CONDITION = 200
_XSD = "http://www.w3.org/2001/XMLSchema#"
_TIMES = tuple(
    f"<{_XSD}{name}>"
    for name in ("dateTime", "date", "time", "gYear", "gYearMonth", "gMonth", "gMonthDay", "gDay")
)
_NONE = "1/0"
"""An error, which makes a condition unbound."""
_NUMBER = re.compile(r"[0-9]{1,15}\Z")
_OPENING, _CLOSING = frozenset({"(", "[", "{", "<<"}), frozenset({")", "]", "}", ">>"})


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a result: how many rows come before it, and how many it may have."""

    offset: int
    rows: int

    @property
    def next(self) -> Page:
        """The page behind this one."""
        return Page(self.offset + self.rows, self.rows)


def cut(text: str, page: Page) -> str:
    r"""Give the query for one page of a query's rows. Raises NotPageable.

    >>> cut("SELECT ?x { ?x ?y ?z } LIMIT 7", Page(5, 5))
    'SELECT ?x { ?x ?y ?z }\nORDER BY STR(?x) DATATYPE(?x) LANG(?x) ?x\nLIMIT 2 OFFSET 5'
    """
    found = tokens(text)
    if found is None:
        raise NotPageable("its text can be read in two ways, as an IRI without :// can")
    levels = list(_levels(found))
    _check(found, levels)
    tail = _Tail(text, found, levels)
    keys = [*tail.conditions, *(key for name in _projected(found, levels) for key in _keys(name))]
    limit = page.rows if tail.limit is None else max(0, min(page.rows, tail.limit - page.offset))
    order = f"\nORDER BY {' '.join(keys)}" if keys else ""
    return f"{text[: tail.start]}{order}\nLIMIT {limit} OFFSET {tail.offset + page.offset}{tail.values}"


def _levels(found: Sequence[Token]) -> Iterator[int]:
    """Yield how many brackets are open at each token; an opening one stands inside."""
    level = 0
    for token in found:
        level += token.text in _OPENING
        yield level
        level -= token.text in _CLOSING


def _check(found: Sequence[Token], levels: Sequence[int]) -> None:
    for token, level in zip(found, levels, strict=True):
        unsteady = _UNSTEADY.search(token.word) if token.kind == "word" else None
        if unsteady and unsteady[0] in ("LIMIT", "OFFSET"):
            if level:
                raise NotPageable(f"{unsteady[0]} in a sub-query may give other rows each time")
            if token.word != unsteady[0]:
                raise NotPageable(f"its {unsteady[0]} cannot be read")
        elif unsteady:
            raise NotPageable(f"{unsteady[0]} may give other rows each time")


def _projected(found: Sequence[Token], levels: Sequence[int]) -> list[str]:
    """Give the variables of the rows; with `SELECT *` all there are, for those out of scope sort nothing."""
    start = next((at for at, token in enumerate(found) if token.word == "SELECT"), None)
    group = next((at for at, token in enumerate(found) if token.text == "{"), None)
    if start is None or group is None or start > group:
        raise NotPageable("only the rows of SELECT come in pages")
    star = any(found[at].text == "*" and not levels[at] for at in range(start, group))
    names = dict.fromkeys(
        "?" + token.text[1:]
        for at, token in enumerate(found)
        if token.kind == "variable"
        and (star or (start < at < group and (not levels[at] or found[at - 1].word == "AS")))
    )
    if len(names) > _MOST_VARIABLES:
        raise NotPageable(f"its rows have more than {_MOST_VARIABLES} variables")
    return list(names)


def _keys(name: str) -> tuple[str, ...]:
    """Give the conditions that tell any two terms apart."""
    return f"STR({name})", f"DATATYPE({name})", f"LANG({name})", name


def _time(value: str) -> str:
    """Give an expression for a time with a zone, that of a value or UTC; none for what is no time."""
    zone = f"IF(REGEX(STR{value}, '(Z|[+-][0-9][0-9]:[0-9][0-9])$'), '', 'Z')"
    zoned = f"CONCAT(STR{value}, {zone})"
    chain = _NONE
    for datatype in reversed(_TIMES):
        chain = f"IF(DATATYPE{value} = {datatype}, {datatype}({zoned}), {chain})"
    return f"IF(isNumeric{value}, {_NONE}, {chain})"


class _Tail:
    """What stands behind the group and its grouping: ORDER BY, LIMIT, OFFSET, VALUES."""

    def __init__(self, text: str, found: Sequence[Token], levels: Sequence[int]) -> None:
        self._text, self._found = text, found
        self.limit: int | None = None
        self.offset = 0
        self.conditions: list[str] = []
        group = next((at for at, token in enumerate(found) if token.text == "}" and levels[at] == 1), None)
        if group is None:
            raise NotPageable("its brackets do not match")
        parts = [
            at
            for at in range(group, len(found))
            if not levels[at] and found[at].word in ("ORDER", "LIMIT", "OFFSET", "VALUES")
        ]
        last = (parts[0] if parts else len(found)) - 1
        self.start = found[last].at + len(found[last].text)
        self.values = ""
        for at, end in pairwise([*parts, len(found)]):
            self._read(at, end)

    def _read(self, at: int, end: int) -> None:
        word = self._found[at].word
        if word == "VALUES":
            self.values = "\n" + self._text[self._found[at].at :]
        elif word == "ORDER":
            self.conditions = list(self._conditions(at + 2, end))
        elif end != at + 2 or not _NUMBER.match(self._found[at + 1].text):
            raise NotPageable(f"its {word} cannot be read")
        elif word == "LIMIT":
            self.limit = int(self._found[at + 1].text)
        else:
            self.offset = int(self._found[at + 1].text)

    def _conditions(self, at: int, end: int) -> Iterator[str]:
        """Yield the conditions that sort as each condition does, but any three terms the same way."""
        while at < end:
            stop = self._end_of_condition(at, end)
            words = [token.text for token in self._found[at:stop]]
            direction = words.pop(0).upper() if words[0].upper() in ("ASC", "DESC") else "ASC"
            value = f"({' '.join(words)})"
            if len(value) > _LONGEST_CONDITION:
                raise NotPageable("its ORDER BY has a long expression; bind it to a variable")
            time = _time(value)
            yield f"(IF(isNumeric{value}, 0, STR(DATATYPE{value})))"
            yield f"{direction}({time}) {direction}(COALESCE({time} = {time}, {value}))"
            at = stop

    def _end_of_condition(self, at: int, end: int) -> int:
        """Give the place behind a variable, a bracket or a call."""
        if self._found[at].kind == "variable":
            return at + 1
        while at < end and self._found[at].text != "(":
            at += 1
        level = 0
        for place in range(at, end):
            text = self._found[place].text
            if text == "{":
                break
            level += (text in _OPENING) - (text in _CLOSING)
            if not level:
                return place + 1
        raise NotPageable("its ORDER BY cannot be read")
