"""What pages need of a snapshot, in one SQLite file: exact statements, links back, labels, kinds, search.

Literals stand here as written; the SPARQL store rewrites some of them.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from pyoxigraph import BlankNode, Literal, NamedNode, Quad, RdfFormat, parse

from kg import search
from kg.search import Found, Hit
from kg.vocab import LABELS, RDF_TYPE, local_name

VERSION = "3"
"""Raise when the layout of the file changes: it is part of a snapshot's id."""

FIRST_INCOMING = 20
_MAX_PARTS = 500
_SCHEMA = """
CREATE TABLE term (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
CREATE TABLE quad (s INTEGER, p INTEGER, o INTEGER, g INTEGER, derived INTEGER,
                   PRIMARY KEY (s, p, o, g)) WITHOUT ROWID;
CREATE TABLE label (s INTEGER, language TEXT, text TEXT, rank INTEGER,
                    PRIMARY KEY (s, language)) WITHOUT ROWID;
"""
_INDEXES = """
CREATE INDEX quad_back ON quad (o, p, s);
CREATE TABLE incoming (o INTEGER, p INTEGER, n INTEGER, PRIMARY KEY (o, p)) WITHOUT ROWID;
INSERT INTO incoming SELECT o, p, COUNT(DISTINCT s) FROM quad
    WHERE o IN (SELECT id FROM term WHERE text GLOB '[<_]*') GROUP BY o, p;
CREATE TABLE usage (class INTEGER, p INTEGER, n INTEGER, PRIMARY KEY (class, p)) WITHOUT ROWID;
INSERT INTO usage SELECT 0, p, COUNT(*) FROM (SELECT DISTINCT s, p, o FROM quad) GROUP BY p;
INSERT INTO usage SELECT t.o, q.p, COUNT(*) FROM
    (SELECT DISTINCT s, o FROM quad WHERE p = (SELECT id FROM term WHERE text = '<RDF_TYPE>')) t
    JOIN (SELECT DISTINCT s, p, o FROM quad) q ON q.s = t.s GROUP BY t.o, q.p;
""".replace("<RDF_TYPE>", str(RDF_TYPE))

Value = NamedNode | BlankNode | Literal


@dataclass(frozen=True, slots=True)
class Label:
    """A thing's name; language is empty where the text has none."""

    text: str
    language: str


@dataclass(frozen=True, slots=True)
class Statement:
    """One triple about a thing, and the named graph that states it."""

    subject: NamedNode | BlankNode
    predicate: NamedNode
    object: Value
    graph: str
    derived: bool


