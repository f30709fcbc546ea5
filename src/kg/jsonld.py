"""JSON-LD that reads like plain JSON: the context of a dataset, and documents compacted by it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from json.encoder import encode_basestring
from typing import Any

from pyoxigraph import BlankNode, DefaultGraph, Literal, NamedNode, Store, Triple

from kg.vocab import PREFIXES, RDF_TYPE, compact, term

_XSD_STRING = f"{PREFIXES['xsd']}string"
_LANG_STRING = f"{PREFIXES['rdf']}langString"
_PLAIN_RANGES = (_LANG_STRING, f"{PREFIXES['rdfs']}Literal", f"{PREFIXES['rdf']}PlainLiteral")
_LABELLED = frozenset(
    PREFIXES[prefix] + name
    for prefix, name in (
        ("rdfs", "label"), ("rdfs", "comment"), ("skos", "prefLabel"), ("skos", "altLabel"),
        ("skos", "definition"),
        ("skos", "note"), ("skos", "scopeNote"), ("skos", "example"), ("skos", "editorialNote"),
        ("skos", "changeNote"), ("dcterms", "title"), ("dcterms", "description"), ("dcterms", "abstract"),
    )
)  # fmt: skip
"""Properties whose values are texts in languages, whether or not the ontology says so."""
_PROPERTY_CLASSES = {
    term("owl:ObjectProperty"): "object",
    term("owl:DatatypeProperty"): "datatype",
    term("owl:AnnotationProperty"): "annotation",
    term("rdf:Property"): "annotation",
}


@dataclass(frozen=True, slots=True)
class Property:
    """How the ontology declares a property: "object", "datatype" or "annotation", and its range."""

    iri: str
    kind: str
    range: str | None


def declared(store: Store) -> dict[str, Property]:
    """Give the properties that a store, whose default graph holds the ontology, says something of."""
    found: dict[str, Property] = {}
    for class_, kind in _PROPERTY_CLASSES.items():
        for quad in store.quads_for_pattern(None, RDF_TYPE, class_, DefaultGraph()):
            if isinstance(quad.subject, NamedNode) and quad.subject.value not in found:
                ranges = store.quads_for_pattern(quad.subject, term("rdfs:range"), None, DefaultGraph())
                named = [range_.object.value for range_ in ranges if isinstance(range_.object, NamedNode)]
                found[quad.subject.value] = Property(quad.subject.value, kind, min(named, default=None))
    return found


@dataclass(frozen=True, slots=True)
class Term:
    """One name of a context: what it stands for, and how its values are written.

    `coercion` is "@id", a datatype's IRI, "@language" for texts by language, or empty.
    """

    name: str
    iri: str
    coercion: str


class Context:
    """The names that a dataset's documents use: its own terms by local name, others with their prefix."""

    def __init__(self, declared: Mapping[str, Property], prefixes: Mapping[str, str]) -> None:
        """Name each property of the ontology, and the common texts."""
        self.prefixes = dict(prefixes)
        self._compacted: dict[str, str | None] = {}
        own = tuple(iri for prefix, iri in prefixes.items() if PREFIXES.get(prefix) != iri)
        properties = dict(declared)
        for iri in _LABELLED:
            properties.setdefault(iri, Property(iri, "annotation", None))
        self.terms: dict[str, Term] = {}
        taken = {"id", "type"} | set(self.prefixes)
        for iri, found in sorted(properties.items()):
            name = self._name(iri, own)
            if name is not None and name not in taken:
                taken.add(name)
                self.terms[iri] = Term(name, iri, _coercion(found))

    def _name(self, iri: str, own: Sequence[str]) -> str | None:
        name = self.compacted(iri)
        if name is None:
            return None
        prefix, _, local = name.partition(":")
        return local if self.prefixes[prefix] in own else name

    def compacted(self, iri: str) -> str | None:
        """Give the prefixed name of a class, property or datatype; documents use the same few."""
        if iri not in self._compacted:
            self._compacted[iri] = compact(iri, self.prefixes)
        return self._compacted[iri]

    def document(self) -> bytes:
        """Give the whole context as a document."""
        return _dump({"@context": self._rows(self.terms, self.prefixes)})

    def _rows(self, iris: Iterable[str], prefixes: Mapping[str, str]) -> dict[str, Any]:
        rows: dict[str, Any] = {"id": "@id", "type": "@type", **dict(sorted(prefixes.items()))}
        terms = sorted((self.terms[iri] for iri in iris), key=lambda term: term.name)
        return rows | {term.name: self._definition(term) for term in terms}

    def _definition(self, term: Term) -> dict[str, str]:
        """Give the value of a name in a context."""
        row = {"@id": self.compacted(term.iri) or term.iri}
        if row["@id"] == term.name:
            row["@id"] = term.iri
        if term.coercion == "@language":
            return {**row, "@container": "@language"}
        if term.coercion:
            row["@type"] = self.compacted(term.coercion) or term.coercion
        return row

    def write(self, triples: Iterable[Triple], root: str) -> bytes:
        """Give a document about a thing: its node first, what belongs inside it nested, the rest included.

        The context is in the document, cut down to what it uses, so that no client has to fetch it.
        """
        writer = _Writer(self, triples)
        node = writer.node(root)
        rest = [writer.node(iri) for iri in writer.subjects if iri not in writer.written]
        context = self._rows(sorted(writer.used), {p: self.prefixes[p] for p in sorted(writer.prefixes)})
        return _dump({"@context": context, **node, **({"@included": rest} if rest else {})})


