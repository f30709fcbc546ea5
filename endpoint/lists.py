"""Lists of things: which classes there are, one page of one list, its columns and its facets."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from pathlib import Path

from pyoxigraph import BlankNode, Literal, NamedNode, Quad

from endpoint import columns, vocabulary
from endpoint.columns import HAS_VERSION, PERIOD, TODAY, VERSIONS, YEARS, Table, are_years
from endpoint.literals import readable
from endpoint.negotiate import fallbacks
from endpoint.vocabulary import Vocabulary
from endpoint.words import LANGUAGES, WORDS
from kg.index import Index, Label, Value
from kg.search import fold
from kg.vocab import LABELS, PLURAL, PREFIXES, RDF_TYPE, RDFS_LABEL, local_name, term

ABOUT_MODELS = tuple(PREFIXES[prefix] for prefix in ("owl", "rdf", "rdfs", "sh"))
_CONCEPT, _SCHEME, _IN_SCHEME = (
    term(f"skos:{name}").value for name in ("Concept", "ConceptScheme", "inScheme")
)
_NUMBERS = frozenset(term(f"xsd:{name}").value for name in ("decimal", "double", "float", "integer"))
_YEARS_EACH = 40


@dataclass(frozen=True, slots=True)
class KindRow:
    """A class, what many of it are called, and how many; `inner` when they live inside other things."""

    iri: str
    label: Label
    count: int
    inner: bool
    model: bool


@dataclass(frozen=True, slots=True)
class Members:
    """What a list is of: the things of a class; where a scheme is named, its concepts among them."""

    class_iri: str
    scheme: str = ""

    @property
    def subject(self) -> str:
        """What the list is named after."""
        return self.scheme or self.class_iri

    @property
    def within(self) -> tuple[tuple[str, str], ...]:
        """What its things have in common beside their class: (property, value)."""
        return ((_IN_SCHEME, self.scheme),) if self.scheme else ()


@dataclass(frozen=True, slots=True)
class Cell:
    """The values of one column for one thing: as they are, and with their names."""

    terms: tuple[NamedNode | Literal, ...]
    values: tuple[tuple[str, Label], ...]

    @property
    def text(self) -> str:
        """The values as text, for files."""
        return "; ".join(label.text for _, label in self.values)


@dataclass(frozen=True, slots=True)
class Row:
    """One thing of a list."""

    iri: str
    label: Label
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a facet, how many of the listed things have it, and whether it is chosen.

    `value` is an IRI, or the years of a period: "2009" or "2000/2009".
    """

    value: str
    label: Label
    count: int
    chosen: bool


