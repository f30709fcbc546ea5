"""What a dataset knows that a page may speak of: concepts, agents, places, web sites."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pyoxigraph import Literal, NamedNode, Quad

from kg.pages.layout import Layout
from kg.pages.words import fold, host, spaced
from kg.vocab import RDF_TYPE, RDFS_LABEL, term

_LABELS = (term("skos:prefLabel"), RDFS_LABEL)
_VARIANTS = (term("skos:altLabel"), term("skos:hiddenLabel"))


@dataclass(frozen=True, slots=True)
class Labels:
    """Names of things, for looking up: as written, folded, and the one to show."""

    exact: Mapping[str, frozenset[str]]
    folded: Mapping[str, frozenset[str]]
    shown: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceVersion:
    """A unit as it was for some time (both days inclusive; empty means unknown or still)."""

    iri: str
    unit: str
    names: tuple[str, ...]
    valid_from: str
    valid_until: str
    within: str | None


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What the dataset knows that a page may speak of."""

    base: str
    schemes: Mapping[str, Labels]
    agents: Labels
    kinds: Mapping[str, tuple[str, ...]]
    places: Mapping[str, tuple[PlaceVersion, ...]]
    containers: Mapping[str, tuple[str, ...]]
    sites: Mapping[str, tuple[str, str]]
    mentioned: Mapping[str, str]


def vocabulary(quads: Iterable[Quad], layout: Layout, *, base: str) -> Vocabulary:
    """Collect from a dataset's quads what phrases, places and addresses on a page are looked up in."""
    facts = _Facts(quads, layout)
    kind_property = {s.agents.kind for s in layout.sections if s.agents}
    kinds = {
        subject: tuple(sorted(values))
        for prefixed in kind_property
        for subject, values in facts.objects[layout.iri(prefixed)].items()
    }
    schemes = facts.objects[term("skos:inScheme").value]
    wanted = {s.scheme for s in layout.sections}
    return Vocabulary(
        base=base,
        schemes={w: _labels(facts, [c for c, s in schemes.items() if w in s]) for w in sorted(wanted)},
        agents=_labels(facts, list(kinds)),
        kinds=kinds,
        places=_places(facts, layout),
        containers=_containers(facts, layout),
        sites=_sites(facts, layout),
        mentioned=_mentioned(facts, base, layout),
    )


class _Facts:
    """The statements that matter here, by property: IRIs and literals of each subject, in order."""

    def __init__(self, quads: Iterable[Quad], layout: Layout) -> None:
        places = layout.places
        single = [places[key] for key in ("name", "unit", "valid_from", "valid_until", "within")]
        single += [layout.homepage["url"], *(s.agents.kind for s in layout.sections if s.agents)]
        wanted = {layout.iri(prefixed) for prefixed in single}
        wanted |= {node.value for node in (*_LABELS, *_VARIANTS, term("skos:inScheme"), RDF_TYPE)}
        self.objects: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for quad in quads:
            subject, value = quad.subject, quad.object
            if quad.predicate.value not in wanted or not isinstance(subject, NamedNode):
                continue
            if isinstance(value, (NamedNode, Literal)):
                self.objects[quad.predicate.value][subject.value].append(value.value)

    def of(self, prop: str, subject: str) -> list[str]:
        return self.objects[prop].get(subject, [])


def _labels(facts: _Facts, subjects: Sequence[str]) -> Labels:
    exact: dict[str, set[str]] = defaultdict(set)
    folded: dict[str, set[str]] = defaultdict(set)
    shown: dict[str, str] = {}
    for subject in subjects:
        preferred = [text for prop in _LABELS for text in facts.of(prop.value, subject)]
        for text in preferred:
            exact[spaced(text)].add(subject)
        for text in (*preferred, *(t for prop in _VARIANTS for t in facts.of(prop.value, subject))):
            folded[fold(text)].add(subject)
        shown[subject] = preferred[0] if preferred else subject
    return Labels(_frozen(exact), _frozen(folded), shown)


def _frozen(index: Mapping[str, set[str]]) -> dict[str, frozenset[str]]:
    return {key: frozenset(values) for key, values in index.items()}


def _places(facts: _Facts, layout: Layout) -> dict[str, tuple[PlaceVersion, ...]]:
    terms = layout.places
    class_iri, found = layout.iri(terms["class"]), defaultdict(list)
    for subject, classes in facts.objects[RDF_TYPE.value].items():
        if class_iri not in classes:
            continue
        version = PlaceVersion(
            iri=subject,
            unit=_first(facts.of(layout.iri(terms["unit"]), subject)),
            names=tuple(dict.fromkeys(facts.of(layout.iri(terms["name"]), subject))),
            valid_from=_first(facts.of(layout.iri(terms["valid_from"]), subject)),
            valid_until=_first(facts.of(layout.iri(terms["valid_until"]), subject)),
            within=_first(facts.of(layout.iri(terms["within"]), subject)) or None,
        )
        for name in version.names:
            found[name].append(version)
    return {name: tuple(sorted(versions, key=lambda v: v.iri)) for name, versions in sorted(found.items())}


def _containers(facts: _Facts, layout: Layout) -> dict[str, tuple[str, ...]]:
    terms = layout.places
    held = {iri for values in facts.objects[layout.iri(terms["within"])].values() for iri in values}
    return {iri: tuple(facts.of(layout.iri(terms["name"]), iri)) for iri in sorted(held)}


def _sites(facts: _Facts, layout: Layout) -> dict[str, tuple[str, str]]:
    """Give the known web sites by host: their IRI and their address as the dataset writes it."""
    class_iri, url = layout.iri(layout.homepage["class"]), layout.iri(layout.homepage["url"])
    types = facts.objects[RDF_TYPE.value]
    pairs = [
        (host(address), (subject, address))
        for subject, addresses in facts.objects[url].items()
        if class_iri in types.get(subject, ())
        for address in addresses
    ]
    return {host: site for host, site in sorted(pairs, reverse=True) if host}


def _mentioned(facts: _Facts, base: str, layout: Layout) -> dict[str, str]:
    things = f"{base}id/"
    own = {f"{things}{layout.entry['kind']}/", f"{things}{layout.homepage['kind']}/"}
    found: dict[str, str] = {}
    for prop in (*_VARIANTS, RDFS_LABEL):
        for subject, texts in facts.objects[prop.value].items():
            rest = subject.removeprefix(things)
            named = subject.startswith(things) and "#" not in rest and rest.count("/") == 1
            if named and not any(subject.startswith(prefix) for prefix in own):
                found.update({text: subject for text in texts if _is_name(text)})
    return dict(sorted(found.items()))


def _is_name(text: str) -> bool:
    return len(text) > 3 and text[0].isupper()


def _first(values: Sequence[str]) -> str:
    return values[0] if values else ""
