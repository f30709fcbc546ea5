"""What a path is about: the IRI, the form its suffix asks for, and what is near when there is nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote, unquote

from flask import request
from pyoxigraph import Literal, NamedNode
from rapidfuzz import fuzz

from endpoint import html, negotiate, vocabulary
from endpoint import site as current
from endpoint.entity import NAMING
from endpoint.negotiate import DOCUMENTS, OWN, Representation
from endpoint.problems import Problem
from endpoint.respond import here, root_path
from endpoint.succession import narrower
from kg.index import Bounds, Description, Index
from kg.search import fold
from kg.vocab import document_iris, document_path, local_name, term

_DEPRECATED = term("owl:deprecated")
_SUCCESSOR, _REPLACES = term("dcterms:isReplacedBy"), term("dcterms:replaces").value


@dataclass(frozen=True, slots=True)
class Found:
    """A thing the snapshot knows, read within bounds, and the representation that the path named, if any."""

    description: Description
    form: Representation | None


def spellings(raw: str, decoded: str) -> tuple[str, ...]:
    """Give the ways an IRI may have been written that a browser asks for by this path, the likelier first.

    >>> spellings("L%C3%B8nset", "Lønset")
    ('Lønset', 'L%C3%B8nset')
    >>> spellings("a%20b", "a b")
    ('a%20b',)
    """
    readable = re.sub(r"(?:%[89A-Fa-f][0-9A-Fa-f])+", lambda m: _text(m[0]), raw)
    every = (readable, raw, decoded, quote(decoded, safe="/:@!$&'()*+,;=~"))
    return tuple(dict.fromkeys(s for s in every if not re.search(r'[\x00-\x20<>"{}|\\^`]', s)))


def _text(escaped: str) -> str:
    text = unquote(escaped)
    return escaped if "\ufffd" in text else text


def raw_path(prefix: str, decoded: str) -> str:
    """Give the part of the request's path after a prefix as the client sent it, where the server tells."""
    sent = str(request.environ.get("RAW_URI") or request.environ.get("REQUEST_URI") or "").partition("?")[0]
    sent = sent.removeprefix(root_path()) if sent.startswith(f"{root_path()}/") else sent
    if not sent.startswith(f"/{prefix}"):
        return quote(decoded, safe="/:@!$&'()*+,;=~")
    return sent[len(prefix) + 1 :]


def document(path: str, below: str = "doc/") -> Found:
    """Give what the document at `doc/{path}` is about, asked for by a path `below` another folder or there.

    Raises Problem: 404 with what is near, 410 with the successor, 415 for a suffix that no format has.
    """
    raw = raw_path(below, path)
    found = _described(raw, path)
    if found is not None:
        return _alive(Found(found, None))
    for stem, form, suffix in negotiate.splits(path, DOCUMENTS):
        found = _described(raw.removesuffix(f".{suffix}"), stem)
        if found is not None:
            return _alive(Found(found, form))
    stem, known, suffix = negotiate.split_suffix(path, DOCUMENTS)
    if suffix and known is None and _described(raw.removesuffix(f".{suffix}"), stem) is not None:
        raise unsupported(suffix, f"doc/{stem}")
    raise _absent(path, _document_iris(raw, path, suffix))


def _document_iris(raw: str, decoded: str, suffix: str) -> Iterator[str]:
    """Yield the IRIs that a path below `doc/` may stand for, with its suffix and without."""
    base = current.snapshot().config.base
    ends = ("", f".{suffix}") if suffix else ("",)
    for end in ends:
        for spelling in spellings(raw.removesuffix(end), decoded.removesuffix(end)):
            yield from document_iris(spelling, base)


def no_entity(path: str) -> Problem:
    """Give the 404, 410 or 415 of a path below the base at which there is no thing."""
    base, (stem, form, suffix) = current.snapshot().config.base, negotiate.split_suffix(path, DOCUMENTS)
    found = entity(stem) if suffix and form is None else None
    if found is not None:
        return unsupported(suffix, document_path(found.iri, base))
    iris = [base + spelling for one in (path, stem) for spelling in spellings(raw_path("", one), one)]
    return _absent(path, iris)


def _absent(path: str, iris: Iterable[str]) -> Problem:
    """Give the 410 of what an earlier snapshot spoke of, with what replaces it; else the 404."""
    _raise_if_gone(iris)
    return missing(path)


