"""Whether IRIs name things well: policy, twins, links that lead nowhere, entities that nobody reaches."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from unicodedata import is_normalized

from pyoxigraph import NamedNode

from kg.check.lint.rules import finding
from kg.check.lint.seen import Seen
from kg.check.lint.vocabulary import short
from kg.check.place import Part, Places, written
from kg.findings import Finding, Place
from kg.source import Room, SourceFile
from kg.turtle import Span
from kg.vocab import RDF_TYPE, term

_VERSIONS = frozenset((term("owl:versionIRI"), term("owl:priorVersion")))
_POLICY = re.compile(r"[a-z0-9._/-]*(?:#[A-Za-z0-9._/-]*)?")


class Everywhere:
    """Every IRI of the dataset, and where it is."""

    def __init__(self, seen: Seen) -> None:
        """Put together what files use and what they are about."""
        self._seen = seen
        self.iris = {iri for iri in seen.subjects if not iri.startswith("_:")}
        self.iris.update(*(facts.iris for facts in seen.facts.values()))

    def first(self, iri: str) -> SourceFile:
        """Give the first file that uses an IRI, or that says something about it."""
        used = (file for file, facts in self._seen.facts.items() if iri in facts.iris)
        return next(used, None) or self._seen.subjects[iri][0]


def policy(everywhere: Everywhere, places: Places, base: str) -> Iterator[Finding]:
    """Yield a finding for each own IRI off policy, and each IRI that is not in normal form."""
    own = (f"{base}id/", f"{base}concept/")
    foreign = (iri for iri in everywhere.iris if not iri.isascii())
    odd = {iri for iri in foreign if not is_normalized("NFC", iri)}
    off = {i for i in everywhere.iris if i.startswith(own) and not _POLICY.fullmatch(i, len(base))} - odd
    form = "is not in Unicode normal form NFC.", "er ikke i Unicode-normalformen NFC."
    signs = (
        "has other characters than a-z, 0-9, '-', '.' and '_'.",
        "har andre tegn enn a-z, 0-9, «-», «.» og «_».",
    )
    for some, (en, nb) in ((odd, form), (off, signs)):
        for iri in sorted(some):
            place = places.term(everywhere.first(iri), iri)
            yield finding("iri-policy", f"<{iri}> {en}", f"<{iri}> {nb}", place, value=iri)


def twins(everywhere: Everywhere, places: Places) -> Iterator[Finding]:
    """Yield a finding for each IRI that stands in the dataset with http and with https."""
    plain = (iri for iri in everywhere.iris if iri.startswith("http:"))
    for iri in sorted(iri for iri in plain if f"https{iri[4:]}" in everywhere.iris):
        twin = everywhere.first(f"https{iri[4:]}").relative
        yield finding(
            "iri-twins",
            f"<{iri}> stands in {twin} with https.",
            f"<{iri}> står i {twin} med https.",
            places.term(everywhere.first(iri), iri),
            value=iri,
            hint=("Use one of them.", "Bruk én av dem."),
        )


def dangling(seen: Seen, places: Places, base: str) -> Iterator[Finding]:
    """Yield a finding for each own IRI, in each file that links to it, that no file says anything about."""
    namespaces = tuple(seen.own_namespaces())
    versions = (written(quad.object) for _, quad in seen.schema if quad.predicate in _VERSIONS)
    known = {base, *versions, *(file.graph.value for file in seen.facts)}
    for file, facts in seen.facts.items():
        own = (iri for iri in facts.values if iri.startswith(base) and iri not in known)
        for iri in sorted(iri for iri in own if iri not in seen.subjects):
            if iri.startswith((f"{base}graph/", f"{base}doc/")) or _is_term(iri, namespaces):
                continue
            yield finding(
                "dangling-link",
                f"Nothing is said about <{iri}>.",
                f"Ingenting er sagt om <{iri}>.",
                places.term(file, iri),
                value=iri,
            )


def _is_term(iri: str, namespaces: tuple[str, ...]) -> bool:
    """True for own namespaces and names in them: another rule tells of unknown terms."""
    inside = [len(namespace) for namespace in namespaces if iri.startswith(namespace)]
    return bool(inside) and "/" not in iri[max(inside) :]


def orphans(seen: Seen, places: Places, base: str) -> Iterator[Finding]:
    """Yield a finding for each entity below `id/` that has no link from or to another one."""
    entities = dict[str, SourceFile]()
    begin = f"{base}id/"
    for file, names in seen.typed():
        for iri in names:
            if iri.startswith(begin) and "#" not in iri:
                entities.setdefault(iri, file)
    if not entities:
        return
    linked = set[str]().union(*(facts.entities for facts in seen.facts.values()))
    linking = {iri.partition("#")[0] for iri in seen.linking}
    for iri in sorted(iri for iri in entities if iri not in linked and iri not in linking):
        yield finding(
            "orphan",
            f"{short(iri)} has no link to or from another entity.",
            f"{short(iri)} har ingen lenke til eller fra en annen ting.",
            places.stated(entities[iri], iri, RDF_TYPE.value),
            focus=iri,
        )


def same_labels(seen: Seen, places: Places, base: str) -> Iterator[Finding]:
    """Yield a finding for each own thing with the label of another one of its kind.

    Own is what begins with the base, or everything where nothing does.
    """
    typed = (iri for facts in seen.facts.values() for iri in facts.typed)
    own = base if any(iri.startswith(base) for iri in typed) else ""
    for (predicate, label), subjects in seen.labels.items():
        if len(subjects) < 2:
            continue
        first: dict[NamedNode, str] = {}
        for subject in dict.fromkeys(subjects):
            rooms = {file.room for file in seen.subjects[subject]}
            if not subject.startswith(own) or Room.SHAPES in rooms or (Room.DATA in rooms and "#" in subject):
                continue
            for kind in seen.types_of(subject):
                other = first.setdefault(kind, subject)
                if other != subject:
                    yield _same_label(seen, places, subject, other, predicate.value, label)
                    break


def _same_label(seen: Seen, places: Places, subject: str, other: str, predicate: str, label: str) -> Finding:
    place = next(
        (
            places.at(file, one, Part.VALUE)
            for file in seen.subjects[subject]
            for one in places.text(file).triples(subject, predicate, label)
        ),
        Place(seen.subjects[subject][0].relative),
    )
    return finding(
        "same-label",
        f"{short(other)} has the same label.",
        f"{short(other)} har samme navn.",
        place,
        focus=subject,
        path=predicate,
        value=label,
    )


def duplicate_subjects(seen: Seen, places: Places) -> Iterator[Finding]:
    """Yield a finding for each subject whose type two files of `data/` state."""
    for subject, (first, second) in sorted(seen.twice.items()):
        if second.relative.startswith("data/"):
            yield finding(
                "duplicate-subject",
                f"{first.relative} states the type of <{subject}> too.",
                f"Også {first.relative} sier hvilken type <{subject}> har.",
                places.stated(second, subject, RDF_TYPE.value),
                focus=subject,
                hint=(
                    "Describe a thing in one file, or keep rdf:type to the first.",
                    "Beskriv en ting i én fil, eller la rdf:type stå bare i den første.",
                ),
            )


def prefixes(seen: Seen, places: Places, table: Mapping[str, str]) -> Iterator[Finding]:
    """Yield a finding for each prefix declared otherwise than in the table, or than in most files."""
    declared: dict[str, dict[str, list[tuple[SourceFile, Span]]]] = {}
    for file, glance in seen.glances:
        for prefix, namespace, span in glance.prefixes:
            declared.setdefault(prefix, {}).setdefault(namespace, []).append((file, span))
    for prefix, namespaces in sorted(declared.items()):
        usual = table.get(prefix) or _most(namespaces)
        for namespace, spots in namespaces.items():
            for file, span in spots if namespace != usual else ():
                yield finding(
                    "prefix-clash",
                    f"{prefix}: is <{usual}> elsewhere.",
                    f"{prefix}: er <{usual}> ellers.",
                    places.text(file).place(span),
                    value=namespace,
                )


def _most(namespaces: Mapping[str, list[tuple[SourceFile, Span]]]) -> str:
    counts = Counter({namespace: len(spots) for namespace, spots in namespaces.items()})
    return counts.most_common(1)[0][0]
