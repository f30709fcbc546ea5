"""What a page becomes, and what is said of pages that are not quite in the layout."""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyoxigraph import NamedNode, RdfFormat, parse

from kg import config, fmt, source
from kg.errors import ConfigError
from kg.findings import Severity
from kg.pages import (
    Layout,
    PageError,
    PageImport,
    Period,
    Vocabulary,
    load_layout,
    parse_period,
    read_page,
    to_turtle,
    vocabulary,
)
from kg.vocab import term

from .conftest import ROOT
from .test_catalogue import SCHEMES, entries, objects, project

SHARED = Path(os.environ.get("KG_SHARED", ROOT.parent / "shared"))
PAGE = SHARED / "facts" / "nettverk-for-optimistbygder.txt"
CATALOGUE = "https://distriktssenteret.no/prosjektdatabase/"
BASE = "https://w3id.org/bygdegraf/"
BG = f"{BASE}def#"
TABLES = tuple(
    f"data/geo/{name}.csv" for name in ("municipality-versions", "county-versions", "municipal-authorities")
)
ABOUT = ["ca.", "om lag"]
MONTHS = ["januar", "februar", "mars"]


@functools.cache
def layout() -> Layout:
    return load_layout(
        (ROOT / "ontology" / "page-layout.toml").read_bytes(),
        path="page-layout.toml",
        prefixes=source.read([ROOT]).config.prefixes,
    )


@functools.cache
def known() -> Vocabulary:
    files = source.read([ROOT]).files
    wanted = [
        f
        for f in files
        if f.relative in TABLES or (f.metadata is None and not f.relative.startswith("shapes/"))
    ]
    return vocabulary((quad for f in wanted for quad in f.quads()), layout(), base=BASE)


def imported(text: str | bytes) -> PageImport:
    content = text.encode() if isinstance(text, str) else text
    return read_page(content, layout=layout(), known=known(), source="https://ex.org/page/")


def stated(page: PageImport, prop: str) -> list[str]:
    """Local names, or texts, that the subject of a page got for a property, in order."""
    draft = page.drafts[0]
    base = f"{BASE}graph/{draft.path}"
    subject = NamedNode(f"{BASE}id/project/{page.slug}")
    quads = parse(draft.turtle.encode(), format=RdfFormat.TURTLE, base_iri=base)
    found = [q.object.value for q in quads if q.subject == subject and q.predicate == NamedNode(BG + prop)]
    return [value.rpartition("/")[2] for value in found]


def rules(page: PageImport) -> list[tuple[str, int | None]]:
    return [
        (f.rule, f.place.line if f.place else None)
        for f in page.report.findings
        if f.severity is Severity.WARNING
    ]


def hint(page: PageImport, rule: str) -> str:
    return next(f.advice() or "" for f in page.report.findings if f.rule == rule)


CLOSING = """
Tilflyttingsarbeid i norske distriktskommuner

Prøve er presentert uten vurdering. Det inngår i «Katalog over tilflyttingsarbeid i distriktene».
"""


def page_of(body: str) -> str:
    return f"Prøve\n\nEt prosjekt.\n\n{body}\n{CLOSING}"


# The page that the project started from

COMPARED = {
    "project": (
        "a rdfs:label bg:inCountyVersion bg:inMunicipalityVersion bg:period bg:statedPeriod "
        "bg:usesActivity bg:usesSellingPoint bg:hasPartnerKind bg:hasTargetGroup bg:hasGoal bg:homepage "
        "dcat:startDate dcat:endDate prov:hadPrimarySource"
    ),
    "entry": (
        "a rdfs:label foaf:primaryTopic bg:inCatalogue bg:url dcterms:language bg:assessed bg:completeness "
        "bg:hasInvolvement bg:involvedAgent bg:role dcterms:source prov:hadPrimarySource"
    ),
    "website": "bg:url bg:observedWebsite bg:availability bg:asOf prov:wasAttributedTo prov:hadPrimarySource",
}
"""The properties of the fields that a page has; its running text is for a person to read."""

READ_FROM_RUNNING_TEXT = ("#claim-", "#county-governor", "#county-authority", "#evaluator")
"""Nodes of the curated files that an editor made of the running text."""


