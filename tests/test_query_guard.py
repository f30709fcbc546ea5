"""What the guard lets through, what it refuses, and that it takes linear time."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.query import Limits, QueryRefused, QuerySyntaxError, guard

ENDLESS = Limits(
    length=10**9, tokens=10**9, depth=10**9, run=10**9, operators=10**9, patterns=10**9,
    values=10**9, iri=10**9,
)  # fmt: skip


def reason(text: str) -> str | None:
    try:
        guard.inspect(text)
    except QueryRefused as refused:
        return refused.reason
    return None


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("SELECT * { ?s ?p ?o }", "SELECT"),
        ("select*{?s?p?o}", "SELECT"),
        ("SELECTDISTINCT*{?s?p?o}", "SELECT"),
        ("# a comment\nASK{}", "ASK"),
        ('BASE <http://x/> PREFIX a: <b#> VERSION "1.2" CONSTRUCT WHERE { a:b ?p ?o }', "CONSTRUCT"),
        ("DESCRIBE<http://x/a>", "DESCRIBE"),
        ("SELEC * {}", None),
        ("", None),
    ],
)
def test_the_outline_tells_the_query_form(text: str, form: str | None) -> None:
    assert guard.inspect(text).form == form


def test_the_outline_tells_which_prefixes_are_not_declared() -> None:
    outline = guard.inspect("PREFIX a: <http://a/> SELECT * { ?s a:p b:q ; :r _:x . b:z a c:d }")
    assert outline.prefixes == {"a": "http://a/"}
    assert outline.undeclared == {"b": 40, "": 46, "c": 61}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SELECT*{?s ?p ?o}", "SELECT  * # all\n{ ?s ?p ?o }"),
        ('ASK { ?s ?p "a  b" }', 'ASK{?s ?p "a  b"}'),
    ],
)
def test_queries_that_differ_in_space_and_comments_have_one_key(one: str, other: str) -> None:
    assert guard.inspect(one).key == guard.inspect(other).key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('ASK { ?s ?p "a  b" }', 'ASK { ?s ?p "a b" }'),
        ("ASK { FILTER(?a<?b#>1)\n) }", "ASK { FILTER(?a<?b#>1\n)) }"),
        ("ASK { ?s ?p 1.5 }", "ASK { ?s ?p 1 .5 }"),
    ],
)
def test_queries_that_may_differ_in_meaning_have_two_keys(one: str, other: str) -> None:
    assert guard.inspect(one).key != guard.inspect(other).key


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * { SERVICE <http://127.0.0.1/> { ?s ?p ?o } }",
        "SELECT * { service silent ?x { } }",
        "SELECT * { SERVICESILENT<http://127.0.0.1/>{} }",
        "PREFIX : <http://127.0.0.1/> SELECT * { SERVICE:ep{} }",
        "SELECT * { ?s ?p 1SERVICE<http://127.0.0.1/>{} }",
        "SELECT * { ?s ?p true.SERVICE <http://127.0.0.1/> {} }",
        'SELECT * { FILTER(?a <?b#>"""\n) SERVICE <http://127.0.0.1/> {} #"""\n }',
        "SELECT * { FILTER(?a <?b&&SERVICE:x> ?c) }",
    ],
)
def test_service_is_refused_however_it_is_written(text: str) -> None:
    assert reason(text) in {"service", "ambiguous"}


