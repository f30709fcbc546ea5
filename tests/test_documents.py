"""Facts about the finished documents of a snapshot."""

from __future__ import annotations

from pathlib import Path

import pytest

from kg import source
from kg.documents import Documents
from kg.findings import Report
from kg.snapshot import Home, Snapshot

BASE = "https://ex.org/"
DATA = """\
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix : <https://ex.org/id/village/> .
:lonset rdfs:label "Lønset"@nb ; rdfs:seeAlso [ rdfs:label "inside" ] .
<https://ex.org/id/village/lonset#part> rdfs:label "part" .
:Lønset rdfs:label "with ø" .
:old rdfs:label "old" ; owl:deprecated true .
:v1 rdfs:label "one" .
<https://ex.org/id/village/v1.ttl> rdfs:label "has an ending of its own" .
<https://ex.org/village/v2> rdfs:label "below the base" .
<https://ex.org/village/v3> rdfs:label "hidden" .
<https://ex.org/id/village/v3> rdfs:label "hides it" .
<https://ex.org/id/a%20b> rdfs:label "has more than one spelling" .
<https://elsewhere.org/id/x> rdfs:label "not ours" .
"""
TURTLE = """\
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix foaf: <http://xmlns.com/foaf/0.1/> .
@prefix void: <http://rdfs.org/ns/void#> .
<https://ex.org/village/v2> rdfs:label "below the base" .
<https://ex.org/doc/village/v2> a foaf:Document ;
\tfoaf:primaryTopic <https://ex.org/village/v2> ;
\tvoid:inDataset <https://ex.org/dataset> .
"""


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    folder = tmp_path_factory.mktemp("dataset")
    (folder / "kg.toml").write_text(f'base = "{BASE}"\n', "utf-8")
    (folder / "data.ttl").write_text(DATA, "utf-8")
    return Home(tmp_path_factory.mktemp("home")).build(source.read([folder]), Report())


@pytest.fixture(scope="module")
def documents(snapshot: Snapshot) -> Documents:
    return Documents(snapshot.documents)


def test_a_finished_document_says_what_it_is_about_since_when_and_the_whole(
    documents: Documents, snapshot: Snapshot
) -> None:
    found = documents.get("village/v2", "turtle")
    assert found is not None
    assert (found.iri, found.changed, found.body.decode()) == (
        "https://ex.org/village/v2",
        snapshot.created,
        TURTLE,
    )


@pytest.mark.parametrize("path", ["village/lonset", "village/L%C3%B8nset", "village/v1.ttl"])
def test_things_are_found_by_the_path_that_links_to_them_have(documents: Documents, path: str) -> None:
    assert documents.get(path, "jsonld") is not None


@pytest.mark.parametrize(
    "path",
    [
        "village/Lønset",
        "village/nothing",
        "village/old",  # retired: its address gives 410
        "village/v1",  # `v1.ttl` may mean this or the other
        "a%20b",
        "https://elsewhere.org/id/x",
    ],
)
def test_what_an_address_may_mean_something_else_by_is_not_finished(documents: Documents, path: str) -> None:
    assert documents.get(path, "turtle") is None


def test_of_two_things_at_one_path_only_the_likelier_has_a_document(documents: Documents) -> None:
    found = documents.get("village/v3", "turtle")
    assert found is not None
    assert found.iri == "https://ex.org/id/village/v3"


def test_where_there_is_no_file_nothing_is_finished(tmp_path: Path) -> None:
    assert Documents(tmp_path / "documents.sqlite").get("village/v2", "turtle") is None
