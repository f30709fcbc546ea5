"""What a query's result looks like to a reader: a table with links, and a map where it holds geometries."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from endpoint import html, maps
from endpoint import site as current
from endpoint.completions import prefixes_of
from endpoint.maps import Drawing, Geometry, Place
from endpoint.negotiate import fallbacks
from kg.index import Label
from kg.vocab import PREFIXES, compact

MOST_ROWS = 1_000
_XSD = PREFIXES["xsd"]
_WKT = f"{PREFIXES['geo']}wktLiteral"
_NUMBERS = frozenset(_XSD + name for name in ("integer", "decimal", "double", "float", "int", "long"))
_PLAIN = _NUMBERS | {_XSD + name for name in ("string", "boolean", "date", "dateTime", "gYear", "anyURI")}
_LONGEST_WKT = 48
_EVERYTHING = re.compile(r"^[^{]*\bSELECT\s+(?:DISTINCT\s+|REDUCED\s+)?\*", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Cell:
    """One value of a table: its text, where it leads, what it is called, its language or datatype."""

    text: str
    href: str | None = None
    note: str | None = None
    language: str | None = None
    name: Label | None = None
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows as the page shows them; `total` counts those that it does not show too."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell | None, ...], ...]
    total: int

    def is_numeric(self, place: int) -> bool:
        """Tell whether a column holds numbers only."""
        return all(row[place] is None or row[place].kind == "number" for row in self.rows)  # type: ignore[union-attr]


@dataclass(frozen=True, slots=True)
class Map:
    """The geometries of a result: drawn, and as data for a map that moves."""

    drawing: Drawing
    names: Mapping[str, Label]
    features: tuple[Mapping[str, object], ...]


def table(document: Mapping[str, Any], query: str, language: str) -> Table:
    """Give the first rows of a result in SPARQL's JSON."""
    columns = _columns(document["head"]["vars"], query)
    bindings = document["results"]["bindings"]
    shown = bindings[:MOST_ROWS]
    reader = _Reader(_names(shown, language))
    rows = tuple(tuple(reader.cell(row[name]) if name in row else None for name in columns) for row in shown)
    return Table(columns, rows, len(bindings))


def _columns(names: Sequence[str], query: str) -> tuple[str, ...]:
    """Give the columns in the query's own order: those of `SELECT *` come in the order that it names them."""
    if not _EVERYTHING.search(query):
        return tuple(names)

    def first(name: str) -> int:
        found = re.search(rf"[?$]{re.escape(name)}\b", query)
        return found.start() if found else len(query)

    return tuple(sorted(names, key=first))


def _names(bindings: Iterable[Mapping[str, Any]], language: str) -> Mapping[str, Label]:
    """Give the names of the things in a result, of those that have one."""
    iris = {term["value"] for row in bindings for term in row.values() if term["type"] == "uri"}
    found = current.index().labels(sorted(iris), fallbacks(language))
    return {iri: label for iri, label in found.items() if label.text and not iri.endswith(label.text)}


class _Reader:
    """Makes cells of terms, with the names and prefixes of one snapshot."""

    def __init__(self, names: Mapping[str, Label]) -> None:
        self.names = names
        self.base = current.snapshot().config.base
        self.prefixes = {**PREFIXES, **prefixes_of(current.snapshot())}

    def cell(self, term: Mapping[str, Any]) -> Cell:
        value = term["value"]
        if term["type"] == "uri":
            href = html.page_of(value) if value.startswith(self.base) else html.safe_url(value)
            return Cell(compact(value, self.prefixes) or value, href, name=self.names.get(value), kind="iri")
        if term["type"] == "bnode":
            return Cell(f"_:{value}")
        if term["type"] == "triple":
            parts = (self.cell(value[part]).text for part in ("subject", "predicate", "object"))
            return Cell(f"<< {' '.join(parts)} >>")
        return self.literal(value, term.get("datatype"), term.get("xml:lang"))

    def literal(self, text: str, datatype: str | None, language: str | None) -> Cell:
        if datatype == _WKT:
            cut = text if len(text) <= _LONGEST_WKT else f"{text[:_LONGEST_WKT]}…"
            return Cell(cut, kind="geometry")
        note = (
            None if datatype is None or datatype in _PLAIN else compact(datatype, self.prefixes) or datatype
        )
        return Cell(text, note=note, language=language, kind="number" if datatype in _NUMBERS else "")


def map_of(document: Mapping[str, Any], shown: Table, store: Path) -> Map | None:
    """Give the map of the geometries in the rows that a table shows, or None without any."""
    places: list[Place] = []
    names: dict[str, Label] = {}
    features: list[Mapping[str, object]] = []
    for number, (row, cells) in enumerate(zip(document["results"]["bindings"], shown.rows, strict=False)):
        for geometry in _geometries(row):
            key = f"row-{number + 1}"
            label, href = _title(cells, number + 1)
            places.append(Place(key, geometry, "own"))
            names[key] = label
            features.append(_feature(geometry, number + 1, label, href))
    drawing = maps.of_store(store).draw(places) if places else None
    return Map(drawing, names, tuple(features)) if drawing else None


def _geometries(row: Mapping[str, Any]) -> Iterator[Geometry]:
    for term in row.values():
        if term.get("datatype") == _WKT and (found := maps.parse_wkt(term["value"])) is not None:
            yield found


def _title(cells: Sequence[Cell | None], number: int) -> tuple[Label, str | None]:
    """Give what to call a row on a map, and where it leads: its first text, else its first thing."""
    known = [cell for cell in cells if cell is not None and cell.kind != "geometry"]
    thing = next((cell for cell in known if cell.href), None)
    text = next((cell for cell in known if not cell.kind and cell.text), None)
    if text is not None:
        label = Label(text.text, text.language or "")
    elif thing is not None:
        label = thing.name or Label(thing.text, "")
    else:
        label = Label(str(number), "")
    return label, thing.href if thing else None


def _feature(geometry: Geometry, row: int, label: Label, href: str | None) -> Mapping[str, object]:
    """Give what a map that moves shows of a row."""
    shape = {"rings": maps.rounded(geometry.rings, 4)} if geometry.rings else {"points": geometry.points}
    return {"row": row, "name": label.text, "language": label.language, "href": href, **shape}


def read(result: bytes) -> Mapping[str, Any]:
    """Give a result in SPARQL's JSON as values."""
    found: Mapping[str, Any] = json.loads(result)
    return found
