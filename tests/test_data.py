"""What must hold for every file in data/, whoever wrote it, and for the facts of the network."""

from __future__ import annotations

import csv
import json
import os
import re
from collections import Counter, defaultdict
from functools import lru_cache
from pathlib import Path

import pytest
from pyoxigraph import BlankNode, Literal, NamedNode, Quad

from kg import source
from kg.source import Room, SourceFile
from kg.vocab import PREFIXES, RDF_TYPE

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("KG_SHARED", ROOT.parent / "shared"))
LEFT_OUT = Path(__file__).with_name("data") / "network_left_out.tsv"

BASE = "https://w3id.org/bygdegraf/"
BG = f"{BASE}def#"

# To be emptied: what the data links to and other parts of the dataset deliver.
# Remove a line when it has landed.
AWAITED: tuple[str, ...] = ("concept/change-kind/",)

EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[a-z]{2,}", re.IGNORECASE)
PHONE = re.compile(
    r"(?<![\d.,/-])(?:\+47 ?)?(?:\d{2} \d{2} \d{2} \d{2}|\d{3} \d{2} \d{3}|[2-9]\d{7})(?![\d.,/-])"
)
FACT_COMMENT = re.compile(r"^# (F\d{3}(?:, F\d{3})*)$", re.MULTILINE)


def bg(name: str) -> NamedNode:
    return NamedNode(BG + name)


def entity(path: str) -> NamedNode:
    return NamedNode(f"{BASE}id/{path}")


@lru_cache(maxsize=1)
def files() -> tuple[SourceFile, ...]:
    return source.read([ROOT]).in_room(Room.DATA)


@lru_cache(maxsize=1)
def turtle() -> dict[SourceFile, tuple[Quad, ...]]:
    return {file: tuple(file.quads()) for file in files() if file.path.suffix == ".ttl"}


@lru_cache(maxsize=1)
def quads() -> tuple[Quad, ...]:
    return tuple(quad for statements in turtle().values() for quad in statements)


def objects(subject: NamedNode, predicate: NamedNode) -> set[object]:
    return {q.object for q in quads() if q.subject == subject and q.predicate == predicate}


@lru_cache(maxsize=1)
def facts() -> dict[str, str]:
    """The confidence of each fact by its id."""
    path = SHARED / "facts" / "network.json"
    if not path.is_file():
        pytest.skip(f"The collected facts are not at hand: no {path.name} in {path.parent}.")
    statements = json.loads(path.read_text("utf-8"))["statements"]
    return {statement["id"]: statement["confidence"] for statement in statements}