@dataclass(frozen=True, slots=True)
class Facet:
    """A property to narrow a list by."""

    predicate: str
    label: Label
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of a list: `more` is what to ask after for the next, empty on the last page.

    `every` has the things on all pages.
    """

    members: Members
    label: Label
    columns: tuple[tuple[str, Label], ...]
    rows: tuple[Row, ...]
    facets: tuple[Facet, ...]
    every: tuple[str, ...]
    after: str
    more: str
    count: int

    def records(self) -> list[dict[str, str]]:
        """Give the rows as flat records, for CSV and JSON."""
        heads = _different(["iri", "label", "language", *(label.text for _, label in self.columns)])
        return [
            dict(zip(heads, (row.iri, row.label.text, row.label.language, *(cell.text for cell in row.cells)),
                     strict=True))
            for row in self.rows
        ]  # fmt: skip

    def quads(self, document: str) -> tuple[Quad, ...]:
        """Give what the page shows as statements: its things, their names and the values in the columns."""
        node = NamedNode(document)
        names = {row.iri: row.label for row in self.rows}
        names |= {iri: label for row in self.rows for cell in row.cells for iri, label in cell.values if iri}
        made = [Quad(node, term("rdfs:member"), _node(row.iri), node) for row in self.rows]
        for row in self.rows:
            made.append(Quad(_node(row.iri), RDF_TYPE, NamedNode(self.members.class_iri), node))
            for (predicate, _), cell in zip(self.columns, row.cells, strict=False):
                made += [Quad(_node(row.iri), NamedNode(predicate), value, node) for value in cell.terms]
        return (*made, *(Quad(_node(iri), RDFS_LABEL, _literal(label), node) for iri, label in names.items()
                         if label.language or label.text != local_name(iri)))  # fmt: skip


def _node(iri: str) -> NamedNode | BlankNode:
    return BlankNode(iri[2:]) if iri.startswith("_:") else NamedNode(iri)


def _literal(label: Label) -> Literal:
    return Literal(label.text, language=label.language or None)


def _different(names: Sequence[str]) -> list[str]:
    """Give names of which none is there twice.

    >>> _different(["label", "label"])
    ['label', 'label 2']
    """
    seen: Counter[str] = Counter()
    made = []
    for name in names:
        seen[name] += 1
        made.append(name if seen[name] == 1 else f"{name} {seen[name]}")
    return made


@dataclass(frozen=True, slots=True)
class Paths:
    """What there is a list of, by its path; and the path of the list of a class or scheme."""

    members: Mapping[str, Members]
    of: Mapping[str, str]


@lru_cache(maxsize=4)
def paths(index: Index, base: str, prefixes: tuple[tuple[str, str], ...], reserved: frozenset[str]) -> Paths:
    """Give what there is a list of: classes by their name in the plural, schemes below concepts.

    The name is the English plural that the dataset gives, else one made of the class's IRI. No list takes a
    path that the site or an IRI of the dataset has. Where two classes have the same name, the dataset's own
    has it, else that with more things; the other one gets its prefix before it.
    """
    found: dict[str, Members] = {}
    classes = [used.iri for used in index.usage() if used.iri]
    classes.sort(key=lambda iri: (iri.startswith(ABOUT_MODELS), not iri.startswith(base)))
    plurals = _plurals(index, classes)
    for iri in classes:
        free = (
            name
            for name in _names(iri, plurals.get(iri, {}).get("en", ""), prefixes)
            if name not in found and name not in reserved and not index.knows(base + name)
        )
        found[next(free)] = Members(iri)
    concepts = next((path for path, members in found.items() if members.class_iri == _CONCEPT), "")
    if concepts:
        for scheme in index.members(_SCHEME, limit=500):
            found.setdefault(f"{concepts}/{_slug(local_name(scheme))}", Members(_CONCEPT, scheme))
    return Paths(found, {members.subject: path for path, members in found.items()})


def _plurals(index: Index, classes: Iterable[str]) -> dict[str, dict[str, str]]:
    """Give what the dataset calls many things of each class, by language."""
    return {
        iri: {value.language or "": value.value for value in said[PLURAL.value] if isinstance(value, Literal)}
        for iri, said in index.values(classes, [PLURAL.value]).items()
    }


@lru_cache(maxsize=8)
def class_names(index: Index, language: str) -> Mapping[str, Label]:
    """Give the name of each class in use: its plural where there is one in the language of its label."""
    classes = tuple(used.iri for used in index.usage() if used.iri)
    plurals, names = _plurals(index, classes), index.labels(classes, fallbacks(language))
    return {
        iri: Label(plurals.get(iri, {}).get(name.language, name.text), name.language)
        for iri, name in names.items()
    }


def _names(iri: str, english: str, prefixes: Iterable[tuple[str, str]]) -> Iterator[str]:
    name = _slug(english) or plural(_slug(local_name(iri)) or "thing")
    yield name
    yield from (f"{prefix}-{name}" for prefix, namespace in prefixes if iri.startswith(namespace))
    yield from (f"{name}-{number}" for number in count(2))


def _slug(name: str) -> str:
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name)
    return re.sub(r"[^a-z0-9]+", "-", fold(words)).strip("-")


def plural(name: str) -> str:
    """Give the plural of an English noun, as far as its last letters tell.

    >>> [plural(name) for name in ("village", "county", "class", "day", "series", "status", "analysis")]
    ['villages', 'counties', 'classes', 'days', 'series', 'statuses', 'analyses']
    """
    for ending, cut, added in _PLURALS:
        if re.search(ending, name):
            return name[: len(name) - cut] + added
    return f"{name}s"


_PLURALS = ((r"[^aeiou]y$", 1, "ies"), (r"is$", 2, "es"), (r"(?:[su]s|x|z|ch|sh)$", 0, "es"), (r"s$", 0, ""))
"""How nouns end, how many letters go and which come: the first that fits."""


@lru_cache(maxsize=8)
def kinds_of(index: Index, language: str) -> tuple[KindRow, ...]:
    """Give the classes in use, the largest first."""
    kinds = index.kinds()
    names = class_names(index, language)
    return tuple(
        KindRow(
            kind.iri,
            names[kind.iri],
            kind.count,
            _inner(index, kind.iri),
            kind.iri.startswith(ABOUT_MODELS),
        )
        for kind in kinds
    )


def foremost(kinds: Sequence[KindRow], known: Vocabulary, limit: int = 12) -> tuple[KindRow, ...]:
    """Give the classes for the front page: those that shapes say most about, no inner nodes, no model."""
    own = [kind for kind in kinds if not kind.inner and not kind.model]
    ranked = sorted(own, key=lambda kind: -len(known.fields.get(kind.iri, ())))
    shaped = [kind for kind in ranked if kind.iri in known.fields]
    return tuple((shaped or ranked)[:limit])


def _inner(index: Index, class_iri: str) -> bool:
    first = index.members(class_iri, limit=1)
    return not first or "#" in first[0] or first[0].startswith("_:")


def listing(
    index: Index,
    store: Path,
    members: Members,
    language: str,
    *,
    chosen: Sequence[tuple[str, str]] = (),
    sort: str = "",
    after: str = "",
    limit: int = 50,
) -> Listing:
    """Give one page of the members that have the chosen values, in the order of names or of a column.

    A class too large for that has no facets and the order of its IRIs.
    """
    table = columns.of_class(index, store, members.class_iri)
    if table is None:
        return _long(index, members, language, after, limit)
    chain, wanted = fallbacks(language), (*members.within, *chosen)
    every = [iri for iri in table.values if all(table.has(iri, p, v) for p, v in wanted)]
    names = index.labels(every, chain)
    shown = _column_labels(index, store, members, table, chain)
    every.sort(key=lambda iri: (collation(names[iri].text), iri))
    _sort(every, table, sort, index, chain)
    start = every.index(after) + 1 if after in every else 0
    page = every[start : start + limit]
    mentioned = [v.value for iri in page for p in table.columns for v in table.values[iri].get(p, ())
                 if isinstance(v, NamedNode)]  # fmt: skip
    labels = index.labels(mentioned, chain)

    def row(iri: str) -> Row:
        said = table.values[iri]
        return Row(iri, names[iri], tuple(_cell(said.get(p, ()), labels, language) for p in table.columns))

    facets = (_facet(table, p, shown[p], every, chosen, index, chain) for p in table.facets)
    return Listing(
        members=members,
        label=_title(index, members, language),
        columns=tuple((p, shown[p]) for p in table.columns),
        rows=tuple(map(row, page)),
        facets=tuple(facet for facet in facets if facet.choices),
        every=tuple(every),
        after=after,
        more=page[-1] if start + limit < len(every) else "",
        count=len(every),
    )


def _title(index: Index, members: Members, language: str) -> Label:
    if members.scheme:
        return index.labels([members.scheme], fallbacks(language))[members.scheme]
    return class_names(index, language)[members.class_iri]


def _sort(every: list[str], table: Table, sort: str, index: Index, chain: Sequence[str]) -> None:
    """Sort things, which come by name, by a column: those without a value last."""
    by = sort.removeprefix("-")
    if by in table.columns:
        keys = _sort_keys(table, by, every, index, chain)
        every.sort(key=lambda iri: keys.get(iri, ()), reverse=sort.startswith("-"))
        every.sort(key=lambda iri: iri not in keys)
    elif sort == "-":
        every.reverse()


def _long(index: Index, members: Members, language: str, after: str, limit: int) -> Listing:
    by, whole = (_IN_SCHEME, members.scheme) if members.scheme else (RDF_TYPE.value, members.class_iri)
    iris = index.incoming(whole, by, after=after, limit=limit + 1)
    names = index.labels(iris, fallbacks(language))
    rows = tuple(Row(iri, names[iri], ()) for iri in iris[:limit])
    more = iris[limit - 1] if len(iris) > limit else ""
    label = _title(index, members, language)
    return Listing(members, label, (), rows, (), (), after, more, index.count(whole, by))


def _column_labels(
    index: Index, store: Path, members: Members, table: Table, chain: Sequence[str]
) -> dict[str, Label]:
    facets = [predicate.removesuffix(TODAY) for predicate in table.facets]
    plain = {predicate: predicate.removesuffix(VERSIONS) for predicate in facets}
    names = index.labels((*table.columns, *plain.values()), chain)
    found = {**names, **{predicate: names[name] for predicate, name in plain.items()}}
    known = vocabulary.of_store(store)
    found |= _field_names(known, [members.class_iri], chain)
    if any(predicate != name for predicate, name in plain.items()):
        shaped = _field_names(known, _classes_of_versions(table, index), chain)
        found |= {p: shaped[name] for p, name in plain.items() if p != name and name in shaped}
    today = WORDS["today"][LANGUAGES.index(chain[0]) if chain[0] in LANGUAGES else -1]
    for predicate in facets:
        name = found[predicate]
        found[predicate + TODAY] = Label(today.format(name=name.text), name.language)
    return found


def _sort_keys(
    table: Table, predicate: str, iris: Sequence[str], index: Index, chain: Sequence[str]
) -> dict[str, tuple[float, str]]:
    """Give what things are sorted by, for those that have the property: numbers, else names and texts."""
    first = {iri: table.values[iri][predicate][0] for iri in iris if predicate in table.values[iri]}
    names = index.labels((v.value for v in first.values() if isinstance(v, NamedNode)), chain)
    return {
        iri: (_number(v), "") if isinstance(v, Literal) and v.datatype.value in _NUMBERS
        else (0.0, collation(names[v.value].text if isinstance(v, NamedNode) else str(v.value)))
        for iri, v in first.items()
    }  # fmt: skip


def _number(literal: Literal) -> float:
    try:
        return float(literal.value)
    except ValueError:
        return 0.0


def _classes_of_versions(table: Table, index: Index) -> list[str]:
    versions = next((some for said in table.values.values() if (some := said.get(HAS_VERSION))), ())
    said = index.values([value.value for value in versions], [RDF_TYPE.value])
    return [kind.value for some in said.values() for kind in some[RDF_TYPE.value]]


def _field_names(known: Vocabulary, classes: Sequence[str], chain: Sequence[str]) -> dict[str, Label]:
    """Give what the shape of a class calls its properties: that fits here better than their general name."""
    found: dict[str, Label] = {}
    for field in known.fields_of(classes):
        tag = next((tag for tag in chain if tag in field.names), None)
        if tag is not None and not field.inverse:
            found[field.path] = Label(field.names[tag], tag)
    return found


def _cell(values: Iterable[Value], labels: Mapping[str, Label], language: str) -> Cell:
    terms = tuple(value for value in values if isinstance(value, NamedNode | Literal))
    made = [
        (v.value, labels[v.value])
        if isinstance(v, NamedNode)
        else ("", Label(readable(v.value, v.datatype.value, language), v.language or ""))
        for v in terms
    ]
    return Cell(terms, tuple(sorted(made, key=lambda pair: collation(pair[1].text))))


def _facet(
    table: Table,
    predicate: str,
    label: Label,
    every: Sequence[str],
    chosen: Sequence[tuple[str, str]],
    index: Index,
    chain: Sequence[str],
) -> Facet:
    picked = {value for p, value in chosen if p == predicate}
    if are_years(table.years.get(predicate, {})):
        return Facet(predicate, label, tuple(_years_to_choose(table.years[predicate], every, picked)))
    counted = Counter(value.value for iri in every for value in table.values[iri].get(predicate, ()))
    labels = index.labels(counted, chain)
    choices = [Choice(iri, labels[iri], number, iri in picked) for iri, number in counted.items()]
    choices.sort(key=lambda choice: (not choice.chosen, -choice.count, collation(choice.label.text)))
    return Facet(predicate, label, tuple(choices))


def _years_to_choose(
    spans: Mapping[str, tuple[tuple[int, int], ...]], every: Sequence[str], picked: set[str]
) -> Iterator[Choice]:
    """Yield the years, or where they are many the decades, in which something was, in their order."""
    ends = [year for some in spans.values() for span in some for year in span]
    step = 1 if max(ends) - min(ends) <= _YEARS_EACH else 10
    counted: Counter[int] = Counter()
    for iri in every:
        counted.update(
            {
                year
                for first, last in spans.get(iri, ())
                for year in range(first // step * step, last + 1, step)
            }
        )
    for year, number in sorted(counted.items()):
        value = str(year) if step == 1 else f"{year}/{year + step - 1}"
        yield Choice(value, Label(value.replace("/", "–"), ""), number, value in picked)


def query(
    index: Index, store: Path, members: Members, chosen: Sequence[tuple[str, str]], language: str
) -> str:
    """Give the SPARQL query that finds what a list has on all its pages."""
    table = columns.of_class(index, store, members.class_iri)
    were = table.were if table is not None else {}
    lines = [f"  ?thing a <{members.class_iri}> ."]
    for number, (predicate, value) in enumerate((*members.within, *chosen), start=1):
        years = YEARS.fullmatch(value)
        if years is not None:
            lines += _within_years(predicate, number, years[1], years[2] or years[1])
        elif predicate.endswith(TODAY):
            iris = " ".join(f"<{iri}>" for iri in sorted(were.get((predicate, value), ())))
            lines.append(f"  VALUES ?then{number} {{ {iris} }}")
            lines.append(f"  ?thing {_path(predicate.removesuffix(TODAY))} ?then{number} .")
        else:
            lines.append(f"  ?thing {_path(predicate)} <{value}> .")
    labels = "|".join(f"<{found.value}>" for found in LABELS)
    lines.append(f'  OPTIONAL {{ ?thing {labels} ?label . FILTER (LANG(?label) = "{language}") }}')
    return "SELECT DISTINCT ?thing ?label WHERE {\n" + "\n".join(lines) + "\n} ORDER BY ?label ?thing\n"


def _path(predicate: str) -> str:
    plain = predicate.removesuffix(VERSIONS)
    return f"<{plain}>" if plain == predicate else f"<{HAS_VERSION}>/<{plain}>"


def _within_years(predicate: str, number: int, first: str, last: str) -> Iterator[str]:
    def year(*names: str) -> str:
        return f"SUBSTR(STR(COALESCE({', '.join(f'?{name}{number}' for name in names)})), 1, 4)"

    yield f"  ?thing <{predicate}> ?period{number} ."
    for name, by in zip(("start", "end"), PERIOD, strict=True):
        yield f"  OPTIONAL {{ ?period{number} <{by}> ?{name}{number} }}"
    yield f'  FILTER ({year("start", "end", "period")} <= "{last}")'
    yield f'  FILTER ({year("end", "start", "period")} >= "{first}")'


_NORWEGIAN = str.maketrans({"æ": "{", "ä": "{", "ø": "|", "ö": "|", "å": "}"})


def collation(text: str) -> str:
    """Give the key that sorts names as Norwegian lists do: æ, ø and å last.

    >>> sorted(["Åfjord", "Bø", "Bo", "Østre", "Ål"], key=collation)
    ['Bo', 'Bø', 'Østre', 'Åfjord', 'Ål']
    """
    return text.casefold().translate(_NORWEGIAN)
