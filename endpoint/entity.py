"""What a page about one thing says, and in which order: from statements and shapes to sections of rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from pyoxigraph import BlankNode, Literal, NamedNode

from endpoint.literals import between, readable
from endpoint.negotiate import fallbacks
from endpoint.succession import REPLACED, narrower
from endpoint.vocabulary import Field, Vocabulary
from endpoint.words import COMMON_TERMS, LANGUAGES
from kg.index import Description, Index, Label, Statement
from kg.snapshot import GraphInfo
from kg.vocab import LABELS, PREFIXES, RDF_TYPE, compact, local_name, term

FIRST_VALUES = 12
_MOST_VALUES = 100
_MAX_COLUMNS = 4
_MAX_TEXT = 2_000
_MAX_DEPTH = 4
_LEADS = tuple(
    PREFIXES[prefix] + name
    for prefix, name in (
        ("dcterms", "description"), ("skos", "definition"), ("dcterms", "abstract"), ("rdfs", "comment"),
        ("schema", "description"),
    )
)  # fmt: skip
_NAMING = frozenset(
    (
        *(label.value for label in LABELS),
        RDF_TYPE.value,
        PREFIXES["skos"] + "altLabel",
        PREFIXES["skos"] + "hiddenLabel",
    )
)
NAMING = _NAMING | frozenset(_LEADS)
"""Properties of which things are known by: names, classes, descriptions."""
_OWN_SOURCE = PREFIXES["dcterms"] + "source"
_IN_TITLE = _NAMING | {_OWN_SOURCE}
HIDDEN_IN_LISTS = NAMING | {_OWN_SOURCE}
"""Properties that make no column: names, classes, descriptions, sources."""
_DERIVED = "derived"
_WKT = PREFIXES["geo"] + "wktLiteral"
_COMMON = {term(name).value: texts for name, texts in COMMON_TERMS.items()}


@dataclass(frozen=True, slots=True)
class Source:
    """Where statements come from, as the page numbers it: outside addresses, or what they follow from."""

    number: int
    graph: str
    urls: tuple[str, ...]
    file: str | None
    derived: bool


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a row: a link, a text, or a node that belongs inside the page."""

    kind: str
    text: str
    language: str = ""
    iri: str = ""
    datatype: str = ""
    sources: tuple[int, ...] = ()
    part: Part | None = None
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """What is said by one predicate about an IRI; `inverse` when the other things say it of this one."""

    predicate: str
    label: Label
    values: tuple[Value, ...]
    others: tuple[Value, ...] = ()
    inverse: bool = False
    count: int = 0
    described: bool = True
    about: str = ""

    @property
    def columns(self) -> tuple[tuple[str, Label], ...]:
        """The headings of a table, where the values are small parts of the same make; else nothing."""
        parts = [value.part for value in self.values if value.part is not None]
        if len(parts) < 2 or len(parts) < len(self.values) or any(part.label for part in parts):
            return ()
        rows = [row for part in parts for row in part.rows]
        columns = dict.fromkeys((row.predicate, row.label) for row in rows)
        plain = all(value.part is None for row in rows for value in row.values)
        return tuple(columns) if plain and len(columns) <= _MAX_COLUMNS else ()

    @property
    def first(self) -> tuple[Value, ...]:
        """The values that are shown at once."""
        return self.values[:FIRST_VALUES]

    @property
    def rest(self) -> tuple[Value, ...]:
        """The values that are folded away."""
        return self.values[FIRST_VALUES:]

    @property
    def left_out(self) -> int:
        """How many values a page has no room for; a list of their own has them, as have the documents."""
        return 0 if self.inverse else max(0, self.count - len(self.values) - len(self.others))


@dataclass(frozen=True, slots=True)
class Part:
    """A node that lives inside another one."""

    iri: str
    anchor: str
    label: Label | None
    kinds: tuple[Value, ...]
    rows: tuple[Row, ...]

    @property
    def only_geometry(self) -> bool:
        """Whether it says nothing but where something is."""
        values = [value for row in self.rows for value in row.values]
        return len(values) == 1 and values[0].datatype == _WKT


