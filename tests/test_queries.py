"""The questions that come with the dataset: each has its words, runs, and gives the rows we expect."""

import re
from pathlib import Path

import pytest
from pyoxigraph import QueryBoolean, QueryResultsFormat, QueryTriples, Store

from kg.snapshot import Snapshot

from .conftest import ROOT

QUERIES = sorted((ROOT / "queries").glob("*.rq"))
EXPECTED = ROOT / "tests" / "queries"
HEADER = {f"{kind}.{language}" for kind in ("title", "why") for language in ("nb", "nn", "en")}
WARNING = {f"warning.{language}" for language in ("nb", "nn", "en")}


@pytest.fixture(scope="module")
def store(published: Snapshot) -> Store:
    return Store.read_only(str(published.store))


def test_there_are_at_least_thirty_questions() -> None:
    assert len(QUERIES) >= 30


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.stem)
def test_a_question_has_a_title_and_a_reason_in_three_languages(path: Path) -> None:
    head = set(re.findall(r"^# ([a-z]+\.[a-z]+): .+", path.read_text("utf-8"), re.MULTILINE))
    assert head == (HEADER | WARNING if "-warn-" in path.name else HEADER)


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.stem)
def test_a_question_gives_the_rows_we_expect(path: Path, store: Store) -> None:
    """The expected rows are made with: kg query queries/NAME.rq --format csv > tests/queries/NAME.csv"""
    result = store.query(path.read_text("utf-8"))
    assert not isinstance(result, QueryBoolean | QueryTriples)
    found = result.serialize(format=QueryResultsFormat.CSV)
    assert found
    expected = (EXPECTED / f"{path.stem}.csv").read_text("utf-8")
    assert found.decode().replace("\r\n", "\n") == expected


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.stem)
def test_a_question_leaves_nothing_to_the_engine(path: Path) -> None:
    """Engines differ in the order of GROUP_CONCAT, the choice of SAMPLE, and what LIMIT cuts from ties."""
    text = re.sub(r"#.*", "", path.read_text("utf-8"))
    assert not re.search(r"\b(GROUP_CONCAT|SAMPLE|REDUCED|RAND|NOW)\b", text)
    if "LIMIT" in text:
        rows = re.findall(r"\?\w+", re.sub(r"\(.*? AS (\?\w+)\)", r"\1", text.partition("WHERE")[0]))
        assert set(rows) <= set(re.findall(r"\?\w+", text.rpartition("ORDER BY")[2]))


def test_no_expected_rows_are_left_over() -> None:
    assert {path.stem for path in EXPECTED.glob("*.csv")} == {path.stem for path in QUERIES}


def test_the_list_of_questions_names_every_query() -> None:
    listed = re.findall(r"`(\d\d)`", (ROOT / "queries" / "README.md").read_text("utf-8"))
    assert sorted(set(listed)) == [path.name[:2] for path in QUERIES]
