"""What was seen of a dataset: the facts of its files, put together so that rules can tell where to look."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from datetime import date
from itertools import chain

from pyoxigraph import NamedNode, Quad

from kg.check.lint import terms
from kg.check.lint.facts import MOST, Around, Facts, Said, gather
from kg.check.lint.glance import Glance
from kg.source import Room, SourceFile

Suspect = tuple[SourceFile, Quad]


class Seen:
    """One reading under way, and afterwards what it saw."""

    def __init__(self, base: str = "", today: date | None = None) -> None:
        """Begin; `base` is what the dataset's own IRIs begin with, `today` when dates begin to lie ahead."""
        self.facts: dict[SourceFile, Facts] = {}
        self.glances: list[tuple[SourceFile, Glance]] = []
        self.blanks: dict[SourceFile, list[Quad]] = {}
        self.subjects: dict[str, tuple[SourceFile, ...]] = {}
        self.shared: set[str] = set()
        self.labels: dict[tuple[NamedNode, str], list[str]] = {}
        self.linking: set[str] = set()
        self.ranged: dict[NamedNode, dict[str, SourceFile]] = {}
        self.schema: list[Suspect] = []
        self.twice: dict[str, tuple[SourceFile, SourceFile]] = {}
        self.namespaces: set[str] = set()
        self.ill_typed, self.odd_literals = list[Suspect](), list[Suspect]()
        self.odd_texts, self.dates = list[Suspect](), list[Suspect]()
        self._stated: dict[Room, Set[str]] = {}
        self._of: dict[int, Facts] = {}  # by the identity of files, whose hash takes long
        year = f"{today.year:04}" if today else "9999"
        self.around = Around(f"{base}id/" if base else "\0", year, frozenset())
        """What the facts of the next file depend on."""

    def watch(self, file: SourceFile, quads: Iterable[Quad]) -> Iterator[Quad]:
        """Pass the quads of a file through, noting what they use and define."""
        facts = Facts()
        yield from gather(facts, quads, file.room, self.around)
        self.add(file, facts)

    def add(self, file: SourceFile, facts: Facts) -> None:
        """Add what a file says to what was seen before; the facts themselves stay as they are."""
        self.facts[file], self.blanks[file], self._of[id(file)] = facts, facts.blanks, facts
        self._stated.pop(file.room, None)
        self._add_subjects(file, facts)
        for key, names in facts.labels.items():
            self.labels.setdefault(key, []).extend(names)
        self.linking |= facts.linking
        self.namespaces |= facts.namespaces
        self._add_ranged(file, facts)
        for mine, theirs, most in (
            (self.schema, facts.schema, None),
            (self.ill_typed, facts.ill_typed, MOST - len(self.ill_typed)),
            (self.odd_literals, facts.odd_literals, MOST - len(self.odd_literals)),
            (self.odd_texts, facts.odd_texts, MOST - len(self.odd_texts)),
            (self.dates, facts.dates, MOST - len(self.dates)),
        ):
            mine += ((file, quad) for quad in theirs[:most])

    def _add_subjects(self, file: SourceFile, facts: Facts) -> None:
        subjects = self.subjects
        again = {name: subjects[name] for name in facts.subjects.keys() & subjects.keys()}
        subjects.update(dict.fromkeys(facts.subjects, (file,)))
        self.shared |= again.keys()
        for name, files in again.items():
            subjects[name] = (*files, file)
            self._add_shared(name, files, file, facts)

    def _add_shared(self, name: str, files: tuple[SourceFile, ...], file: SourceFile, facts: Facts) -> None:
        """Note a subject of data whose type another file of data states too."""
        if file.room is Room.DATA and facts.subjects[name].types:
            others = (f for f in files if f.room is Room.DATA and self._of[id(f)].subjects[name].types)
            if other := next(others, None):
                self.twice.setdefault(name, (other, file))

    def _add_ranged(self, file: SourceFile, facts: Facts) -> None:
        for predicate, values in facts.ranged.items():
            known = self.ranged.setdefault(predicate, {})
            for value in values:
                known.setdefault(value, file)
        for predicate in facts.ranges:
            self.ranged.setdefault(predicate, {})
        if len(self.ranged) > len(self.around.ranged):
            self.around = self.around._replace(ranged=frozenset(self.ranged))

    # -- what it comes to -----------------------------------------------------------------------------

    def said_of(self, name: str) -> Said:
        """Give the properties and the types of a node, as all files state them."""
        files = self.subjects.get(name, ())
        if len(files) == 1:
            return self._of[id(files[0])].subjects[name]
        each = [self._of[id(file)].subjects[name] for file in files]
        properties = frozenset[NamedNode]().union(*(said.properties for said in each))
        return Said(properties, tuple(kind for said in each for kind in said.types))

    def types_of(self, name: str) -> tuple[NamedNode, ...]:
        """Give the types of a node."""
        return self.said_of(name).types

    def typed(self) -> Iterator[tuple[SourceFile, Set[str]]]:
        """Yield the files of data with the nodes whose type they state."""
        return ((file, facts.typed) for file, facts in self.facts.items() if file.room is Room.DATA)

    def stated_in(self, room: Room) -> Set[str]:
        """Give the IRIs that a file of this room says something about."""
        if room not in self._stated:
            stated = (facts.subjects for file, facts in self.facts.items() if file.room is room)
            self._stated[room] = set[str]().union(*stated)
        return self._stated[room]

    def vocabularies(self) -> Mapping[str, frozenset[str]]:
        """Give the names of every namespace that can be checked: pinned ones, and the dataset's own."""
        own: dict[str, set[str]] = {namespace: set() for namespace in self.own_namespaces()}
        begin = tuple(own)
        for some in chain((self.stated_in(Room.ONTOLOGY),), (names for _, names in self.typed())):
            for iri in some if own else ():
                if iri.startswith(begin) and (name := terms.split(iri))[0] in own:
                    own[name[0]].add(name[1])
        pinned = terms.pinned()
        return {**pinned, **{ns: frozenset(names) | pinned.get(ns, frozenset()) for ns, names in own.items()}}

    def own_namespaces(self) -> set[str]:
        """Give the namespaces that the dataset's ontologies and concept schemes define terms in."""
        defined = {terms.split(iri)[0] for iri in self.stated_in(Room.ONTOLOGY)}
        return {namespace for namespace in self.namespaces if namespace in defined}