@dataclass(frozen=True, slots=True)
class Incoming:
    """The things that point here by one predicate: how many, and the first of them by IRI."""

    predicate: str
    count: int
    subjects: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much to read of a thing about which more is said than `statements`.

    Of each property so many values, those in the first of the languages before others; of so many
    properties, those in `before` first.
    """

    statements: int = 150
    properties: int = 30
    values: int = 24
    before: frozenset[str] = frozenset()
    language: str = ""


@dataclass(frozen=True, slots=True)
class Whole:
    """How much there is where only some was read: values by property, quads written and derived."""

    properties: Mapping[str, int]
    written: int
    derived: int


@dataclass(frozen=True, slots=True)
class Description:
    """What we know of one IRI: its statements, those of the nodes inside it, and what points to it.

    With `whole` only some of the statements are here.
    """

    iri: str
    statements: tuple[Statement, ...]
    parts: Mapping[str, tuple[Statement, ...]]
    incoming: tuple[Incoming, ...]
    whole: Whole | None = None

    @property
    def types(self) -> tuple[str, ...]:
        """Its classes, those that were written before those that follow."""
        typed = sorted((s for s in self.statements if s.predicate == RDF_TYPE), key=lambda s: s.derived)
        return tuple(dict.fromkeys(s.object.value for s in typed))

    def quads(self, *, derived: bool = True) -> tuple[Quad, ...]:
        """Everything stated about it and its parts, in order, literals as written."""
        every = (*self.statements, *(s for part in self.parts.values() for s in part))
        return tuple(
            Quad(s.subject, s.predicate, s.object, NamedNode(s.graph))
            for s in every
            if derived or not s.derived
        )


@dataclass(frozen=True, slots=True)
class Kind:
    """A class and how many things have it."""

    iri: str
    count: int


@dataclass(frozen=True, slots=True)
class Usage:
    """A class with how many things have it, derived or not, and how many triples they have by each property.

    An empty IRI stands for all things, with a class or without.
    """

    iri: str
    count: int
    properties: Mapping[str, int]


def build(path: Path, read: Callable[[], Iterable[Quad]], derived_graphs: frozenset[str]) -> int:
    """Write the index of the quads that `read` yields (it is called twice); give the number of terms.

    Terms are numbered in the order of their text, so that the order of rows is the order of IRIs.
    """
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript(
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -131072;"
        + _SCHEMA
        + "BEGIN;"
    )
    writer = _Writer(connection, _numbered(read()), derived_graphs)
    connection.executemany("INSERT OR IGNORE INTO quad VALUES (?, ?, ?, ?, ?)", writer.rows(read()))
    writer.finish()
    connection.execute("COMMIT")
    connection.executescript(_INDEXES)
    search.build(connection)
    connection.execute("ANALYZE")
    connection.close()
    return len(writer.ids)


def _numbered(quads: Iterable[Quad]) -> dict[str, int]:
    terms = {str(part) for quad in quads for part in (*quad.triple, quad.graph_name)}
    return {text: number for number, text in enumerate(sorted(terms), start=1)}


class _Writer:
    """Turns quads into rows and picks the labels while they go by."""

    def __init__(
        self, connection: sqlite3.Connection, ids: Mapping[str, int], derived_graphs: frozenset[str]
    ) -> None:
        self.connection = connection
        self.derived = {f"<{iri}>" for iri in derived_graphs}
        self.ids = ids
        self.labels: dict[tuple[int, str], tuple[int, str]] = {}
        self.rank = {predicate: rank for rank, predicate in enumerate(LABELS)}

    def rows(self, quads: Iterable[Quad]) -> Iterator[tuple[int, int, int, int, int]]:
        for quad in quads:
            graph = str(quad.graph_name)
            subject = self.ids[str(quad.subject)]
            if isinstance(quad.object, Literal) and quad.predicate in self.rank:
                self.name(subject, quad.predicate, quad.object)
            yield (
                subject,
                self.ids[str(quad.predicate)],
                self.ids[str(quad.object)],
                self.ids[graph],
                graph in self.derived,
            )

    def name(self, subject: int, predicate: NamedNode, literal: Literal) -> None:
        language = literal.language or ""
        key, named = (subject, language), (self.rank[predicate], literal.value)
        self.labels[key] = min(self.labels.get(key, named), named)

    def finish(self) -> None:
        many = self.connection.executemany
        many("INSERT INTO term (text, id) VALUES (?, ?)", self.ids.items())
        many(
            "INSERT INTO label VALUES (?, ?, ?, ?)",
            ((s, language, text, rank) for (s, language), (rank, text) in self.labels.items()),
        )


def _pieces(iris: Iterable[str], size: int = 500) -> Iterator[list[str]]:
    """Yield IRIs and blank nodes as the texts of terms, each once, in pieces that a statement can take."""
    texts = list(dict.fromkeys(iri if iri.startswith("_:") else f"<{iri}>" for iri in iris))
    for start in range(0, len(texts), size):
        yield texts[start : start + size]


def _inside(iri: str) -> tuple[str, str]:
    """Give what the texts of the nodes inside a thing lie between."""
    return f"<{iri}#", f"<{iri}$"


def _marks(values: Sized) -> str:
    return ", ".join("?" * len(values))


class Index:
    """The index of one snapshot, open for reading; safe to share between threads."""

    def __init__(self, path: Path) -> None:
        """Open the file when first asked; each thread gets a connection of its own."""
        self._uri = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
        self._local = threading.local()
        self._searcher = search.Searcher()

    @property
    def _db(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(self._uri, uri=True, check_same_thread=False)
            connection.execute("PRAGMA mmap_size = 268435456")
            self._local.connection = connection
        return connection

    def describe(self, iri: str, bounds: Bounds | None = None) -> Description | None:
        """Give all that is known of an IRI, or None if no statement has it as subject or object.

        Within bounds it takes about the same time for each.
        """
        key = self._id(f"<{iri}>")
        if key is None:
            return None
        whole = self._whole(key) if bounds and self._exceeds(key, bounds.statements) else None
        own = self._some(key, whole, bounds) if bounds and whole else self._statements("t.id = ?", (key,))
        limit = 2 * bounds.statements if bounds else -1
        parts = self._statements("t.text >= ? AND t.text < ?", _inside(iri), limit)
        if len(parts) == limit and not whole:
            whole = self._whole(key)
        parts += self._blank_parts([*own, *parts])
        incoming = self._incoming(key)
        if not own and not parts and not incoming:
            return None
        grouped = {subject.value: tuple(group) for subject, group in groupby(parts, key=lambda s: s.subject)}
        return Description(iri, tuple(own), grouped, incoming, whole)

    def _exceeds(self, key: int, limit: int) -> bool:
        rows = self._db.execute("SELECT 1 FROM quad WHERE s = ? LIMIT -1 OFFSET ?", (key, limit))
        return rows.fetchone() is not None

    def _whole(self, key: int) -> Whole:
        rows = self._db.execute(
            "SELECT p.text, COUNT(DISTINCT q.o), SUM(NOT q.derived), SUM(q.derived) "
            "FROM quad q JOIN term p ON p.id = q.p WHERE q.s = ? GROUP BY q.p",
            (key,),
        ).fetchall()
        counts = {text[1:-1]: count for text, count, _, _ in rows}
        text = self._db.execute("SELECT text FROM term WHERE id = ?", (key,)).fetchone()[0]
        within = self._db.execute(
            "SELECT COUNT(*), COALESCE(SUM(q.derived), 0) FROM term t JOIN quad q ON q.s = t.id "
            "WHERE t.text >= ? AND t.text < ?",
            _inside(text[1:-1]),
        ).fetchone()
        written, derived = (sum(row[place] for row in rows) for place in (2, 3))
        return Whole(counts, written + within[0] - within[1], derived + within[1])

    def _some(self, key: int, whole: Whole, bounds: Bounds) -> list[Statement]:
        """Give the first values of the first properties."""
        chosen = sorted(whole.properties, key=lambda iri: (iri not in bounds.before, iri))
        found: list[Statement] = []
        for iri in sorted(chosen[: bounds.properties]):
            by = self._id(f"<{iri}>")
            values = self._first_values((key, by), whole.properties[iri], bounds)
            where = f"t.id = ? AND q.p = ? AND q.o IN ({_marks(values)})"
            found += self._statements(where, (key, by, *values))
        return sorted(found, key=lambda statement: statement.derived)

    def _first_values(self, said: tuple[int, int | None], count: int, bounds: Bounds) -> list[int]:
        select = "SELECT DISTINCT q.o FROM quad q JOIN term o ON o.id = q.o WHERE q.s = ? AND q.p = ?"
        readable: list[tuple[int]] = []
        if count > bounds.values and bounds.language:
            ending = f'"@{bounds.language}'
            readable = self._db.execute(
                f"{select} AND substr(o.text, ?) = ? ORDER BY q.o LIMIT ?",
                (*said, -len(ending), ending, bounds.values),
            ).fetchall()
        rows = self._db.execute(f"{select} ORDER BY q.o LIMIT ?", (*said, bounds.values)).fetchall()
        return [number for (number,) in dict.fromkeys((*readable, *rows))][: bounds.values]

    def statements(
        self, iri: str, predicate: str = "", *, skip: int = 0, limit: int = 100
    ) -> tuple[tuple[str, Value], ...]:
        """Give what is said of a thing, or only by one property: properties and values in order."""
        by = "AND p.text = ?" if predicate else ""
        rows = self._db.execute(
            "SELECT DISTINCT p.text, o.text FROM term s JOIN quad q ON q.s = s.id JOIN term p ON p.id = q.p "
            f"JOIN term o ON o.id = q.o WHERE s.text = ? {by} ORDER BY q.p, q.o LIMIT ? OFFSET ?",
            (f"<{iri}>", *((f"<{predicate}>",) if predicate else ()), limit, skip),
        )
        text = "".join(f"<{iri}> {p} {o} .\n" for p, o in rows)
        return tuple((q.predicate.value, q.object) for q in parse(text, format=RdfFormat.N_TRIPLES))

    def knows(self, iri: str) -> bool:
        """Tell whether any statement mentions an IRI."""
        return self._id(f"<{iri}>") is not None

    def knows_any(self, beginning: str) -> bool:
        """Tell whether any statement mentions an IRI that begins so."""
        text = f"<{beginning}"
        row = self._db.execute("SELECT text FROM term WHERE text >= ? LIMIT 1", (text,)).fetchone()
        return row is not None and row[0].startswith(text)

    def _id(self, text: str) -> int | None:
        row = self._db.execute("SELECT id FROM term WHERE text = ?", (text,)).fetchone()
        return row[0] if row else None

    def _statements(self, where: str, values: Sequence[object], limit: int = -1) -> list[Statement]:
        rows = self._db.execute(
            "SELECT t.text, p.text, o.text, g.text, q.derived FROM term t JOIN quad q ON q.s = t.id "
            "JOIN term p ON p.id = q.p JOIN term o ON o.id = q.o JOIN term g ON g.id = q.g "
            f"WHERE {where} ORDER BY q.s, q.derived, q.p, q.o LIMIT ?",
            (*values, limit),
        ).fetchall()
        text = "".join(f"{s} {p} {o} {g} .\n" for s, p, o, g, _ in rows)
        quads = parse(text, format=RdfFormat.N_QUADS)
        return [
            Statement(quad.subject, quad.predicate, quad.object, quad.graph_name.value, bool(row[4]))
            for quad, row in zip(quads, rows, strict=True)
        ]

    def _blank_parts(self, found: list[Statement]) -> list[Statement]:
        reached: list[Statement] = []
        seen: set[str] = set()
        while len(reached) < _MAX_PARTS:
            nodes = {s.object.value for s in found if isinstance(s.object, BlankNode)} - seen
            if not nodes:
                break
            seen |= nodes
            found = self._statements(f"t.text IN ({_marks(nodes)})", [f"_:{node}" for node in sorted(nodes)])
            reached += found
        return reached

    def _incoming(self, key: int) -> tuple[Incoming, ...]:
        rows = self._db.execute(
            "SELECT p.text, i.n, i.p FROM incoming i JOIN term p ON p.id = i.p WHERE i.o = ? ORDER BY p.text",
            (key,),
        ).fetchall()
        return tuple(
            Incoming(text[1:-1], count, self._subjects(key, predicate, "", FIRST_INCOMING))
            for text, count, predicate in rows
        )

    def _subjects(self, key: int, predicate: int, after: str, limit: int) -> tuple[str, ...]:
        rows = self._db.execute(
            "SELECT DISTINCT t.text FROM quad q JOIN term t ON t.id = q.s "
            "WHERE q.o = ? AND q.p = ? AND q.s > COALESCE((SELECT id FROM term WHERE text = ?), 0) "
            "ORDER BY q.s LIMIT ?",
            (key, predicate, f"<{after}>", limit),
        )
        return tuple(text[1:-1] if text[0] == "<" else text for (text,) in rows)

    def incoming(self, iri: str, predicate: str, *, after: str = "", limit: int = 100) -> tuple[str, ...]:
        """Give the subjects that point to an IRI by a predicate, those after a given one, IRIs in order."""
        key, by = self._id(f"<{iri}>"), self._id(f"<{predicate}>")
        if key is None or by is None:
            return ()
        return self._subjects(key, by, after, limit)

    def count(self, iri: str, predicate: str) -> int:
        """Give how many things point to an IRI by a predicate."""
        row = self._db.execute(
            "SELECT n FROM incoming WHERE o = ? AND p = ?", (self._id(f"<{iri}>"), self._id(f"<{predicate}>"))
        ).fetchone()
        return int(row[0]) if row else 0

    def labels(self, iris: Iterable[str], languages: Sequence[str]) -> dict[str, Label]:
        """Give each IRI's name in the first of these languages it has, else in any, else from the IRI."""
        wanted = list(dict.fromkeys(iris))
        order = {language: rank for rank, language in enumerate((*languages, ""))}
        found: dict[str, list[Label]] = defaultdict(list)
        for some in _pieces(wanted):
            for text, language, label in self._db.execute(
                "SELECT t.text, l.language, l.text FROM term t JOIN label l ON l.s = t.id "
                f"WHERE t.text IN ({_marks(some)}) ORDER BY t.id, l.language",
                some,
            ):
                found[text[1:-1]].append(Label(label, language))
        return {
            iri: min(found[iri], key=lambda label: order.get(label.language, len(order)))
            if iri in found
            else Label(local_name(iri), "")
            for iri in wanted
        }

    def values(
        self, iris: Iterable[str], predicates: Iterable[str] = ()
    ) -> dict[str, dict[str, tuple[Value, ...]]]:
        """Give what is said of each thing by each of these predicates, or by all, literals as written.

        A value that several graphs state comes once; a thing of which nothing is said is left out.
        """
        named = [f"<{predicate}>" for predicate in predicates]
        by = f"AND q.p IN (SELECT id FROM term WHERE text IN ({_marks(named)}))" if named else ""
        found: dict[str, dict[str, tuple[Value, ...]]] = {}
        for some in _pieces(iris):
            rows = self._db.execute(
                "SELECT DISTINCT s.text, p.text, o.text FROM term s CROSS JOIN quad q ON q.s = s.id "
                "JOIN term p ON p.id = q.p JOIN term o ON o.id = q.o "
                f"WHERE s.text IN ({_marks(some)}) {by} ORDER BY q.s, q.p, q.o",
                (*some, *named),
            ).fetchall()
            triples = parse("".join(f"{s} {p} {o} .\n" for s, p, o in rows), format=RdfFormat.N_TRIPLES)
            for subject, of_thing in groupby(triples, key=lambda quad: quad.subject):
                found[subject.value if isinstance(subject, NamedNode) else str(subject)] = {
                    predicate.value: tuple(quad.object for quad in group)
                    for predicate, group in groupby(of_thing, key=lambda quad: quad.predicate)
                }
        return found

    def users(self, iris: Iterable[str], *, but: Sequence[str] = ()) -> dict[str, tuple[str, ...]]:
        """Give the things that point to each IRI, by any predicate but those in some namespaces."""
        others = "".join(" AND p.text NOT GLOB ?" for _ in but)
        found: dict[str, list[str]] = defaultdict(list)
        for some in _pieces(iris):
            rows = self._db.execute(
                "SELECT DISTINCT o.text, s.text FROM term o CROSS JOIN quad q ON q.o = o.id "
                "JOIN term p ON p.id = q.p JOIN term s ON s.id = q.s "
                f"WHERE o.text IN ({_marks(some)}) AND s.text GLOB '<*'{others} ORDER BY q.o, q.s",
                (*some, *(f"<{namespace}*" for namespace in but)),
            )
            for used, user in rows:
                found[used[1:-1]].append(user[1:-1])
        return {iri: tuple(by) for iri, by in found.items()}

    def kinds(self) -> tuple[Kind, ...]:
        """Give the classes that things were written to have, the most used first."""
        rows = self._db.execute(
            "SELECT o.text, COUNT(DISTINCT q.s) AS n FROM quad q JOIN term o ON o.id = q.o "
            "WHERE q.p = ? AND NOT q.derived AND o.text GLOB '<*' GROUP BY q.o ORDER BY n DESC, o.text",
            (self._id(str(RDF_TYPE)),),
        )
        return tuple(Kind(text[1:-1], count) for text, count in rows)

    def usage(self) -> tuple[Usage, ...]:
        """Give what properties are used with: first with all things, then by class, the most used first."""
        used: dict[str, dict[str, int]] = defaultdict(dict)
        for class_text, predicate, count in self._db.execute(
            "SELECT COALESCE(c.text, ''), p.text, u.n FROM usage u LEFT JOIN term c ON c.id = u.class "
            "JOIN term p ON p.id = u.p WHERE u.class = 0 OR c.text GLOB '<*' ORDER BY u.n DESC, p.text"
        ):
            used[class_text[1:-1]][predicate[1:-1]] = count
        sizes = self._db.execute(
            "SELECT o.text, i.n FROM incoming i JOIN term o ON o.id = i.o WHERE i.p = ?",
            (self._id(str(RDF_TYPE)),),
        )
        size = {text[1:-1]: count for text, count in sizes}
        rows = (Usage(iri, size.get(iri, 0), properties) for iri, properties in used.items())
        return tuple(sorted(rows, key=lambda row: (row.iri != "", -row.count, row.iri)))

    def members(self, class_iri: str, *, after: str = "", limit: int = 100) -> tuple[str, ...]:
        """Give the things of a class, subclasses included, those after a given one, IRIs in order."""
        return self.incoming(class_iri, RDF_TYPE.value, after=after, limit=limit)

    def subjects(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield every IRI that something is said about, with the classes written for it; IRIs in order."""
        rows = self._db.execute(
            "SELECT t.text, GROUP_CONCAT(CASE WHEN q.p = ? AND NOT q.derived THEN o.text END, ' ') "
            "FROM quad q JOIN term t ON t.id = q.s JOIN term o ON o.id = q.o "
            "WHERE t.text GLOB '<*' GROUP BY q.s ORDER BY q.s",
            (self._id(str(RDF_TYPE)),),
        )
        for text, types in rows:
            yield text[1:-1], tuple(dict.fromkeys(iri[1:-1] for iri in (types or "").split()))

    def names(self) -> Iterator[tuple[str, str, str]]:
        """Yield every name that searches look through: IRI, text, language; labels first, IRIs in order."""
        return search.names(self._db)

    def ending_in(self, name: str, limit: int = 10) -> tuple[str, ...]:
        """Give the things whose IRI ends in `/name` or `#name`, IRIs in order."""
        rows = self._db.execute(
            "SELECT text FROM term WHERE text GLOB '<*' AND substr(text, ?) IN (?, ?) "
            "AND id IN (SELECT s FROM quad) ORDER BY id LIMIT ?",
            (-len(name) - 2, f"/{name}>", f"#{name}>", limit),
        )
        return tuple(text[1:-1] for (text,) in rows)

    def search(
        self, text: str, languages: Sequence[str] = (), *, kind: str = "", after: str = "", limit: int = 20
    ) -> Found:
        """Give one page of the things that these words find, of one class where one is named."""
        return self._searcher.find(self._db, text, languages, kind=kind, after=after, limit=limit)

    def complete(self, text: str, languages: Sequence[str] = (), limit: int = 10) -> tuple[Hit, ...]:
        """Give the things that somebody who has typed this far may mean."""
        return self._searcher.complete(self._db, text, languages, limit)
