"""The rules that let plain web servers answer as the site does: one set of decisions, in three syntaxes.

Negotiation is a list of regular expressions, tried in order, made from the table of representations: first
the highest weight, within it the server's preference. They use nothing that RE2 lacks: all servers can.
Weights are compared by their first decimal.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from endpoint.negotiate import CITATIONS, GRAPHS, HTML, PROBLEM, Representation
from endpoint.words import LANGUAGES
from kg.dumps import CODINGS

PLACE = "/srv/kg/www"
"""Where the rules take the site to lie; the operator changes it."""
NONE = "none"
_PARAMETERS = r'(?:\s*;\s*[a-pr-z][\w-]*=(?:"[^"]*"|[^,;"]*))*'
_WEIGHTS = (
    r"(?:\s*;\s*q=[1-9][0-9.]*)?",
    *(rf"\s*;\s*q=0?\.{tenth}\d*" for tenth in range(9, 0, -1)),
    r"\s*;\s*q=0?\.0\d*[1-9]\d*",
)
_READABLE = r"(?:^|,)\s*[\w!#$&^.+*-]+/[\w!#$&^.+*-]+\s*(?:,|;|$)"
MAX_AGE = "public, max-age=300"
METHODS = "GET, HEAD, OPTIONS"
PREFLIGHT = "Accept, Accept-Language, Content-Type, If-None-Match, Range"
SAFE = r"[A-Za-z0-9._~!&()*+,;=:@/%-]"
ALIASES = {"json": "jsonld", "owl": "rdf", "xml": "rdf", "htm": "html"}
TYPES = {
    **{form.suffix: form.media_type for form in (*GRAPHS, *CITATIONS)},
    "html": "text/html",
    "csv": "text/csv",
    "json": "application/json",
    "problem": PROBLEM.media_type,
    "linkset": "application/linkset+json",
    "txt": "text/plain",
    "xml": "application/xml",
    "css": "text/css",
    "js": "text/javascript",
    "geojson": "application/geo+json",
    "cff": "application/yaml",
    "svg": "image/svg+xml",
    "png": "image/png",
    **{coding.suffix: coding.media_type for coding in CODINGS},
}
STATUSES = (400, 404, 405, 406, 415, 416)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rules need to know.

    `direct` are the first parts of paths whose IRIs are not below id/; links have places for the document's
    path, {document}, and the thing's IRI, {iri}. `lists` are the first parts of the paths of lists.
    """

    root: str
    base: str
    page_links: tuple[str, ...]
    graph_links: tuple[str, ...]
    direct: tuple[str, ...]
    digests: Mapping[str, str]
    sparql: str
    language: str
    lists: tuple[str, ...] = ()


Choice = tuple[str, str]
"""A regular expression, and what a header that it matches chooses."""


def choices(table: Sequence[Representation], default: str) -> Iterator[Choice]:
    """Yield what Accept headers choose; what matches none of them gets the default.

    >>> from endpoint.negotiate import ENTITY
    >>> found = list(choices(ENTITY, "html"))
    >>> accept = "text/html;q=0.4, application/n-triples;q=0.8"
    >>> next(form for pattern, form in found if re.search(pattern, accept))
    'nt'
    """
    graphs = [form for form in table if form is not HTML]
    others = next((form.suffix for form in graphs if form.suffix != default), NONE)
    for weight in _WEIGHTS:
        for form in (*graphs, *(form for form in table if form is HTML)):
            yield _element(_types(form), weight), _suffix(form)
        for wildcard in ("text", "application"):
            some = [form for form in table if form.media_type.startswith(f"{wildcard}/")]
            best = max(some, key=lambda form: form.quality, default=None)
            if best is not None:
                yield _element(rf"{wildcard}/\*", weight), _suffix(best)
        anything = _element(r"\*/\*", weight)
        if HTML in table and default == "html":
            named = r"text/html\s*;"
            yield rf"(?:{named}.*{anything}|{anything}.*{named})", others
        yield anything, default
    yield _READABLE, NONE


def _suffix(form: Representation) -> str:
    return "problem" if form is PROBLEM else form.suffix


def _types(form: Representation) -> str:
    names = [form.media_type, *(alias for alias in form.aliases if "/" in alias)]
    return f"(?:{'|'.join(re.escape(name) for name in names)})".replace(r"\-", "-").replace(r"\/", "/")


def _element(pattern: str, weight: str) -> str:
    return rf"(?:^|,)\s*{pattern}{_PARAMETERS}{weight}\s*(?:,|$)"


def tongues(default: str) -> Iterator[Choice]:
    """Yield what Accept-Language headers choose; what matches none of them gets the default."""
    for weight in _WEIGHTS:
        for tag in LANGUAGES:
            names = "(?:nb|no)" if tag == "nb" else tag
            yield rf"(?:^|,)\s*{names}(?:-[a-z0-9-]+)?{weight}\s*(?:,|$)", tag
        yield rf"(?:^|,)\s*\*{weight}\s*(?:,|$)", default


def digest(hexadecimal: str) -> str:
    """Give a SHA-256 as the value of Repr-Digest."""
    return f"sha-256=:{base64.b64encode(bytes.fromhex(hexadecimal)).decode()}:"


def page_links(facts: Facts, document: str, iri: str) -> str:
    """Give the Link header of a page, with the server's names for the document's path and the thing's IRI."""
    return _filled(facts.page_links, document, iri)


def graph_links(facts: Facts, document: str) -> str:
    """Give the Link header of a graph."""
    return _filled(facts.graph_links, document, "")


def foreign_links(facts: Facts, document: str) -> str:
    """Give the Link header of a page about an IRI of others, which the server cannot know."""
    return _filled([value for value in facts.page_links if "{iri}" not in value], document, "")


def _filled(values: Sequence[str], document: str, iri: str) -> str:
    return ", ".join(value.replace("{document}", document).replace("{iri}", iri) for value in values)


def suffixes() -> str:
    """Give the suffixes of graphs and references as the middle of a regular expression."""
    return "|".join(form.suffix for form in (*GRAPHS, *CITATIONS))


def packed() -> str:
    """Give the suffixes of packed dumps the same way."""
    return "|".join(coding.suffix for coding in CODINGS)


def tables(facts: Facts) -> str:
    """Give the paths of lists as a regular expression."""
    return f"(?:{'|'.join(('links', 'statements', *facts.lists))})(?:/.+)?"


def w3id(facts: Facts) -> str:
    """Give the .htaccess for w3id.org, which leads the public IRIs to the site; SITE is to be replaced.

    303 for whatever is asked for: w3id.org knows no representation, the site negotiates.
    """
    return f"""\
# {facts.base}
# Put this in a folder of the repository perma-id/w3id.org, with SITE replaced by the site's address,
# such as https://data.example.org/kg, and a README that names who keeps it.
Options +FollowSymLinks
RewriteEngine On
# The path as it came, still encoded.
RewriteCond %{{THE_REQUEST}} "^\\S+ /[^/?\\s]+/([^?\\s]*)"
RewriteRule ^ SITE/%1 [R=303,NE,L]
"""