def triples(turtle: bytes, path: str, properties: str) -> set[tuple[str, str, str]]:
    wanted = {"a": term("rdf:type")}
    for name in properties.split():
        prefix, _, local = name.partition(":")
        wanted[name] = NamedNode(BG + local) if prefix == "bg" else wanted.get(name) or term(name)
    quads = parse(turtle, format=RdfFormat.TURTLE, base_iri=f"{BASE}graph/{path.removesuffix('.ttl')}")
    return {
        (str(q.subject), str(q.predicate), str(q.object))
        for q in quads
        if q.predicate in wanted.values()
        and not any(node in str(q.subject) for node in READ_FROM_RUNNING_TEXT)
    }


def import_original() -> PageImport:
    return read_page(
        original(), layout=layout(), known=known(), source=f"{CATALOGUE}nettverk-for-optimistbygder/"
    )


def original() -> bytes:
    if not PAGE.is_file():
        pytest.skip("the page (../shared/facts/nettverk-for-optimistbygder.txt) is not here")
    return PAGE.read_bytes()


@pytest.mark.parametrize("number", range(3))
def test_importing_the_first_page_gives_the_statements_of_the_curated_files(number: int) -> None:
    page = import_original()
    draft = page.drafts[number]
    properties = COMPARED[draft.path.split("/")[1]]
    curated = triples((ROOT / draft.path).read_bytes(), draft.path, properties)
    if number == 2:
        curated = {t for t in curated if t[1] != str(term("rdfs:label"))}
    assert triples(draft.turtle.encode(), draft.path, properties) == curated


