"""What the query editor knows of the graph: prefixes, classes and properties with counts, land, examples."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache

from flask import Blueprint, Response

from endpoint import html, maps, questions
from endpoint import site as current
from endpoint.negotiate import JSON, fallbacks
from endpoint.problems import Problem
from endpoint.questions import Question
from endpoint.respond import redirect, respond
from kg.index import Index, Usage
from kg.snapshot import Snapshot
from kg.vocab import PREFIXES, compact

blueprint = Blueprint("completions", __name__)

_DECLARED = re.compile(r"^\s*PREFIX\s+([\w-]*):\s*<([^>]*)>", re.IGNORECASE | re.MULTILINE)
_ABOUT = re.compile(r"^#\s*(?:title|why)\.\w+\s*:.*\n", re.MULTILINE)
_MOST = 2_000
_DIGITS = 3


@blueprint.get("/sparql/completions.json")
def completions() -> Response:
    """What the editor offers, with names in the reader's language."""
    snapshot, language = current.snapshot(), html.language()
    body = _completions(current.index(), _prefixes(snapshot), fallbacks(language))
    return respond(body, JSON, vary=("Accept-Language",), language=language)


@blueprint.get("/sparql/land.json")
def land() -> Response:
    """The land behind the maps: surfaces, each a list of rings, each a list of longitudes and latitudes."""
    body = _land(maps.of_store(current.snapshot().store))
    return respond(body, JSON, vary=())


@blueprint.get("/sparql/examples/<name>")
def example(name: str) -> Response:
    """One of the dataset's queries, with its answer."""
    every = {found.name: found for found in questions.all_of(current.snapshot(), html.language())}
    if name not in every:
        raise Problem("not-found", f"There is no example {name!r}; there is {', '.join(every) or 'none'}.")
    return redirect(html.href("sparql", query=_readable(every[name])))


def _readable(question: Question) -> str:
    """Give a query with its title at the top in the reader's language, and not in all the others."""
    return f"# {question.title}\n{_ABOUT.sub('', question.text).strip()}"


def prefixes_of(snapshot: Snapshot) -> dict[str, str]:
    """Give the prefixes that a dataset sets, or that its queries declare."""
    declared = {
        prefix: namespace for query in snapshot.queries for prefix, namespace in _DECLARED.findall(query.text)
    }
    return {**declared, **snapshot.config.prefixes}


def _prefixes(snapshot: Snapshot) -> tuple[tuple[str, str], ...]:
    return tuple(sorted({**PREFIXES, **prefixes_of(snapshot)}.items()))


@lru_cache(maxsize=12)
def _completions(index: Index, prefixes: tuple[tuple[str, str], ...], chain: tuple[str, ...]) -> str:
    names = dict(prefixes)
    everything, *classes = index.usage()[:_MOST] or (Usage("", 0, {}),)
    properties = list(everything.properties)[:_MOST]
    place = {iri: number for number, iri in enumerate(properties)}
    labels = index.labels([*(row.iri for row in classes), *properties], chain)

    def entry(iri: str, count: int) -> dict[str, object]:
        return {"name": compact(iri, names) or f"<{iri}>", "label": labels[iri].text, "count": count}

    document = {
        "prefixes": names,
        "classes": [
            {**entry(row.iri, row.count), "properties": _places(row.properties, place)} for row in classes
        ],
        "properties": [entry(iri, everything.properties[iri]) for iri in properties],
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def _places(used: Mapping[str, int], place: Mapping[str, int]) -> list[int]:
    """Give the numbers of a class's properties in the list of all, the most used first."""
    return [place[iri] for iri in used if iri in place]


@lru_cache(maxsize=2)
def _land(atlas: maps.Atlas) -> str:
    surfaces = [maps.rounded(surface.rings, _DIGITS) for surface in atlas.surfaces]
    return json.dumps(surfaces, separators=(",", ":"))
