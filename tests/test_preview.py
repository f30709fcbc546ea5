"""Facts about previews: after any edit, what they show is what a snapshot that was built would show."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pyoxigraph import NamedNode, Quad, Store

from kg import amendment, check, index, preview, source
from kg.amendment import Amendment
from kg.check.memory import Memory
from kg.findings import Report
from kg.index import Index
from kg.preview import Preview
from kg.snapshot import MODELS, OUTLINES, Home, Snapshot, settled
from tests.conftest import SMALL

PREFIXES = """@prefix ex: <https://ex.org/def#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix village: <https://ex.org/id/village/> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""
LONSET, BUDALEN = SMALL["data/village/lonset.ttl"], SMALL["data/village/budalen.ttl"]
ONTOLOGY = SMALL["ontology/def.ttl"]
EDITS: dict[str, tuple[str | None, ...]] = {
    "data/village/lonset.ttl": (
        None,
        LONSET.replace("01900", "1900"),
        LONSET.replace('"Lønset"@nb', '"Lønset"@nb, "Lønset"@nn, "Loenset", "A"@nb'),
        LONSET.replace("village:budalen", "village:new"),
    ),
    "data/village/budalen.ttl": (
        BUDALEN + "village:lonset ex:near village:budalen ; ex:founded 1900, 01900, 001900 .\n",
        BUDALEN.replace("a ex:Village", "a ex:Place"),
        BUDALEN + "village:budalen ex:at [ ex:founded 1 ; ex:near [ ex:founded 2 ] ], [ ex:founded 1 ] .\n",
        BUDALEN + "village:budalen ex:at [ ex:near village:lonset ] .\n",
    ),
    "data/new.ttl": (
        PREFIXES + "village:new a ex:Village ; ex:near village:lonset .\n",
        PREFIXES + "".join(f'village:v{n} a ex:Village ; rdfs:label "v{n}"@nb .\n' for n in range(30)),
        PREFIXES + "<> dcterms:source <https://a.no/>, <https://b.no/> . village:lonset ex:founded 01900 .\n",
    ),
    "data/more.trig": (
        PREFIXES + "<https://ex.org/graph/data/new> { village:new a ex:Village } ex:g { ex:y ex:at ex:x }",
    ),
    "ontology/def.ttl": (
        ONTOLOGY.replace("ex:Village a owl:Class ; rdfs:subClassOf ex:Place", "ex:Village a owl:Class"),
        ONTOLOGY + "ex:near rdfs:subPropertyOf ex:at . ex:at owl:inverseOf ex:has .\n",
        ONTOLOGY + "ex:Any owl:unionOf ( ex:Village ex:Place ) .\n",
    ),
    "ontology/rules/old.rq": (
        "PREFIX : <https://ex.org/def#> CONSTRUCT { ?x a :Old } WHERE { ?x :founded ?y FILTER(?y < 1950) }",
        "PREFIX : <https://ex.org/def#> CONSTRUCT { ?x :near ?y } WHERE { ?y a :Place . ?x a :Place }",
    ),
    "queries/villages.rq": ("SELECT * { ?s ?p ?o }",),
    "kg.toml": (SMALL["kg.toml"] + 'version = "2"\n',),
}  # fmt: skip


def put(root: Path, name: str, content: str | None) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if content is None:
        path.unlink(missing_ok=True)
    else:
        path.write_text(content, "utf-8")


def rows(path: Path) -> Mapping[str, list[tuple[object, ...]]]:
    """Give the rows of an index in their order, terms by their text in place of their numbers."""
    with sqlite3.connect(path) as db:
        terms = {0: "", **dict(db.execute("SELECT id, text FROM term"))}
        found: dict[str, list[tuple[object, ...]]] = {"term": [(terms[key],) for key in sorted(terms)]}
        for table in ("quad", "label", "incoming", "usage"):
            columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
            numbered = [place for place, name in enumerate(columns) if name in amendment.NUMBERED[table]]
            order = ", ".join(columns)
            found[table] = [
                tuple(terms[value] if place in numbered else value for place, value in enumerate(row))
                for row in db.execute(f"SELECT * FROM {table} ORDER BY {order}")
            ]
    db.close()
    return found


def contents(snapshot: Snapshot) -> set[Quad]:
    return set(Store.read_only(str(snapshot.store)))


def assert_same(shown: Snapshot, built: Snapshot) -> None:
    assert rows(shown.index) == rows(built.index)
    assert contents(shown) == contents(built)
    ours = replace(shown, id="", path=Path(), created="", fingerprint="", seconds=())
    assert ours == replace(built, id="", path=Path(), created="", fingerprint="", seconds=())


class Author:
    """A dataset that is edited, its memory, and its preview."""

    def __init__(self, folder: Path) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        self.root, self.home, self.memory = folder / "set", Home(folder / "home"), Memory()
        for name, content in SMALL.items():
            put(self.root, name, content)
        found = self.check()
        self.base = self.home.build(found, Report())
        self.preview = Preview(self.base, found, self.memory.files, self.home.path)

    def check(self) -> source.Source:
        """Read what is new; that some of it breaks rules does not matter here."""
        found = source.read([self.root])
        check.run(found, memory=self.memory)
        return found

    def show(self) -> Snapshot:
        found = self.check()
        return self.preview.show(found, self.memory.files, Report())

    def build(self) -> Snapshot:
        return self.home.build(self.check(), Report())


@pytest.fixture
def author(tmp_path: Path) -> Iterator[Author]:
    made = Author(tmp_path / "author")
    yield made
    made.preview.close()


@settings(max_examples=int(os.environ.get("KG_EXAMPLES", "8")), deadline=None,
          suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])  # fmt: skip