def test_every_line_of_the_first_page_is_used_or_reported() -> None:
    text = original().decode()
    page = import_original()
    filled = [number for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    assert [use.line for use in page.lines] == filled
    assert rules(page) == []


def test_importing_again_gives_the_same_bytes() -> None:
    first = import_original()
    assert to_turtle(first) == to_turtle(import_original())


def test_importing_again_after_the_drafts_came_into_the_dataset_gives_the_same_bytes() -> None:
    text = page_of(
        "Mer finnes på hjemmesiden www.ny-plass.no (nede pr 03.10.2022 red.anm)\n\nMålgruppe\n\nKvinner"
    )
    first = imported(text)
    drafts = [
        quad
        for draft in first.drafts
        for quad in parse(
            draft.turtle.encode(), format=RdfFormat.TURTLE, base_iri=f"{BASE}graph/{draft.path}"
        )
    ]
    files = [file for file in source.read([ROOT]).files if file.relative.startswith("ontology/schemes/")]
    later = vocabulary([*(q for f in files for q in f.quads()), *drafts], layout(), base=BASE)
    again = read_page(text.encode(), layout=layout(), known=later, source="https://ex.org/page/")
    assert [draft.path for draft in first.drafts][2:] == ["data/website/ny-plass.ttl"]
    assert to_turtle(again) == to_turtle(first)


def test_drafts_are_laid_out_as_the_formatter_does() -> None:
    page = imported(page_of("Periode: 2006 – 2010\n\nSamarbeidspartnere\n\n • NAV\n • Næringslivet"))
    prefixes = config.load(ROOT / "kg.toml").prefixes
    drafts = [draft.turtle for draft in page.drafts]
    assert [fmt.formatted(draft, prefixes) for draft in drafts] == drafts


def test_all_drafts_together_are_one_turtle_text() -> None:
    page = imported(page_of("Periode: 2006 – 2010"))
    quads = list(parse(to_turtle(page).encode(), format=RdfFormat.TURTLE, base_iri=f"{BASE}graph/x"))
    assert {q.predicate.value for q in quads} >= {f"{BG}period", f"{BG}inCatalogue"}


# Every other page of the catalogue, built again from its facts

HEADINGS = {
    "nb": ("Aktiviteter", "Viktigste salgsargument", "Samarbeidspartnere", "Målgruppe", "Hovedmål"),
    "nn": ("Aktivitetar", "Viktigaste salsargument", "Samarbeidspartnarar", "Målgruppe", "Hovudmål"),
}
SAID_IN_PROSE = {"nb": "Et prosjekt fra {}.", "nn": "Eit prosjekt frå {}, ikkje noko anna."}


def rebuilt(entry: dict[str, Any]) -> str:
    """A page in the layout that says what the facts say of an entry."""
    tag, places = entry["language"], entry["municipalities"]
    where = ", ".join(f"{name} kommune" for name in places) + f" i {entry['county']}"
    parts = [entry["title"], SAID_IN_PROSE[tag].format(where)]
    for key, heading in zip(SCHEMES, HEADINGS[tag], strict=True):
        if entry[key]:
            parts += [heading, "\n".join(f" • {phrase}" for phrase in entry[key])]
    return "\n\n".join(parts) + "\n" + CLOSING


def test_a_page_gets_no_statement_that_its_curated_file_has_not_and_what_is_missing_is_reported() -> None:
    for entry in entries():
        page = read_page(
            rebuilt(entry).encode(),
            layout=layout(),
            known=known(),
            source=CATALOGUE + entry["slug"],
            slug=entry["slug"],
        )
        unplaced = {f.value for f in page.report.findings if f.rule == "page-unplaced"}
        for key, (_, prop) in SCHEMES.items():
            if entry["slug"] == "froya-inn-i-framtida" and key == "activities":
                continue  # its two activities are kept in the words of the page
            curated = {iri.rpartition("/")[2] for iri in objects(project(entry["slug"]), prop)}
            read = set(stated(page, prop))
            assert read <= curated, (entry["slug"], read - curated)
            left_out = unplaced & set(entry[key]) or key in entry["cut_items"] or entry["slug"] in MOVED
            assert read == curated or left_out, (entry["slug"], curated - read)


MOVED = {"stedsutvikling-i-iveland"}
"""A page with a target group in its list of activities: reported there, placed by a person."""


# Bad input


@pytest.mark.parametrize("content", [b"", b"\n\n  \r\n", b"\xef\xbb\xbf\n"])
def test_an_empty_page_is_refused(content: bytes) -> None:
    with pytest.raises(PageError, match=r"page\.txt: the page is empty\."):
        imported(content)


@pytest.mark.parametrize("content", [b"PK\x03\x04\x00", b"\x81\x8d"])
def test_what_is_not_text_is_refused(content: bytes) -> None:
    with pytest.raises(PageError, match=r"(control character|neither UTF-8 nor Windows-1252)"):
        imported(content)


@pytest.mark.parametrize("address", ["", "the catalogue", "https://ex.org/a b"])
def test_what_is_not_an_address_is_refused_as_the_source(address: str) -> None:
    with pytest.raises(PageError, match=r"is not an address\. Give the page's own http\(s\) IRI\."):
        read_page(b"Title", layout=layout(), known=known(), source=address)


def test_a_title_that_makes_no_name_asks_for_one() -> None:
    with pytest.raises(PageError, match="--slug"):
        imported("???\n")


def test_a_heading_twice_is_reported_and_both_lists_are_read() -> None:
    page = imported(page_of("Aktiviteter\n\n • Eget nettsted\n\nAktivitetar\n\n • Vertskapsordning"))
    assert stated(page, "usesActivity") == ["own-website", "host-scheme"]
    assert rules(page) == [("page-heading-twice", 9)]


def test_two_items_run_together_are_read_as_two() -> None:
    page = imported(page_of("Samarbeidspartnere\n\n • Næringslivet Frivillige lag NAV"))
    assert rules(page) == [("page-unplaced", 7)]
    page = imported(page_of("Samarbeidspartnere\n\n • Grende-/bygdelag NAV og Bygdelaga"))
    assert stated(page, "hasPartnerKind") == ["hamlet-or-village-association", "ministry-or-state"]
    assert rules(page) == [("page-run-together", 7)]


def test_items_under_an_unknown_heading_are_reported_and_not_placed() -> None:
    page = imported(page_of("Aktiviteter\n\n • Eget nettsted\n\nResultat\n\n • Vertskapsordning"))
    assert stated(page, "usesActivity") == ["own-website"]
    assert rules(page) == [("page-unknown-heading", 9), ("page-unplaced", 11)]


def test_a_heading_spelt_almost_right_is_suggested() -> None:
    page = imported(page_of("Hovedmål\n\nØkt tilflytting\n\nSamarbeidspartnera\n\n • NAV"))
    assert "'samarbeidspartnere'" in hint(page, "page-unknown-heading")


def test_a_phrase_nobody_knows_is_reported_with_what_is_nearest() -> None:
    page = imported(page_of("Målgruppe\n\nBarnefamilier med hund\n\nMånefarere"))
    assert stated(page, "hasTargetGroup") == []
    assert rules(page) == [("page-unplaced", 7), ("page-unplaced", 9)]
    assert "target-group/families-with-children" in hint(page, "page-unplaced")


def test_a_misspelt_phrase_is_placed_with_its_score() -> None:
    page = imported(page_of("Aktiviteter\n\n • Annonsering i medja\n • Eget netttsted"))
    assert stated(page, "usesActivity") == ["media-advertising", "own-website"]
    assert [(m.how, m.score < 100) for m in page.matches] == [("fuzzy", True), ("variant", False)]
    assert rules(page) == [("page-fuzzy", 7)]


def test_a_phrase_with_other_digits_is_not_taken_for_a_known_one() -> None:
    page = imported(page_of("Målgruppe\n\nBarn født 2003-2006"))
    assert stated(page, "hasTargetGroup") == []


def test_a_partner_with_a_name_is_an_involvement_and_tells_the_kind() -> None:
    page = imported(page_of("Samarbeidspartnere\n\n • Husbanken"))
    assert stated(page, "hasPartnerKind") == ["ministry-or-state"]
    assert stated(page, "hasInvolvement") == ["prove#partner-husbanken"]


def test_a_selling_point_of_some_municipalities_is_qualified() -> None:
    page = imported(
        "Prøve\n\nI Ål kommune og Hol kommune.\n\nViktigste salgsargument\n\n • Friluftsliv (Ål, Hol)\n"
        + CLOSING
    )
    assert stated(page, "usesSellingPoint") == ["outdoor-life"]
    assert "bg:forMunicipality <https://w3id.org/bygdegraf/id/municipality/al/0619>" in page.drafts[0].turtle
    assert "bg:forMunicipality <https://w3id.org/bygdegraf/id/municipality/hol/0620>" in page.drafts[0].turtle


def test_a_municipality_name_that_two_have_is_kept_as_stated() -> None:
    page = imported("Prøve\n\nEt prosjekt i Herøy kommune.\n" + CLOSING)
    assert stated(page, "inMunicipalityVersion") == []
    assert stated(page, "statedMunicipality") == ["Herøy"]
    assert rules(page) == [("page-place", 3)]
    assert "heroy-more-og-romsdal/1515" in hint(page, "page-place")


def test_the_county_on_the_page_tells_which_municipality_is_meant() -> None:
    page = imported("Prøve\n\nEt prosjekt i Herøy kommune i Nordland.\n" + CLOSING)
    assert stated(page, "inMunicipalityVersion") == ["1818"]
    assert stated(page, "inCountyVersion") == ["18"]


@pytest.mark.parametrize(
    "text",
    [
        "Halsa, Surnadal og Rindal kommuner.",
        "Kommunene Halsa, Surnadal og Rindal.",
        "Halsa, Surnadal og Rindal kommunar",
    ],
)
def test_a_list_of_municipalities_is_read_whole(text: str) -> None:
    page = imported(f"Prøve\n\nEt prosjekt.\n\n{text}\n" + CLOSING)
    assert stated(page, "inMunicipalityVersion") == ["1571", "1566", "1567"]


def test_a_place_is_the_version_of_the_period() -> None:
    early = imported("Prøve\n\nI Roan kommune.\n\nPeriode: 2006 – 2010\n" + CLOSING)
    late = imported("Prøve\n\nI Roan kommune.\n\nPeriode: 2018 – 2019\n" + CLOSING)
    never = imported("Prøve\n\nI Roan kommune.\n\nPeriode: 2021 – 2022\n" + CLOSING)
    assert [stated(page, "inMunicipalityVersion") for page in (early, late, never)] == [
        ["1632"],
        ["5019"],
        [],
    ]
    assert stated(never, "statedMunicipality") == ["Roan"]


def test_windows_1252_is_read_and_reported() -> None:
    page = imported("Prøve på Lønset\n\nEt forsøk – ikke mer.\n".encode("cp1252"))
    assert page.title == "Prøve på Lønset"
    assert rules(page) == [("page-encoding", 1), ("page-cut", 3)]


def test_a_page_in_nynorsk_is_known_as_such() -> None:
    page = imported("Prøve\n\nEit prosjekt frå ein kommune.\n\nAktivitetar\n\n • Eigen nettstad\n" + CLOSING)
    assert (page.language, stated(page, "usesActivity")) == ("nn", ["own-website"])
    assert "authority/language/NNO" in page.drafts[1].turtle


def test_a_cut_page_says_so_on_the_entry() -> None:
    whole = imported(page_of(""))
    closing_cut = imported(page_of("").rstrip().removesuffix("."))
    lists_cut = imported("Prøve\n\nAktiviteter\n\n • Eget nettsted")
    found = [
        draft.turtle.partition("completeness completeness:")[2].split()[0]
        for draft in (whole.drafts[1], closing_cut.drafts[1], lists_cut.drafts[1])
    ]
    assert found == ["complete", "closing-paragraph-cut", "body-cut"]


def test_an_item_twice_is_stated_once_and_reported() -> None:
    page = imported(page_of("Målgruppe\n\nKvinner\nKvinner"))
    assert stated(page, "hasTargetGroup") == ["women"]
    assert [f.rule for f in page.report.findings] == ["page-prose", "page-repeated"]


def test_an_item_broken_over_two_lines_is_one() -> None:
    page = imported(page_of("Aktiviteter\n\n • Deltatt på\n   utstillinger/stand\n • Eget nettsted"))
    assert stated(page, "usesActivity") == ["exhibitions-and-stands", "own-website"]


# Periods


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("2006 – 2010", Period(start="2006", end="2010")),
        ("2006-2010", Period(start="2006", end="2010")),
        ("2006 — 2010.", Period(start="2006", end="2010")),
        ("2006–", Period(start="2006")),
        ("2008", Period(start="2008", end="2008")),
        ("ca. 2008", Period(start="2008", end="2008", approximate=True)),
        ("om lag 2008 – 2011", Period(start="2008", end="2011", approximate=True)),
        ("2006/07", Period(start="2006", end="2007")),
        ("2010-12", Period(start="2010", end="2012", doubt="2012, not month 12 of 2010")),
        ("januar 2009 –", Period(start="2009-01")),
        ("mars 2004 – 30. mars 2006", Period(start="2004-03", end="2006-03-30")),
        ("15.08.2011 – 2013", Period(start="2011-08-15", end="2013")),
    ],
)
def test_a_period_is_read_at_its_own_precision(text: str, period: Period) -> None:
    assert parse_period(text, about=ABOUT, months=MONTHS) == period