@pytest.mark.parametrize(
    "text",
    [
        'SELECT * { ?s ?p "SERVICE" }',
        "SELECT * { ?service ?p ?o } # SERVICE",
        "SELECT * { <http://x/SERVICE> ?p ?o }",
        "PREFIX x: <http://x/> SELECT * { ?s x:SERVICE ?o }",
        "SELECT * { <#me> ?p 'it is' }\n",
        "SELECT * { ?s ?p <http://no.wikipedia.org/wiki/Roan_(kommune)> }",
        "PREFIX x: <http://x/> SELECT * { ?s x:it\\'s 'a' }",
        'SELECT * { ?s ?p """a"b""c\\"""" }',
    ],
)
def test_what_only_looks_like_an_attack_passes(text: str) -> None:
    assert reason(text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("LOAD <http://x/>", "load"),
        ("INSERT DATA { <http://a> <http://b> <http://c> }", "update"),
        ("PREFIX a: <http://a/> DELETE WHERE { ?s ?p ?o }", "update"),
        ("WITH <http://x/> DELETE { ?s ?p ?o } WHERE { ?s ?p ?o }", "update"),
        ("SELECT * " + "{" * 49 + "}" * 49, "depth"),
        ("SELECT * { FILTER(" + "STR(" * 60 + "1" + ")" * 60 + ") }", "depth"),
        ("SELECT * { FILTER(?a<x" + "(" * 60 + ">1) }", "depth"),
        ("SELECT * { ?s ?p " + "<< ?a ?b " * 60 + "}", "depth"),
        ("SELECT * { FILTER(" + "!" * 40 + "?a) }", "run"),
        ("SELECT * { FILTER(?x<" + "!" * 40 + "?b>?c) }", "run"),
        ("SELECT (" + "1+" * 500 + "1 AS ?x) {}", "operators"),
        ("SELECT * { {} " + "UNION {} " * 500 + "}", "operators"),
        ("SELECT * { " + "?a ?b ?c . " * 200 + "}", "patterns"),
        ("SELECT * { ?s " + "<http://p>/" * 200 + "<http://p> ?o }", "patterns"),
        ("SELECT * { FILTER(?a IN (" + "1, " * 5000 + "1)) }", "values"),
        ("SELECT * { <http://x/" + "a" * 3000 + "> ?p ?o }", "iri"),
        ("SELECT * {} #" + "a" * 70_000, "length"),
        ("SELECT * {} #" + "å" * 40_000, "length"),
        ("SELECT * { VALUES ?x { " + "1 " * 25_000 + "} }", "tokens"),
    ],
)
def test_queries_beyond_a_limit_are_refused_with_the_reason(text: str, expected: str) -> None:
    assert reason(text) == expected
    assert expected in guard.REASONS


def test_a_list_may_have_many_entries() -> None:
    assert reason("SELECT * { FILTER(?a IN (" + "1, " * 1000 + "1)) }") is None


def test_a_string_that_is_not_closed_is_shown_where_it_begins() -> None:
    with pytest.raises(QuerySyntaxError) as caught:
        guard.inspect('SELECT *\n{ ?s ?p "a }')
    assert (caught.value.line, caught.value.column) == (2, 9)
    assert caught.value.excerpt == '{ ?s ?p "a }\n        ^'


FRAGMENTS = [
    '\\"',
    "'",
    '"',
    '"""',
    "'''a",
    "''''",
    '""',
    "<",
    "<a",
    "<a#",
    "<a>",
    "<>",
    "<a(",
    "<#a>",
    "<?b#>",
    "<http://a(>",
    "<\\u0041",
    "a.",
    "a-",
    "a:",
    "a:.",
    "a:..b",
    "a.b:c.",
    "_:",
    "a:%4",
    "\\",
    "\\u",
    "é",
    "[",
    "(",
    "{",
    "!",
    ".",
    "1.",
    "1e",
    "@a-",
    "@",
    "#",
    "%",
    "?",
    "\n",
    " ",
    '?a<b#>"""\n',
]


@pytest.mark.attack
@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(FRAGMENTS), min_size=1, max_size=4).map("".join))
def test_the_guard_takes_linear_time(fragment: str) -> None:
    """64 KiB of anything takes well under the seconds that one quadratic rule would take."""
    text = (fragment * 65_536)[:65_536]
    began = time.process_time()
    with suppress(QueryRefused, QuerySyntaxError):
        guard.inspect(text, ENDLESS)
    assert time.process_time() - began < 1.0


@given(st.text(max_size=200))
def test_any_text_is_passed_or_refused(text: str) -> None:
    with suppress(QueryRefused, QuerySyntaxError):
        assert guard.inspect(text).form in {"SELECT", "ASK", "CONSTRUCT", "DESCRIBE", None}
