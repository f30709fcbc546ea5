"""Pages of a result are parts of one whole, whichever worker cuts them."""

from __future__ import annotations

import random
import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyoxigraph import Literal, NamedNode, Quad, Store

from kg.query import NotPageable, Page, formats
from kg.query.paging import cut

MANY = [f"?v{number}" for number in range(200)]
XSD = "http://www.w3.org/2001/XMLSchema#"
TERMS = (
    *("2", "10", '"1x"', "1", "1.0", "1e0", '"1"', '"a"@nb', '"a"@en', '"a"', "true", "<http://a/>"),
    '"<http://a/>"', f'"NaN"^^<{XSD}double>', f'"2020-01-01"^^<{XSD}date>', f'"x"^^<{XSD}integer>',
    *(f'"2020-01-01T{time}"^^<{XSD}dateTime>' for time in
      ("12:00:00+10:00", "05:00:00Z", "10", "02:00:00", "02:00:00Z", "03:00:00+01:00", "10:00:00", "T")),
    *(f'"{time}"^^<{XSD}time>' for time in ("10:00:00", "12:00:00+10:00", "05:00:00Z", "1")),
    f'"2020-01-01Z"^^<{XSD}date>', f'"2020-01-01+10:00"^^<{XSD}date>', f'"2020"^^<{XSD}date>',
    f'"2020"^^<{XSD}gYear>', f'"2020+10:00"^^<{XSD}gYear>', f'"2020Z"^^<{XSD}gYear>', '"2020Z"', '"2020"',
    "UNDEF", '""',    '<<( <http://s/> <http://p/> "o" )>>',
)  # fmt: skip


def rows(text: str, store: Store | None = None) -> list[tuple[str, ...]]:
    found = (store or Store()).query(text)
    return [tuple(str(row[v]) for v in found.variables) for row in found]  # type: ignore[union-attr]


def walk(text: str, size: int, store: Store | None = None) -> list[tuple[str, ...]]:
    """Give the rows of all pages."""
    page, found = Page(0, size), rows(cut(text, Page(0, size)), store)
    whole = list(found)
    while len(found) == size:
        page = page.next
        found = rows(cut(text, page), store)
        whole += found
    return whole


def values(order: tuple[int, ...]) -> str:
    pairs = " ".join(f"({TERMS[at]} {TERMS[-at - 1]})" for at in order)
    return f"VALUES (?a ?b) {{ {pairs} }}"


@pytest.mark.parametrize(
    "form",
    [
        "SELECT * {{ {} }}",
        "SELECT ?a ?b {{ {} }} # LIMIT 3",
        "SELECT DISTINCT ?b {{ {} }}",
        "SELECT (STR(?a) AS ?c) ?b {{ {} }}",
        "SELECT ?a {{ {} }} ORDER BY ?a",
        "select * where {{ {} }} order by desc(?b) STR(?a) limit 11 offset 3",
        "SELECT ?a (COUNT(?b) AS ?n) {{ {} }} GROUP BY ?a HAVING (COUNT(*) > 0) ORDER BY DESC(COUNT(*))",
        "SELECT * {{}} ORDER BY ?a {}",
    ],
)
def test_all_pages_together_are_the_whole_whatever_the_engine_met_first(form: str) -> None:
    order = list(range(len(TERMS)))
    whole = walk(form.format(values(tuple(order))), 100)
    for size in (1, 3, 7):
        random.Random(size).shuffle(order)
        assert walk(form.format(values(tuple(order))), size) == whole
    if "limit" not in form:
        assert sorted(whole) == sorted(rows(form.format(values(tuple(order)))))


def test_pages_keep_the_order_that_was_asked_for() -> None:
    numbers = "SELECT ?v { VALUES ?v { 3 1.5 2e0 10 1 } } ORDER BY DESC(?v)"
    assert walk(numbers, 2) == rows(numbers)


ZONED = (
    "2020-01-01T12:00:00+10:00",
    "2020-01-01T05:00:00Z",
    "2019-12-30T23:00:00-05:00",
    "2021-01-01T00:00:00Z",
)


@pytest.mark.parametrize("direction", ["ASC", "DESC"])
def test_times_without_a_zone_stand_where_they_can(direction: str) -> None:
    """Times with a zone come in their order; one without is on its side of those that are far from it."""
    zoneless = ("2020-01-01T03:00:00", "2020-12-01T00:00:00", "2019-01-01T00:00:00")
    listed = " ".join(f'"{time}"^^<{XSD}dateTime>' for time in (*zoneless, *ZONED))
    text = f"SELECT (STR(?t) AS ?x) {{ VALUES ?t {{ {listed} }} }} ORDER BY {direction}(?t)"
    wanted = [zoneless[2], ZONED[2], ZONED[0], zoneless[0], ZONED[1], zoneless[1], ZONED[3]]
    found = [row[0].strip('"') for row in walk(text, 2)]
    assert found == (wanted if direction == "ASC" else wanted[::-1])


@given(st.permutations([f'"{t}"^^<{XSD}dateTime>' for t in (*ZONED, "2020-01-01T03:00:00", "2020-01-01T")]))
def test_times_come_in_one_order_whatever_the_engine_met_first(terms: list[str]) -> None:
    def text(found: list[str]) -> str:
        return f"SELECT ?t {{ VALUES ?t {{ {' '.join(found)} }} }} ORDER BY ?t"

    assert walk(text(terms), 2) == walk(text(sorted(terms)), 100)


