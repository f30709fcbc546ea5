"""How words find things: what is indexed, how spellings and inflections meet, and which hit stands first.

A thing worth finding has a page of its own; the words of its parts count as its words. Things are numbered
by how much they matter, so that reading the index in its own order gives the best first.
"""

from __future__ import annotations

import math
import re
import sqlite3
import threading
import unicodedata
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache

import snowballstemmer
from pyoxigraph import Literal, NamedNode, RdfFormat, parse
from rapidfuzz import process
from rapidfuzz.distance import OSA, Prefix

from kg.vocab import LABELS, PREFIXES, RDF_TYPE, local_name, term

MAX_QUERY = 200
MAX_WORDS = 12
MAX_RANKED = 2000
"""So many things of each tier are ranked for one search; all are counted."""

_MAX_NAME = 300
_MAX_TEXT = 4000
_MAX_DEPTH = 5
_MAX_STEMMERS = 4
_MAX_NEAR = 6
_FRONT = "\U0010ffff"
_STEM_SIGN = "~"
"""Begins the stems of a name where names are compared as a whole."""
_BOUNDARY = "¦"
"""A token between two texts of one column, so that no phrase runs across them."""

_ALTERNATIVES = tuple(
    map(
        term, ("skos:altLabel", "dcterms:alternative", "schema:alternateName", "foaf:nick", "bibo:shortTitle")
    )
)
_HIDDEN = (term("skos:hiddenLabel"),)
_CODES = tuple(map(term, ("skos:notation", "dcterms:identifier", "schema:identifier", "bibo:doi")))
_LABEL, _ALTERNATIVE, _MISSPELLING, _CODE, _SLUG = range(5)
_RANKS: Mapping[str, int] = {
    predicate.value: rank
    for rank, predicates in enumerate((LABELS, _ALTERNATIVES, _HIDDEN, _CODES))
    for predicate in predicates
}
_NO_TEXT = tuple(PREFIXES[prefix] for prefix in ("sh", "vann", "vs", "xsd"))
"""Vocabularies whose literals say nothing that anybody searches for."""

_UNSOUGHT = frozenset(
    term(name).value
    for name in (
        "geo:Geometry",
        "qb:ComponentSpecification",
        "qb:Observation",
        "qb:Slice",
        "sh:PropertyGroup",
        "sh:PropertyShape",
        "sh:SPARQLConstraint",
        "sosa:Observation",
    )
)
"""Classes whose things are many and seen on the pages of others."""

_MODEL = tuple(PREFIXES[prefix] for prefix in ("owl", "rdf", "rdfs", "sh"))
_HOLDERS = frozenset(term(name).value for name in ("owl:Ontology", "skos:ConceptScheme"))
"""Classes whose things are read term by term: what stands behind their hash is found for itself."""

_STEMMERS: Mapping[str, str] = {
    "ca": "catalan", "da": "danish", "de": "german", "en": "english", "es": "spanish", "et": "estonian",
    "eu": "basque", "fi": "finnish", "fr": "french", "ga": "irish", "hu": "hungarian", "it": "italian",
    "lt": "lithuanian", "nb": "norwegian", "nl": "dutch", "nn": "norwegian", "no": "norwegian",
    "pt": "portuguese", "ro": "romanian", "ru": "russian", "sv": "swedish", "tr": "turkish",
}  # fmt: skip
_STOP = frozenset(
    re.findall(
        r"\w+",
        """
        a and are as at av de den det du ei ein eit en er et for fra har hva hvem hvilke hvilken hvor i in
        is kor kva kvar kven med no of og om on or pa som the til to ved vi was were what when where which
        who with
        """,
    )
)
"""Words, folded, that need not be there when others are asked for too."""

_LETTERS = str.maketrans({"ø": "o", "æ": "ae", "đ": "d", "ŋ": "n", "ð": "d", "þ": "th", "ł": "l", "œ": "oe",
                          "ı": "i", "ŧ": "t"})  # fmt: skip
_DIGRAPHS = str.maketrans({"å": "aa", "ø": "oe", "ö": "oe", "ä": "ae", "ü": "ue"})
_WORD = re.compile(r"[^\W_]+")
_CAMEL = re.compile(r"(?<=[a-zæøå0-9])(?=[A-ZÆØÅ])")
_QUOTED = re.compile(r'"([^"]*)"|[«“”„]([^«»“”„]*)[»“”]')