def _coercion(found: Property) -> str:
    if found.kind == "object":
        return "@id"
    if found.iri in _LABELLED or found.range in _PLAIN_RANGES:
        return "@language"
    return "" if found.range is None or found.range == _XSD_STRING else _datatype(found)


def _datatype(found: Property) -> str:
    return found.range or "" if found.kind == "datatype" else ""


def _dump(document: Mapping[str, Any]) -> bytes:
    return f"{_text(document)}\n".encode()


def _text(value: Any, margin: str = "\n") -> str:
    """Give JSON as `json.dumps` lays it out with an indent of 2, in a third of the time."""
    inner = f"{margin}  "
    if isinstance(value, dict):
        rows = [f"{inner}{encode_basestring(key)}: {_text(some, inner)}" for key, some in value.items()]
        return f"{{{','.join(rows)}{margin}}}" if rows else "{}"
    if isinstance(value, list):
        return f"[{','.join([inner + _text(some, inner) for some in value])}{margin}]" if value else "[]"
    return encode_basestring(value)


class _Writer:
    """Writes the nodes of one document and remembers which names it used."""

    def __init__(self, context: Context, triples: Iterable[Triple]) -> None:
        self.context = context
        self.subjects: dict[str, dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
        for triple in triples:
            values = self.subjects[_key(triple.subject)][triple.predicate.value]
            if triple.object not in values:
                values.append(triple.object)
        self.written: set[str] = set()
        self.used: set[str] = set()
        self.prefixes: set[str] = set()

    def node(self, key: str) -> dict[str, Any]:
        self.written.add(key)
        node: dict[str, Any] = {"id": key}
        for predicate, values in self.subjects[key].items() if key in self.subjects else ():
            if predicate == RDF_TYPE.value and all(isinstance(v, NamedNode) for v in values):
                node["type"] = [self.name(value.value) for value in values]
            else:
                self.put(node, predicate, values)
        return node

    def put(self, node: dict[str, Any], predicate: str, values: Sequence[Any]) -> None:
        term = self.context.terms.get(predicate)
        fits = [value for value in values if term is not None and _fits(term, value)]
        if term is not None and fits:
            self.used.add(predicate)
            self.name(predicate)
            if term.coercion not in ("", "@id", "@language"):
                self.name(term.coercion)
            node[term.name] = self.coerced(term, fits)
        rest = [self.value(value) for value in values if value not in fits]
        if rest:
            node[predicate if term is not None else self.name(predicate)] = rest

    def coerced(self, term: Term, values: Sequence[Any]) -> Any:
        if term.coercion == "@language":
            texts: dict[str, list[str]] = defaultdict(list)
            for literal in values:
                texts[literal.language].append(literal.value)
            return {language: some[0] if len(some) == 1 else some for language, some in sorted(texts.items())}
        written = [self.link(value) if term.coercion == "@id" else value.value for value in values]
        return written[0] if len(written) == 1 else written

    def link(self, value: NamedNode | BlankNode) -> Any:
        key = _key(value)
        if key in self.subjects and key not in self.written:
            return self.node(key)
        return key

    def value(self, value: Any) -> Any:
        if not isinstance(value, Literal):
            found = self.link(value)
            return {"id": found} if isinstance(found, str) else found
        if value.language:
            return {"@value": value.value, "@language": value.language}
        if value.datatype.value == _XSD_STRING:
            return {"@value": value.value}
        return {"@value": value.value, "@type": self.name(value.datatype.value)}

    def name(self, iri: str) -> str:
        found = self.context.compacted(iri)
        if found is None:
            return iri
        self.prefixes.add(found.partition(":")[0])
        return found


def _key(node: Any) -> str:
    return f"_:{node.value}" if isinstance(node, BlankNode) else str(node.value)


def _fits(term: Term, value: Any) -> bool:
    if not isinstance(value, Literal):
        return term.coercion == "@id"
    if term.coercion == "@language":
        return bool(value.language)
    if value.language or term.coercion == "@id":
        return False
    return value.datatype.value == (term.coercion or _XSD_STRING)
