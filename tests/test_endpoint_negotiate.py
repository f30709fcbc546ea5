"""Facts about choosing a representation and a language."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from endpoint import negotiate
from endpoint.negotiate import (
    DOCUMENTS,
    ENTITY,
    HTML,
    LISTS,
    MEMBERS,
    ONTOLOGY,
    PROFILES,
    choose,
    choose_language,
    choose_profiles,
    of_name,
    split_suffix,
)

CHROME = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
RDFLIB = "text/turtle, application/rdf+xml;q=0.9, application/n-triples;q=0.8, */*;q=0.1"
JENA = ("text/turtle,application/n-triples;q=0.9,application/ld+json;q=0.8,application/rdf+xml;q=0.7,"
        "application/trig,application/n-quads;q=0.9,*/*;q=0.5")  # fmt: skip


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, "html"),
        ("", "html"),
        ("*/*", "html"),
        ("nonsense", "html"),
        (",,;", "html"),
        ("*/turtle", "html"),
        ("text/turtle", "turtle"),
        ("TEXT/TURTLE", "turtle"),
        ("application/x-turtle", "turtle"),
        ("application/json", "jsonld"),
        (CHROME, "html"),
        (RDFLIB, "turtle"),
        (JENA, "turtle"),
        ("text/html, text/turtle", "turtle"),
        ("text/turtle, */*", "turtle"),
        ("application/n-triples, */*;q=0.1", "ntriples"),
        ("text/html;q=0.5, application/ld+json;q=0.4", "html"),
        ("text/html;q=0, */*", "turtle"),
        ("text/*", "html"),
        ("application/*", "jsonld"),
        ("text/turtle;q=0", None),
        ("image/png", None),
        ("*/*;q=0", None),
        ("application/ld+json;profile=\"http://www.w3.org/ns/json-ld#compacted, x\"", "jsonld"),
        ("text/turtle;profile=x;q=0, text/turtle", "turtle"),
        ("text/turtle;charset=utf-8", "turtle"),
        ("text/turtle;q=abc, application/n-triples;q=0.1", "ntriples"),
        ("text/turtle;q=7", "turtle"),
        ("\"text/turtle", "html"),
    ],
)  # fmt: skip
def test_an_accept_header_chooses_one_representation(accept: str | None, expected: str | None) -> None:
    found = choose(accept, ENTITY, default="html")
    assert (found.name if found else None) == expected


@given(st.text(max_size=200))
def test_any_header_text_gets_an_answer(header: str) -> None:
    found = choose(header, ENTITY, default="html")
    assert found is None or found in ENTITY


@given(st.sampled_from(ENTITY))
def test_each_representation_can_be_had_by_its_type_suffix_and_name(wanted: negotiate.Representation) -> None:
    by_type = choose(wanted.media_type, ENTITY, default="html")
    assert by_type == of_name(wanted.suffix, ENTITY) == of_name(wanted.name, ENTITY) == wanted


def test_names_and_suffixes_in_each_table_name_one_representation() -> None:
    for table in (ENTITY, ONTOLOGY, LISTS, MEMBERS, negotiate.DATASET, negotiate.ERRORS):
        keys = [key for row in table for key in {row.name, row.suffix, row.media_type}]
        assert sorted(keys) == sorted(set(keys))


def test_each_profile_of_a_document_has_names_and_suffixes_of_its_own() -> None:
    keys = [key for row in DOCUMENTS for key in {row.name, row.suffix}]
    assert sorted(keys) == sorted(set(keys))
    assert {row.profile for row in DOCUMENTS} == {profile.token for profile in PROFILES}


@given(st.sampled_from(DOCUMENTS), st.sampled_from(["x", "a/b.c", "v1.5", "x.ttl", ".."]))
def test_the_suffix_of_each_form_and_profile_is_taken_off_whole(
    form: negotiate.Representation, stem: str
) -> None:
    assert split_suffix(f"{stem}.{form.suffix}", DOCUMENTS) == (stem, form, form.suffix)


@given(st.text(max_size=200))
def test_any_accept_profile_header_gives_known_profiles_each_once(header: str) -> None:
    found = choose_profiles(header, {"urn:own": "own", "urn:a": "a"})
    assert set(found) <= {"own", "a"}
    assert len(set(found)) == len(found)


def test_an_unknown_name_has_no_representation() -> None:
    assert of_name("docx", ENTITY) is None


def test_a_suffix_is_taken_off_only_at_the_end_of_the_path() -> None:
    assert split_suffix("village/x.ttl", ENTITY)[0] == "village/x"
    assert split_suffix("a.ttl/x", ENTITY) == ("a.ttl/x", None, "")
    assert split_suffix("x.docx", ENTITY) == ("x", None, "docx")
    assert split_suffix("x.html", ENTITY)[1] == HTML


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, "nb"), ("", "nb"), ("nn", "nn"), ("no", "nb"), ("nb-NO,nb;q=0.9,en;q=0.5", "nb"),
        ("en-GB,en;q=0.9", "en"), ("fr", "nb"), ("fr, *;q=0.1", "nb"), ("nn;q=0, en", "en"),
        ("de, nn;q=0.4, en;q=0.3", "nn"), (";;;,", "nb"), ("en;q=x, nn", "nn"),
    ],
)  # fmt: skip
def test_an_accept_language_header_chooses_one_language(header: str | None, expected: str) -> None:
    assert choose_language(header, ("nb", "nn", "en")) == expected