@pytest.mark.parametrize(
    "text",
    ["20012-2015", "2010 – 2006", "treårig", "høsten 2008", "2006/05", "31.02.2011", "1 – 2 – 3", "–", ""],
)
def test_a_period_that_is_not_certain_is_not_read(text: str) -> None:
    assert parse_period(text, about=ABOUT, months=MONTHS) is None


def test_a_period_that_cannot_be_read_is_kept_as_stated() -> None:
    page = imported(page_of("Periode: oppstart høsten 2012, varighet tre år"))
    assert stated(page, "statedPeriod") == ["oppstart høsten 2012, varighet tre år"]
    assert (stated(page, "period"), rules(page)) == ([], [("page-period", 5)])


# Anything else


@settings(max_examples=40, deadline=None)
@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=40))
def test_whatever_a_line_says_it_is_accounted_for_and_the_drafts_are_turtle(text: str) -> None:
    page = imported(page_of(f"Målgruppe\n\n{text}\n\nHovedmål\n\n{text}"))
    wanted = [
        n for n, line in enumerate(page_of(f"Målgruppe\n\n{text}\n\nHovedmål\n\n{text}").splitlines(), 1)
    ]
    assert {use.line for use in page.lines} <= set(wanted)
    for draft in page.drafts:
        assert list(parse(draft.turtle.encode(), format=RdfFormat.TURTLE, base_iri=f"{BASE}graph/x"))


def test_a_layout_without_sections_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"x\.toml: 'sections' is missing\."):
        load_layout(b"", path="x.toml")
