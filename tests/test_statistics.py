"""What a dataset holds, in numbers."""

from pathlib import Path

from kg import statistics
from kg.statistics import ClassCount, LinkCount, PropertyCount

BASE = "https://ex.org/"
TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
EXACT = "http://www.w3.org/2004/02/skos/core#exactMatch"
CONTENT = f"""\
<{BASE}id/a#part> <{BASE}p> "a <b>"@en <{BASE}graph/g> .
<{BASE}id/a> <{BASE}p> "x" <{BASE}graph/derived> .
<{BASE}id/a> <{BASE}p> "x" <{BASE}graph/g> .
<{BASE}id/a> <{BASE}p> "y" <{BASE}graph/derived> .
<{BASE}id/a> <{EXACT}> <http://www.wikidata.org/entity/Q1> <{BASE}graph/g> .
<{BASE}id/a> <{EXACT}> <{BASE}id/b> <{BASE}graph/g> .
<{BASE}id/a> <{TYPE}> <{BASE}def#A> <{BASE}graph/g> .
<{BASE}id/b> <{TYPE}> <{BASE}def#A> <{BASE}graph/g> .
_:c14n0 <{TYPE}> <{BASE}def#B> <{BASE}graph/g> .
""".encode()


def test_a_triple_counts_once_whatever_graphs_it_is_in() -> None:
    found = statistics.count(CONTENT, BASE, f"{BASE}graph/derived")
    assert (found.triples, found.written, found.derived) == (8, 7, 1)
    assert (found.entities, found.subjects, found.objects) == (2, 4, 7)
    assert found.classes == (
        ClassCount(f"{BASE}def#A", 2, f"{BASE}id/a"),
        ClassCount(f"{BASE}def#B", 1, None),
    )
    assert found.properties == (
        PropertyCount(TYPE, 3, 3, 2),
        PropertyCount(f"{BASE}p", 3, 2, 3),
        PropertyCount(EXACT, 2, 1, 2),
    )
    assert found.links == (LinkCount(EXACT, "http://www.wikidata.org/entity/", 1),)


def test_numbers_are_read_as_they_were_written(tmp_path: Path) -> None:
    found = statistics.count(CONTENT, BASE, f"{BASE}graph/derived")
    statistics.write(tmp_path / "numbers.json", found)
    assert statistics.read(tmp_path / "numbers.json") == found


def test_an_empty_dataset_has_no_numbers() -> None:
    assert statistics.count(b"", BASE, f"{BASE}graph/derived").triples == 0
