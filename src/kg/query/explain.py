"""What is wrong with a query, said so that it can be mended: place and next step from the engine's error."""

from __future__ import annotations

import re
from collections.abc import Mapping

from rapidfuzz import process

from kg.query.failures import QuerySyntaxError
from kg.query.guard import Outline, bare_words, excerpt, place

_PLACE = re.compile(r"error at (\d+):(\d+): expected (.*)", re.DOTALL)
_SENTENCE = re.compile(r"(?:one of )?(?:[^,]*, )*?([A-Z][a-z]+(?: [A-Za-z]+){2,})")
_WORDS = frozenset(
    re.findall(
        r"\w+",
        "SELECT ASK CONSTRUCT DESCRIBE PREFIX BASE WHERE DISTINCT REDUCED FROM NAMED ORDER BY ASC DESC "
        "LIMIT OFFSET GROUP HAVING VALUES UNDEF OPTIONAL UNION MINUS GRAPH BIND AS FILTER EXISTS NOT IN "
        "a true false COUNT SUM MIN MAX AVG SAMPLE GROUP_CONCAT SEPARATOR STR LANG LANGMATCHES DATATYPE "
        "BOUND IRI URI BNODE RAND ABS CEIL FLOOR ROUND CONCAT STRLEN SUBSTR UCASE LCASE ENCODE_FOR_URI "
        "CONTAINS STRSTARTS STRENDS STRBEFORE STRAFTER YEAR MONTH DAY HOURS MINUTES SECONDS TIMEZONE TZ "
        "NOW UUID STRUUID MD5 SHA1 SHA256 SHA384 SHA512 COALESCE IF STRLANG STRDT SAMETERM ISIRI ISURI "
        "ISBLANK ISLITERAL ISNUMERIC REGEX REPLACE TRIPLE SUBJECT PREDICATE OBJECT ISTRIPLE LANGDIR "
        "HASLANG HASLANGDIR STRLANGDIR ",
    )
)
_FEWEST_LETTERS = 3


def explain(error: str, text: str, outline: Outline, prefixes: Mapping[str, str]) -> QuerySyntaxError:
    """Give the engine's syntax error with its line, a caret, and what to do about it.

    `prefixes` are the well-known ones that a hint may name.
    """
    if outline.undeclared:
        return _undeclared(text, outline, prefixes)
    found = _PLACE.match(error)
    if not found:
        return QuerySyntaxError(error, line=None, column=None)
    number, column = int(found[1]), int(found[2])
    lines = text.split("\n")
    at = sum(len(line) + 1 for line in lines[: number - 1]) + column - 1
    misspelt = _misspelt(text, at)
    if misspelt is not None:
        return misspelt
    line = lines[number - 1].rstrip("\r") if number <= len(lines) else ""
    sentence = _SENTENCE.match(found[3])
    message = f"{sentence[1]}." if sentence else "The query cannot be read from here."
    return QuerySyntaxError(message, line=number, column=column, excerpt=excerpt(line, column))


def _undeclared(text: str, outline: Outline, prefixes: Mapping[str, str]) -> QuerySyntaxError:
    name, at = next(iter(outline.undeclared.items()))
    line, column, shown = place(text, at)
    return QuerySyntaxError(
        f"The prefix {name}: is not declared.",
        line=line,
        column=column,
        excerpt=shown,
        hint=_nearest_prefix(name, outline, prefixes),
    )


def _nearest_prefix(name: str, outline: Outline, prefixes: Mapping[str, str]) -> str:
    if name in prefixes:
        return f"Add: PREFIX {name}: <{prefixes[name]}>"
    known = {**prefixes, **outline.prefixes}
    match = process.extractOne(name, list(known), score_cutoff=60)
    if match is None:
        return f"Add: PREFIX {name}: <...>"
    return f"Did you mean {match[0]}: <{known[match[0]]}>?"


def _misspelt(text: str, at: int) -> QuerySyntaxError | None:
    """Give an error about the last word up to an offset that looks like a keyword and is none."""
    for word, start in reversed(bare_words(text, at)):
        match = process.extractOne(word.upper(), sorted(_WORDS), score_cutoff=75)
        if len(word) < _FEWEST_LETTERS or word.upper() in _WORDS or match is None:
            continue
        line, column, shown = place(text, start)
        return QuerySyntaxError(
            f"{word} is no word of SPARQL.",
            line=line,
            column=column,
            excerpt=shown,
            hint=f"Did you mean {match[0]}?",
        )
    return None
