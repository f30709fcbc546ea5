"""Whether shapes do anything: those that no target leads to check nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pyoxigraph import NamedNode

from kg.check.blanks import is_blank
from kg.check.lint.facts import SH
from kg.check.lint.rules import finding
from kg.check.lint.seen import Seen
from kg.check.place import Places
from kg.check.shacl.components import CORE
from kg.check.walk import reached
from kg.findings import Finding, Place
from kg.source import SourceFile
from kg.vocab import RDF_TYPE, term

_SHAPE = {f"{SH}NodeShape", f"{SH}PropertyShape"}
_TARGETS = {
    NamedNode(f"{SH}{name}")
    for name in ("targetClass", "targetNode", "targetSubjectsOf", "targetObjectsOf", "target")
}
_PARAMETERS = {component.predicate for component in CORE} | {NamedNode(f"{SH}sparql")}
_PARAMETER = NamedNode(f"{SH}parameter")
_CLASSES = {term("rdfs:Class"), term("owl:Class")}


def idle(seen: Seen, places: Places) -> Iterator[Finding]:
    """Yield a finding for each shape that has no target and that no shape with one leads to.

    What an idle shape leads to is told with it. A parameter of a component is declared by a shape, too.
    """
    leads: dict[str, set[str]] = {}
    shapes: dict[str, SourceFile] = {}
    live: set[str] = set()
    for file, facts in seen.facts.items():
        for subject, predicate, value in facts.leads:
            leads.setdefault(subject, set()).add(value)
            if predicate in _PARAMETERS or (value in _SHAPE and predicate == RDF_TYPE):
                shapes.setdefault(subject, file)
            if predicate in _TARGETS:
                live.add(subject)
            elif predicate == _PARAMETER:
                live.add(value)
    live |= {shape for shape in shapes if _CLASSES.intersection(seen.types_of(shape))}

    def following(shape: str) -> Iterable[str]:
        return leads.get(shape, ())

    idle = shapes.keys() - set(reached(live, following))
    followers = {value for values in leads.values() for value in values}
    for shape in (*sorted(idle - followers), *sorted(idle & followers)):
        if shape in idle:
            with_it = reached([shape], following)
            idle -= set(with_it)
            yield _idle(shape, shapes[shape], places)


def _idle(shape: str, file: SourceFile, places: Places) -> Finding:
    nameless = is_blank(shape)
    place = places.locate(shape) if nameless else places.stated(file, shape, RDF_TYPE.value)
    return finding(
        "idle-shape",
        f"{'The shape' if nameless else f'<{shape}>'} has no target, and no shape with a target leads to it.",
        f"{'Formen' if nameless else f'<{shape}>'} har ikke noe mål, og ingen form med et mål fører til den.",
        place or Place(file.relative),
        focus=shape,
        hint=(
            "Give it sh:targetClass or another target, refer to it, or delete it.",
            "Gi den sh:targetClass eller et annet mål, vis til den, eller slett den.",
        ),
    )
