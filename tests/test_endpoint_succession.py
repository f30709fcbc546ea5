"""Facts about then and now: what came before and after a thing, from replacements and dates."""

import re
from pathlib import Path

import pytest

from endpoint import succession
from endpoint.succession import Lineage, Succession
from kg import source
from kg.findings import Report
from kg.index import Index
from kg.snapshot import Home, Snapshot
from tests.books import make_client

EX = "https://ex.org/"
FILES = {
    "kg.toml": 'base = "https://ex.org/"\ntitle.nb = "Enheter"\nlanguages = ["nb"]\n',
    "data/units.ttl": """\
@prefix : <https://ex.org/> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .

:replacedBy a owl:ObjectProperty ; rdfs:subPropertyOf dcterms:isReplacedBy .
:version a owl:ObjectProperty ; rdfs:subPropertyOf dcterms:hasVersion .
:a1 rdfs:label "A1"@nb ; :replacedBy :a2 ; :validUntil "2017-12-31"^^xsd:date .
:a2 rdfs:label "A2"@nb ; :replacedBy :b2 ;
    :validFrom "2018-01-01"^^xsd:date ; :validUntil "2019-12-31"^^xsd:date .
:b1 rdfs:label "B1"@nb ; :replacedBy :b2 ; :validUntil "2019-12-31"^^xsd:date .
:b2 rdfs:label "B2"@nb ; :validFrom "2020-01-01"^^xsd:date .
:b :version :b1, :b2 .
:village :in :a1 .
:work :in :a1 ; dcterms:temporal :work-time .
:ring1 :replacedBy :ring2 . :ring2 :replacedBy :ring1 .
:alone :in :nowhere .
""",
}


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    folder: Path = tmp_path_factory.mktemp("units")
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    return Home(tmp_path_factory.mktemp("home")).build(source.read([folder]), Report())


def of(snapshot: Snapshot, name: str) -> Succession | None:
    """Give the succession on the page of a thing."""
    index = Index(snapshot.index)
    described = index.describe(EX + name)
    assert described is not None
    return succession.of(described, index, snapshot.store, "nb")


def lines(found: Succession | None) -> list[list[str]]:
    """Give the lineages as lists of local names."""
    assert found is not None
    return [[stage.iri.removeprefix(EX) for stage in lineage.stages] for lineage in found.lineages]


def only(found: Succession | None) -> Lineage:
    """Give the one lineage there is."""
    assert found is not None
    (lineage,) = found.lineages
    return lineage


def test_what_is_linked_to_is_followed_forward_to_today(snapshot: Snapshot) -> None:
    assert lines(of(snapshot, "village")) == [["a1", "a2", "b2"]]
    assert only(of(snapshot, "village")).linear


def test_a_thing_and_its_versions_are_followed_both_ways(snapshot: Snapshot) -> None:
    assert lines(of(snapshot, "b")) == [["a1", "b1", "a2", "b2"]]
    assert not only(of(snapshot, "b")).linear
    assert lines(of(snapshot, "a2")) == [["a1", "a2", "b2"]]


def test_a_stage_has_its_days_and_what_went_on_then(snapshot: Snapshot) -> None:
    first, second, _ = only(of(snapshot, "village")).stages
    assert (first.start, first.end and first.end.value, first.meanwhile) == (
        None,
        "2017-12-31",
        (f"{EX}work",),
    )
    assert (second.start and second.start.value, second.next) == ("2018-01-01", (f"{EX}b2",))


def test_a_thing_with_a_time_of_its_own_does_not_tell_what_else_went_on(snapshot: Snapshot) -> None:
    assert only(of(snapshot, "work")).stages[0].meanwhile == ()


def test_things_that_replace_each_other_are_told_once(snapshot: Snapshot) -> None:
    assert lines(of(snapshot, "ring1")) == [["ring1", "ring2"]]


def test_where_nothing_was_replaced_nothing_is_told(snapshot: Snapshot) -> None:
    assert of(snapshot, "alone") is None


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("nb", ["til og med 31. desember 2017", "1. januar 2018 – 31. desember 2019", "fra 1. januar 2020"]),
        ("nn", ["til og med 31. desember 2017", "1. januar 2018 – 31. desember 2019", "frå 1. januar 2020"]),
        ("en", ["until 31 December 2017", "1 January 2018 – 31 December 2019", "from 1 January 2020"]),
    ],
)
def test_the_page_says_in_words_which_end_of_a_stage_is_open(
    snapshot: Snapshot, language: str, told: list[str]
) -> None:
    page = make_client(snapshot).get(f"/doc/village?lang={language}", headers={"Accept": "text/html"}).text
    assert re.findall(r'<div class="stage-time hint">(.*?)</div>', page) == told