_SCHEMA = """
CREATE TABLE found (id INTEGER PRIMARY KEY, s INTEGER NOT NULL, kind INTEGER NOT NULL);
CREATE TABLE name (folded TEXT, id INTEGER, rank INTEGER, language TEXT, text TEXT,
                   PRIMARY KEY (folded, id, rank, language, text)) WITHOUT ROWID;
CREATE TABLE word (text TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE stemmer (name TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE VIRTUAL TABLE search USING fts5 (label, other, code, stem, body, content = '', tokenize = 'ascii',
                                        prefix = '1 2 3');
"""
_INDEXES = """
CREATE INDEX name_of ON name (id);
CREATE INDEX found_thing ON found (s);
INSERT INTO search (search) VALUES ('optimize');
"""
_LABELS_ONLY = "{label stem}"
_NAMES_ONLY = "{label other code stem}"
_WEIGHTS = "8.0, 5.0, 4.0, 3.0, 1.0"


@dataclass(frozen=True, slots=True)
class Hit:
    """A thing that a search found: its IRI, its class, and the name that matched or that it has."""

    iri: str
    text: str
    language: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """One page of hits, the best first; `kinds` counts all of them by class, `after` asks for the next page.

    `near` tells that nothing was spelt as asked and these are the nearest.
    """

    hits: tuple[Hit, ...] = ()
    total: int = 0
    kinds: tuple[tuple[str, int], ...] = ()
    after: str = ""
    near: bool = False


def fold(text: str) -> str:
    """Give the form that searches compare: lower case, without diacritics, ø as o, æ as ae, å as a.

    >>> fold("Lønset og Sætervik på Å")
    'lonset og saetervik pa a'
    """
    lowered = text.casefold()
    if lowered.isascii():
        return lowered
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", lowered).casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c)).translate(_LETTERS)


def words(text: str) -> list[str]:
    """Give the words of a text, folded.

    >>> words("Åfjord (5058): «200 ledige hus»")
    ['afjord', '5058', '200', 'ledige', 'hus']
    """
    return _WORD.findall(fold(text))


def spellings(text: str) -> tuple[list[str], ...]:
    """Give the words of a text in each spelling without special letters, the usual first.

    >>> spellings("Åfjord"), spellings("Haakon"), spellings("Bessaker")
    ((['afjord'], ['aafjord']), (['haakon'], ['hakon']), (['bessaker'],))
    """
    usual = words(text)
    lowered = unicodedata.normalize("NFC", text.casefold())
    every = [usual, words(lowered.translate(_DIGRAPHS)) if not text.isascii() else usual]
    every.append([word.replace("aa", "a").replace("oe", "o") for word in usual])
    return tuple(spelling for n, spelling in enumerate(every) if spelling not in every[:n])


@cache
def _stemmer(name: str) -> Callable[[str], str]:
    """Give the function that stems words of a language: a stemmer keeps state, so one thread at a time."""
    inner, lock = snowballstemmer.stemmer(name), threading.Lock()

    @lru_cache(maxsize=100_000)
    def stem(word: str) -> str:
        if not word.isalpha():
            return word
        with lock:
            return str(inner.stemWord(word))

    return stem


def build(connection: sqlite3.Connection) -> None:
    """Add to an index, whose quads are in place, what searches need."""
    connection.executescript(_SCHEMA)
    connection.execute("BEGIN")
    _Builder(connection).run()
    connection.execute("COMMIT")
    connection.executescript(_INDEXES)


def names(db: sqlite3.Connection) -> Iterator[tuple[str, str, str]]:
    """Yield the written names of all things: IRI, text and language; labels first, IRIs in order."""
    rows = db.execute(
        "SELECT DISTINCT t.text, n.rank, n.language, n.text FROM name n JOIN found f ON f.id = n.id "
        "JOIN term t ON t.id = f.s WHERE n.rank <> ? ORDER BY f.s, n.rank, n.language, n.text",
        (_SLUG,),
    )
    return ((iri[1:-1], text, language) for iri, _, language, text in rows)


