"""What the checks said of a snapshot, kept with it: the report, what was waived, what no shape looked at."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pyoxigraph import BlankNode, Literal, NamedNode, Quad, Triple

from kg.errors import Bilingual
from kg.findings import Finding, Place, Report, Severity, Waiver
from kg.vocab import PREFIXES, RDF_TYPE, term

Term = NamedNode | BlankNode | Literal | Triple
_SUBCLASS = term("rdfs:subClassOf")
_REST, _FIRST = term("rdf:rest"), term("rdf:first")
_SAME_FOCUS = tuple(term(f"sh:{name}") for name in ("node", "not", "and", "or", "xone"))
_VALUE_SHAPES = (*_SAME_FOCUS, term("sh:qualifiedValueShape"))
_PATH_STEPS = tuple(
    term(f"sh:{name}")
    for name in ("inversePath", "alternativePath", "zeroOrMorePath", "oneOrMorePath", "zeroOrOnePath")
)
_COMPARED = tuple(term(f"sh:{name}") for name in ("equals", "disjoint", "lessThan", "lessThanOrEquals"))
_NAME = re.compile(r"<([^<>\s]+)>|\b([A-Za-z][\w-]*:[\w-]+)")


@dataclass(frozen=True, slots=True)
class Unseen:
    """Statements with one property about things of one class (None: of no class) that no shape looked at."""

    type: str | None
    predicate: str
    statements: int
    example: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of the data the shapes looked at: in all, and the classes and properties that they did not.

    `classes` are those that things have and no shape is for, with how many things.
    """

    statements: int = 0
    looked_at: int = 0
    classes: tuple[tuple[str, int], ...] = ()
    unseen: tuple[Unseen, ...] = ()

    @property
    def share(self) -> float:
        """The part of the statements that a shape looked at, from 0 to 1; 1 where there are none."""
        return self.looked_at / self.statements if self.statements else 1.0


@dataclass(frozen=True, slots=True)
class Quality:
    """The report of a snapshot and what it covers."""

    report: Report
    coverage: Coverage

    def about(self, iri: str) -> tuple[Finding, ...]:
        """Give the findings about a thing and about what lives inside it."""
        return tuple(f for f in self.report.findings if f.focus and f"{f.focus}#".startswith(f"{iri}#"))


def write(path: Path, quality: Quality) -> None:
    """Write a report and its coverage to a file; how long the checks took is left out."""
    report = quality.report
    body = {
        "conforms": report.conforms,
        "findings": [_row(finding) for finding in report.findings],
        "notes": report.notes,
        "waivers": [asdict(waiver) for waiver in report.waivers],
        "coverage": asdict(quality.coverage),
    }
    path.write_text(json.dumps(body, ensure_ascii=False), "utf-8")


def _row(finding: Finding) -> dict[str, Any]:
    details = [_row(detail) for detail in finding.details]
    return asdict(finding) | {"severity": finding.severity.value, "details": details}


def read(path: Path) -> Quality:
    """Read what `write` wrote."""
    row = json.loads(path.read_text("utf-8"))
    report = Report(
        findings=tuple(_finding(one) for one in row["findings"]),
        notes=tuple(_bilingual(note) for note in row["notes"]),
        waivers=tuple(Waiver(**one | {"rules": tuple(one["rules"])}) for one in row["waivers"]),
    )
    covered = row["coverage"]
    return Quality(
        report,
        Coverage(
            covered["statements"],
            covered["looked_at"],
            tuple((iri, things) for iri, things in covered["classes"]),
            tuple(Unseen(**one) for one in covered["unseen"]),
        ),
    )


def _finding(row: dict[str, Any]) -> Finding:
    places = {name: Place(**row[name]) if row[name] else None for name in ("place", "shape_place")}
    messages = tuple((language, text) for language, text in row["messages"])
    hint, older = row["hint"], row.pop("hint_nb", None)
    said = {"messages": messages, "severity": Severity(row["severity"])}
    said |= {"hint": None if hint is None else _bilingual(hint, older)}
    return Finding(**row | places | said | {"details": tuple(map(_finding, row["details"]))})


def _bilingual(text: Any, nb: str | None = None) -> Bilingual:
    """Give a text that was kept in both languages, or, as in older reports, in English and maybe bokmål."""
    en, nb = (text, nb or text) if isinstance(text, str) else text
    return en, nb


def cover(data: Iterable[Quad], ontology: Iterable[Quad], shapes: Iterable[Quad]) -> Coverage:
    """Find out which statements of the data a shape looks at.

    A shape looks at the properties that its paths begin with, at those that it compares with and those that
    its SPARQL names; a closed one at all. A property that a path goes backwards or at a later step is taken
    as looked at everywhere.
    """
    statements = list(dict.fromkeys(quad.triple for quad in data))
    return _Covering(statements, ontology, _Graph(shapes)).coverage()


