"""The names that well-known vocabularies define, pinned so that a misspelt one is found without a network."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

_MEMBER = re.compile(r"_[1-9][0-9]*\Z")
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"


@cache
def pinned() -> Mapping[str, frozenset[str]]:
    """Give the local names of each well-known vocabulary, by namespace."""
    text = files(__package__).joinpath("terms.txt").read_text("utf-8")
    rows = (line.split() for line in text.splitlines() if not line.startswith("#"))
    return MappingProxyType({row[0]: frozenset(row[1:]) for row in rows})


def split(iri: str) -> tuple[str, str]:
    """Cut an IRI after its last `#` or `/`: namespace and local name.

    >>> split("http://www.w3.org/2004/02/skos/core#Concept")
    ('http://www.w3.org/2004/02/skos/core#', 'Concept')
    """
    cut = max(iri.rfind("#"), iri.rfind("/")) + 1
    return iri[:cut], iri[cut:]


def defines(namespace: str, local: str, names: frozenset[str]) -> bool:
    """True if a vocabulary has the name; `rdf:_1` and its like count, and so does the namespace itself."""
    return not local or local in names or (namespace == _RDF and bool(_MEMBER.match(local)))
