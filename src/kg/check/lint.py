"""Mistakes that are valid RDF: terms that nobody defines, and subjects that two files describe."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pyoxigraph import BlankNode, Literal, NamedNode, Quad
from rapidfuzz import fuzz, process

from kg.check import terms
from kg.check.place import Places, Text
from kg.findings import Finding, Place, Severity
from kg.source import Room, SourceFile
from kg.vocab import RDF_TYPE, term

_SH = "http://www.w3.org/ns/shacl#"
_DECLARING = frozenset(
    term(name).value
    for name in (
        "owl:Class", "owl:ObjectProperty", "owl:DatatypeProperty", "owl:AnnotationProperty", "rdfs:Class",
        "rdf:Property", "rdfs:Datatype", "owl:NamedIndividual",
    )
)  # fmt: skip
_ONTOLOGY, _SCHEME = term("owl:Ontology"), term("skos:ConceptScheme")
_NAMESPACE_OF = term("vann:preferredNamespaceUri")


@dataclass
class Seen:
    """What one reading of a dataset saw: IRIs used in each file, what is defined, where types are stated."""

    used: dict[SourceFile, set[NamedNode]] = field(default_factory=dict)
    defined: set[str] = field(default_factory=set)
    shapes: set[str] = field(default_factory=set)
    declared: set[str] = field(default_factory=set)
    namespaces: set[str] = field(default_factory=set)
    typed: dict[str, SourceFile] = field(default_factory=dict)
    twice: dict[str, tuple[SourceFile, SourceFile]] = field(default_factory=dict)

    def watch(self, file: SourceFile, quads: Iterable[Quad]) -> Iterator[Quad]:
        """Pass the quads of a file through, noting what they use and define."""
        used = self.used.setdefault(file, set())
        note = {Room.ONTOLOGY: self._note_ontology, Room.SHAPES: self._note_shape}.get(file.room)
        in_data = file.room is Room.DATA
        for quad in quads:
            predicate, value = quad.predicate, quad.object
            used.add(predicate)
            if type(value) is NamedNode:
                used.add(value)
            if predicate == RDF_TYPE:
                self._note_type(file, quad, in_data)
            if note:
                note(quad)
            yield quad

    def _note_shape(self, quad: Quad) -> None:
        if isinstance(quad.subject, NamedNode):
            self.shapes.add(quad.subject.value)

    def _note_ontology(self, quad: Quad) -> None:
        if isinstance(quad.subject, NamedNode):
            self.defined.add(quad.subject.value)
        if quad.predicate == _NAMESPACE_OF and isinstance(quad.object, Literal | NamedNode):
            self.namespaces.add(quad.object.value)

    def _note_type(self, file: SourceFile, quad: Quad, in_data: bool) -> None:
        subject, kind = quad.subject, quad.object
        if isinstance(subject, BlankNode) or not isinstance(subject, NamedNode):
            return
        if in_data:
            other = self.typed.setdefault(subject.value, file)
            if other is not file:
                self.twice.setdefault(subject.value, (other, file))
        elif file.room is Room.ONTOLOGY and isinstance(kind, NamedNode):
            self._note_definition(subject.value, kind)

    def _note_definition(self, subject: str, kind: NamedNode) -> None:
        if kind == _ONTOLOGY:
            self.namespaces.add(subject if subject.endswith(("#", "/")) else subject + "#")
        elif kind == _SCHEME:
            self.namespaces.add(subject if subject.endswith(("#", "/")) else subject + "/")
        elif kind.value in _DECLARING:
            self.declared.add(subject)

    def vocabularies(self) -> Mapping[str, frozenset[str]]:
        """Give the names of every namespace that can be checked: pinned ones, and the dataset's own."""
        own: dict[str, set[str]] = {namespace: set() for namespace in self.own_namespaces()}
        for iri in (*self.defined, *self.typed):
            namespace, local = terms.split(iri)
            if namespace in own:
                own[namespace].add(local)
        pinned = terms.pinned()
        return {**pinned, **{ns: frozenset(names) | pinned.get(ns, frozenset()) for ns, names in own.items()}}

    def own_namespaces(self) -> set[str]:
        """Give the namespaces that the dataset's ontologies and concept schemes define terms in."""
        defined = {terms.split(iri)[0] for iri in self.defined}
        return {namespace for namespace in self.namespaces if namespace in defined}


