"""Which graphs a query is asked of, and their merge: the engine would find a triple once for each of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pyoxigraph import BlankNode, DefaultGraph, NamedNode, Quad, Store

from kg.sparql import Token, all_tokens

_FROM = re.compile(r"\bFROM\b", re.IGNORECASE)
_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:[^\\]*")
_LOCAL = re.compile(r"[A-Za-z0-9_\-]*")


def named_in(text: str) -> tuple[list[str], list[str]]:
    """Give the graphs of FROM and of FROM NAMED; none where one cannot be read.

    >>> named_in("PREFIX g: <http://g/> SELECT * FROM g:1 FROM <http://g/2> FROM NAMED g:3 { ?s ?p ?o }")
    (['http://g/1', 'http://g/2'], ['http://g/3'])
    """
    graphs: tuple[list[str], list[str]] = ([], [])
    if not _FROM.search(text):
        return graphs
    found = list(all_tokens(text))
    prefixes: dict[str, str] = {}
    for at, token in enumerate(found[:-2]):
        if token.text == "{":
            break
        if token.word == "PREFIX":
            prefixes[found[at + 1].text] = found[at + 2].text
        elif token.word == "FROM":
            is_named = found[at + 1].word == "NAMED"
            iri = _resolved(found[at + 1 + is_named], prefixes)
            if iri is None:
                return [], []
            graphs[is_named].append(iri)
    return graphs


def _resolved(token: Token, prefixes: dict[str, str]) -> str | None:
    text = token.text[1:-1]
    if token.kind == "name":
        prefix, _, local = token.text.partition(":")
        text = prefixes.get(f"{prefix}:", "")[1:-1] + local
        if not _LOCAL.fullmatch(local):
            return None
    return text if _IRI.fullmatch(text) else None


def merge(store: Store, default: Sequence[NamedNode], named: Sequence[NamedNode | BlankNode]) -> Store:
    """Give a new store: the merge of some graphs is its default graph, others have their names."""
    merged = Store()
    merged.extend(_unnamed(store, default))
    merged.extend(quad for graph in named for quad in store.quads_for_pattern(None, None, None, graph))
    return merged


def _unnamed(store: Store, graphs: Sequence[NamedNode]) -> Iterator[Quad]:
    for graph in graphs:
        for quad in store.quads_for_pattern(None, None, None, graph):
            yield Quad(quad.subject, quad.predicate, quad.object, DefaultGraph())
