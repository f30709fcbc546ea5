"""What each class must have: the shapes of a snapshot as tables that people can read."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Blueprint, Response
from pyoxigraph import BlankNode, DefaultGraph, Literal, NamedNode, Quad, Store

from endpoint import html, negotiate
from endpoint import site as current
from endpoint.negotiate import HTML, JSON
from endpoint.respond import respond
from endpoint.variants import address, alternates, choose, named, query_string
from kg.index import Label
from kg.vocab import RDF_TYPE, RDFS_LABEL, local_name, term

blueprint = Blueprint("shapes", __name__)

Node = NamedNode | BlankNode
_FORMS = (HTML, JSON)
_TARGETS = ("targetClass", "targetSubjectsOf", "targetObjectsOf", "targetNode")
_LISTS = ("in", "languageIn", "or", "and", "xone")
_VALUED = (
    "class", "datatype", "nodeKind", "hasValue", "pattern", "minInclusive", "maxInclusive", "minExclusive",
    "maxExclusive", "minLength", "maxLength", "uniqueLang", "equals", "disjoint", "lessThan",
    "lessThanOrEquals", "node", "not", "qualifiedValueShape", "qualifiedMinCount", "qualifiedMaxCount",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rule:
    """What a shape asks for: of a thing itself, or (with a path) of the values of a property.

    `asked` are (constraint, values), IRIs among the values as they are.
    """

    iri: str
    anchor: str
    names: Mapping[str, str]
    path: str
    predicate: str | None
    least: int
    most: int | None
    asked: tuple[tuple[str, tuple[str, ...]], ...]
    severity: str
    messages: Mapping[str, str]
    order: float

    @property
    def cardinality(self) -> str:
        """How many values there may be, as people write it: `1`, `0..1`, `1..*`."""
        most = "*" if self.most is None else str(self.most)
        return most if str(self.least) == most else f"{self.least}..{most}"


@dataclass(frozen=True, slots=True)
class ClassShape:
    """A shape with targets: what it is for, what it asks of the thing, and of each property."""

    iri: str
    anchor: str
    names: Mapping[str, str]
    targets: tuple[tuple[str, str], ...]
    closed: bool
    own: Rule
    rules: tuple[Rule, ...]

    def is_for(self, iri: str) -> bool:
        """True if the shape is for the things of this class, or those with this property."""
        return any(target == iri for _, target in self.targets)


@lru_cache(maxsize=4)
def of_store(path: Path) -> tuple[ClassShape, ...]:
    """Read the shapes of the snapshot whose store this is; the folder of a snapshot never changes."""
    return _Reading(current.opened(path)).shapes()


class _Reading:
    """Shapes being read from a store whose default graph holds them."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def values(self, node: Node, name: str) -> list[Any]:
        predicate = term(f"sh:{name}")
        return sorted(
            {q.object for q in self.store.quads_for_pattern(node, predicate, None, DefaultGraph())}, key=str
        )

    def shapes(self) -> tuple[ClassShape, ...]:
        targets: dict[Node, list[tuple[str, str]]] = defaultdict(list)
        for kind in _TARGETS:
            for quad in self.store.quads_for_pattern(None, term(f"sh:{kind}"), None, DefaultGraph()):
                if (
                    isinstance(quad.subject, NamedNode)
                    and isinstance(quad.object, NamedNode)
                    and (kind, quad.object.value) not in targets[quad.subject]
                ):
                    targets[quad.subject].append((kind, quad.object.value))
        for quad in self.store.quads_for_pattern(None, RDF_TYPE, term("sh:NodeShape"), DefaultGraph()):
            is_class = any(
                any(self.store.quads_for_pattern(quad.subject, RDF_TYPE, term(name), DefaultGraph()))
                for name in ("owl:Class", "rdfs:Class")
            )
            if isinstance(quad.subject, NamedNode) and is_class and not targets[quad.subject]:
                targets[quad.subject].append(("targetClass", quad.subject.value))
        made = [self.shape(node, tuple(sorted(found))) for node, found in targets.items() if found]
        return tuple(sorted(made, key=lambda shape: (not shape.rules, shape.anchor)))

    def shape(self, node: Node, targets: tuple[tuple[str, str], ...]) -> ClassShape:
        own = self.rule(node)
        inner = [
            self.rule(found) for found in self.values(node, "property") if not isinstance(found, Literal)
        ]
        inner.sort(key=lambda rule: (rule.order, rule.anchor))
        return ClassShape(
            own.iri, own.anchor, own.names, targets, self.is_true(node, "closed"), own, tuple(inner)
        )

    def rule(self, node: Node) -> Rule:
        iri = node.value if isinstance(node, NamedNode) else ""
        path = next(iter(self.values(node, "path")), None)
        most = self.number(node, "maxCount")
        severity = next((v.value for v in self.values(node, "severity")), "")
        return Rule(
            iri=iri,
            anchor=local_name(iri) if iri else "",
            names=self.texts(node, term("sh:name")) or self.texts(node, RDFS_LABEL),
            path=self.path(path) if path is not None else "",
            predicate=path.value if isinstance(path, NamedNode) else None,
            least=int(self.number(node, "minCount") or 0),
            most=None if most is None else int(most),
            asked=tuple(self.asked(node)),
            severity=local_name(severity).lower() if severity else "violation",
            messages=self.texts(node, term("sh:message")),
            order=next(iter(self.numbers(node, "order")), float("inf")),
        )

    def asked(self, node: Node) -> Iterator[tuple[str, tuple[str, ...]]]:
        for name in _VALUED:
            values = tuple(self.shown(value) for value in self.values(node, name))
            if values and values != ("false",):
                yield name, values
        for name in _LISTS:
            for head in self.values(node, name):
                yield name, tuple(self.shown(member) for member in self.members(head))
        if self.values(node, "sparql"):
            yield "sparql", ()

    def shown(self, value: Any) -> str:
        """Give an IRI or a literal's text; a shape without IRI by what it asks for."""
        if not isinstance(value, BlankNode):
            return str(value.value)
        path = next(iter(self.values(value, "path")), None)
        parts = [
            f"sh:{name} {' '.join(map(html.short, values))}".strip() for name, values in self.asked(value)
        ]
        return "; ".join([*([self.path(path)] if path is not None else []), *parts]) or "…"

    def path(self, node: Any, depth: int = 0) -> str:
        """Give a path as SPARQL writes it, names shortened."""
        if isinstance(node, NamedNode) or depth > 20:
            return html.short(str(getattr(node, "value", "")))
        for name, mark in (("inversePath", "^"),):
            for inner in self.values(node, name):
                return mark + self.path(inner, depth + 1)
        for name, mark in (("zeroOrMorePath", "*"), ("oneOrMorePath", "+"), ("zeroOrOnePath", "?")):
            for inner in self.values(node, name):
                return f"({self.path(inner, depth + 1)}){mark}"
        for head in self.values(node, "alternativePath"):
            return " | ".join(self.path(member, depth + 1) for member in self.members(head))
        return " / ".join(self.path(member, depth + 1) for member in self.members(node))

    def members(self, node: Any) -> Iterator[Any]:
        seen = set[Any]()
        while isinstance(node, BlankNode) and node not in seen:
            seen.add(node)
            first, rest = (
                next(
                    iter(self.store.quads_for_pattern(node, term(f"rdf:{name}"), None, DefaultGraph())), None
                )
                for name in ("first", "rest")
            )
            if first is None or rest is None:
                return
            yield first.object
            node = rest.object

    def texts(self, node: Node, predicate: NamedNode) -> dict[str, str]:
        found = {q.object for q in self.store.quads_for_pattern(node, predicate, None, DefaultGraph())}
        literals = sorted((v for v in found if isinstance(v, Literal)), key=str)
        return {literal.language or "": literal.value for literal in literals}

    def numbers(self, node: Node, name: str) -> Iterator[float]:
        for value in self.values(node, name):
            try:
                yield float(value.value)
            except ValueError:
                continue

    def number(self, node: Node, name: str) -> float | None:
        return next(self.numbers(node, name), None)

    def is_true(self, node: Node, name: str) -> bool:
        return any(value.value in ("true", "1") for value in self.values(node, name))