def unknown_terms(
    seen: Seen, places: Places, queries: Iterable[Path], root: Path | None
) -> Iterator[Finding]:
    """Yield a finding for each term, in each file, whose vocabulary is known and does not define it."""
    vocabularies, own = seen.vocabularies(), seen.own_namespaces()
    for file, used in seen.used.items():
        here = seen.defined | seen.shapes if file.room is Room.SHAPES else seen.defined
        for iri in sorted(node.value for node in used):
            namespace, local = terms.split(iri)
            if _unknown(namespace, local, vocabularies) and iri not in here:
                severity = _severity(file, namespace, own)
                yield _unknown_term(iri, vocabularies[namespace], severity, places.term(file, iri))
    for query in queries:
        name = query.relative_to(root).as_posix() if root else query.name
        text = Text(name, query.read_text("utf-8", "replace"))
        for iri in sorted(set(_iris(text.text))):
            namespace, local = terms.split(iri)
            if _unknown(namespace, local, vocabularies) and iri not in seen.defined:
                place = text.find(iri) or Place(name)
                yield _unknown_term(iri, vocabularies[namespace], Severity.VIOLATION, place)


def _unknown(namespace: str, local: str, vocabularies: Mapping[str, frozenset[str]]) -> bool:
    names = vocabularies.get(namespace)
    return names is not None and not terms.defines(namespace, local, names)


def _severity(file: SourceFile, namespace: str, own: set[str]) -> Severity:
    inert_shape = namespace == _SH and file.room is Room.SHAPES
    return Severity.VIOLATION if namespace in own or inert_shape else Severity.WARNING


def _unknown_term(iri: str, names: frozenset[str], severity: Severity, place: Place) -> Finding:
    local = terms.split(iri)[1]
    near = nearest(local, names)
    return Finding(
        rule="unknown-term",
        severity=severity,
        messages=(
            ("en", f"<{iri}> is not defined by its vocabulary."),
            ("nb", f"<{iri}> er ikke definert av vokabularet sitt."),
        ),
        place=place,
        value=iri,
        hint=f"Did you mean {near}?" if near else None,
    )


def nearest(name: str, names: Iterable[str]) -> str | None:
    """Give the name that a misspelt one most likely stands for, or None.

    >>> nearest("MinCount", ["minCount", "maxCount"])
    'minCount'
    """
    pool = sorted(names)
    same = next((known for known in pool if known.lower() == name.lower()), None)
    if same is not None:
        return same
    best = process.extractOne(name, pool, scorer=fuzz.ratio, score_cutoff=65)
    return best[0] if best else None


_PREFIXED = re.compile(r"(?<![\w:<?$])([A-Za-z][\w.-]*)?:([A-Za-z0-9_](?:[\w.-]*[\w-])?)")
_DECLARED = re.compile(r"(?i)\bprefix\s+([^\s:]*):\s*<([^>]*)>")
_NO_TERM = re.compile(r"""(?mx) (?:^|(?<=\s))\#.*$ | "(?:[^"\\\n]|\\.)*" | '(?:[^'\\\n]|\\.)*' """)
_FULL = re.compile(r"<([^<>\"{}|^`\\\s]+)>")


def _iris(query: str) -> Iterator[str]:
    """Yield the IRIs that a query names outside comments, strings and its prologue."""
    prefixes = dict(_DECLARED.findall(query))
    body = _NO_TERM.sub(" ", _DECLARED.sub(" ", query))
    yield from _FULL.findall(body)
    for prefix, local in _PREFIXED.findall(_FULL.sub(" ", body)):
        if prefix in prefixes:
            yield prefixes[prefix] + local


def duplicate_subjects(seen: Seen, places: Places) -> Iterator[Finding]:
    """Yield a finding for each subject whose type two files of `data/` state."""
    for subject, (first, second) in sorted(seen.twice.items()):
        if not second.relative.startswith("data/"):
            continue
        yield Finding(
            rule="duplicate-subject",
            severity=Severity.WARNING,
            messages=(
                ("en", f"{first.relative} states the type of <{subject}> too."),
                ("nb", f"Også {first.relative} sier hvilken type <{subject}> har."),
            ),
            place=places.stated(second, subject, RDF_TYPE.value),
            focus=subject,
            hint="Describe a thing in one file, or keep rdf:type to the first.",
        )