@lru_cache(maxsize=1)
def carried() -> dict[str, set[str]]:
    """The files that carry each fact, by its id."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for file in turtle():
        for listed in FACT_COMMENT.findall(file.content().decode("utf-8")):
            for fact in listed.split(", "):
                found[fact].add(file.relative)
    return dict(found)


@lru_cache(maxsize=1)
def left_out() -> dict[str, str]:
    with LEFT_OUT.open(encoding="utf-8", newline="") as table:
        return {row["id"]: row["reason"] for row in csv.DictReader(table, delimiter="\t")}


def test_every_fact_of_the_network_is_in_the_data_or_left_out_with_a_reason() -> None:
    assert sorted(carried().keys() | left_out().keys()) == sorted(facts())


def test_no_fact_is_both_in_the_data_and_left_out() -> None:
    assert carried().keys() & left_out().keys() == set()


def test_each_left_out_fact_has_its_reason() -> None:
    assert [fact for fact, reason in left_out().items() if not reason.strip()] == []


def test_facts_of_low_confidence_stay_out() -> None:
    assert {fact for fact, confidence in facts().items() if confidence == "low"} <= left_out().keys()


def test_a_fact_of_medium_confidence_stands_in_a_graph_that_says_why_it_is_less_certain() -> None:
    note = NamedNode(PREFIXES["skos"] + "editorialNote")
    noted = {file.relative for file, found in turtle().items() if any(q.predicate == note for q in found)}
    medium = {fact for fact, confidence in facts().items() if confidence == "medium"}
    unsaid = {fact: carried()[fact] - noted for fact in medium & carried().keys()}
    assert {fact: where for fact, where in unsaid.items() if where} == {}


def test_every_turtle_file_begins_with_the_provenance_of_its_own_graph() -> None:
    source_of = {
        NamedNode(PREFIXES["prov"] + "hadPrimarySource"),
        NamedNode(PREFIXES["skos"] + "editorialNote"),
    }
    bad = [
        file.relative
        for file, statements in turtle().items()
        if not statements
        or statements[0].subject != file.graph
        or not any(q.subject == file.graph and q.predicate in source_of for q in statements)
    ]
    assert bad == []


def test_there_is_no_blank_node_in_the_data() -> None:
    assert [str(q) for q in quads() if any(isinstance(x, BlankNode) for x in (q.subject, q.object))] == []


def test_each_thing_with_a_page_is_typed_and_so_introduced_in_one_file_only() -> None:
    homes: defaultdict[str, set[str]] = defaultdict(set)
    for file, statements in turtle().items():
        for q in statements:
            if q.predicate == RDF_TYPE and isinstance(q.subject, NamedNode) and "#" not in q.subject.value:
                homes[q.subject.value].add(file.relative)
    assert {iri: sorted(where) for iri, where in homes.items() if len(where) > 1} == {}


def test_no_literal_looks_like_an_address_or_a_telephone_number() -> None:
    texts = {PREFIXES["xsd"] + "string", PREFIXES["rdf"] + "langString"}
    literals = {q.object for q in quads() if isinstance(q.object, Literal)}
    read = [x.value for x in literals if x.datatype.value in texts]
    assert [x for x in read if EMAIL.search(x) or PHONE.search(x)] == []


@pytest.mark.parametrize(
    ("text", "telling"),
    [
        ("ring 72 12 34 56", True),
        ("+47 721 23 456", True),
        ("72123456", True),
        ("972417858", False),
        ("2006 – 2010", False),
        ("450 000", False),
        ("POINT(10.32353 64.24536)", False),
    ],
)
def test_the_pattern_for_telephone_numbers_spares_other_figures(text: str, telling: bool) -> None:
    assert bool(PHONE.search(text)) == telling


def test_every_thing_of_ours_that_is_pointed_at_is_described() -> None:
    ours = tuple(BASE + room for room in ("id/", "concept/"))
    awaited = tuple(BASE + path for path in AWAITED)
    everything = source.read([ROOT])
    described = {q.subject for q in everything.quads()}
    pointed_at = {q.object for q in everything.quads(Room.DATA) if isinstance(q.object, NamedNode)}
    dangling = {node.value for node in pointed_at - described if node.value.startswith(ours)}
    assert sorted(iri for iri in dangling if not iri.startswith(awaited)) == []


def test_iris_of_ours_are_lower_case_ascii_with_hyphens() -> None:
    named = {node.value for q in quads() for node in (q.subject, q.object) if isinstance(node, NamedNode)}
    good = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*(?:/[a-z0-9]+(?:-[a-z0-9]+)*)*(?:#[a-z0-9]+(?:-[a-z0-9]+)*)?")
    paths = {iri.removeprefix(BASE + "id/") for iri in named if iri.startswith(BASE + "id/")}
    assert sorted(path for path in paths if not good.fullmatch(path)) == []


def test_claims_in_conflict_name_each_other() -> None:
    said = {(q.subject, q.object) for q in quads() if q.predicate == bg("conflictsWith")}
    assert {pair for pair in said if pair[::-1] not in said} == set()


def test_a_claim_tells_its_source_and_what_it_conflicts_with_or_that_the_editor_read_it_so() -> None:
    source_of = NamedNode(PREFIXES["dcterms"] + "source")
    editor = NamedNode(PREFIXES["prov"] + "wasAttributedTo")
    claims = {q.subject for q in quads() if q.predicate == RDF_TYPE and q.object == bg("Claim")}
    told = Counter((q.subject, q.predicate) for q in quads() if q.subject in claims)
    alone = {c for c in claims if not told[c, bg("conflictsWith")] and not told[c, editor]}
    assert (alone, {c for c in claims if not told[c, source_of]}) == (set(), set())


def test_six_villages_took_part_in_the_network() -> None:
    villages = ("bessaker", "budalen", "hasselvika", "lonset", "saetervik", "vingsand")
    assert objects(entity("project/nettverk-for-optimistbygder"), bg("hasParticipant")) == {
        entity(f"village/{slug}") for slug in villages
    }


def test_bessaker_lay_in_roan_under_two_numbers_and_lies_in_afjord_today() -> None:
    assert objects(entity("village/bessaker"), bg("inMunicipalityVersion")) == {
        entity("municipality/roan/1632"),
        entity("municipality/roan/5019"),
        entity("municipality/afjord/5058"),
    }


def test_vingsand_has_no_point_since_no_source_gives_one() -> None:
    assert objects(entity("village/vingsand"), NamedNode(PREFIXES["geo"] + "hasGeometry")) == set()


def test_the_ministry_is_one_organisation_with_three_names() -> None:
    ministry = entity("organisation/kommunal-og-distriktsdepartementet")
    names = {
        text
        for name in objects(ministry, bg("hasName"))
        if isinstance(name, NamedNode)
        for text in objects(name, bg("nameText"))
    }
    assert names == {
        Literal("Kommunal- og regionaldepartementet", language="nb"),
        Literal("Kommunal- og moderniseringsdepartementet", language="nb"),
        Literal("Kommunal- og distriktsdepartementet", language="nb"),
    }


def test_the_example_in_the_guide_for_contributors_is_the_file_itself() -> None:
    guide = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    assert (ROOT / "data/village/vingsand.ttl").read_text("utf-8") in guide
