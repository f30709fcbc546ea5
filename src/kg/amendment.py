"""How the index of a snapshot follows changes: rows come and go, and it is as if it had been built anew.

What searches find is left as it was: that depends on everything there is.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from pyoxigraph import Literal, NamedNode, Quad, RdfFormat, parse

from kg.vocab import LABELS, RDF_TYPE

_GAP = 2**20
"""How far apart terms are numbered, so that new ones find room between those they stand between."""

NUMBERED: Mapping[str, tuple[str, ...]] = {
    "term": ("id",),
    "quad": ("s", "p", "o", "g"),
    "label": ("s",),
    "incoming": ("o", "p"),
    "usage": ("class", "p"),
    "found": ("s", "kind"),
}
"""The columns of an index that hold numbers of terms."""

_FORGET = "DELETE FROM name WHERE id IN (SELECT id FROM found WHERE s = ?)", "DELETE FROM found WHERE s = ?"

_Row = tuple[int, int, int, int]


class Amendment:
    """A copy of an index that quads are taken out of and put into; `copy` freezes it as a file of its own."""

    def __init__(self, index: Path, path: Path, derived: Iterable[str]) -> None:
        """Copy the index of a snapshot to a path; `derived` are the graphs of what was not written."""
        shutil.copyfile(index, path)
        self._path = path
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.executescript("PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF;")
        self._derived = {f"<{iri}>" for iri in derived}
        self._renumber()

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def copy(self, path: Path) -> None:
        """Write the index as it is now to another file."""
        shutil.copyfile(self._path, path)

    @property
    def terms(self) -> int:
        """How many terms there are."""
        return int(self._db.execute("SELECT COUNT(*) FROM term").fetchone()[0])

    def graphs(self) -> Mapping[str, int]:
        """Give the named graphs, and how many triples each has."""
        return {self._text(g)[1:-1]: count for g, count in self._uses["g"].items() if count}

    def quads(self, subject: str, predicate: str) -> Iterator[Quad]:
        """Yield what is stated about a subject by a property, both named as in N-Triples."""
        rows = self._db.execute(
            "SELECT s.text, p.text, o.text, g.text FROM term s JOIN quad q ON q.s = s.id "
            "JOIN term p ON p.id = q.p JOIN term o ON o.id = q.o JOIN term g ON g.id = q.g "
            "WHERE s.text = ? AND p.text = ?",
            (subject, predicate),
        )
        yield from parse("".join(f"{' '.join(row)} .\n" for row in rows), format=RdfFormat.N_QUADS)

    def of_graphs(self, predicates: Iterable[NamedNode]) -> Mapping[str, set[str]]:
        """Give what is said of each named graph itself by some properties, as plain texts."""
        graphs = ", ".join(str(number) for number, count in self._uses["g"].items() if count)
        marks = ", ".join(str(self._number(str(predicate))) for predicate in predicates)
        rows = self._db.execute(
            "SELECT s.text, p.text, o.text FROM quad q JOIN term s ON s.id = q.s JOIN term p ON p.id = q.p "
            f"JOIN term o ON o.id = q.o WHERE q.s IN ({graphs}) AND q.p IN ({marks}) AND o.text GLOB '[<\"]*'"
        )
        found: dict[str, set[str]] = defaultdict(set)
        for quad in parse("".join(f"{' '.join(row)} .\n" for row in rows), format=RdfFormat.N_TRIPLES):
            assert isinstance(quad.subject, NamedNode)
            assert isinstance(quad.object, NamedNode | Literal)
            found[quad.subject.value].add(quad.object.value)
        return found

    def change(self, gone: Sequence[Quad], come: Sequence[Quad]) -> None:
        """Take quads out and put others in, in one step."""
        self._db.execute("BEGIN")
        try:
            self._change(gone, come)
        except BaseException:
            self._db.execute("ROLLBACK")
            self._count()
            raise
        self._db.execute("COMMIT")

    def _change(self, gone: Sequence[Quad], come: Sequence[Quad]) -> None:
        self._make_room({text for quad in come for text in _texts(quad)})
        self._type = self._number(str(RDF_TYPE))
        removed, added = list(map(self._row, gone)), list(map(self._row, come))
        subjects = {row[0] for row in (*removed, *added)}
        usage = self._usage(subjects)
        for row in removed:
            self._delete(row)
        for row, quad in zip(added, come, strict=True):
            self._insert(row, str(quad.graph_name) in self._derived)
        self._update_usage(usage, self._usage(subjects))
        self._update_incoming({(row[2], row[1]) for row in (*removed, *added)})
        for subject in subjects:
            self._update_labels(subject)
        self._forget({number for row in removed for number in row})

    # Numbers of terms

    def _count(self) -> None:
        """Count how often terms are properties and graphs, for which there is no index."""
        self._uses = {
            part: Counter(dict(self._db.execute(f"SELECT {part}, COUNT(*) FROM quad GROUP BY {part}")))
            for part in ("p", "g")
        }

    def _number(self, text: str) -> int:
        row = self._db.execute("SELECT id FROM term WHERE text = ?", (text,)).fetchone()
        return row[0] if row else 0

    def _text(self, number: int) -> str:
        return str(self._db.execute("SELECT text FROM term WHERE id = ?", (number,)).fetchone()[0])

    def _row(self, quad: Quad) -> _Row:
        s, p, o, g = map(self._number, _texts(quad))
        return s, p, o, g

    def _make_room(self, texts: Iterable[str]) -> None:
        """Number the terms that are new, each between its neighbours."""
        new = sorted(text for text in texts if not self._number(text))
        runs: dict[tuple[int, int], list[str]] = defaultdict(list)
        for text in new:
            runs[self._neighbours(text, 2 * len(new) + 2)].append(text)
        if any(high - low <= len(some) for (low, high), some in runs.items()):
            self._renumber(max(_GAP, 2 * len(new) + 2))
            self._make_room(new)
            return
        for (low, high), some in runs.items():
            step = (high - low) // (len(some) + 1)
            numbered = ((low + step * place, text) for place, text in enumerate(some, start=1))
            self._db.executemany("INSERT INTO term (id, text) VALUES (?, ?)", numbered)

    def _neighbours(self, text: str, end: int) -> tuple[int, int]:
        """Give the numbers of the terms that a new one stands between; behind the last, `end` are free."""
        ask = "SELECT id FROM term WHERE text {} ? ORDER BY text {} LIMIT 1"
        below = self._db.execute(ask.format("<", "DESC"), (text,)).fetchone()
        above = self._db.execute(ask.format(">", "ASC"), (text,)).fetchone()
        low = below[0] if below else 0
        return low, above[0] if above else low + max(_GAP, end)

    def _renumber(self, gap: int = _GAP) -> None:
        """Number all terms anew, far apart."""
        self._db.execute("CREATE TEMP TABLE renumbered (old INTEGER PRIMARY KEY, new INTEGER)")
        self._db.execute(
            "INSERT INTO renumbered "
            f"SELECT id, row_number() OVER (ORDER BY text) * {gap} FROM term ORDER BY id"
        )
        for table, columns in NUMBERED.items():
            self._renumber_table(table, columns)
        self._db.execute("DROP TABLE renumbered")
        self._count()

    def _renumber_table(self, table: str, columns: Sequence[str]) -> None:
        made = dict(
            self._db.execute("SELECT name, sql FROM sqlite_master WHERE tbl_name = ? AND sql <> ''", (table,))
        )
        info = self._db.execute(f"PRAGMA table_info({table})").fetchall()
        values = [f"COALESCE({row[1]}_.new, 0)" if row[1] in columns else f"old.{row[1]}" for row in info]
        joins = " ".join(
            f"LEFT JOIN renumbered {column}_ ON {column}_.old = old.{column}" for column in columns
        )
        key = ", ".join(str(place) for place, row in enumerate(info, start=1) if row[5])
        self._db.execute(f"ALTER TABLE {table} RENAME TO old_{table}")
        self._db.execute(made.pop(table))
        self._db.execute(
            f"INSERT INTO {table} SELECT {', '.join(values)} FROM old_{table} old {joins} ORDER BY {key}"
        )
        self._db.execute(f"DROP TABLE old_{table}")
        for sql in made.values():
            self._db.execute(sql)

    # Rows

    def _delete(self, row: _Row) -> None:
        found = self._db.execute("DELETE FROM quad WHERE s = ? AND p = ? AND o = ? AND g = ?", row)
        self._uses["p"][row[1]] -= found.rowcount
        self._uses["g"][row[3]] -= found.rowcount

    def _insert(self, row: _Row, derived: bool) -> None:
        found = self._db.execute("INSERT OR IGNORE INTO quad VALUES (?, ?, ?, ?, ?)", (*row, derived))
        self._uses["p"][row[1]] += found.rowcount
        self._uses["g"][row[3]] += found.rowcount

    def _usage(self, subjects: Iterable[int]) -> Counter[tuple[int, int]]:
        """Count the triples of some subjects by their classes and properties, as the index does of all."""
        counts: Counter[tuple[int, int]] = Counter()
        for subject in subjects:
            stated = self._db.execute("SELECT DISTINCT p, o FROM quad WHERE s = ?", (subject,)).fetchall()
            classes = [0, *(o for p, o in stated if p == self._type)]
            counts.update((kind, p) for p, _ in stated for kind in classes)
        return counts

    def _update_usage(self, before: Counter[tuple[int, int]], after: Counter[tuple[int, int]]) -> None:
        for key in before.keys() | after.keys():
            if difference := after[key] - before[key]:
                self._db.execute(
                    "INSERT INTO usage VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET n = n + excluded.n",
                    (*key, difference),
                )
        self._db.execute("DELETE FROM usage WHERE n = 0")

    def _update_incoming(self, links: Iterable[tuple[int, int]]) -> None:
        for link in links:
            self._db.execute("DELETE FROM incoming WHERE o = ? AND p = ?", link)
            self._db.execute(
                "INSERT INTO incoming SELECT o, p, COUNT(DISTINCT s) FROM quad WHERE o = ? AND p = ? "
                "AND o IN (SELECT id FROM term WHERE id = o AND text GLOB '[<_]*') GROUP BY o, p",
                link,
            )

    def _update_labels(self, subject: int) -> None:
        ranks = {self._number(str(predicate)): rank for rank, predicate in enumerate(LABELS)}
        rows = self._db.execute(
            f"SELECT q.p, o.text FROM quad q JOIN term o ON o.id = q.o WHERE q.s = ? "
            f"AND q.p IN ({', '.join(map(str, ranks))}) AND o.text GLOB '\"*'",
            (subject,),
        ).fetchall()
        best: dict[str, tuple[int, str]] = {}
        for predicate, text in rows:
            literal = _literal(text)
            named = ranks[predicate], literal.value
            best[literal.language or ""] = min(best.get(literal.language or "", named), named)
        self._db.execute("DELETE FROM label WHERE s = ?", (subject,))
        labels = [(subject, language, text, rank) for language, (rank, text) in best.items()]
        self._db.executemany("INSERT INTO label VALUES (?, ?, ?, ?)", labels)

    def _forget(self, numbers: Iterable[int]) -> None:
        """Drop the terms that stand nowhere any more."""
        for number in numbers:
            if self._uses["p"][number] or self._uses["g"][number]:
                continue
            stands = (
                "SELECT EXISTS (SELECT 1 FROM quad WHERE s = ?) OR EXISTS (SELECT 1 FROM quad WHERE o = ?)"
            )
            if not self._db.execute(stands, (number, number)).fetchone()[0]:
                for statement in (*_FORGET, "DELETE FROM term WHERE id = ?"):
                    self._db.execute(statement, (number,))


def _texts(quad: Quad) -> tuple[str, str, str, str]:
    return str(quad.subject), str(quad.predicate), str(quad.object), str(quad.graph_name)


def _literal(text: str) -> Literal:
    [quad] = parse(f"<urn:x> <urn:x> {text} .", format=RdfFormat.N_TRIPLES)
    assert isinstance(quad.object, Literal)
    return quad.object