@dataclass(slots=True)
class _Thing:
    """What is gathered of one thing before it is written."""

    id: int
    iri: str
    kind: int = 0
    weight: float = 0.0
    names: set[tuple[int, str, str]] = field(default_factory=set)
    texts: list[tuple[str, str]] = field(default_factory=list)


class _Builder:
    """Reads the quads of an index, and writes what is worth finding."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.db = connection
        self.ids = dict(self.db.execute("SELECT text, id FROM term WHERE text GLOB '<*'"))
        self.texts = {key: text[1:-1] for text, key in self.ids.items()}
        self.types = self.written_types()
        self.sizes = Counter(kind for kinds in self.types.values() for kind in kinds)
        self.owners: dict[int, int] = dict(
            self.db.execute(
                "SELECT q.o, MIN(q.s) FROM quad q JOIN term t ON t.id = q.o "
                "WHERE t.text GLOB '_:*' GROUP BY q.o"
            )
        )

    def run(self) -> None:
        literals = self.literals()
        named = {s for s, predicate, _ in literals if _RANKS.get(predicate) == _LABEL}
        self.things = {s: _Thing(s, self.texts[s]) for s in self.sought(named)}
        for s, predicate, literal in literals:
            self.gather(s, predicate, literal)
        self.weigh()
        order = sorted(self.things.values(), key=lambda thing: (-thing.weight, thing.iri))
        self.stemmers = self.common_stemmers(order)
        self.write(order)

    def written_types(self) -> dict[int, list[int]]:
        types: dict[int, list[int]] = defaultdict(list)
        for s, o in self.db.execute(
            "SELECT DISTINCT s, o FROM quad WHERE p = ? AND NOT derived", (self.ids.get(str(RDF_TYPE), 0),)
        ):
            if o in self.texts:
                types[s].append(o)
        return types

    def literals(self) -> list[tuple[int, str, Literal]]:
        """Give the subject, predicate and value of each literal that may hold words."""
        named = [self.ids[f"<{iri}>"] for iri in _RANKS if f"<{iri}>" in self.ids]
        marks = ", ".join("?" * len(named))
        rows = self.db.execute(
            "SELECT DISTINCT q.s, q.p, o.text FROM quad q JOIN term o ON o.id = q.o "
            f"WHERE o.text GLOB '\"*' AND (substr(o.text, -1) <> '>' OR q.p IN ({marks})) "
            "ORDER BY q.s, q.p, q.o",
            named,
        )
        text = "".join(f"<i:{s}> <i:{p}> {literal} .\n" for s, p, literal in rows)
        return [
            (int(quad.subject.value[2:]), self.texts[int(quad.predicate.value[2:])], quad.object)
            for quad in parse(text, format=RdfFormat.N_TRIPLES)
            if isinstance(quad.subject, NamedNode) and isinstance(quad.object, Literal)
        ]

    def sought(self, named: set[int]) -> Iterator[int]:
        """Yield what is worth finding: what has a name, or a class, and is no part of another thing."""
        graphs = {graph for (graph,) in self.db.execute("SELECT DISTINCT g FROM quad")}
        candidates = {
            s
            for s in self.texts.keys() & (named | self.types.keys())
            if (s in named or s not in graphs) and not self.kinds_of(s) & _UNSOUGHT
        }
        for s in candidates:
            root = self.root(s)
            if root == s or root not in candidates:
                yield s
            else:
                self.owners[s] = root

    def kinds_of(self, s: int) -> set[str]:
        return {self.texts[kind] for kind in self.types.get(s, ())}

    def root(self, s: int) -> int:
        """Give the thing on whose page a hash IRI is shown; itself for terms, which are sought as such."""
        before, hash_sign, _ = self.texts[s].partition("#")
        root = self.ids.get(f"<{before}>", s) if hash_sign else s
        return s if self.kinds_of(root) & _HOLDERS else root

    def gather(self, s: int, predicate: str, literal: Literal) -> None:
        thing = self.things.get(s)
        rank = _RANKS.get(predicate)
        if thing is None:
            thing, rank = self.owner(s), None
        if thing is None or predicate.startswith(_NO_TEXT):
            return
        if rank is None:
            thing.texts.append((literal.value[:_MAX_TEXT], literal.language or ""))
        else:
            thing.names.add((rank, literal.value[:_MAX_NAME], literal.language or ""))

    def owner(self, s: int) -> _Thing | None:
        """Give the thing that a part belongs to."""
        for _ in range(_MAX_DEPTH):
            if s not in self.owners and s in self.texts:
                self.owners[s] = self.root(s)
            s = self.owners.get(s, 0)
            if s in self.things:
                return self.things[s]
        return None

    def weigh(self) -> None:
        """Give each thing its class and weight: links to it, less for long names and for many of a kind."""
        many_of = ", ".join(str(self.ids[f"<{iri}>"]) for iri in sorted(_UNSOUGHT) if f"<{iri}>" in self.ids)
        links = dict(
            self.db.execute(
                "SELECT o, COUNT(DISTINCT s) FROM quad WHERE NOT derived AND s NOT IN "
                f"(SELECT s FROM quad WHERE p = ? AND o IN ({many_of})) GROUP BY o",
                (self.ids.get(str(RDF_TYPE), 0),),
            ).fetchall()
        )
        for s, thing in self.things.items():
            kinds = sorted(self.types.get(s, ()), key=self.generality)
            thing.kind = kinds[0] if kinds else 0
            model = bool(kinds) and self.texts[thing.kind].startswith(_MODEL)
            length = min((len(words(text)) for rank, text, _ in thing.names if rank == _LABEL), default=4)
            many = math.log2(1 + self.sizes[thing.kind])
            dull = 0 if not model else 2 if self.texts[thing.kind].endswith("#Class") else 6
            thing.weight = math.log2(1 + links.get(s, 0)) - 0.4 * length - 0.3 * many - dull

    def generality(self, kind: int) -> tuple[bool, int, str]:
        """Sort classes so that the one that tells most stands first."""
        model = self.texts[kind].startswith(_MODEL)
        return model, -self.sizes[kind] if model else self.sizes[kind], self.texts[kind]

    def common_stemmers(self, things: Iterable[_Thing]) -> list[str]:
        used = Counter(
            _STEMMERS.get(language.partition("-")[0], "")
            for thing in things
            for language in (*(row[2] for row in thing.names), *(row[1] for row in thing.texts))
        )
        return [name for name, _ in used.most_common() if name][:_MAX_STEMMERS]

    def write(self, things: Sequence[_Thing]) -> None:
        vocabulary: set[str] = set()
        for number, thing in enumerate(things, start=1):
            self.db.execute("INSERT INTO found VALUES (?, ?, ?)", (number, thing.id, thing.kind))
            self.write_names(number, thing, vocabulary)
        self.db.executemany("INSERT INTO word VALUES (?)", ((word,) for word in sorted(vocabulary)))
        self.db.executemany("INSERT INTO stemmer VALUES (?)", ((name,) for name in sorted(self.stemmers)))

    def write_names(self, number: int, thing: _Thing, vocabulary: set[str]) -> None:
        columns: dict[int, list[str]] = defaultdict(list)
        slug = _CAMEL.sub(" ", local_name(thing.iri))
        stems: dict[str, None] = {}
        rows = []
        for rank, text, language in (*sorted(thing.names), (_SLUG, slug, "")):
            for spelling in spellings(text):
                rows.append((" ".join(spelling), number, rank, language, text))
                columns[rank] += [*spelling, _BOUNDARY]
                vocabulary.update(spelling)
            if rank < _CODE:
                for stemmed in self.stems(text, language):
                    rows.append((_STEM_SIGN + " ".join(stemmed), number, rank, language, text))
                    stems.update(dict.fromkeys(stemmed))
        if columns[_SLUG][:-1] == words(slug):
            columns[_SLUG] += words(slug.replace(" ", ""))
        self.db.executemany("INSERT OR IGNORE INTO name VALUES (?, ?, ?, ?, ?)", rows)
        body = [
            token for text, language in thing.texts for token in (*self.stemmed(text, language), _BOUNDARY)
        ]
        others = columns[_ALTERNATIVE] + columns[_MISSPELLING]
        codes = columns[_CODE] + columns[_SLUG]
        row = (" ".join(tokens) for tokens in (columns[_LABEL], others, codes, stems, body))
        self.db.execute(
            "INSERT INTO search (rowid, label, other, code, stem, body) VALUES (?, ?, ?, ?, ?, ?)",
            (number, *row),
        )

    def stems(self, text: str, language: str) -> list[list[str]]:
        """Give the stems of a text in its language, in every usual one where it has none."""
        own = _STEMMERS.get(language.partition("-")[0])
        names = [own] if own else [] if language else self.stemmers
        return [[_stemmer(name)(word) for word in words(text)] for name in names if name in self.stemmers]

    def stemmed(self, text: str, language: str) -> list[str]:
        own = _STEMMERS.get(language.partition("-")[0]) or (self.stemmers[0] if self.stemmers else None)
        return [_stemmer(own)(word) if own else word for word in words(text)]


@dataclass(frozen=True, slots=True)
class _Query:
    """What was asked: words in order, those that must be there, and phrases in quotes."""

    raw: str
    words: tuple[str, ...]
    needed: tuple[str, ...]
    phrases: tuple[tuple[str, ...], ...]

    @property
    def joined(self) -> str:
        return " ".join(self.words)


def _read(text: str) -> _Query:
    text = text[:MAX_QUERY]
    phrases = [tuple(words(one or other)) for one, other in _QUOTED.findall(text)]
    every = tuple(words(text)[:MAX_WORDS])
    inside = {word for phrase in phrases for word in phrase}
    needed = tuple(word for word in dict.fromkeys(every) if word not in _STOP and word not in inside)
    phrases = [phrase for phrase in phrases if phrase]
    return _Query(text.strip(), every, needed or (() if phrases else every), tuple(phrases))


_Key = tuple[int, int, int]
"""Where a hit stands: tier, place within it, number of the thing."""

_Placed = tuple[_Key, str, str]
"""A place, and the name that was met there with its language, where one was."""

_EXACT, _FIRST_TIER = 0, 2


class Searcher:
    """Answers searches from the tables that `build` has written; one for all threads of an index."""

    def __init__(self) -> None:
        """Read nothing yet."""
        self._words: list[str] | None = None
        self._stemmers: list[str] | None = None

    def find(
        self,
        db: sqlite3.Connection,
        text: str,
        languages: Sequence[str] = (),
        *,
        kind: str = "",
        after: str = "",
        limit: int = 20,
    ) -> Found:
        """Give one page of what these words find, in whatever spelling; the best first.

        A kind that nothing has gives no hits; an `after` that no search gave raises ValueError.
        """
        query = _read(text)
        if not query.words:
            return Found()
        run = _Run(self, db, query, languages, self._kind(db, kind))
        if one := run.by_iri():
            return Found((one,), 1, ((one.kind, 1),) if one.kind else ())
        placed = sorted(run.placed(), key=lambda row: row[0])
        start = _cursor(after)
        rest = [row for row in placed if start is None or row[0] > start][: limit + 1]
        hits = run.hits(rest[:limit])
        total, kinds = run.counts()
        more = ".".join(map(str, rest[limit - 1][0])) if len(rest) > limit else ""
        return Found(hits, total, kinds, more, run.near)

    def complete(
        self, db: sqlite3.Connection, text: str, languages: Sequence[str] = (), limit: int = 10
    ) -> tuple[Hit, ...]:
        """Give the things that somebody who has typed this far may mean, the best first."""
        query = _read(text)
        if not query.words:
            return ()
        run = _Run(self, db, query, languages, None)
        if one := run.by_iri():
            return (one,)
        return run.hits(sorted(run.quickly(limit), key=lambda row: row[0])[:limit])

    def _kind(self, db: sqlite3.Connection, kind: str) -> int | None:
        if not kind:
            return None
        row = db.execute("SELECT id FROM term WHERE text = ?", (f"<{kind}>",)).fetchone()
        return row[0] if row else -1

    def stems(self, db: sqlite3.Connection, word: str) -> set[str]:
        """Give the stems of a word in each language of the index."""
        if self._stemmers is None:
            self._stemmers = [name for (name,) in db.execute("SELECT name FROM stemmer")]
        return {_stemmer(name)(word) for name in self._stemmers}

    def stems_of(self, db: sqlite3.Connection, every: Sequence[str]) -> set[str]:
        """Give some words as stems, once for each language of the index."""
        self.stems(db, "")
        return {" ".join(_stemmer(name)(word) for word in every) for name in self._stemmers or ()}

    def nearest(self, db: sqlite3.Connection, word: str) -> list[str]:
        """Give the words of names that are most like this one: a slip away, or with it inside."""
        if len(word) < 4:
            return []
        if self._words is None:
            self._words = [text for (text,) in db.execute("SELECT text FROM word") if not text.isdecimal()]
        slips = 1 if len(word) < 6 else 2
        close = process.extract(word, self._words, scorer=OSA.distance, score_cutoff=slips, limit=8)
        if close:
            best = min(distance for _, distance, _ in close)
            return [text for text, distance, _ in close if distance == best]
        inside = [text for text in self._words if word in text]
        if inside:
            return sorted(inside, key=lambda text: (len(text), text))[:8]
        place = bisect_left(self._words, word)
        beside = [
            (Prefix.similarity(word, text), text) for text in self._words[max(0, place - 1) : place + 1]
        ]
        return [text for shared, text in sorted(beside)[-1:] if shared > 4 or shared == len(text) == 4]


def _cursor(after: str) -> _Key | None:
    if not after:
        return None
    parts = after.split(".")
    if len(parts) != 3 or not all(part.isascii() and part.isdecimal() and len(part) < 12 for part in parts):
        raise ValueError("This is no place in a list of hits.")
    return int(parts[0]), int(parts[1]), int(parts[2])


class _Run:
    """One search: the expressions it asks, from the narrowest to the widest, and what they gave."""

    def __init__(
        self,
        searcher: Searcher,
        db: sqlite3.Connection,
        query: _Query,
        languages: Sequence[str],
        kind: int | None,
    ) -> None:
        self.searcher, self.db, self.query, self.kind = searcher, db, query, kind
        self.order = {language: place for place, language in enumerate((*languages, ""))}
        self.lowered = query.raw.casefold()
        self.seen: set[int] = set()
        self.near_words: dict[str, list[str]] = {}
        self.widest = ""
        self.counted: tuple[str, list[tuple[str | None, int, int]]] | None = None
        self.near = False

    def placed(self) -> Iterator[_Placed]:
        """Yield each thing with its place, once, and the name that was met where one was."""
        yield from self.by_name(self.forms(), MAX_RANKED)
        whole, begun = self.all_words(prefix=False), self.all_words(prefix=True)
        narrow = [(_LABELS_ONLY, whole), (_NAMES_ONLY, whole), (_LABELS_ONLY, begun), (_NAMES_ONLY, begun)]
        for tier, (columns, expression) in enumerate(narrow, start=_FIRST_TIER):
            yield from self.matches(tier, f"{columns} : ({expression})")
        named = bool(self.seen)
        tier = _FIRST_TIER + len(narrow)
        self.widest = begun
        yield from self.matches(tier, begun, scored=self.counts()[0] <= MAX_RANKED)
        if not named and not self.query.phrases:
            yield from self.widened(tier + 1)

    def widened(self, tier: int) -> Iterator[_Placed]:
        """Yield what is spelt much like this, and where nothing is, what has some of the words."""
        before = len(self.seen)
        near = self.all_words(prefix=True, near=True)
        if near != self.widest:
            yield from self.by_name(self.corrected(), MAX_RANKED, tier)
            tier += 2
            yield from self.matches(tier, f"{_NAMES_ONLY} : ({near})", scored=True)
            self.near = not before and bool(self.seen)
            self.widest = f"({self.widest}) OR ({_NAMES_ONLY} : ({near}))" if self.seen else self.widest
        if not self.seen and len(self.query.needed) > 1:
            self.widest = " OR ".join(
                self.alternatives(word, prefix=True, near=True) for word in self.query.needed
            )
            yield from self.matches(tier + 1, self.widest, scored=True)
            self.near = bool(self.seen)

    def quickly(self, limit: int) -> Iterator[_Placed]:
        """Yield the same from names alone, and stop when there are enough."""
        yield from self.by_name(self.forms(), 8 * limit)
        whole, begun = self.all_words(prefix=False), self.all_words(prefix=True)
        narrow = [(_LABELS_ONLY, whole), (_LABELS_ONLY, begun), (_NAMES_ONLY, begun)]
        for tier, (columns, expression) in enumerate(narrow, start=_FIRST_TIER):
            if len(self.seen) < limit:
                yield from self.matches(tier, f"{columns} : ({expression})", limit=limit * 2)
        if not self.seen:
            near = self.all_words(prefix=True, near=True)
            yield from self.by_name(self.corrected(), 8 * limit, 7)
            yield from self.matches(9, f"{_NAMES_ONLY} : ({near})", limit=limit)

    def by_iri(self) -> Hit | None:
        """Give the thing whose IRI was asked for, if it was one."""
        if ":" not in self.query.raw:
            return None
        row = self.db.execute(
            "SELECT f.id, f.kind FROM found f JOIN term t ON t.id = f.s WHERE t.text = ?",
            (f"<{self.query.raw}>",),
        ).fetchone()
        if row is None or self.kind not in (None, row[1]):
            return None
        return self.hits([((_EXACT, 0, row[0]), "", "")])[0]

    def corrected(self) -> list[str]:
        """Give the words as they were perhaps meant: each one that no name has, by the one most like it."""
        meant = " ".join((self.nearest(word) or [word])[0] for word in self.query.needed)
        return [meant] if meant and meant not in self.forms() else []

    def nearest(self, word: str) -> list[str]:
        """Give the words most like this one; looked up once, and for a few words only: each takes a while."""
        if word not in self.near_words and len(self.near_words) < _MAX_NEAR:
            self.near_words[word] = self.searcher.nearest(self.db, word)
        return self.near_words.get(word, [])

    def forms(self) -> list[str]:
        """Give the names that these words may stand for: all of them, those that matter, as one word."""
        needed = self.query.needed
        every = [self.query.joined, " ".join(needed), "".join(needed)]
        return [form for form in dict.fromkeys(every if len(needed) > 1 else every[:2]) if form]

    def by_name(self, forms: Sequence[str], limit: int, tier: int = _EXACT) -> Iterator[_Placed]:
        """Yield the things with a name that is one of these, in any inflection; then those beginning so."""
        for place, asked in enumerate(forms):
            best: dict[int, tuple[_Key, int, str, str]] = {}
            for number, folded, rank, language, text in self.named(asked, limit):
                same = 0 if folded == asked else 1 if folded.startswith(_STEM_SIGN) else 2
                if same < 2:
                    other = abs(len(text) - len(asked)) > 3 if same else text.casefold() != self.lowered
                    key = (tier, 100 * place + 20 * same + 2 * rank + other, number)
                elif rank == _SLUG:
                    continue
                else:
                    inside = not folded.startswith(f"{asked} ")
                    key = (tier + 1, 100 * place + 2 * inside + (rank > _LABEL), number)
                row = (key, self.order.get(language, len(self.order)), text, language)
                if number not in self.seen:
                    best[number] = min(best.get(number, row), row)
            self.seen |= best.keys()
            for key, _, text, language in best.values():
                yield key, "" if _SLUG * 2 <= key[1] % 20 < 20 and key[0] == tier else text, language

    def named(self, asked: str, limit: int) -> list[tuple[int, str, int, str, str]]:
        """Give the names that are this, and where it has three letters those that begin so."""
        filtered = "" if self.kind is None else "AND (SELECT kind FROM found f WHERE f.id = n.id) = ?"
        wanted = () if self.kind is None else (self.kind,)
        select = (
            "SELECT n.id, n.folded, n.rank, n.language, n.text FROM name n "
            f"WHERE {{}} {filtered} ORDER BY n.id LIMIT ?"
        )
        stems = self.searcher.stems_of(self.db, asked.split())
        same = (asked, *(_STEM_SIGN + stem for stem in stems))
        marks = ", ".join("?" * len(same))
        rows = self.db.execute(select.format(f"n.folded IN ({marks})"), (*same, *wanted, limit)).fetchall()
        if len(asked) < 3:
            return rows
        begun = select.format("n.folded > ? AND n.folded < ?")
        return rows + self.db.execute(begun, (asked, asked + _FRONT, *wanted, limit)).fetchall()

    def matches(
        self, tier: int, expression: str, *, scored: bool = False, limit: int = MAX_RANKED
    ) -> Iterator[_Placed]:
        """Yield what an expression gives that no narrower one gave: by weight, or by how well it fits."""
        filtered = "" if self.kind is None else "AND f.kind = ?"
        score = f"bm25(search, {_WEIGHTS}) + 6.0 * f.id / (SELECT MAX(id) FROM found)" if scored else "0"
        rows = self.db.execute(
            f"SELECT f.id, {score} FROM search JOIN found f ON f.id = search.rowid "
            f"WHERE search MATCH ? {filtered} ORDER BY search.rowid LIMIT ?",
            (expression, *(() if self.kind is None else (self.kind,)), limit),
        ).fetchall()
        for number, value in rows:
            if number not in self.seen:
                self.seen.add(number)
                yield (tier, max(0, int(1_000_000 + value * 10_000)), number), "", ""

    def all_words(self, *, prefix: bool, near: bool = False) -> str:
        """Give the expression for all words and phrases; two words may be written as one."""
        needed = self.query.needed
        every = [self.phrase(phrase) for phrase in self.query.phrases]
        every += [self.alternatives(word, prefix=prefix, near=near) for word in needed]
        expression = " AND ".join(every)
        if len(needed) > 1 and not self.query.phrases:
            joined = "".join(needed)
            expression = f'({expression}) OR "{joined}"{"*" if prefix else ""}'
        return expression

    def phrase(self, phrase: tuple[str, ...]) -> str:
        stems = [sorted(self.searcher.stems(self.db, word) | {word}) for word in phrase]
        as_written = f'{{label other code}} : "{" ".join(phrase)}"'
        each = [" ".join(one[min(n, len(one) - 1)] for one in stems) for n in range(_MAX_STEMMERS)]
        return "({})".format(" OR ".join([as_written, *(f'body : "{one}"' for one in dict.fromkeys(each))]))

    def alternatives(self, word: str, *, prefix: bool, near: bool = False) -> str:
        star = "*" if prefix and (len(word) > 2 or word == self.query.words[-1]) else ""
        others = self.searcher.stems(self.db, word) - {word}
        if near:
            others |= set(self.nearest(word))
        return "({})".format(" OR ".join([f'"{word}"{star}', *(f'"{other}"' for other in sorted(others))]))

    def counts(self) -> tuple[int, tuple[tuple[str, int], ...]]:
        """Give how many things were found, and how many of each class whatever class was asked for."""
        if self.counted and self.counted[0] == self.widest:
            rows = self.counted[1]
        else:
            rows = self.db.execute(
                "SELECT t.text, c.n, c.kind FROM (SELECT f.kind AS kind, COUNT(*) AS n FROM search "
                "JOIN found f ON f.id = search.rowid WHERE search MATCH ? GROUP BY f.kind) c "
                "LEFT JOIN term t ON t.id = c.kind ORDER BY c.n DESC, t.text",
                (self.widest,),
            ).fetchall()
            self.counted = self.widest, rows
        total = sum(count for _, count, kind in rows if self.kind is None or kind == self.kind)
        return total, tuple((text[1:-1], count) for text, count, _ in rows if text)

    def hits(self, placed: Sequence[_Placed]) -> tuple[Hit, ...]:
        """Give the hits at these places, each with the name that was met, or its best one."""
        numbers = [key[2] for key, _, _ in placed]
        marks = ", ".join("?" * len(numbers))
        about = {
            number: (iri[1:-1], kind[1:-1] if kind else "")
            for number, iri, kind in self.db.execute(
                "SELECT f.id, t.text, k.text FROM found f JOIN term t ON t.id = f.s "
                f"LEFT JOIN term k ON k.id = f.kind WHERE f.id IN ({marks})",
                numbers,
            )
        }
        unmet = [key[2] for key, text, _ in placed if not text]
        names = self.names(unmet)
        return tuple(
            Hit(about[key[2]][0], *((text, language) if text else names[key[2]]), about[key[2]][1])
            for key, text, language in placed
        )

    def names(self, numbers: Sequence[int]) -> dict[int, tuple[str, str]]:
        """Give for each thing the name that has most of the words asked for, labels before others."""
        marks = ", ".join("?" * len(numbers))
        best: dict[int, tuple[int, int, int, str, str]] = {}
        for number, folded, rank, language, text in self.db.execute(
            f"SELECT id, folded, rank, language, text FROM name WHERE id IN ({marks})", numbers
        ):
            begun = f" {folded}"
            missing = sum(f" {word}" not in begun for word in self.query.needed)
            row = (missing, rank, self.order.get(language, len(self.order)), text, language)
            best[number] = min(best.get(number, row), row)
        return {number: (row[3], row[4]) for number, row in best.items()}
