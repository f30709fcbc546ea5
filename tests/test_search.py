"""What searches find on this repository's own dataset, and on a small one made for the purpose."""

import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg import index, rdfio
from kg.index import Index
from kg.search import MAX_QUERY, Found, Hit, fold, spellings, words
from kg.snapshot import Snapshot

BASE = "https://w3id.org/bygdegraf/"
LANGUAGES = ("nb", "nn", "en")

FIRST_HITS = (
    # a name as it is written, in any case, with or without its letters
    ("Lønset", "id/village/lonset"),
    ("lonset", "id/village/lonset"),
    ("LØNSET", "id/village/lonset"),
    ("Sætervik", "id/village/saetervik"),
    ("Saetervik", "id/village/saetervik"),
    ("saetervik", "id/village/saetervik"),
    ("Åfjord", "id/municipality/afjord"),
    ("afjord", "id/municipality/afjord"),
    ("Aafjord", "id/municipality/afjord"),
    ("aafjord kommune", "id/organisation/afjord-kommune"),
    ("Bessaker", "id/village/bessaker"),
    ("trondelag", "id/county/trondelag"),
    ("Sør-Trøndelag", "id/county/sor-trondelag"),
    ("sor trondelag", "id/county/sor-trondelag"),
    ("røros", "id/municipality/roros"),
    ("Oppdal", "id/municipality/oppdal"),
    ("Vestfold og Telemark", "id/county/vestfold-og-telemark"),
    ("oppdal kommune", "id/organisation/oppdal-kommune"),
    ("Småsamfunnssatsingen", "id/programme/smasamfunnssatsingen"),
    ("smaasamfunnssatsingen", "id/programme/smasamfunnssatsingen"),
    ("bolyst", "id/programme/bolyst"),
    ("husbanken", "id/organisation/husbanken"),
    ("fosen", "id/area/fosen"),
    ("Fitjar", "id/municipality/fitjar"),
    ("200 ledige hus", "id/project/200-ledige-hus"),
    # a short name, a number, a slug, an IRI
    ("KMD", "id/organisation/kommunal-og-distriktsdepartementet"),
    ("5058", "id/municipality/afjord/5058"),
    ("1630", "id/municipality/afjord/1630"),
    ("200-ledige-hus", "id/project/200-ledige-hus"),
    ("MunicipalityVersion", "def#MunicipalityVersion"),
    (f"{BASE}id/village/budalen", "id/village/budalen"),
    # inflections: bokmål, nynorsk, English
    ("bygdene", "def#Village"),
    ("bygder", "def#Village"),
    ("villages", "def#Village"),
    ("kommunar", "def#Municipality"),
    ("kommunene", "concept/partner-kind/municipality"),
    ("prosjektet", "def#Project"),
    ("småsamfunnssatsing", "id/programme/smasamfunnssatsingen"),
    ("empty house", "concept/goal/settle-empty-houses"),
    # the beginning of a name
    ("distriktssent", "id/organisation/distriktssenteret"),
    ("lønset grunn", "id/organisation/lonset-grunneierlag"),
    ("budal", "id/village/budalen"),
    # misspelt, or two words for one
    ("optimstbygd", "id/distinction/optimistbygd"),
    ("optimist bygd", "id/distinction/optimistbygd"),
    ("besaker", "id/village/bessaker"),
    ("Sætterviik", "id/village/saetervik"),
    ("bolystt", "id/programme/bolyst"),
    ("rørosregionen", "id/municipality/roros"),
    # words in any order, a phrase, a question
    ("hus ledige", "id/project/200-ledige-hus"),
    ('"ledige hus"', "id/project/200-ledige-hus"),
    ("«ledige hus» 200", "id/project/200-ledige-hus"),
    ("isfiske på Lønset", "id/event/isfiskearrangement-pa-lonset-2004"),
    ("hva er optimistbygd?", "id/distinction/optimistbygd"),
    ("kva er bolyst", "id/programme/bolyst"),
    ("tilflytting for enhver pris", "id/report/tilflytting-for-enhver-pris"),
    ("young people", "concept/target-group/youth"),
)


