"""Facts about the pages of concepts and their schemes."""

import pytest

from endpoint import concepts
from endpoint.concepts import Node
from kg.index import Index
from kg.snapshot import Snapshot
from tests.books import BASE, build, make_client


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """Give a snapshot of the books."""
    return build(tmp_path_factory.mktemp("books"), tmp_path_factory.mktemp("home"))


def names(nodes: tuple[Node, ...]) -> list[object]:
    """Give a tree as nested lists of names and counts."""
    return [(node.label.text, node.used, names(node.narrower)) for node in nodes]


def test_a_scheme_is_a_tree_of_its_concepts_with_how_many_use_them(snapshot: Snapshot) -> None:
    found = concepts.tree(f"{BASE}concept/genre", Index(snapshot.index), "nb")
    assert names(found) == [("Prosa", 1, [("Roman", 2, [("Ættesaga", 2, [])])]), ("Ring", 0, [])]


def test_concepts_that_the_same_things_use_are_companions(snapshot: Snapshot) -> None:
    found = concepts.companions(f"{BASE}concept/genre/novel", Index(snapshot.index), "nb")
    assert [(companion.label.text, companion.count) for companion in found] == [("Ættesaga", 2)]


def test_a_concept_stands_below_its_scheme_and_broader_concepts_each_once(snapshot: Snapshot) -> None:
    index = Index(snapshot.index)
    paths = [
        [label.text for _, label in concepts.path(f"{BASE}concept/genre/{name}", index, "nb")]
        for name in ("saga", "prose", "ring")
    ]
    assert paths == [["Sjangrer", "Prosa", "Roman"], ["Sjangrer"], ["Sjangrer"]]


def test_what_is_no_concept_has_neither_tree_nor_companions(snapshot: Snapshot) -> None:
    index = Index(snapshot.index)
    assert concepts.tree(f"{BASE}id/book/growth", index, "nb") == ()
    assert concepts.companions(f"{BASE}id/book/growth", index, "nb") == ()
    assert concepts.path(f"{BASE}id/book/growth", index, "nb") == ()


def test_the_pages_show_the_tree_and_the_companions(snapshot: Snapshot) -> None:
    client = make_client(snapshot)
    assert '<ul class="tree">' in client.get("/doc/concept/genre?lang=en&format=html").text
    assert "Used together with" in client.get("/doc/concept/genre/novel?lang=en&format=html").text
