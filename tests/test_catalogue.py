"""The catalogue in the graph says what the facts say, entry by entry."""

from __future__ import annotations

import csv
import functools
import json
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from pyoxigraph import Literal, NamedNode, Store

from kg import source
from kg.pages import fold, load_layout, split

from .conftest import ROOT

SHARED = Path(os.environ.get("KG_SHARED", ROOT.parent / "shared"))
FACTS = SHARED / "facts" / "catalogue"
BASE = "https://w3id.org/bygdegraf/"
BG = f"{BASE}def#"
SKOS = "http://www.w3.org/2004/02/skos/core#"
SCHEMES = {
    "activities": ("activity", "usesActivity"),
    "selling_points": ("selling-point", "usesSellingPoint"),
    "partners": ("partner-kind", "hasPartnerKind"),
    "target_groups": ("target-group", "hasTargetGroup"),
    "main_goals": ("goal", "hasGoal"),
}
VOCABULARY_KEYS = {
    "activities": "activities",
    "selling_points": "selling_points",
    "partners": "partner_types",
    "target_groups": "target_groups",
    "main_goals": "main_goals",
}

SENTENCES = {
    "Brev og telefon til alle som eig": "activity/contact-with-owners-of-empty-houses",
    "Elevene på Tuddal": "activity/pupil-involvement",
    "Prosjektet engasjerte arkitektfirmaet": "activity/landscape-analysis",
    "Bredt sammensatt prosjekt": "activity/broad-local-development",
    "Undersøkt gjennom intervju": "activity/survey-of-target-group",
    "Livsstilsflyttere fra utlandet. Valgt bort": "target-group/lifestyle-movers-abroad",
    "Styrke regionens posisjon": "goal/attractive-community goal/jobs-and-business",
    "Styrke regionens konkurranskraft": "goal/competence-recruitment",
    "Aktive og levande grender": "goal/population-growth goal/jobs-and-business goal/attractive-community",
    "Hovudmålet var å marknadsføra": "goal/market-the-region goal/more-in-migration",
}
"""Sentences of running text in the lists: another's prose is no label; the concept is in our words."""

ELSEWHERE = {"Potensielle tilbakeflyttere": "A target group that one page has in its list of activities."}
"""Phrases that stand in the wrong list on the page."""

NAMED_PARTS = {
    "Landsbyen Næringshage og Landsbylauget (handelsstandsforeningen)": "business-development-body",
    "BU-midlergjennom Fylkesmannen i Sør-Trøndelag.-Sør-Trøndelag fylkeskommune.": (
        "county-authority county-governor"
    ),
    "Offentlige etater: NAV, Skatt Nord, lokalt politi": "ministry-or-state",
    "Sogn og Fjordane Fylkeskommune(finansiell støtte)": "county-authority",
    "Regionrådene i Hallingdal og Valdres": "regional-council",
    "KRD og Husbanken": "ministry-or-state",
    "Kommunal-og regional departementet.": "ministry-or-state",
    "Næringslivet (Sparebank 1 Hallingsdal)": "business",
    "Rekrutteringsbyrå(Placement)": "recruitment-company",
    "Skole og barnehager: Kommunene og videregående skoler i regionen": "education municipality",
}
"""Items that wrap names in words: read by a person, not by labels."""

OTHER_KIND = {
    "Næringsliv i Midt-Troms": "business: the word Midt-Troms alone had put it under regional councils",
    "Tilflyttere og innbyggere i Midt-Troms": "inhabitants, not a regional council",
}

HANDMADE = {"nettverk-for-optimistbygder", "froya-inn-i-framtida"}
"""Entries told from more sources than the catalogue page."""


@functools.cache
def graph() -> Store:
    """The schemes and the data, of the tables only the municipalities as organisations."""
    store = Store()
    for file in source.read([ROOT]).files:
        written = file.relative.startswith(("ontology/schemes/", "data/")) and file.metadata is None
        if written or file.relative == "data/geo/municipal-authorities.csv":
            store.extend(file.quads())
    return store