@dataclass(frozen=True, slots=True)
class Section:
    """Rows under one heading; `key` names a heading of the interface where no shape gives one."""

    key: str
    title: Label | None
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """Everything an entity page shows."""

    iri: str
    label: Label
    kinds: tuple[Value, ...]
    lead: Value | None
    sections: tuple[Section, ...]
    naming: tuple[Row, ...]
    incoming: tuple[Row, ...]
    replacing: frozenset[str]
    sources: tuple[Source, ...]
    written: int
    derived: int
    links_here: int
    is_whole: bool = True

    @property
    def addresses(self) -> frozenset[str]:
        """The outside sources, each once, however many graphs and nodes name it."""
        return frozenset(url for source in self.sources for url in source.urls)

    @property
    def nameless(self) -> bool:
        """Whether its name is but the end of its IRI."""
        return not self.label.language and self.label.text == local_name(self.iri) and self.written > 0

    @property
    def warnings(self) -> tuple[Row, ...]:
        """What a reader must know first: that something else has taken the place of this."""
        return tuple(
            row for section in self.sections for row in section.rows if row.predicate in self.replacing
        )


def build(
    description: Description,
    *,
    index: Index,
    vocabulary: Vocabulary,
    graphs: Sequence[GraphInfo],
    language: str,
    cite: bool = True,
) -> Page:
    """Give the page of a description; asks the index for all labels at once.

    A named part stands where it is first mentioned; with `cite` each value is numbered with its sources.
    """
    return _Builder(description, index, vocabulary, graphs, language, cite).page()


_START, _END = PREFIXES["dcat"] + "startDate", PREFIXES["dcat"] + "endDate"


def interval(part: Part, language: str) -> str:
    """Give a part that is nothing but a period as people write periods; empty if it says more."""
    rows = {row.predicate: row.values[0] for row in part.rows}
    if not rows or not set(rows) <= {_START, _END}:
        return ""
    first, last = (
        readable(rows[p].text, rows[p].datatype, language) if p in rows else "" for p in (_START, _END)
    )
    return between(first, last, language)


def common_label(iri: str, language: str) -> Label | None:
    """Give the interface's own word for a term of the modelling languages."""
    texts = _COMMON.get(iri)
    if texts is None or language not in LANGUAGES:
        return None
    return Label(texts[LANGUAGES.index(language)], language)


def _iris(description: Description) -> Iterator[str]:
    yield description.iri
    for statement in _every(description):
        yield statement.predicate.value
        for node in (statement.subject, statement.object):
            if isinstance(node, NamedNode):
                yield node.value
                yield node.value.partition("#")[0]
    for incoming in description.incoming:
        yield incoming.predicate
        for subject in incoming.subjects:
            yield subject
            yield subject.partition("#")[0]


def _every(description: Description) -> Iterator[Statement]:
    yield from description.statements
    for part in description.parts.values():
        yield from part


@dataclass
class _References:
    """Numbers the sources in the order in which the page first needs them."""

    graphs: Mapping[str, GraphInfo]
    numbers: dict[tuple[str, tuple[str, ...]], Source] = field(default_factory=dict)

    def number(self, statement: Statement, own: tuple[str, ...]) -> int:
        info = self.graphs.get(statement.graph)
        derived = statement.derived or (info is not None and info.room == _DERIVED)
        urls = () if derived else own or (info.sources if info else ())
        key = (statement.graph, urls)
        if key not in self.numbers:
            file = info.file if info else None
            self.numbers[key] = Source(len(self.numbers) + 1, statement.graph, urls, file, derived)
        return self.numbers[key].number