def _raise_if_gone(iris: Iterable[str]) -> None:
    for iri in iris:
        since = current.history().gone(iri)
        if since is not None:
            raise _gone(f"<{iri}> is gone since {since}.", current.index().incoming(iri, _REPLACES))


def _gone(detail: str, successors: Iterable[str]) -> Problem:
    rows = [_row(iri) for iri in successors]
    return Problem("gone", detail, extra={"successor": rows} if rows else {})


def bounds() -> Bounds:
    """Give how much to read of things: as much as a page shows in the end."""
    return Bounds(before=_before(current.snapshot().store), language=html.language())


@lru_cache(maxsize=4)
def _before(store: Path) -> frozenset[str]:
    """Give the properties that a page, or the choice of an answer, needs first."""
    known = vocabulary.of_store(store)
    fields = {field.path for some in known.fields.values() for field in some if not field.inverse}
    return NAMING | fields | {_DEPRECATED.value, *narrower(_SUCCESSOR.value, known)}


def entity(path: str) -> Description | None:
    """Give the description of the thing whose IRI is the base and this path, if there is one."""
    base = current.snapshot().config.base
    for spelling in spellings(raw_path("", path), path):
        found = current.index().describe(base + spelling, bounds())
        if found is not None:
            return found
    return None


def _described(raw: str, decoded: str) -> Description | None:
    base = current.snapshot().config.base
    mentioned = None
    for spelling in spellings(raw, decoded):
        for iri in document_iris(spelling, base):
            found = current.index().describe(iri, bounds())
            if found is not None and (found.statements or found.parts):
                return found
            if found is None and any(graph.iri == iri for graph in current.snapshot().graphs):
                found = Description(iri, (), {}, ())
            mentioned = mentioned or found
    return mentioned


def _alive(found: Found) -> Found:
    said = found.description
    if not said.parts and all(statement.derived for statement in said.statements):
        _raise_if_gone([said.iri])
    retired = [s for s in found.description.statements if s.predicate in (_DEPRECATED, _SUCCESSOR)]
    successors = [s.object.value for s in retired if isinstance(s.object, NamedNode)]
    deprecated = any(isinstance(s.object, Literal) and s.object.value in ("true", "1") for s in retired)
    if not deprecated:
        return found
    name = html.name(found.description.iri)
    raise _gone(f"{name} <{found.description.iri}>", successors)


def unsupported(suffix: str, path: str, table: Sequence[Representation] = DOCUMENTS) -> Problem:
    """Give the 415 that lists the suffixes there are; those of other profiles stand in a 406."""
    sign, table = "&format=" if "?" in path else ".", [form for form in table if form.profile == OWN.token]
    there_is = [{"type": form.media_type, "href": here(f"{path}{sign}{form.suffix}")} for form in table]
    return Problem(
        "unsupported-format",
        f"{suffix!r} is no format here. There is: {', '.join(form.suffix for form in table)}.",
        extra={"available": there_is},
    )


def missing(path: str) -> Problem:
    """Give the 404 that names what is near."""
    rows = [_row(iri) for iri in near(local_name(path), current.index())]
    return Problem("not-found", request.path, extra={"nearest": rows} if rows else {})


def _row(iri: str) -> dict[str, str]:
    base = current.snapshot().config.base
    return {"iri": iri, "label": html.name(iri), "href": here(document_path(iri, base))}


def near(name: str, index: Index, limit: int = 5) -> tuple[str, ...]:
    """Give the things whose name is most like this one, the likest first."""
    words = fold(re.sub(r"[\W_]+", " ", name)).strip()[:100]
    scored: dict[str, float] = {}
    for attempt in _attempts(words):
        for hit in index.search(attempt, limit=50).hits:
            score = max(
                fuzz.ratio(words, fold(hit.text)),
                fuzz.ratio(words, fold(local_name(hit.iri)).replace("-", " ")),
            )
            scored[hit.iri] = max(scored.get(hit.iri, 0.0), score)
        if any(score > 75 for score in scored.values()):
            break
    best = sorted(scored, key=lambda iri: (-scored[iri], iri))
    return tuple(iri for iri in best if scored[iri] > 55)[:limit]


def _attempts(words: str) -> Iterator[str]:
    """Yield what to search for: all words, then the beginnings of the words, ever shorter."""
    yield words
    for length in (6, 4, 3, 2):
        for word in words.split()[:4]:
            yield word[:length]