class _Graph:
    """Quads by subject and predicate."""

    def __init__(self, quads: Iterable[Quad]) -> None:
        self.values: dict[Term, dict[NamedNode, list[Term]]] = defaultdict(lambda: defaultdict(list))
        for quad in quads:
            self.values[quad.subject][quad.predicate].append(quad.object)

    def get(self, node: Term, *predicates: NamedNode) -> Iterator[Term]:
        known = self.values.get(node)
        if known is not None:
            for predicate in predicates:
                yield from known.get(predicate, ())

    def members(self, node: Term) -> Iterator[Term]:
        """Yield the node, or the members of the list that it begins."""
        if not any(self.get(node, _FIRST)):
            yield node
            return
        seen = set[Term]()
        while node not in seen and (first := next(self.get(node, _FIRST), None)) is not None:
            seen.add(node)
            yield first
            node = next(self.get(node, _REST), node)

    def is_true(self, node: Term, predicate: NamedNode) -> bool:
        return any(isinstance(v, Literal) and v.value in ("true", "1") for v in self.get(node, predicate))


@dataclass(slots=True)
class _Reads:
    """What a shape looks at: all, or some properties; and which shapes it asks of values."""

    everything: bool
    predicates: set[Term]
    asked: list[tuple[Term, Term]]