@pytest.fixture(scope="module")
def bygdegraf(published: Snapshot) -> Index:
    return Index(published.index)


@pytest.mark.parametrize(("asked", "expected"), FIRST_HITS, ids=[asked for asked, _ in FIRST_HITS])
def test_the_first_hit_is_what_was_meant(bygdegraf: Index, asked: str, expected: str) -> None:
    found = bygdegraf.search(asked, LANGUAGES)
    assert [hit.iri.removeprefix(BASE) for hit in found.hits[:1]] == [expected]


@pytest.mark.parametrize(("asked", "expected"), FIRST_HITS, ids=[asked for asked, _ in FIRST_HITS])
def test_completion_offers_what_was_meant_among_the_first_five(
    bygdegraf: Index, asked: str, expected: str
) -> None:
    offered = [hit.iri.removeprefix(BASE) for hit in bygdegraf.complete(asked, LANGUAGES)[:5]]
    assert expected in offered


def test_observations_geometries_and_parts_are_no_hits_of_their_own(bygdegraf: Index) -> None:
    kinds = {
        kind
        for asked in ("2006", "a", "0101", "punkt", "outline")
        for kind, _ in bygdegraf.search(asked).kinds
    }
    unsought = {
        "http://purl.org/linked-data/cube#Observation",
        "http://www.opengis.net/ont/geosparql#Geometry",
        f"{BASE}def#Involvement",
    }
    assert kinds & unsought == set()


def test_every_village_is_found_by_the_words_of_its_definition_and_counted_by_kind(bygdegraf: Index) -> None:
    found = bygdegraf.search("bygd", LANGUAGES, kind=f"{BASE}def#Village", limit=100)
    assert {hit.kind for hit in found.hits} == {f"{BASE}def#Village"}
    assert found.total == len(found.hits) == dict(found.kinds)[f"{BASE}def#Village"]


@pytest.mark.parametrize("asked", ["b", "kommune", "project", "optimstbygd", "evaluering bolyst turisme"])
def test_the_pages_of_a_search_hold_each_hit_once_in_the_same_order(bygdegraf: Index, asked: str) -> None:
    whole = bygdegraf.search(asked, LANGUAGES, limit=2000)
    paged: list[Hit] = []
    found = bygdegraf.search(asked, LANGUAGES, limit=7)
    while found.after and len(paged) < 100:
        paged += found.hits
        found = bygdegraf.search(asked, LANGUAGES, limit=7, after=found.after)
    paged += found.hits
    assert tuple(paged) == whole.hits[: len(paged)]
    assert len(whole.hits) == len({hit.iri for hit in whole.hits}) == whole.total
    assert sum(count for _, count in whole.kinds) == whole.total


# -- a small dataset --------------------------------------------------------------------------------------

PREDICATES = {
    "a": "http://www.w3.org/1999/02/22-rdf-syntax-ns#type",
    "label": "http://www.w3.org/2000/01/rdf-schema#label",
    "alt": "http://www.w3.org/2004/02/skos/core#altLabel",
    "hidden": "http://www.w3.org/2004/02/skos/core#hiddenLabel",
    "code": "http://www.w3.org/2004/02/skos/core#notation",
    "note": "http://purl.org/dc/terms/description",
    "near": "http://x/near",
}
STATEMENTS = """\
a a <http://x/Village>
a label "Lønset"@nb
a alt "Løset"@nb
a hidden "Lünset"@nb
a code "L-17"
a note "Ei bygd med fiskevatn og lange vintrar."@nn
a near <http://x/a#point>
a#point label "the point"@en
b a <http://x/Village>
b label "Sætervik"@nb
b label "Seter"@en
b near <http://x/a>
c a <http://x/Club>
c label "Lønset idrettslag"@nb
d a <http://www.opengis.net/ont/geosparql#Geometry>
d label "Lønset outline"@en
haakons-hall a <http://x/House>
e a <http://x/House>
e label "Håkonshallen"@nb
e note "<script>alert(1)</script> ⛪ 東京"
f a <http://www.w3.org/2002/07/owl#Class>
f label "Lønset"@en
g a <http://x/House>
g label "Haakon’s house"@en
"""


