"""The tokens of SPARQL, and what a query can be said to look at by them alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_NAME = r"0-9A-Za-z_\u0080-\U0010FFFF"
TOKEN = re.compile(
    rf"""
    (?:[ \t\r\n]++|\#[^\r\n]*+)*+ (?:
      (?P<variable>[?$][{_NAME}]++)
    | (?P<name>(?:[A-Za-z_\u0080-\U0010FFFF][{_NAME}.\-]*+)?
        :(?:[{_NAME}:\-]|%[0-9A-Fa-f]{{2}}|\\[_~.\-!$&'()*+,;=/?#@%]|\.++(?=[{_NAME}:%\\\-]))*+)
    | (?P<separator>[;,]|\.(?![0-9]))
    | (?P<word>[A-Za-z_\u0080-\U0010FFFF][{_NAME}.\-]*+)
    | (?P<iri><[^\x00-\x20<>"{{}}|^`\\]*+(?:\\[uU][0-9A-Fa-f]++[^\x00-\x20<>"{{}}|^`\\]*+)*+>)
    | (?P<open>[(\[{{]|<<)
    | (?P<close>[)\]}}]|>>)
    | (?P<string>
        \"\"\"(?:[^"\\]|\\.|""?(?!"))*+\"\"\"
      | '''(?:[^'\\]|\\.|''?(?!'))*+'''
      | "(?!"")(?:[^"\\\r\n]|\\[^\r\n])*+"
      | '(?!'')(?:[^'\\\r\n]|\\[^\r\n])*+' )
    | (?P<unclosed>["'])
    | (?P<language>@[A-Za-z]++(?:-++[A-Za-z0-9]++)*+)
    | (?P<number>[0-9]++(?:\.[0-9]++)?+(?:[eE][+\-]?[0-9]++)?+|\.[0-9]++)
    | (?P<operator>\|\||&&|\^\^|[<>!]=|[=<>!+\-*/|^&?])
    | (?P<other>.)
    | (?P<end>\Z)
    )""",
    re.VERBOSE | re.DOTALL,
)
"""One token, with space and comments before it; `end` makes sure that no space is looked at twice."""
ABSOLUTE = re.compile(r"<[A-Za-z][A-Za-z0-9+.\-]*+://")
"""How an absolute IRI begins."""


class Token(NamedTuple):
    """One token of a query: the name of its rule, its text, that in capitals if it is a word, its place."""

    kind: str
    text: str
    word: str
    at: int


def all_tokens(text: str) -> Iterator[Token]:
    """Yield the tokens of a query, comments left out."""
    for match in TOKEN.finditer(text):
        kind = match.lastgroup
        if kind is None or kind == "end":
            return
        token = match[kind]
        yield Token(kind, token, token.upper() if kind == "word" else token, match.start(kind))


def tokens(text: str) -> list[Token] | None:
    """Give the tokens of a query, comments left out; None where it could be read in two ways.

    >>> [token.text for token in tokens("ASK { ?s a <http://x/> } # why")]
    ['ASK', '{', '?s', 'a', '<http://x/>', '}']
    """
    found: list[Token] = []
    for token in all_tokens(text):
        if token.kind in ("other", "unclosed") or (token.kind == "iri" and not ABSOLUTE.match(token.text)):
            return None
        found.append(token)
    return found


_TERMS = frozenset(("variable", "name", "iri", "string", "number", "language"))
_ENDS = frozenset((".", "{", "}"))
_BRACKETS = frozenset(("[", "]", "<<", ">>"))
_RDF_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"


def predicates(text: str) -> frozenset[str] | None:
    """Give IRIs among which are the predicates of all triples that a query looks at; None where any may be.

    >>> sorted(predicates("PREFIX : <http://e/> CONSTRUCT { ?x :r ?y } { ?x :p/:q* ?y ; :s 1 }"))
    ['http://e/', 'http://e/p', 'http://e/q', 'http://e/s']
    >>> predicates("SELECT * { ?x ?p ?y }"), predicates("SELECT ?y { ?x <http://e/p>* ?y }")
    (None, None)
    """
    found = tokens(text)
    if found is None:
        return None
    declared = {
        name.text[:-1]: iri.text[1:-1]
        for word, name, iri in zip(found, found[1:], found[2:], strict=False)
        if (word.word, name.kind, iri.kind) == ("PREFIX", "name", "iri")
    }
    found = _without_template(found)
    if any(_may_be_any(found, at) for at in range(1, len(found) - 1)):
        return None
    iris = {token.text[1:-1] for token in found if token.kind == "iri"}
    for prefix, _, local in (token.text.partition(":") for token in found if token.kind == "name"):
        if prefix != "_" and prefix not in declared:
            return None
        iris.add(declared.get(prefix, "") + local)
    if any("\\" in iri for iri in iris):
        return None
    return frozenset(iris | {_RDF_TYPE} if any(token.text == "a" for token in found) else iris)


def _without_template(found: list[Token]) -> list[Token]:
    """Leave out what a query constructs, up to the bracket that ends it: there are none inside."""
    begin = next((n for n, token in enumerate(found) if token.word == "CONSTRUCT"), None)
    if begin is None or [token.text for token in found[begin + 1 : begin + 2]] != ["{"]:
        return found
    end = next((n for n in range(begin, len(found)) if found[n].text == "}"), len(found))
    return [*found[: begin + 1], *found[end + 1 :]]


def _may_be_any(found: list[Token], at: int) -> bool:
    """True if at a token the query may look at triples with predicates that it does not name."""
    before, token, behind = found[at - 1 : at + 2]
    if token.kind == "variable":  # a predicate has a term, `;` or `[` before it and a term behind it
        begins = before.kind in _TERMS or before.text in (";", "[", "]", ")", "a")
        return begins and (behind.kind in _TERMS or behind.text in ("[", "(", "<<", "true", "false"))
    if token.text in ("*", "?"):  # behind a path: it leads from each node to itself
        return (before.kind in ("name", "iri") or before.text in (")", "a")) and _begins_anywhere(found, at)
    return token.text == "!"


def _begins_anywhere(found: list[Token], at: int) -> bool:
    """True unless the subject of a path has another property in the same breath, one that is plain."""
    start = next((n for n in range(at, -1, -1) if found[n].text in _ENDS), 0)
    end = next((n for n in range(at, len(found)) if found[n].text in _ENDS), len(found))
    breath = [token.text for token in found[start + 1 : end] if token.kind != "word" or token.text == "a"]
    if len(breath) < end - start - 1 or not _BRACKETS.isdisjoint(breath):
        return True
    subject, *parts = " ".join(breath).split(" ; ")
    return all("*" in part or "?" in part.split() for part in (subject, *parts))
