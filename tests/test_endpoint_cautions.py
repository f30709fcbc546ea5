"""Facts about warnings on pages: which questions make them, and how their sentences are filled in."""

from dataclasses import replace
from pathlib import Path

import pytest

from endpoint import cautions
from endpoint.cautions import Piece
from kg import source
from kg.cautions import read, write
from kg.findings import Report
from kg.index import Index
from kg.snapshot import Home, Query, Snapshot

from .conftest import SMALL

EX = "https://ex.org/"
LONSET = f"{EX}id/village/lonset"
WARNS = """\
# title.nb: Hva er nær hva?
# title.en: What is near what?
# warning.nb: {thing|other} er nær {other}[ siden {since}][, sier {who}].
# warning.en: Near {other}[ since {since}][, {who} says].
PREFIX ex: <https://ex.org/def#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
SELECT ?thing ?other ?since ?who WHERE {
  ?thing ex:near ?other . OPTIONAL { ?thing ex:founded ?since }
} ORDER BY ?thing
"""
SPEAKS = """\
# title.en: What is said?
# warning.en: {says}
SELECT ?thing ?says WHERE {
  VALUES ?thing { <https://ex.org/id/village/lonset> }
  VALUES ?says { "sagt"@nb "said"@en }
}
"""


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    folder: Path = tmp_path_factory.mktemp("small")
    files = {**SMALL, "queries/near.rq": WARNS, "queries/speaks.rq": SPEAKS}
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    return Home(tmp_path_factory.mktemp("home")).build(source.read([folder]), Report())


def warned(snapshot: Snapshot, iri: str, language: str) -> list[str]:
    """Give the warnings about a thing as plain sentences."""
    found = cautions.about(iri, snapshot, Index(snapshot.index), language)
    return ["".join(p.text for p in sentence) for caution in found for sentence in caution.sentences]


def test_each_row_of_a_question_that_warns_is_a_sentence_on_the_page_of_its_thing(snapshot: Snapshot) -> None:
    assert warned(snapshot, LONSET, "nb") == ["Lønset er nær Budalen siden 1900.", "sagt"]


def test_a_part_in_brackets_is_left_out_where_a_value_is_missing(snapshot: Snapshot) -> None:
    assert warned(snapshot, f"{EX}id/village/budalen", "en") == ["Near Lønset."]


def test_of_rows_that_differ_in_language_the_reader_gets_the_nearest(snapshot: Snapshot) -> None:
    assert warned(snapshot, LONSET, "en")[1:] == ["said"]
    assert warned(snapshot, LONSET, "nn")[1:] == ["sagt"]


def test_a_value_leads_where_the_sentence_says(snapshot: Snapshot) -> None:
    found = cautions.about(LONSET, snapshot, Index(snapshot.index), "nb")
    assert found[0].sentences[0][:3] == (
        Piece(""), Piece("Lønset", "nb", f"{EX}id/village/budalen"), Piece(" er nær ")
    )  # fmt: skip
    assert found[0].question.warning_language == "nb"


def test_questions_without_a_warning_warn_of_nothing(snapshot: Snapshot) -> None:
    assert warned(snapshot, f"{EX}def#Village", "nb") == []


def test_a_question_that_takes_too_long_or_is_none_warns_of_nothing_and_says_so(
    snapshot: Snapshot, tmp_path: Path
) -> None:
    pattern = " ".join(f"?a{n} ?b{n} ?c{n} ." for n in range(9))
    long = f"# warning.en: {{thing}}\nSELECT (COUNT(*) AS ?thing) {{ {pattern} }}"
    questions = [
        ("long", long),
        ("wrong", "# warning.en: x\nSELECT"),
        ("near", WARNS),
        ("mute", "SELECT * { }"),
    ]
    write(tmp_path / "cautions.json", snapshot.store, questions, seconds=0.5)
    found = read(tmp_path / "cautions.json")
    assert {name: (len(answer.rows), answer.failure[:22]) for name, answer in found.items()} == {
        "long": (0, "did not end within 0.5"),
        "wrong": (0, "error at 2:7: expected"),
        "near": (2, ""),
    }
    told = replace(snapshot, path=tmp_path, queries=tuple(Query(*question) for question in questions))
    assert cautions.failures(told).keys() == {"long", "wrong"}