class _Covering:
    """The work of finding out what is covered."""

    def __init__(self, statements: list[Triple], ontology: Iterable[Quad], shapes: _Graph) -> None:
        self.statements, self.shapes = statements, shapes
        self.types: dict[Term, list[Term]] = defaultdict(list)
        self.values: dict[tuple[Term, Term], list[Term]] = defaultdict(list)
        for triple in statements:
            if triple.predicate == RDF_TYPE:
                self.types[triple.subject].append(triple.object)
            self.values[triple.subject, triple.predicate].append(triple.object)
        self.above: dict[Term, list[Term]] = defaultdict(list)
        for quad in ontology:
            if quad.predicate == _SUBCLASS:
                self.above[quad.subject].append(quad.object)
        self.everywhere = set[Term]()
        self.known: dict[Term, _Reads] = {}
        self.applied: dict[Term, set[Term]] = defaultdict(set)
        self.targeted = set[Term]()

    def coverage(self) -> Coverage:
        self.apply()
        unseen: dict[tuple[str | None, str], list[str]] = defaultdict(list)
        together = {frozenset(found) for found in self.applied.values()}
        by_shapes = {shapes: self.reads_of(shapes) for shapes in together}
        reads = {node: by_shapes[frozenset(found)] for node, found in self.applied.items()}
        nothing = (False, frozenset[Term]())
        looked_at = 0
        for triple in self.statements:
            everything, predicates = reads.get(triple.subject, nothing)
            if everything or triple.predicate in predicates or triple.predicate in self.everywhere:
                looked_at += 1
            else:
                key = self.kind(triple.subject), triple.predicate.value
                unseen[key].append(str(getattr(triple.subject, "value", "")))
        rows = [
            Unseen(kind, predicate, len(found), min(found)) for (kind, predicate), found in unseen.items()
        ]
        rows.sort(key=lambda row: (-row.statements, row.type or "", row.predicate))
        return Coverage(len(self.statements), looked_at, self.bare_classes(), tuple(rows))

    def reads_of(self, shapes: frozenset[Term]) -> tuple[bool, frozenset[Term]]:
        found = [self.known[shape] for shape in shapes]
        return any(one.everything for one in found), frozenset(
            {RDF_TYPE}.union(*(f.predicates for f in found))
        )

    def kind(self, node: Term) -> str | None:
        return min((str(getattr(t, "value", "")) for t in self.types.get(node, ())), default=None)

    def bare_classes(self) -> tuple[tuple[str, int], ...]:
        counts: dict[str, int] = defaultdict(int)
        for types in self.types.values():
            for cls in types:
                if isinstance(cls, NamedNode) and not self.superclasses(cls) & self.targeted:
                    counts[cls.value] += 1
        return tuple(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))

    def superclasses(self, cls: Term) -> set[Term]:
        found, pending = set[Term](), [cls]
        while pending:
            one = pending.pop()
            if one not in found:
                found.add(one)
                pending += self.above.get(one, ())
        return found

    def apply(self) -> None:
        """Put shapes to the nodes that they are for, and to the values that these lead to."""
        pending = list(self.targets())
        while pending:
            node, shape = pending.pop()
            if shape in self.applied[node]:
                continue
            self.applied[node].add(shape)
            for predicate, asked in self.reads(shape).asked:
                pending += [(value, asked) for value in self.values.get((node, predicate), ())]

    def targets(self) -> Iterator[tuple[Term, Term]]:
        of_class: dict[Term, list[Term]] = defaultdict(list)
        by_subject: dict[Term, list[Term]] = defaultdict(list)
        by_object: dict[Term, list[Term]] = defaultdict(list)
        for shape in list(self.shapes.values):
            if self.shapes.is_true(shape, term("sh:deactivated")):
                continue
            for cls in self.shapes.get(shape, term("sh:targetClass")):
                of_class[cls].append(shape)
            if any(str(t) in (str(term("owl:Class")), str(term("rdfs:Class"))) for t in
                   self.shapes.get(shape, RDF_TYPE)):  # fmt: skip
                of_class[shape].append(shape)
            for predicate in self.shapes.get(shape, term("sh:targetSubjectsOf")):
                by_subject[predicate].append(shape)
            for predicate in self.shapes.get(shape, term("sh:targetObjectsOf")):
                by_object[predicate].append(shape)
            for node in self.shapes.get(shape, term("sh:targetNode")):
                yield node, shape
        self.targeted = set(of_class)
        closures: dict[Term, list[Term]] = {}
        for node, types in self.types.items():
            for cls in types:
                if cls not in closures:
                    closures[cls] = [s for above in self.superclasses(cls) for s in of_class.get(above, ())]
                yield from ((node, shape) for shape in closures[cls])
        for triple in self.statements:
            yield from ((triple.subject, shape) for shape in by_subject.get(triple.predicate, ()))
            yield from ((triple.object, shape) for shape in by_object.get(triple.predicate, ()))

    def reads(self, shape: Term) -> _Reads:
        """Give what a shape looks at, itself and by the shapes that it asks of the same node."""
        if shape in self.known:
            return self.known[shape]
        found = self.known[shape] = _Reads(False, set(), [])
        if self.shapes.is_true(shape, term("sh:deactivated")):
            return found
        found.everything = self.shapes.is_true(shape, term("sh:closed"))
        for path in self.shapes.get(shape, term("sh:path")):
            self.read_path(shape, path, found)
            break
        else:
            self.join(found, self.inner(shape, (*_SAME_FOCUS, term("sh:property"))))
        found.predicates.update(self.shapes.get(shape, *_COMPARED))
        found.predicates |= self.named_in_queries(shape)
        return found

    def join(self, found: _Reads, shapes: Iterable[Term]) -> None:
        for inner in shapes:
            more = self.reads(inner)
            found.everything |= more.everything
            found.predicates |= more.predicates
            found.asked += more.asked

    def read_path(self, shape: Term, path: Term, found: _Reads) -> None:
        first, *rest = self.shapes.members(path)
        if isinstance(first, NamedNode):
            found.predicates.add(first)
            if not rest:
                asked = self.inner(shape, (*_VALUE_SHAPES, term("sh:property")))
                found.asked += [(first, inner) for inner in asked]
        else:
            rest.append(first)
        self.everywhere |= {p for step in rest for p in self.path_names(step)}

    def path_names(self, step: Term, depth: int = 0) -> Iterator[Term]:
        if isinstance(step, NamedNode):
            yield step
        elif depth < 50:
            for inner in self.shapes.get(step, *_PATH_STEPS):
                for member in self.shapes.members(inner):
                    yield from self.path_names(member, depth + 1)

    def inner(self, shape: Term, predicates: Iterable[NamedNode]) -> list[Term]:
        heads = list(self.shapes.get(shape, *predicates))
        return [member for head in heads for member in self.shapes.members(head)]

    def named_in_queries(self, shape: Term) -> set[Term]:
        found = set[Term]()
        for query in self.shapes.get(shape, term("sh:sparql")):
            prefixes = dict(PREFIXES)
            for holder in self.shapes.get(query, term("sh:prefixes")):
                for declared in self.shapes.get(holder, term("sh:declare")):
                    prefix = next(self.shapes.get(declared, term("sh:prefix")), None)
                    namespace = next(self.shapes.get(declared, term("sh:namespace")), None)
                    if isinstance(prefix, Literal) and isinstance(namespace, Literal):
                        prefixes[prefix.value] = namespace.value
            for text in self.shapes.get(query, term("sh:select"), term("sh:ask")):
                found |= _names(getattr(text, "value", ""), prefixes)
        return found


def _names(query: str, prefixes: dict[str, str]) -> set[Term]:
    found = set[Term]()
    for iri, name in _NAME.findall(query):
        prefix, _, local = name.partition(":")
        if iri and ":" in iri:
            found.add(NamedNode(iri))
        elif prefix in prefixes:
            found.add(NamedNode(prefixes[prefix] + local))
    return found
