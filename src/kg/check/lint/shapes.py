"""Whether shapes do anything: those that no target leads to check nothing."""

from __future__ import annotations

from collections.abc import Iterator

from pyoxigraph import NamedNode

from kg.check.lint.facts import SH
from kg.check.lint.rules import finding
from kg.check.lint.seen import Seen
from kg.check.place import Places
from kg.findings import Finding
from kg.source import SourceFile
from kg.vocab import RDF_TYPE, term

_SHAPE = {f"{SH}NodeShape", f"{SH}PropertyShape"}
_TARGETS = {
    NamedNode(f"{SH}{name}")
    for name in ("targetClass", "targetNode", "targetSubjectsOf", "targetObjectsOf", "target")
}
_CLASSES = {term("rdfs:Class"), term("owl:Class")}


def idle(seen: Seen, places: Places) -> Iterator[Finding]:
    """Yield a finding for each named shape that has no target and that no shape with one leads to."""
    leads: dict[str, set[str]] = {}
    shapes: dict[str, SourceFile] = {}
    live: set[str] = set()
    for file, facts in seen.facts.items():
        for subject, predicate, value in facts.leads:
            leads.setdefault(subject, set()).add(value)
            if value in _SHAPE and predicate == RDF_TYPE and not subject.startswith("_:"):
                shapes.setdefault(subject, file)
            if predicate in _TARGETS:
                live.add(subject)
    live |= {shape for shape in shapes if _CLASSES.intersection(seen.types_of(shape))}
    idle = shapes.keys() - _reached(live, leads)
    followers = {value for shape in idle for value in leads.get(shape, ()) if value != shape}
    for shape in sorted(idle - followers) or sorted(idle)[:1]:
        yield finding(
            "idle-shape",
            f"<{shape}> has no target, and no shape with a target leads to it.",
            f"<{shape}> har ikke noe mål, og ingen form med et mål fører til den.",
            places.stated(shapes[shape], shape, RDF_TYPE.value),
            focus=shape,
            hint=(
                "Give it sh:targetClass or another target, refer to it, or delete it.",
                "Gi den sh:targetClass eller et annet mål, vis til den, eller slett den.",
            ),
        )


def _reached(start: set[str], leads: dict[str, set[str]]) -> set[str]:
    found, todo = set(start), list(start)
    while todo:
        for following in leads.get(todo.pop(), ()):
            if following not in found:
                found.add(following)
                todo.append(following)
    return found