@functools.cache
def entries() -> list[dict[str, Any]]:
    """The facts; the test that asks for them is skipped where they are not at hand."""
    path = FACTS / "entries.json"
    if not path.is_file():
        pytest.skip("the shared facts (../shared/facts/catalogue) are not here")
    found: list[dict[str, Any]] = json.loads(path.read_text("utf-8"))
    return found


@functools.cache
def vocab() -> dict[str, Any]:
    path = FACTS / "vocab.json"
    if not path.is_file():
        pytest.skip("the shared facts (../shared/facts/catalogue) are not here")
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def objects(subject: str, prop: str) -> list[str]:
    """IRIs and texts that a subject has for a property of ours or a full IRI."""
    predicate = NamedNode(prop if prop.startswith("http") else BG + prop)
    found = graph().quads_for_pattern(NamedNode(subject), predicate, None)
    return [q.object.value for q in found if isinstance(q.object, (NamedNode, Literal))]


def subjects(prop: str, value: str) -> list[str]:
    predicate = NamedNode(prop if prop.startswith("http") else BG + prop)
    found = graph().quads_for_pattern(None, predicate, NamedNode(value))
    return sorted(q.subject.value for q in found if isinstance(q.subject, NamedNode))


def project(slug: str) -> str:
    return f"{BASE}id/project/{slug}"


def involvements(slug: str, role: str) -> list[str]:
    wanted = f"{BASE}concept/role/{role}"
    return [node for node in objects(project(slug), "hasInvolvement") if wanted in objects(node, "role")]


@functools.cache
def labels(scheme: str) -> dict[str, set[str]]:
    """Folded label -> local names of the concepts that have it; for partners, names of organisations too."""
    found: dict[str, set[str]] = {}
    for concept in subjects(f"{SKOS}inScheme", f"{BASE}concept/{scheme}"):
        for text in names(concept):
            found.setdefault(fold(text), set()).add(concept.rpartition("/")[2])
    if scheme == "partner-kind":
        for quad in graph().quads_for_pattern(
            None, NamedNode("http://www.w3.org/ns/org#classification"), None
        ):
            assert isinstance(quad.subject, NamedNode)
            assert isinstance(quad.object, NamedNode)
            for text in names(quad.subject.value):
                found.setdefault(fold(text), set()).add(quad.object.value.rpartition("/")[2])
    return found


def names(iri: str) -> Iterable[str]:
    for prop in ("prefLabel", "altLabel", "hiddenLabel"):
        yield from objects(iri, SKOS + prop)
    yield from objects(iri, "http://www.w3.org/2000/01/rdf-schema#label")


def concepts(phrase: str, scheme: str) -> set[str]:
    """The concepts that a phrase of the page names, by the labels of the scheme."""
    bare = re.sub(r" \((Nes|Hemsedal|Ål, Hol, Hemsedal|Ål|Hol)\)\Z", "", phrase)
    if phrase in NAMED_PARTS and scheme == "partner-kind":
        return set(NAMED_PARTS[phrase].split())
    for start, iris in SENTENCES.items():
        if bare.startswith(start):
            return {iri.partition("/")[2] for iri in iris.split() if iri.startswith(f"{scheme}/")}
    known = labels(scheme)
    if fold(bare) in known:
        return known[fold(bare)]
    parts = split(bare, lambda part: known.get(fold(part)), joints=["og"])
    return {concept for part in parts or () for concept in known[fold(part)]}


