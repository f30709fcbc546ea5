"""What pages can ask of a snapshot."""

from pathlib import Path

import pytest

from kg import index, rdfio
from kg.index import Bounds, Incoming, Index, Kind, Label, Whole
from kg.vocab import RDF_TYPE

NQUADS = """\
<http://x/a> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://x/Village> <http://x/g> .
<http://x/a> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://x/Place> <http://x/derived> .
<http://x/a> <http://www.w3.org/2000/01/rdf-schema#label> "Lønset"@nb <http://x/g> .
<http://x/a> <http://www.w3.org/2004/02/skos/core#altLabel> "Løset"@nb <http://x/g> .
<http://x/a> <http://x/founded> "01900"^^<http://www.w3.org/2001/XMLSchema#integer> <http://x/g> .
<http://x/a> <http://x/at> <http://x/a#point> <http://x/g> .
<http://x/a> <http://x/has> _:b <http://x/g> .
_:b <http://x/size> "3" <http://x/g> .
<http://x/a#point> <http://www.w3.org/2000/01/rdf-schema#label> "the point"@en <http://x/g> .
<http://x/b> <http://x/near> <http://x/a> <http://x/g> .
<http://x/c> <http://x/near> <http://x/a> <http://x/g> .
<http://x/d> <http://x/near> <http://x/a> <http://x/g> .
<http://x/b> <http://www.w3.org/2000/01/rdf-schema#label> "Sætervik"@nb <http://x/g> .
<http://x/b> <http://www.w3.org/2000/01/rdf-schema#label> "Seter"@en <http://x/g> .
<http://x/b> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://x/Village> <http://x/g> .
"""


@pytest.fixture
def opened(tmp_path: Path) -> Index:
    fmt = rdfio.named("nquads")
    assert fmt
    path = tmp_path / "index.sqlite"
    index.build(
        path, lambda: rdfio.read(NQUADS.encode(), fmt, keep_blank_nodes=True), frozenset({"http://x/derived"})
    )
    return Index(path)


def test_a_description_has_exact_statements_with_their_graph(opened: Index) -> None:
    found = opened.describe("http://x/a")
    assert found
    assert [(str(s.predicate), str(s.object), s.graph, s.derived) for s in found.statements][:2] == [
        ("<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>", "<http://x/Village>", "http://x/g", False),
        ("<http://www.w3.org/2000/01/rdf-schema#label>", '"Lønset"@nb', "http://x/g", False),
    ]
    assert '"01900"^^<http://www.w3.org/2001/XMLSchema#integer>' in {str(s.object) for s in found.statements}
    assert found.types == ("http://x/Village", "http://x/Place")


def test_nodes_inside_a_thing_come_with_it(opened: Index) -> None:
    found = opened.describe("http://x/a")
    assert found
    assert {name: [str(s.object) for s in part] for name, part in found.parts.items()} == {
        "http://x/a#point": ['"the point"@en'],
        "b": ['"3"'],
    }


def test_within_bounds_a_description_has_the_first_values_of_the_first_properties(opened: Index) -> None:
    found = opened.describe(
        "http://x/b",
        Bounds(statements=3, properties=2, values=1, before=frozenset({"http://x/near"}), language="nb"),
    )
    assert found
    assert [(s.predicate.value, str(s.object)) for s in found.statements] == [
        (RDF_TYPE.value, "<http://x/Village>"),
        ("http://x/near", "<http://x/a>"),
    ]
    label = "http://www.w3.org/2000/01/rdf-schema#label"
    assert found.whole == Whole({RDF_TYPE.value: 1, label: 2, "http://x/near": 1}, 4, 0)


def test_of_many_texts_those_in_the_language_of_the_reader_come_first(opened: Index) -> None:
    for language, text in (("nb", '"Sætervik"@nb'), ("en", '"Seter"@en'), ("fr", '"Seter"@en')):
        found = opened.describe("http://x/b", Bounds(statements=3, values=1, language=language))
        assert found
        texts = [str(s.object) for s in found.statements if "label" in s.predicate.value]
        assert texts == [min(text, '"Seter"@en') if language == "fr" else text]


def test_what_is_within_bounds_is_described_whole(opened: Index) -> None:
    assert opened.describe("http://x/a", Bounds()) == opened.describe("http://x/a")