def quads(statements: str) -> bytes:
    rows = (line.split(" ", 2) for line in statements.splitlines())
    return "".join(f"<http://x/{s}> <{PREDICATES[p]}> {o} <http://x/g> .\n" for s, p, o in rows).encode()


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Index:
    return built(tmp_path_factory.mktemp("small") / "index.sqlite", quads(STATEMENTS))


def built(path: Path, content: bytes) -> Index:
    fmt = rdfio.named("nquads")
    assert fmt
    index.build(path, lambda: rdfio.read(content, fmt, keep_blank_nodes=True), frozenset())
    return Index(path)


def iris(found: Found) -> list[str]:
    return [hit.iri.removeprefix("http://x/") for hit in found.hits]


@pytest.mark.parametrize("asked", ["Lønset", "lonset", "LØN", "loenset", "Løset", "lünset", "L-17", "l 17"])
def test_a_thing_is_found_by_every_name_and_code_in_every_spelling(small: Index, asked: str) -> None:
    assert iris(small.search(asked))[0] == "a"


@pytest.mark.parametrize("asked", ["Håkon", "hakons", "Haakon", "haakonshallen"])
def test_double_a_and_its_letter_find_each_other(small: Index, asked: str) -> None:
    assert {"e", "g"} & set(iris(small.search(asked)))


def test_a_label_comes_before_a_longer_one_and_a_thing_before_a_term(small: Index) -> None:
    assert iris(small.search("lønset")) == ["a", "f", "c"]


def test_words_of_a_description_find_the_thing_after_names(small: Index) -> None:
    assert iris(small.search("fiskevatnet lang vinter")) == ["a"]
    assert iris(small.search('"lange vintrar"')) == ["a"]
    assert iris(small.search('"vintrar lange"')) == []


def test_the_words_of_a_part_find_the_whole(small: Index) -> None:
    assert iris(small.search("point")) == ["a"]


def test_a_thing_without_a_name_is_found_by_its_slug(small: Index) -> None:
    assert iris(small.search("haakons-hall"))[0] == "haakons-hall"


def test_a_hit_tells_the_name_that_matched_and_its_class(small: Index) -> None:
    assert small.search("seter", ("nb",)).hits[0] == Hit("http://x/b", "Seter", "en", "http://x/Village")
    assert small.search("saeter", ("nb",)).hits[0] == Hit("http://x/b", "Sætervik", "nb", "http://x/Village")


def test_what_is_only_near_is_said_to_be_near(small: Index) -> None:
    assert (small.search("Lønnset").near, small.search("Lønset").near) == (True, False)
    assert iris(small.search("Lønnset"))[0] == "a"


def test_hits_of_each_kind_are_counted_whatever_kind_is_asked_for(small: Index) -> None:
    found = small.search("lønset", kind="http://x/Club")
    assert (iris(found), found.total) == (["c"], 1)
    assert dict(found.kinds) == {
        "http://x/Club": 1, "http://x/Village": 1, "http://www.w3.org/2002/07/owl#Class": 1,
    }  # fmt: skip
    assert small.search("lønset", kind="http://x/none").hits == ()