def test_the_limit_and_offset_of_the_query_are_those_of_all_pages() -> None:
    store = Store()
    store.extend(Quad(NamedNode(f"urn:{n:02}"), NamedNode("urn:p"), Literal(n)) for n in range(30))
    text = "SELECT ?s { ?s ?p ?o } ORDER BY ?o OFFSET 5 LIMIT 12"
    assert walk(text, 5, store) == [(f"<urn:{n:02}>",) for n in range(5, 17)]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("SELECT (SAMPLE(?o) AS ?x) { ?s ?p ?o } GROUP BY ?s", "SAMPLE may give other rows each time"),
        ("SELECT (AVG(?o) AS ?x) { ?s ?p ?o } GROUP BY ?s", "AVG may give other rows each time"),
        ("SELECT ?s { ?s ?p ?o FILTER(RAND() < 0.5) }", "RAND may give other rows each time"),
        ("SELECT REDUCED ?s { ?s ?p ?o }", "REDUCED may give other rows each time"),
        ("SELECT ?s { { SELECT ?s { ?s ?p ?o } LIMIT 5 } }",
         "LIMIT in a sub-query may give other rows each time"),
        ("ASK { ?s ?p ?o }", "only the rows of SELECT come in pages"),
        ("SELECT ?s { ?s ?p ?o } LIMIT1", "its LIMIT cannot be read"),
        (f"SELECT ?s {{ ?s ?p ?o }} ORDER BY STR({'?s+' * 100}?s)",
         "its ORDER BY has a long expression; bind it to a variable"),
        ("SELECT ?s { ?s ?p ?o } ORDER BY EXISTS { ?s ?p 1 }", "its ORDER BY cannot be read"),
        (f"SELECT * {{ {' '.join(MANY)} }}", "its rows have more than 100 variables"),
        ("SELECT ?s { ?s ?p ?o", "its brackets do not match"),
        ("SELECT ?s { ?s ?p <o> }", "its text can be read in two ways, as an IRI without :// can"),
    ],
)  # fmt: skip
def test_rows_without_an_order_have_no_pages(text: str, reason: str) -> None:
    with pytest.raises(NotPageable) as refusal:
        cut(text, Page(0, 10))
    assert refusal.value.reason == reason


@given(
    st.lists(
        st.sampled_from(
            [*"(){}[]?,.;*", "SELECT ", "?x ", " ORDER BY ", " LIMIT ", " OFFSET ", "1", "DESC", "VALUES "]
        ),
        max_size=60,
    )
)
def test_any_text_has_pages_or_a_reason(parts: list[str]) -> None:
    with suppress(NotPageable):
        assert "LIMIT 2 OFFSET " in cut("".join(["SELECT ?x { } ", *parts]), Page(4, 2)) + "LIMIT 2 OFFSET "


@pytest.mark.parametrize(
    "part", ["?x ", "(?x) ", "DESC(?x) ", "STR(((?x))) ", "ORDER BY ?x ", "LIMIT 1 ", "(", "x"]
)
def test_pages_are_cut_in_linear_time(part: str) -> None:
    def taken(times: int) -> float:
        text = "SELECT ?x { ?x ?y ?z } ORDER BY " + part * times
        began = time.process_time()
        with suppress(NotPageable):
            cut(text, Page(0, 10))
        return time.process_time() - began

    # Three times as much takes three times as long, and nine times if it went by the square.
    assert min(taken(24_000) for _ in range(2)) < 6 * max(0.01, min(taken(8_000) for _ in range(2)))


@given(
    st.lists(
        st.tuples(st.none() | st.text('",{}[]:\\\r\n<result>\tx', max_size=6), st.booleans()), max_size=6
    )
)
def test_rows_are_counted_in_every_format(found: list[tuple[str | None, bool]]) -> None:
    cells = (("UNDEF" if v is None else str(Literal(v)), str(b).lower()) for v, b in found)
    text = f"SELECT * {{ VALUES (?a ?b) {{ {' '.join(f'({a} {b})' for a, b in cells)} }} }}"
    for fmt in formats.RESULT_FORMATS:
        if fmt.kind == formats.RESULTS:
            body = Store().query(text).serialize(format=fmt.engine)  # type: ignore[arg-type]
            assert body is not None
            assert formats.count_rows(body, fmt) == len(found), (fmt.name, body)
            more = [formats.has_more_rows(body, fmt, most) for most in range(1, 8)]
            assert more == [len(found) > most for most in range(1, 8)], (fmt.name, body)


@pytest.mark.parametrize("text", ["SELECT ?x {}", "SELECT ?x { VALUES ?x { UNDEF UNDEF } }", "SELECT * {}"])
def test_rows_without_values_are_counted_too(text: str) -> None:
    expected = text.count("UNDEF") or 1
    for fmt in formats.RESULT_FORMATS:
        if fmt.kind == formats.RESULTS:
            body = Store().query(text).serialize(format=fmt.engine)  # type: ignore[arg-type]
            assert formats.count_rows(body or b"", fmt) == expected
            assert formats.has_more_rows(body or b"", fmt, 1) is (expected > 1)