@blueprint.app_template_global("shapes_of")
def of_class(iri: str) -> tuple[ClassShape, ...]:
    """Give the shapes that are for a class or a property; nothing is read for what no shape is for."""
    store, node = current.opened(current.snapshot().store), NamedNode(iri)
    aimed = (Quad(node, RDF_TYPE, term("sh:NodeShape")) in store) or any(
        any(store.quads_for_pattern(None, term(f"sh:{kind}"), node, DefaultGraph())) for kind in _TARGETS
    )
    if not aimed:
        return ()
    return tuple(shape for shape in of_store(current.snapshot().store) if shape.is_for(iri))


@blueprint.app_template_global("shape_anchor")
def anchor_of(iri: str | None) -> str | None:
    """Give the anchor of a shape of the dataset on the page of shapes; None for the shapes of others."""
    return local_name(iri) if iri and iri.startswith(current.snapshot().config.base) else None


@blueprint.get("/shapes", defaults={"suffix": ""})
@blueprint.get("/shapes.<suffix>")
def page(suffix: str) -> Response:
    """What each class must have, in tables; anchors are the names of the shapes."""
    form = named(suffix, _FORMS, "shapes")
    chosen, vary = choose(form, _FORMS, "shapes")
    found = of_store(current.snapshot().store)
    links, where = alternates("shapes", _FORMS, chosen), address("shapes", chosen)
    if chosen is JSON:
        return respond(_json(found), JSON, vary=vary, content_location=where, links=links)
    body = html.render(
        "shapes.html",
        shapes=found,
        names=_names(found),
        first_of=_first_of(found),
        text_in=_text_in,
        is_iri=lambda text: "://" in text and " " not in text,
        formats=[(form, address("shapes", form)) for form in _FORMS],
    )
    return respond(body, HTML, vary=(*vary, "Accept-Language"), content_location=where, links=links,
                   language=html.language(), variant=query_string())  # fmt: skip