ODD = (
    "", " ", '"', '""', "'", "*", "(", ")", "NEAR(", "NEAR(a b)", "AND", "OR", "NOT", "a OR b", "label:x",
    "{label}", "^a", "a*", "-a", "a + b", "%", "_", "a; DROP TABLE name;--", "' OR 1=1 --", "🎣",
    "👩\u200d👩\u200d👧", "\x00", "\x1b[31m", "\u202e\u200b", "\ufffe", "﷽", "a\nb", "«", "„“", '"a',
    'a"b"', "~", "¦", "~lons", "東京", "ﬁ", "İ", "ß", "https://", "http://x/nothing", "::::", "1.2.3",
    "\U0010ffff", "\ud800",
)  # fmt: skip


@pytest.mark.parametrize("asked", ODD)
def test_odd_input_breaks_nothing(small: Index, asked: str) -> None:
    assert isinstance(small.search(asked), Found)
    assert isinstance(small.complete(asked), tuple)


@pytest.mark.parametrize("asked", ["", " ", '"', "*", "NEAR(", "🎣", "\x00", "zzzqqq", "%", "~", "¦"])
def test_what_names_nothing_finds_nothing(small: Index, asked: str) -> None:
    assert small.search(asked).hits == ()


def test_script_and_letters_of_other_scripts_are_plain_words(small: Index) -> None:
    assert iris(small.search("<script>alert(1)</script>")) == ["e"]
    assert iris(small.search("東京")) == ["e"]


def test_a_very_long_query_is_cut(small: Index) -> None:
    assert iris(small.search("lønset " * 100_000)) == iris(small.search("lønset"))
    assert small.search("x" * 10_000_000).hits == ()
    assert len(" ".join(words("å " * MAX_QUERY))) > MAX_QUERY


@pytest.mark.parametrize(
    "after", ["x", "1.2", "1.2.3.4", "-1.0.0", "1.2.x", "²." * 3, "1" * 50, "1.1.9999999999999"]
)
def test_a_cursor_that_no_search_gave_is_refused(small: Index, after: str) -> None:
    with pytest.raises(ValueError, match="no place"):
        small.search("lønset", after=after)


@given(asked=st.text(max_size=60))
def test_no_text_breaks_a_search(small: Index, asked: str) -> None:
    assert isinstance(small.search(asked), Found)
    assert isinstance(small.complete(asked), tuple)


@given(st.text(max_size=60))
def test_a_folded_text_is_folded_already_and_each_spelling_has_as_many_words(text: str) -> None:
    assert words(fold(text)) == words(text)
    assert {len(one) for one in spellings(text)} == {len(words(text))}


def test_a_dataset_without_names_or_classes_is_searched_in_vain(tmp_path: Path) -> None:
    found = built(tmp_path / "index.sqlite", b"<http://x/a> <http://x/b> <http://x/c> <http://x/g> .\n")
    assert found.search("a") == Found()


def test_huge_and_many_names_are_indexed_in_part_and_break_nothing(tmp_path: Path) -> None:
    many = "".join(f'a label "name {n}"@nb\n' for n in range(5000))
    content = quads(f'a a <http://x/Village>\n{many}a label "{"lang " * 200_000}"@nb\n')
    found = built(tmp_path / "index.sqlite", content)
    assert iris(found.search("name 4999")) == iris(found.search("lang lang lang")) == ["a"]
    assert (tmp_path / "index.sqlite").stat().st_size < 10_000_000


def test_the_same_quads_give_the_same_index(tmp_path: Path) -> None:
    def rows(name: str) -> list[object]:
        built(tmp_path / name, quads(STATEMENTS))
        with sqlite3.connect(tmp_path / name) as db:
            return [db.execute(f"SELECT * FROM {table}").fetchall() for table in ("found", "name", "word")]

    assert rows("one") == rows("two")


def test_the_names_of_all_things_are_given_without_slugs_labels_first(small: Index) -> None:
    assert [row for row in small.names() if row[0] == "http://x/a"] == [
        ("http://x/a", "Lønset", "nb"),
        ("http://x/a", "Løset", "nb"),
        ("http://x/a", "Lünset", "nb"),
        ("http://x/a", "L-17", ""),
    ]