class _Builder:
    def __init__(
        self,
        description: Description,
        index: Index,
        vocabulary: Vocabulary,
        graphs: Sequence[GraphInfo],
        language: str,
        cite: bool,
    ) -> None:
        self.description = description
        self.vocabulary = vocabulary
        self.language = language
        self.chain = fallbacks(language)
        inverses = {q for p in _predicates(description) for q in vocabulary.inverses.get(p, ())}
        groups = (f.group for f in vocabulary.fields_of(description.types) if f.group)
        self.labels = index.labels((*_iris(description), *inverses, *groups), self.chain)
        self.references = _References({graph.iri: graph for graph in graphs})
        self.shown: set[str] = set()
        self.cite = cite
        self.at_top = {s.object.value for s in description.statements if isinstance(s.object, NamedNode)}

    def page(self) -> Page:
        """Lay out everything once; parts that nothing refers to come last."""
        description = self.description
        rows = self.rows(description.statements, depth=0)
        lead = self.lead(description.statements)
        sections = self.sections(rows)
        unseen = (iri for iri in description.parts if iri not in self.shown)
        loose = [self.part_value(iri, 0) for iri in islice(unseen, _MOST_VALUES)]
        if loose:
            label = Label("", "")
            sections = (*sections, Section("parts", None, (Row("", label, tuple(loose)),)))
        naming = tuple(row for row in rows if row.predicate in _NAMING or row.predicate in _LEADS)
        incoming = self.incoming(rows)
        every, whole = list(_every(description)), description.whole
        return Page(
            iri=description.iri,
            label=self.name(description.iri),
            kinds=self.kinds(description.statements),
            lead=lead,
            sections=sections,
            naming=naming,
            incoming=incoming,
            replacing=frozenset(narrower(REPLACED, self.vocabulary)),
            sources=tuple(self.references.numbers.values()),
            written=whole.written if whole else sum(not s.derived for s in every),
            derived=whole.derived if whole else sum(s.derived for s in every),
            links_here=sum(row.count for row in incoming),
            is_whole=whole is None,
        )

    def name(self, iri: str) -> Label:
        """Give a thing's label; a node inside another thing that has none is named with that thing."""
        label = self.labels.get(iri) or Label(local_name(iri), "")
        if not label.language and label.text == local_name(iri):
            label = common_label(iri, self.language) or label
        whole, hash_sign, fragment = iri.partition("#")
        if hash_sign and not label.language and label.text == local_name(iri) and whole in self.labels:
            if whole == self.description.iri:
                return Label(fragment.replace("-", " "), "")
            if self.labels[whole].language:
                return Label(
                    f"{self.labels[whole].text} · {fragment.replace('-', ' ')}", self.labels[whole].language
                )
        return label

    def predicate_label(self, predicate: str, named: Mapping[str, Label]) -> Label:
        found = named.get(predicate) or self.labels.get(predicate)
        if found and (found.language or found.text != local_name(predicate)):
            return found
        return common_label(predicate, self.language) or Label(
            compact(predicate) or local_name(predicate), ""
        )

    def described(self, predicate: str) -> bool:
        """Tell whether the dataset says anything about a property, so that it has a page."""
        found = self.labels.get(predicate)
        named = found is not None and bool(found.language or found.text != local_name(predicate))
        return named or predicate in self.vocabulary.properties

    def fields(self, statements: Iterable[Statement]) -> tuple[Field, ...]:
        types = sorted((s for s in statements if s.predicate == RDF_TYPE), key=lambda s: s.derived)
        return self.vocabulary.fields_of([s.object.value for s in types if isinstance(s.object, NamedNode)])

    def rows(self, statements: Sequence[Statement], *, depth: int) -> tuple[Row, ...]:
        fields = self.fields(statements)
        named = {f.path: label for f in fields if not f.inverse if (label := self.best(f.names)) is not None}
        order = {f.path: place for place, f in enumerate(fields) if not f.inverse}
        own = (
            tuple(
                s.object.value
                for s in statements
                if s.predicate.value == _OWN_SOURCE and isinstance(s.object, NamedNode)
            )
            if depth
            else ()
        )
        grouped: dict[str, dict[object, list[Statement]]] = defaultdict(lambda: defaultdict(list))
        for statement in self.without_repeats(statements):
            grouped[statement.predicate.value][statement.object].append(statement)
        labels = {predicate: self.predicate_label(predicate, named) for predicate in grouped}
        laid_out = sorted(grouped, key=lambda p: (order.get(p, len(order)), labels[p].text.casefold(), p))
        subject = next((s.subject.value for s in statements if isinstance(s.subject, NamedNode)), "")
        return tuple(self.row(p, grouped[p], labels[p], own, depth, subject) for p in laid_out)

    def without_repeats(self, statements: Sequence[Statement]) -> Iterator[Statement]:
        """Leave out what only repeats a statement with a more general predicate."""
        said: dict[object, set[str]] = defaultdict(set)
        for statement in statements:
            said[statement.object] |= self.vocabulary.superproperties.get(
                statement.predicate.value, frozenset()
            )
        for statement in statements:
            if not (statement.derived and statement.predicate.value in said[statement.object]):
                yield statement

    def row(
        self,
        predicate: str,
        values: Mapping[object, Sequence[Statement]],
        label: Label,
        own: tuple[str, ...],
        depth: int,
        subject: str,
    ) -> Row:
        made = [self.value(said, own, depth) for said in islice(values.values(), _MOST_VALUES)]
        best, others = self.in_best_language(made)
        return Row(
            predicate,
            label,
            tuple(sorted(best, key=_sort_key)),
            tuple(sorted(others, key=_sort_key)),
            count=self.count(predicate, depth) or len(values),
            described=self.described(predicate),
            about=subject,
        )

    def count(self, predicate: str, depth: int) -> int:
        """Give how many values a property has that are not all here; else nothing."""
        whole = self.description.whole
        return whole.properties[predicate] if whole and depth == 0 else 0

    def in_best_language(self, values: Sequence[Value]) -> tuple[list[Value], list[Value]]:
        """Part the values into those to show and the same texts in other languages."""
        texts = {value.language for value in values if value.kind == "text" and value.language}
        if len(texts) < 2:
            return list(values), []
        best = min(
            texts, key=lambda tag: (self.chain.index(tag) if tag in self.chain else len(self.chain), tag)
        )
        others = [v for v in values if v.kind == "text" and v.language and v.language != best]
        return [value for value in values if value not in others], others

    def value(self, said: Sequence[Statement], own: tuple[str, ...], depth: int) -> Value:
        cited = {self.references.number(statement, own) for statement in said} if self.cite else set()
        numbers = tuple(sorted(cited))
        node = said[0].object
        if isinstance(node, Literal):
            cut = len(node.value) > _MAX_TEXT
            text = node.value[:_MAX_TEXT] if cut else node.value
            return Value("text", text, node.language or "", "", node.datatype.value, numbers, None, cut)
        key = node.value
        if self.nests(node, depth):
            return self.part_value(key, depth, numbers)
        if isinstance(node, BlankNode):
            return Value("text", f"_:{key}", sources=numbers)
        return self.link(key, numbers)

    def link(self, iri: str, numbers: tuple[int, ...] = ()) -> Value:
        """Give a thing as a value."""
        label = self.name(iri)
        return Value("link", label.text, label.language, iri, sources=numbers)

    def nests(self, node: NamedNode | BlankNode, depth: int) -> bool:
        """Tell whether a node is to be shown right here: a part, not yet shown, at home at this depth."""
        if node.value not in self.description.parts or node.value in self.shown or depth >= _MAX_DEPTH:
            return False
        return isinstance(node, BlankNode) or depth == 0 or node.value not in self.at_top

    def part_value(self, iri: str, depth: int, numbers: tuple[int, ...] = ()) -> Value:
        self.shown.add(iri)
        statements = self.description.parts[iri]
        rows = self.rows(statements, depth=depth + 1)
        shown = tuple(row for row in rows if row.predicate not in _IN_TITLE and not self.only_back(row))
        anchor = iri[len(self.description.iri) + 1 :] if iri.startswith(f"{self.description.iri}#") else ""
        label = self.labels.get(iri)
        given = label is not None and bool(label.language or label.text != local_name(iri))
        named = label if given else self.own_label(statements)
        part = Part(iri, anchor, named, self.kinds(statements), shown)
        text = named or Label(anchor.replace("-", " "), "")
        return Value("part", text.text, text.language, iri, sources=numbers, part=part)

    def own_label(self, statements: Sequence[Statement]) -> Label | None:
        """Give what a node without IRI calls itself."""
        texts = {s.object.language or "": s.object.value for s in statements
                 if s.predicate in LABELS and isinstance(s.object, Literal)}  # fmt: skip
        return self.best(texts)

    def only_back(self, row: Row) -> bool:
        return bool(row.values) and all(value.iri == self.description.iri for value in row.values)

    def best(self, texts: Mapping[str, str]) -> Label | None:
        for tag in (*self.chain, "", *texts):
            if tag in texts:
                return Label(texts[tag], tag)
        return None

    def kinds(self, statements: Iterable[Statement]) -> tuple[Value, ...]:
        written = [s for s in statements if s.predicate == RDF_TYPE and isinstance(s.object, NamedNode)]
        stated = [s for s in written if not s.derived] or written[:1]
        kinds = dict.fromkeys(s.object.value for s in stated)
        return tuple(self.link(iri) for iri in kinds)

    def lead(self, statements: Sequence[Statement]) -> Value | None:
        for predicate in _LEADS:
            said = [s for s in statements if s.predicate.value == predicate and isinstance(s.object, Literal)]
            if said:
                best, _ = self.in_best_language([self.value([s], (), 0) for s in said])
                return best[0] if best else None
        return None

    def sections(self, rows: Sequence[Row]) -> tuple[Section, ...]:
        """Put rows under the headings of the shapes; what no shape mentions under facts and relations."""
        fields = {f.path: f for f in self.fields(self.description.statements) if not f.inverse}
        grouped: dict[str, list[Row]] = defaultdict(list)
        for row in rows:
            if row.predicate in _NAMING or row.predicate in _LEADS:
                continue
            group = fields[row.predicate].group if row.predicate in fields else None
            grouped[group or self.default_group(row)].append(row)
        known = [iri for iri in self.vocabulary.groups if iri in grouped]
        known.sort(key=lambda iri: (self.vocabulary.groups[iri].order, iri))
        sections = [
            Section("", self.best(self.vocabulary.groups[iri].labels) or self.name(iri), tuple(grouped[iri]))
            for iri in known
        ]
        rest = (key for key in ("facts", "relations") if key in grouped)
        return (*sections, *(Section(key, None, tuple(grouped[key])) for key in rest))

    def default_group(self, row: Row) -> str:
        if any(value.kind != "link" for value in row.values):
            return "facts"
        return "relations"

    def incoming(self, rows: Sequence[Row]) -> tuple[Row, ...]:
        """Give what points here and is not said already by an inverse or a more special predicate."""
        outgoing = {row.predicate for row in rows}
        counts = {found.predicate: found.count for found in self.description.incoming}
        made = []
        for found in self.description.incoming:
            if self.vocabulary.inverses.get(found.predicate, frozenset()) & outgoing:
                continue
            if self.covered(found.predicate, found.count, counts):
                continue
            subjects = [
                iri for iri in found.subjects if not iri.startswith((f"{self.description.iri}#", "_:"))
            ]
            if not subjects:
                continue
            values = tuple(self.link(iri) for iri in subjects)
            label = self.predicate_label(found.predicate, {})
            count = found.count - (len(found.subjects) - len(subjects))
            described = self.described(found.predicate)
            ordered = tuple(sorted(values, key=_sort_key))
            made.append(Row(found.predicate, label, ordered, (), True, count, described))
        return tuple(sorted(made, key=lambda row: (self.annotates(row.predicate), row.label.text.casefold())))

    def annotates(self, predicate: str) -> bool:
        """Tell whether a property only comments on things, as the ontology declares it."""
        declared = self.vocabulary.properties.get(predicate)
        return declared is not None and declared.kind == "annotation"

    def covered(self, predicate: str, count: int, counts: Mapping[str, int]) -> bool:
        special = [
            counts[other]
            for other in counts
            if predicate in self.vocabulary.superproperties.get(other, frozenset())
        ]
        return sum(special) >= count if special else False


def _predicates(description: Description) -> set[str]:
    return {s.predicate.value for s in _every(description)} | {
        found.predicate for found in description.incoming
    }


def _sort_key(value: Value) -> tuple[bool, str, str]:
    written = value.language or not value.datatype
    return (value.kind == "part", value.text.casefold() if written else value.text, value.iri)