def test_statements_are_paged_each_once(opened: Index) -> None:
    label = "http://www.w3.org/2000/01/rdf-schema#label"
    assert [(p, str(o)) for p, o in opened.statements("http://x/b", skip=1, limit=2)] == [
        (label, '"Seter"@en'),
        (label, '"Sætervik"@nb'),
    ]
    assert [str(o) for _, o in opened.statements("http://x/b", "http://x/near")] == ["<http://x/a>"]
    assert opened.statements("http://x/nothing") == ()


def test_links_back_are_counted_by_predicate(opened: Index) -> None:
    found = opened.describe("http://x/a")
    assert found
    assert found.incoming == (Incoming("http://x/near", 3, ("http://x/b", "http://x/c", "http://x/d")),)


def test_links_back_are_paged_after_a_key(opened: Index) -> None:
    assert opened.incoming("http://x/a", "http://x/near", after="http://x/b", limit=1) == ("http://x/c",)
    assert opened.incoming("http://x/a", "http://x/none") == ()


def test_an_unknown_iri_has_no_description(opened: Index) -> None:
    assert opened.describe("http://x/nothing") is None


def test_quads_of_a_description_can_leave_out_what_was_derived(opened: Index) -> None:
    found = opened.describe("http://x/a")
    assert found
    assert (len(found.quads()), len(found.quads(derived=False))) == (9, 8)


def test_labels_follow_the_order_of_languages_and_fall_back_to_the_iri(opened: Index) -> None:
    wanted = ["http://x/a", "http://x/b", "http://x/d"]
    assert opened.labels(wanted, ["en", "nb"]) == {
        "http://x/a": Label("Lønset", "nb"),
        "http://x/b": Label("Seter", "en"),
        "http://x/d": Label("d", ""),
    }


def test_kinds_count_the_classes_that_were_written(opened: Index) -> None:
    assert opened.kinds() == (Kind("http://x/Village", 2),)


def test_usage_counts_properties_of_all_things_and_of_each_class(opened: Index) -> None:
    everything, *classes = opened.usage()
    assert everything.iri == ""
    assert set(everything.properties) >= {name for row in classes for name in row.properties}
    village = next(row for row in classes if row.iri == "http://x/Village")
    assert (village.count, village.properties[RDF_TYPE.value]) == (2, everything.properties[RDF_TYPE.value])


def test_members_of_a_class_are_paged(opened: Index) -> None:
    assert opened.members("http://x/Village", limit=1) == ("http://x/a",)
    assert opened.members("http://x/Village", after="http://x/a") == ("http://x/b",)


def test_values_of_many_things_come_at_once_as_written_and_each_once(opened: Index) -> None:
    found = opened.values(
        ["http://x/a", "_:b", "http://x/none"], ["http://x/founded", "http://x/size", "http://x/at"]
    )
    assert {
        iri: {by: [str(v) for v in values] for by, values in said.items()} for iri, said in found.items()
    } == {
        "http://x/a": {
            "http://x/at": ["<http://x/a#point>"],
            "http://x/founded": ['"01900"^^<http://www.w3.org/2001/XMLSchema#integer>'],
        },
        "_:b": {"http://x/size": ['"3"']},
    }
    assert set(opened.values(["http://x/b"])["http://x/b"]) == {
        str(RDF_TYPE.value),
        "http://x/near",
        "http://www.w3.org/2000/01/rdf-schema#label",
    }


def test_users_point_to_a_thing_by_any_predicate_but_some(opened: Index) -> None:
    village = "http://x/Village"
    assert opened.users(["http://x/a", village]) == {
        "http://x/a": ("http://x/b", "http://x/c", "http://x/d"),
        village: ("http://x/a", "http://x/b"),
    }
    assert opened.users(["http://x/a", village], but=["http://www.w3.org/"]) == {
        "http://x/a": ("http://x/b", "http://x/c", "http://x/d")
    }


def test_what_points_to_a_thing_is_counted_by_predicate(opened: Index) -> None:
    assert opened.count("http://x/a", "http://x/near") == 3
    assert opened.count("http://x/a", "http://x/at") == opened.count("http://x/none", "http://x/near") == 0