@given(
    edits=st.lists(
        st.sampled_from([(name, n) for name, some in EDITS.items() for n in range(len(some))]),
        min_size=1,
        max_size=5,
    )
)
@example([("data/more.trig", 0), ("data/new.ttl", 0)])
def test_after_any_edit_the_preview_is_what_would_be_built(
    tmp_path: Path, edits: list[tuple[str, int]]
) -> None:
    author = Author(tmp_path / "author")
    for name, number in edits:
        put(author.root, name, EDITS[name][number])
        shown = author.show()
    assert_same(shown, author.build())
    put(author.root, edits[0][0], SMALL.get(edits[0][0]))
    assert_same(author.show(), author.build())
    author.preview.close()


def test_a_preview_says_that_it_is_one_and_has_the_rest_of_its_snapshot(author: Author) -> None:
    put(author.root, "data/new.ttl", EDITS["data/new.ttl"][0])
    shown = author.show()
    assert shown.id.startswith("preview-")
    assert (shown.dumps / "dumps.json").samefile(author.base.dumps / "dumps.json")
    assert shown.history.samefile(author.base.history)
    assert shown.cautions.samefile(author.base.cautions)
    assert Index(shown.index).search("Budalen").hits == Index(author.base.index).search("Budalen").hits


@pytest.mark.parametrize(
    ("name", "content", "own"),
    [
        ("data/village/lonset.ttl", LONSET.replace("01900", "1900"), set()),
        ("ontology/def.ttl", ONTOLOGY + "ex:near rdfs:subPropertyOf ex:at .\n", {MODELS}),
        ("data/new.ttl", PREFIXES + "@prefix geo: <http://www.opengis.net/ont/geosparql#> . "
         'village:new geo:asWKT "POINT(10 64)"^^geo:wktLiteral .\n', {OUTLINES}),
    ],
)  # fmt: skip
def test_what_seldom_changes_is_read_from_the_snapshot_until_it_does(
    author: Author, name: str, content: str, own: set[str]
) -> None:
    """Models that are again as they were are the snapshot's again."""

    def own_parts(shown: Snapshot) -> set[str]:
        parts = {part: settled(shown.store, part) for part in (MODELS, OUTLINES)}
        assert set(parts.values()) <= {shown.store, author.base.store.resolve()}
        return {part for part, store in parts.items() if store == shown.store}

    put(author.root, name, content)
    assert own_parts(author.show()) == own
    put(author.root, "data/village/budalen.ttl", None)
    assert own_parts(author.show()) == own
    put(author.root, name, SMALL.get(name))
    assert own_parts(author.show()) == own - {MODELS}
    assert own_parts(author.base) == {MODELS, OUTLINES}


def test_each_state_is_another_and_older_ones_go(author: Author) -> None:
    shown = []
    for number in range(5):
        put(author.root, "data/new.ttl", f"<https://ex.org/id/x> <https://ex.org/def#founded> {number} .")
        shown.append(author.show())
    assert len({state.id for state in shown}) == 5
    assert [state.path.exists() for state in shown] == [False, False, True, True, True]
    author.preview.close()
    assert not shown[-1].path.parent.exists()


def test_what_dead_previews_left_is_swept_and_what_living_ones_have_is_not(
    author: Author, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here there is no room in memory, and previews lie beside the snapshots."""
    monkeypatch.setattr(preview, "_MEMORY", Path("/nowhere"))
    dead, living = (author.home.path / f".kg-preview-{number}-x" for number in (999999999, os.getpid()))
    dead.mkdir()
    living.mkdir()
    found = author.check()
    second = Preview(author.base, found, author.memory.files, author.home.path)
    assert not dead.exists()
    assert len(list(author.home.path.glob(".kg-preview-*"))) == 2
    assert living.exists()
    second.close()


def test_terms_that_go_are_not_found_and_their_numbers_mean_nothing_else(author: Author) -> None:
    put(author.root, "data/village/budalen.ttl", None)
    put(author.root, "data/village/lonset.ttl", None)
    shown = Index(author.show().index)
    assert (shown.search("Budalen").hits, shown.describe("https://ex.org/id/village/budalen")) == ((), None)


def test_where_there_is_no_room_between_terms_they_are_numbered_anew(
    author: Author, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(amendment, "_GAP", 4)
    amended = Amendment(author.base.index, tmp_path / "index.sqlite", ())
    graph, made = NamedNode("urn:g"), []
    for number in range(40):
        made.append(Quad(NamedNode(f"urn:a{number:03}"), NamedNode("urn:p"), NamedNode("urn:b"), graph))
        amended.change([], made[-1:])
    assert amended.graphs()["urn:g"] == 40
    amended.change(made, [])
    amended.copy(tmp_path / "copy.sqlite")
    amended.close()
    assert rows(tmp_path / "copy.sqlite") == rows(author.base.index)


def test_every_table_of_an_index_with_numbers_of_terms_is_known(author: Author) -> None:
    """A table that is new must be followed too: name its columns here and there."""
    with sqlite3.connect(author.base.index) as db:
        tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    db.close()
    plain = {name for name in tables if not name.startswith(("sqlite_", "search"))}
    assert plain == {*amendment.NUMBERED, "name", "word", "stemmer"}
    assert index.VERSION == "3"


def test_a_change_that_fails_leaves_the_index_as_it_was(author: Author, tmp_path: Path) -> None:
    amended = Amendment(author.base.index, tmp_path / "index.sqlite", ())
    before = amended.graphs()
    good = Quad(NamedNode("urn:a"), NamedNode("urn:p"), NamedNode("urn:b"), NamedNode("urn:g"))
    with pytest.raises(AttributeError):
        amended.change([], [good, None])  # type: ignore[list-item]
    assert amended.graphs() == before
    amended.close()