def _first_of(found: tuple[ClassShape, ...]) -> dict[str, str]:
    """Give the class shape in whose table a shared rule has its anchor."""
    first: dict[str, str] = {shape.anchor: shape.anchor for shape in found}
    for shape in found:
        for rule in shape.rules:
            first.setdefault(rule.anchor, shape.anchor)
    return first


def _text_in(texts: Mapping[str, str]) -> Label:
    for tag in (*negotiate.fallbacks(html.language()), "", *texts):
        if tag in texts:
            return Label(texts[tag], tag)
    return Label("", "")


def _names(found: tuple[ClassShape, ...]) -> Mapping[str, Label]:
    iris = [target for shape in found for _, target in shape.targets]
    return current.index().labels(list(dict.fromkeys(iris)), negotiate.fallbacks(html.language()))


def _json(found: tuple[ClassShape, ...]) -> str:
    rows = [
        {
            "shape": shape.iri,
            "names": shape.names,
            "targets": [{"kind": kind, "iri": iri} for kind, iri in shape.targets],
            "closed": shape.closed,
            "rules": [_row(rule) for rule in (shape.own, *shape.rules)],
        }
        for shape in found
    ]
    return json.dumps(rows, ensure_ascii=False, indent=1) + "\n"


def _row(rule: Rule) -> dict[str, Any]:
    return {
        "shape": rule.iri or None,
        "names": rule.names,
        "path": rule.path or None,
        "minCount": rule.least,
        "maxCount": rule.most,
        "constraints": {name: list(values) for name, values in rule.asked},
        "severity": rule.severity,
        "messages": rule.messages,
    }