def test_every_entry_has_a_project_and_a_catalogue_entry() -> None:
    for entry in entries():
        kinds = objects(project(entry["slug"]), "http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
        about = objects(f"{BASE}id/entry/{entry['slug']}", "http://xmlns.com/foaf/0.1/primaryTopic")
        assert (kinds, about) == ([f"{BG}Project"], [project(entry["slug"])]), entry["slug"]
    assert len(entries()) == 87


@pytest.mark.parametrize("key", SCHEMES)
def test_each_list_of_an_entry_is_in_the_graph_whole(key: str) -> None:
    scheme, prop = SCHEMES[key]
    for entry in entries():
        phrases = [p for p in entry[key] if not (key == "activities" and p in ELSEWHERE)]
        wanted = {concept for phrase in phrases for concept in concepts(phrase, scheme)}
        assert all(concepts(phrase, scheme) for phrase in phrases), (entry["slug"], phrases)
        if key == "target_groups" and any(p in ELSEWHERE for p in entry["activities"]):
            wanted.add("potential-returners")
        stated = {iri.rpartition("/")[2] for iri in objects(project(entry["slug"]), prop)}
        if key == "activities":  # kept in the words of the page: counted by the concept that they name
            worded = objects(project(entry["slug"]), "statedActivity")
            stated |= {concept for phrase in worded for concept in concepts(phrase, scheme)}
        if key in entry["cut_items"]:
            assert wanted < stated, entry["slug"]
            assert len(stated - wanted) == len(entry["cut_items"][key]), entry["slug"]
        else:
            assert stated == wanted, entry["slug"]


def test_cut_items_are_quoted_on_the_entry() -> None:
    for entry in entries():
        cut = [item.partition("…")[0].strip() for items in entry["cut_items"].values() for item in items]
        assert set(cut) <= set(objects(f"{BASE}id/entry/{entry['slug']}", "cutText")), entry["slug"]


@pytest.mark.parametrize("key", SCHEMES)
def test_inferred_values_are_claims_of_the_editor_and_not_stated(key: str) -> None:
    _, prop = SCHEMES[key]
    for entry in entries():
        claims = [
            claim
            for claim in subjects("claimSubject", project(entry["slug"]))
            if BG + prop in objects(claim, "claimProperty")
            and objects(claim, "http://www.w3.org/ns/prov#wasAttributedTo")
        ]
        assert bool(claims) == (key in entry["inferred"]), (entry["slug"], key)
        if key in entry["inferred"] and not entry[key]:
            assert objects(project(entry["slug"]), prop) == [], entry["slug"]


def unresolved() -> set[tuple[str, str]]:
    path = Path(__file__).parent / "data" / "unresolved_places.tsv"
    with path.open(encoding="utf-8", newline="") as lines:
        return {(row["entry"], row["name"]) for row in csv.DictReader(lines, delimiter="\t")}


def test_each_municipality_is_resolved_or_listed_as_unresolved() -> None:
    for entry in entries():
        slug = entry["slug"]
        open_names = {name for name in entry["municipalities"] if (slug, name) in unresolved()}
        units = {v.rpartition("/")[0] for v in objects(project(slug), "inMunicipalityVersion")}
        assert len(units) == len(entry["municipalities"]) - len(open_names), slug
        assert set(objects(project(slug), "statedMunicipality")) == open_names, slug


ALSO_FUNDED = {
    "tilflyttingsprosjekt-2": 4,
    "smasamfunnsprosjekt-og-bulyst-i-tokke": 4,
    "innovasjon-for-vekst-i-leksvik": 2,
    "intro-innherred": 7,
}
"""Entries where one item of the facts names several funders."""


def test_each_funder_is_a_funding_with_amount_and_year_as_stated() -> None:
    for entry in entries():
        nodes = involvements(entry["slug"], "funder")
        assert len(nodes) == ALSO_FUNDED.get(entry["slug"], len(entry["funders"])), entry["slug"]
        wanted = sorted(
            _amount(text) for text in entry["funders"] if text.startswith(("Bolyst", "KRD Bolyst"))
        )
        stated = sorted(
            (str(int(float(amount))), year)
            for node in nodes
            for amount in objects(node, "amount")
            for year in objects(node, "year")
        )
        assert stated == [pair for pair in wanted if pair[0]], entry["slug"]


def _amount(text: str) -> tuple[str, str]:
    """Read ("4000000", "2012") out of "Bolyst 2012: NOK 4 million (KRD)"; up-to amounts are no amounts."""
    found = re.search(r"(\d{4}): NOK ([\d .]+?)( million)?(?: \(|\Z)", text)
    if not found:
        return "", ""
    number = float(found[2].replace(" ", "")) * (1_000_000 if found[3] else 1)
    return str(int(number)), found[1]


def test_each_host_evaluator_and_programme_is_there() -> None:
    for entry in entries():
        slug = entry["slug"]
        hosted = involvements(slug, "host") + involvements(slug, "responsible-body")
        assert bool(hosted) == bool(entry["host"]), slug
        if slug != "forsvarsfamilier-i-troms":  # the evaluator is a private person and is left out
            assert bool(involvements(slug, "evaluator")) == bool(entry["evaluators"]), slug
        if entry["parent_programme"] and slug != "tilflyttingsarbeid-i-kafjord":  # only one of its projects
            assert objects(project(slug), "partOfProgramme"), slug


NOT_PROJECTS = {"Placement", "Kysten er klar", "Tettstedsprogrammet (KRD)", "LivOGlyst"}
"""Named as related, but a firm or a programme."""


def test_each_related_project_is_linked_and_exists() -> None:
    for entry in entries():
        slug = entry["slug"]
        linked = objects(project(slug), "relatedProject") + objects(project(slug), "cooperatedWith")
        wanted = [name for name in entry["related_projects"] if name not in NOT_PROJECTS]
        extra = {"tilflyttingsarbeid-i-kafjord": 1}.get(slug, 0)
        assert len(linked) == len(wanted) + extra, slug
        for iri in linked:
            assert objects(iri, "http://www.w3.org/2000/01/rdf-schema#label"), iri


def test_each_homepage_and_the_day_it_was_seen_down_is_there() -> None:
    for entry in entries():
        down = entry["homepage_down_as_of"]
        sites = objects(project(entry["slug"]), "homepage")
        assert bool(sites) == bool(entry["homepage"] or down), entry["slug"]
        seen = [node for site in sites for node in subjects("observedWebsite", site)]
        assert bool(seen) == bool(down or entry["homepage_down_undated"]), entry["slug"]
        assert [day for node in seen for day in objects(node, "asOf")] == ([down] if down else [])


COMPLETENESS = {
    None: "complete",
    "closing_paragraph_only": "closing-paragraph-cut",
    "body_or_lists": "body-cut",
}


def test_language_assessment_and_completeness_stand_on_the_entry() -> None:
    tags = {"nb": "NOB", "nn": "NNO"}
    for entry in entries():
        iri = f"{BASE}id/entry/{entry['slug']}"
        stated = (
            [value.rpartition("/")[2] for value in objects(iri, "http://purl.org/dc/terms/language")],
            [value.rpartition("/")[2] for value in objects(iri, "completeness")],
            objects(iri, "assessed"),
            len(objects(iri, "inCatalogue")),
            set(objects(iri, "subjectArea")),
        )
        assessed = [] if entry["assessed"] is None else [str(entry["assessed"]).lower()]
        assert stated == (
            [tags[entry["language"]]],
            [COMPLETENESS[entry["truncation"]]],
            assessed,
            1 if entry["in_catalogue"] else 0,
            set(entry["subject_area"]),
        ), entry["slug"]


def test_each_period_has_the_precision_of_its_source() -> None:
    for entry in entries():
        periods = objects(project(entry["slug"]), "period")
        stated = {
            (prop, day)
            for period in periods
            for prop in ("start", "end")
            for day in objects(period, f"http://www.w3.org/ns/dcat#{prop}Date")
        }
        wanted = {(p, entry[f"period_{p}"]) for p in ("start", "end") if entry[f"period_{p}"]}
        if entry["slug"] == "samse-tak-og-kartlegging-av-smabruk":
            wanted = {("start", "2004-03"), ("end", "2007")}  # the page gives the month
        if entry["slug"] not in HANDMADE:
            assert stated == wanted, entry["slug"]
        assert wanted <= stated, entry["slug"]


@pytest.mark.parametrize("key", SCHEMES)
def test_each_concept_and_phrase_of_the_vocabulary_is_in_its_scheme(key: str) -> None:
    scheme, _ = SCHEMES[key]
    known = vocab()[VOCABULARY_KEYS[key]]
    missing = [
        (concept["id"], phrase)
        for concept in known["concepts"]
        for phrase in (concept["label"], *concept["variants"])
        if concept["id"].replace("_", "-") not in concepts(phrase, scheme) and phrase not in OTHER_KIND
    ]
    missing += [
        (scheme, phrase)
        for phrase in known["unmatched"]
        if not concepts(phrase, scheme) and not (key == "activities" and phrase in ELSEWHERE)
    ]
    assert missing == []


def test_misspellings_are_hidden_labels() -> None:
    found = graph().quads_for_pattern(None, NamedNode(f"{SKOS}hiddenLabel"), None)
    hidden = {q.object.value for q in found if isinstance(q.object, Literal)}
    seen = [
        "Integreringstiltak for tilfyttede",
        "Vertsskapsordning",
        "Arrangement utenfor kommunen for å rekrutter folk",
        "Eget netttsted",
        "Bydemiljø/sosialt miljø",
        "Livstilsflyttere fra utlandet",
        "Høy utdannet arbeidskraft/arbeidskraft med spesifikk kompetanse",
        "Brosyrer og lignende",
        "Finansieirngspartnere",
        "Østfold Fylekskommune",
        "potesielle tilflytterer til distriktet",
    ]
    assert [text for text in seen if text not in hidden] == []


def test_every_heading_seen_is_in_the_page_layout() -> None:
    layout = load_layout((ROOT / "ontology" / "page-layout.toml").read_bytes(), path="page-layout.toml")
    lists = {heading for section in layout.sections for heading in section.headings}
    known = {fold(h) for h in (*lists, *layout.period["headings"], *layout.closing["headings"])}
    seen = [re.sub(r" \(.*\)\Z", "", text) for texts in vocab()["headings"].values() for text in texts]
    assert [text for text in seen if fold(text) not in known] == []


def test_each_concept_has_labels_and_a_definition_in_three_languages() -> None:
    for scheme, _ in SCHEMES.values():
        for concept in subjects(f"{SKOS}inScheme", f"{BASE}concept/{scheme}"):
            for prop in ("prefLabel", "definition"):
                found = graph().quads_for_pattern(NamedNode(concept), NamedNode(SKOS + prop), None)
                tags = sorted(str(q.object.language) for q in found if isinstance(q.object, Literal))
                assert tags == ["en", "nb", "nn"], (concept, prop)


def test_no_label_of_a_concept_is_of_two_kinds() -> None:
    for scheme, _ in SCHEMES.values():
        for concept in subjects(f"{SKOS}inScheme", f"{BASE}concept/{scheme}"):
            kinds = [
                {
                    str(q.object)
                    for q in graph().quads_for_pattern(NamedNode(concept), NamedNode(SKOS + p), None)
                }
                for p in ("prefLabel", "altLabel", "hiddenLabel")
            ]
            assert sum(map(len, kinds)) == len(set().union(*kinds)), concept


def test_concepts_are_mapped_to_terms_of_los_and_eurovoc_that_the_facts_know() -> None:
    terms = SHARED / "facts" / "geo" / "vocabulary_terms.csv"
    if not terms.is_file():
        pytest.skip("the terms (../shared/facts/geo/vocabulary_terms.csv) are not here")
    with terms.open(encoding="utf-8", newline="") as lines:
        known = {row["iri"] for row in csv.DictReader(lines)}
    mapped = {
        iri
        for scheme, _ in SCHEMES.values()
        for concept in subjects(f"{SKOS}inScheme", f"{BASE}concept/{scheme}")
        for kind in ("exactMatch", "closeMatch", "broadMatch", "narrowMatch", "relatedMatch")
        for iri in objects(concept, SKOS + kind)
    }
    assert len(mapped) >= 15
    assert mapped - known == set()


def test_broader_and_narrower_mirror_each_other_and_reach_a_top_concept() -> None:
    for scheme, _ in SCHEMES.values():
        for concept in subjects(f"{SKOS}inScheme", f"{BASE}concept/{scheme}"):
            broader = objects(concept, f"{SKOS}broader")
            assert all(concept in objects(above, f"{SKOS}narrower") for above in broader), concept
            assert len(broader) + len(objects(concept, f"{SKOS}topConceptOf")) == 1, concept
