"""What a query text may look like before any engine sees it: a scan in linear time, with no recursion.

The engine parses by recursion (a few kilobytes of brackets end its process) and fetches what SERVICE names,
so both must be caught before. Its parser has no tokens of its own: `SERVICE:ep` is a call of <ep>, and
`?a <?b#>` a comparison with a comment behind it. Where a text can be read in two ways, both must be harmless.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from kg.query.failures import QueryRefused, QuerySyntaxError
from kg.query.limits import Limits
from kg.sparql import ABSOLUTE, TOKEN

_COMPARISON = re.compile(r"[!&=+*/,;.]")
_VOLATILE = re.compile("RAND|NOW|UUID|BNODE")
_FORMS = ("SELECT", "ASK", "CONSTRUCT", "DESCRIBE")
_UPDATES = ("INSERT", "DELETE", "LOAD", "CLEAR", "CREATE", "DROP", "COPY", "MOVE", "ADD", "WITH")
_CLAUSES = frozenset(
    re.findall(
        r"\w+", "UNION OPTIONAL MINUS FILTER EXISTS GRAPH BIND VALUES IN COALESCE IF CONCAT REPLACE HAVING"
    )
)
_PLAIN = frozenset(
    re.findall(r"\w+", "a SELECT DISTINCT WHERE AS BY GROUP ORDER ASC DESC LIMIT COUNT SUM LANG STR")
)
"""Words that count for nothing behind the prologue."""

REASONS: Mapping[str, str] = {
    "service": "SERVICE would call another server",
    "load": "LOAD would fetch a document",
    "update": "the service is read-only",
    "length": "the text is too long",
    "tokens": "the text has too many words and signs",
    "depth": "brackets lie too deep",
    "run": "too many operators follow each other",
    "operators": "there are too many operators",
    "patterns": "there are too many triple patterns",
    "values": "a list is too long",
    "iri": "an IRI is too long",
    "ambiguous": "the text can be read in two ways",
    "complex": "the engine could not plan the query",
}
"""Why a query can be refused, by the slug that problem documents and tests use."""


@dataclass(frozen=True, slots=True)
class Outline:
    """What the scan saw: the query form, prefixes, and a key that is equal for equal queries.

    `form` is None where no form keyword stands where one must. `undeclared` holds prefixes used but not
    declared, with the offset of their first use. `key` leaves out comments and space. `volatile` is True
    where the same query may have another answer next time: RAND, NOW, UUID, BNODE.
    """

    form: str | None
    prefixes: Mapping[str, str]
    undeclared: Mapping[str, int]
    key: str
    volatile: bool = False


@dataclass(slots=True)
class _Scan:
    """Counters of one pass."""

    text: str
    limits: Limits
    form: str | None = None
    stack: list[str] = field(default_factory=list)
    doubtful: int = 0
    resync: int = -1
    run: int = 0
    operators: int = 0
    patterns: int = 0
    commas: int = 0
    in_prologue: bool = True
    declaring: str | None = None
    prefixes: dict[str, str] = field(default_factory=dict)
    used: dict[str, int] = field(default_factory=dict)
    key: list[str] = field(default_factory=list)
    exact: bool = False
    volatile: bool = False


def inspect(text: str, limits: Limits | None = None) -> Outline:
    """Give the outline of a query that may be tried.

    Raises QueryRefused if it asks for what is not served or is built like an attack, and QuerySyntaxError
    for a string that is not closed.

    >>> inspect("PREFIX a: <http://a/> ASK { a:b ?p ?o } # why").form
    'ASK'
    """
    limits = limits or Limits()
    if len(text) > limits.length or len(text.encode("utf-8", "surrogatepass")) > limits.length:
        _refuse("length", f"The query is longer than {limits.length} bytes.")
    scan = _Scan(text, limits)
    for match in TOKEN.finditer(text):
        kind = match.lastgroup
        if kind is None or kind == "end":
            break
        token = match[kind]
        scan.key.append(token)
        if kind == "operator":
            _operator(scan, token)
            continue
        scan.run = 0
        handler = _HANDLERS.get(kind)
        if handler is not None and (token not in _PLAIN or scan.in_prologue):
            handler(scan, token, match.start(kind))
    if len(scan.key) > limits.tokens:
        _refuse("tokens", f"The query has more than {limits.tokens} words and signs.")
    undeclared = {name: at for name, at in scan.used.items() if name not in scan.prefixes}
    key = text if scan.exact else " ".join(scan.key)
    return Outline(scan.form, scan.prefixes, undeclared, key, scan.volatile)


def _refuse(reason: str, message: str, hint: str | None = None) -> None:
    raise QueryRefused(message, reason=reason, hint=hint)


def _operator(scan: _Scan, token: str) -> None:
    scan.run += 1
    _operators(scan, 1)
    if token == "/":  # noqa: S105
        _patterns(scan)
    if scan.run > scan.limits.run:
        _refuse("run", f"More than {scan.limits.run} operators follow each other.")


def _operators(scan: _Scan, count: int) -> None:
    scan.operators += count
    if scan.operators > scan.limits.operators:
        _refuse("operators", f"The query has more than {scan.limits.operators} operators and clauses.")


def _patterns(scan: _Scan, count: int = 1) -> None:
    scan.patterns += count
    if scan.patterns > scan.limits.patterns:
        _refuse(
            "patterns",
            f"The query has more than {scan.limits.patterns} triple patterns or path steps.",
            "Split it, or list many terms with VALUES.",
        )


def _open(scan: _Scan, token: str, at: int) -> None:
    scan.in_prologue = False
    scan.stack.append(token)
    _depth(scan)


def _depth(scan: _Scan) -> None:
    if len(scan.stack) + scan.doubtful > scan.limits.depth:
        _refuse("depth", f"Brackets lie more than {scan.limits.depth} deep.")


def _close(scan: _Scan, token: str, at: int) -> None:
    if scan.stack:
        scan.stack.pop()
    if at < scan.resync:  # perhaps in a comment, so perhaps not a closing bracket
        scan.doubtful += 1


def _separator(scan: _Scan, token: str, at: int) -> None:
    if token == "," and scan.stack and scan.stack[-1] == "(":  # noqa: S105
        scan.commas += 1
        if scan.commas > scan.limits.values:
            _refuse("values", f"The query's lists have more than {scan.limits.values} entries.")
        return
    _patterns(scan)


def _unclosed(scan: _Scan, token: str, at: int) -> None:
    line, column, excerpt = place(scan.text, at)
    raise QuerySyntaxError(
        "The string that begins here is not closed.", line=line, column=column, excerpt=excerpt,
        hint='Close it on the same line; a string over several lines stands between """ and """.',
    )  # fmt: skip


def _iri(scan: _Scan, token: str, at: int) -> None:
    if len(token) > scan.limits.iri:
        _refuse("iri", f"An IRI is longer than {scan.limits.iri} characters.")
    if scan.declaring is not None:
        scan.prefixes.setdefault(scan.declaring, token[1:-1])
        scan.declaring = None
    if not ABSOLUTE.match(token):
        _perhaps_comparison(scan, token, at)


def _perhaps_comparison(scan: _Scan, token: str, at: int) -> None:
    """Count what stands in `<...>` as if `<` were the operator: no IRI with `://` can be that."""
    if "'" in token:
        _refuse("ambiguous", "An IRI without :// has an apostrophe in it.", "Write it as %27.")
    if "service" in token.lower():
        _refuse("service", "SERVICE stands inside what may be a comparison.", "Put spaces around < and >.")
    _operators(scan, len(_COMPARISON.findall(token)))
    if len(re.findall(r"!+|-+|\++", token)) < len(re.findall(r"[!+\-]", token)) - scan.limits.run:
        _refuse("run", f"More than {scan.limits.run} operators follow each other.")
    level = deepest = 0
    for bracket in re.findall(r"[(\[)\]]", token):
        level += 1 if bracket in "([" else -1
        deepest = max(deepest, level)
    if len(scan.stack) + scan.doubtful + deepest > scan.limits.depth:
        _refuse("depth", f"Brackets lie more than {scan.limits.depth} deep.")
    scan.doubtful += max(0, level)
    if "#" in token:
        scan.exact = True
    if "#" in token and at >= scan.resync:
        end = re.compile(r"[\r\n]").search(scan.text, at)
        scan.resync = end.start() if end else len(scan.text)


def _string(scan: _Scan, token: str, at: int) -> None:
    if at < scan.resync < at + len(token):
        _refuse("ambiguous", "A string begins behind what may be a comment.", "Begin a new line.")


def _name(scan: _Scan, token: str, at: int) -> None:
    prefix = token.partition(":")[0]
    if prefix in scan.used and not token.endswith(":"):
        return
    if "SERVICE" in prefix.upper():
        _refuse("service", f"The prefix {prefix}: can be read as SERVICE.", "Give the prefix another name.")
    if scan.key[-2:-1] and scan.key[-2].upper() == "PREFIX" and token.endswith(":"):
        scan.declaring = prefix
    elif prefix != "_":
        scan.used.setdefault(prefix, at)


def _word(scan: _Scan, token: str, at: int) -> None:
    word = token.upper()
    if "SERVICE" in word:
        _refuse("service", "SERVICE is not served: no query may call another server.",
                "Ask each server itself and join the answers.")  # fmt: skip
    if "." in word:
        _patterns(scan, word.count("."))
    if _VOLATILE.search(word):
        scan.volatile = True
    if word in _CLAUSES:
        _operators(scan, 1)
    if scan.in_prologue:
        _prologue(scan, word)


def _prologue(scan: _Scan, word: str) -> None:
    if word in ("PREFIX", "BASE", "VERSION"):
        return
    scan.in_prologue = False
    if word in _UPDATES:
        reason = "load" if word == "LOAD" else "update"
        _refuse(reason, f"{word} is an update, and this service is read-only.", "Send a query.")
    scan.form = next((form for form in _FORMS if word.startswith(form)), None)


_HANDLERS = {
    "open": _open,
    "close": _close,
    "separator": _separator,
    "unclosed": _unclosed,
    "iri": _iri,
    "string": _string,
    "name": _name,
    "word": _word,
}


def place(text: str, at: int) -> tuple[int, int, str]:
    r"""Give line and column of an offset, and an excerpt with a caret under it.

    >>> place("a\nbcd", 3)
    (2, 2, 'bcd\n ^')
    """
    start = text.rfind("\n", 0, at) + 1
    end = text.find("\n", at)
    line = text[start : end if end >= 0 else len(text)].rstrip("\r")
    return text.count("\n", 0, at) + 1, at - start + 1, excerpt(line, at - start + 1)


def excerpt(line: str, column: int, width: int = 100) -> str:
    """Give the part of a line around a column, and below it a caret."""
    first = max(0, column - 1 - width * 2 // 3)
    part = line[first : first + width].replace("\t", " ")
    return f"{part}\n{' ' * (column - 1 - first)}^"


def bare_words(text: str, end: int) -> list[tuple[str, int]]:
    """Give the words that stand for themselves and begin before `end`, with their offsets.

    >>> bare_words("ASK { ?s a 'word' }", 99)
    [('ASK', 0), ('a', 9)]
    """
    return [(m["word"], m.start("word")) for m in TOKEN.finditer(text[:end]) if m.lastgroup == "word"]
