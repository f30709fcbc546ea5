"""Every lint rule with a tiny example, and the whole findings that it makes of it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from itertools import product
from pathlib import Path
from string import ascii_lowercase

import pytest
from language_tags import tags  # type: ignore[import-untyped]

from kg import source
from kg.check import lint, run
from kg.check.lint.literals import PLAIN
from kg.check.place import Places
from kg.check.shacl import engine
from kg.findings import Finding, Place, Report, Severity, Waiver

ROOT = Path(__file__).resolve().parent.parent
TODAY = date(2026, 11, 23)
VIOLATION, WARNING, INFO = Severity.VIOLATION, Severity.WARNING, Severity.INFO
PREFIXES = """@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix ex: <https://ex.org/def#> .
@prefix v: <https://ex.org/id/v/> .
"""
ONTOLOGY = (
    PREFIXES
    + """
<https://ex.org/def> a owl:Ontology .
ex:Place a owl:Class .
ex:Village a owl:Class ; rdfs:subClassOf ex:Place .
ex:Event a owl:Class .
ex:near a owl:ObjectProperty ; rdfs:domain ex:Place ; rdfs:range [ owl:unionOf ( ex:Place ex:Nothing ) ] .
ex:Nothing a owl:Class .
ex:founded a owl:DatatypeProperty ; rdfs:range xsd:gYear .
ex:started a owl:DatatypeProperty ; owl:deprecated true ; <http://purl.org/dc/terms/isReplacedBy> ex:founded .
"""
)
CONFIG = 'base = "https://ex.org/"\nlanguages = ["nb", "en"]\n'


def found(
    rule: str,
    severity: Severity,
    place: Place,
    en: str,
    nb: str,
    *,
    focus: str | None = None,
    path: str | None = None,
    value: str | None = None,
    hint: tuple[str, str] | None = None,
) -> Finding:
    """A finding without its excerpt, which shows the line that the place names."""
    return Finding(
        rule=rule, severity=severity, messages=(("en", en), ("nb", nb)), place=place, focus=focus, path=path,
        value=value, hint=hint,
    )  # fmt: skip


def check(folder: Path, files: dict[str, str], encoding: str = "utf-8") -> Report:
    for name, text in {"kg.toml": CONFIG, "ontology/o.ttl": ONTOLOGY, **files}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text.encode(encoding if name.startswith("data/") else "utf-8"))
    return run(source.read([folder]), today=TODAY)


def plain(finding: Finding) -> Finding:
    """The finding without its excerpt and without the label of a blank node."""
    focus = "_:" if (finding.focus or "").startswith("_:") else finding.focus
    return replace(finding, excerpt=None, focus=focus)


EXAMPLES: dict[str, tuple[dict[str, str], list[Finding]]] = {
    "deprecated-term": (
        {"data/a.ttl": 'v:a ex:started "1900"^^xsd:gYear .'},
        [
            found(
                "deprecated-term",
                WARNING,
                Place("data/a.ttl", 8, 5, 10),
                "<https://ex.org/def#started> is deprecated.",
                "<https://ex.org/def#started> er foreldet.",
                value="https://ex.org/def#started",
                hint=("Use <https://ex.org/def#founded>.", "Bruk <https://ex.org/def#founded>."),
            ),
        ],
    ),
    "property-kind": (
        {"data/a.ttl": 'v:a ex:near "b"@nb ; ex:founded v:a .'},
        [
            found(
                "property-kind",
                WARNING,
                Place("data/a.ttl", 8, 13, 6),
                ("<https://ex.org/def#near> is an object property, but its value here is a literal."),
                "<https://ex.org/def#near> er en objektegenskap, men verdien her er en literal.",
                focus="https://ex.org/id/v/a",
                path="https://ex.org/def#near",
                value='"b"@nb',
            ),
            found(
                "property-kind",
                WARNING,
                Place("data/a.ttl", 8, 33, 3),
                ("<https://ex.org/def#founded> is a datatype property, but its value here is a node."),
                "<https://ex.org/def#founded> er en dataegenskap, men verdien her er en node.",
                focus="https://ex.org/id/v/a",
                path="https://ex.org/def#founded",
                value="https://ex.org/id/v/a",
            ),
        ],
    ),
    "property-domain": (
        {"data/a.ttl": "v:a a ex:Event ; ex:near v:b . v:b a ex:Village ; ex:near v:b ."},
        [
            found(
                "property-domain",
                WARNING,
                Place("data/a.ttl", 8, 18, 7),
                (
                    "<https://ex.org/def#near> is for <https://ex.org/def#Place>, but "
                    "stands on a thing of type <https://ex.org/def#Event>."
                ),
                (
                    "<https://ex.org/def#near> er for <https://ex.org/def#Place>, men står "
                    "på noe av type <https://ex.org/def#Event>."
                ),
                focus="https://ex.org/id/v/a",
                path="https://ex.org/def#near",
            ),
        ],
    ),
    "property-range": (
        {"data/a.ttl": 'v:a ex:near v:b ; ex:founded "1900" .\nv:b a ex:Event .'},
        [
            found(
                "property-range",
                WARNING,
                Place("data/a.ttl", 8, 13, 3),
                (
                    "<https://ex.org/def#near> takes <https://ex.org/def#Nothing> or "
                    "<https://ex.org/def#Place>, but its value here is of type "
                    "<https://ex.org/def#Event>."
                ),
                (
                    "<https://ex.org/def#near> tar <https://ex.org/def#Nothing> eller "
                    "<https://ex.org/def#Place>, men verdien her er av type "
                    "<https://ex.org/def#Event>."
                ),
                focus="https://ex.org/id/v/a",
                path="https://ex.org/def#near",
                value="https://ex.org/id/v/b",
            ),
            found(
                "property-range",
                WARNING,
                Place("data/a.ttl", 8, 30, 6),
                ("<https://ex.org/def#founded> takes xsd:gYear, but its value here is of type xsd:string."),
                ("<https://ex.org/def#founded> tar xsd:gYear, men verdien her er av type xsd:string."),
                focus="https://ex.org/id/v/a",
                path="https://ex.org/def#founded",
                value='"1900"',
            ),
        ],
    ),
    "language-missing": (
        {"data/a.ttl": 'v:a rdfs:label "A"@nb .\nv:b rdfs:label "B" ; ex:near v:a .'},
        [
            found(
                "language-missing",
                WARNING,
                Place("data/a.ttl", 9, 16, 3),
                "The label has no language tag.",
                "Navnet mangler språkmerke.",
                focus="https://ex.org/id/v/b",
                path="http://www.w3.org/2000/01/rdf-schema#label",
                value='"B"',
            ),
        ],
    ),
    "language-unknown": (
        {"data/a.ttl": 'v:a rdfs:comment "A"@norsk .'},
        [
            found(
                "language-unknown",
                WARNING,
                Place("data/a.ttl", 8, 18, 9),
                "'norsk' is not a registered language tag.",
                "'norsk' er ikke et registrert språkmerke.",
                focus="https://ex.org/id/v/a",
                path="http://www.w3.org/2000/01/rdf-schema#comment",
                value='"A"@norsk',
            ),
        ],
    ),
    "language-form": (
        {"data/a.ttl": 'v:a rdfs:comment "A"@iw , "B"@i-klingon , "C"@en-GB .'},
        [
            found(
                "language-form",
                INFO,
                Place("data/a.ttl", 8, 18, 6),
                "The preferred form of the language tag 'iw' is 'he'.",
                "Den foretrukne formen av språkmerket 'iw' er 'he'.",
                focus="https://ex.org/id/v/a",
                path="http://www.w3.org/2000/01/rdf-schema#comment",
                value='"A"@iw',
                hint=("Write @he.", "Skriv @he."),
            ),
            found(
                "language-form",
                INFO,
                Place("data/a.ttl", 8, 27, 13),
                "The preferred form of the language tag 'i-klingon' is 'tlh'.",
                "Den foretrukne formen av språkmerket 'i-klingon' er 'tlh'.",
                focus="https://ex.org/id/v/a",
                path="http://www.w3.org/2000/01/rdf-schema#comment",
                value='"B"@i-klingon',
                hint=("Write @tlh.", "Skriv @tlh."),
            ),
        ],
    ),
    "language-unexpected": (
        {"data/a.ttl": 'v:a rdfs:label "A"@sv ; rdfs:comment "A"@sv .'},
        [
            found(
                "language-unexpected",
                INFO,
                Place("data/a.ttl", 8, 16, 6),
                "The label is in 'sv', which is not a language of the dataset.",
                "Navnet er på 'sv', som ikke er et av språkene til datasettet.",
                focus="https://ex.org/id/v/a",
                path="http://www.w3.org/2000/01/rdf-schema#label",
                value='"A"@sv',
            ),
        ],
    ),
    "ill-typed-literal": (
        {"data/a.ttl": 'v:a rdfs:comment "2023-02-29"^^xsd:date .\n[] rdfs:comment "x"^^xsd:int .'},
        [
            found(
                "ill-typed-literal",
                WARNING,
                Place("data/a.ttl", 8, 18, 22),
                "'2023-02-29' is no xsd:date.",
                "'2023-02-29' er ingen xsd:date.",
                focus="https://ex.org/id/v/a",
                path="http://www.w3.org/2000/01/rdf-schema#comment",
                value='"2023-02-29"^^<http://www.w3.org/2001/XMLSchema#date>',
            ),
            found(
                "ill-typed-literal",
                WARNING,
                Place("data/a.ttl", 9, 17, 12),
                "'x' is no xsd:int.",
                "'x' er ingen xsd:int.",
                focus="_:",
                path="http://www.w3.org/2000/01/rdf-schema#comment",
                value='"x"^^<http://www.w3.org/2001/XMLSchema#int>',
            ),
        ],
    ),
    "literal-form": (
        {
            "data/a.ttl": (
                'v:a rdfs:comment +01 , "1"^^xsd:boolean , -0.50 , '
                '"12:00:00+00:00"^^xsd:time,\n'
                ' "2020-01-01T00:00:00+00:00"^^xsd:dateTime .'
            )
        },
        [
            found(
                "literal-form",
                INFO,
                Place("data/a.ttl", 8, 18, 3),
                "'+01' is not the usual form of this xsd:integer.",
                "'+01' er ikke den vanlige formen av denne xsd:integer.",
                focus="https://ex.org/id/v/a",
                path="http://www.w3.org/2000/01/rdf-schema#comment",
                value='"+01"^^<http://www.w3.org/2001/XMLSchema#integer>',
                hint=("Write '1'.", "Skriv '1'."),
            ),
            found(
                "literal-form",
                INFO,
                Place("data/a.ttl", 8, 24, 16),
                "'1' is not the usual form of this xsd:boolean.",
                "'1' er ikke den vanlige formen av denne xsd:boolean.",
                focus="https://ex.org/id/v/a",
                path="http://www.w3.org/2000/01/rdf-schema#comment",
                value='"1"^^<http://www.w3.org/2001/XMLSchema#boolean>',
                hint=("Write 'true'.", "Skriv 'true'."),
            ),
            found(
                "literal-form",
                INFO,
                Place("data/a.ttl", 8, 51, 26),
                "'12:00:00+00:00' is not the usual form of this xsd:time.",
                "'12:00:00+00:00' er ikke den vanlige formen av denne xsd:time.",
                focus="https://ex.org/id/v/a",
                path="http://www.w3.org/2000/01/rdf-schema#comment",
                value='"12:00:00+00:00"^^<http://www.w3.org/2001/XMLSchema#time>',
                hint=("Write '12:00:00Z'.", "Skriv '12:00:00Z'."),
            ),
            found(
                "literal-form",
                INFO,
                Place("data/a.ttl", 9, 2, 41),
                "'2020-01-01T00:00:00+00:00' is not the usual form of this xsd:dateTime.",
                "'2020-01-01T00:00:00+00:00' er ikke den vanlige formen av denne xsd:dateTime.",
                focus="https://ex.org/id/v/a",
                path="http://www.w3.org/2000/01/rdf-schema#comment",
                value='"2020-01-01T00:00:00+00:00"^^<http://www.w3.org/2001/XMLSchema#dateTime>',
                hint=("Write '2020-01-01T00:00:00Z'.", "Skriv '2020-01-01T00:00:00Z'."),
            ),
        ],
    ),
    "text-form": (
        {"data/a.ttl": 'v:a rdfs:comment "Å" , " b" .'},
        [
            found(
                "text-form",
                WARNING,
                Place("data/a.ttl", 8, 18, 4),
                "The text is not in Unicode normal form NFC.",
                "Teksten er ikke i Unicode-normalformen NFC.",
                focus="https://ex.org/id/v/a",
                path="http://www.w3.org/2000/01/rdf-schema#comment",
                value='"Å"',
            ),
            found(
                "text-form",
                WARNING,
                Place("data/a.ttl", 8, 25, 4),
                "The text has white space at its ends.",
                "Teksten har blanktegn i endene.",
                focus="https://ex.org/id/v/a",
                path="http://www.w3.org/2000/01/rdf-schema#comment",
                value='" b"',
            ),
        ],
    ),
    "twin-values": (
        {
            "data/a.ttl": 'v:a rdfs:comment "b c"@nb .',
            "data/b.ttl": 'v:a rdfs:comment "b\xa0 c "@nb , "b c "@en .',
        },
        [
            found(
                "twin-values",
                WARNING,
                Place("data/b.ttl", 8, 18, 10),
                "This value looks like the one at data/a.ttl:8:18, but is another.",
                "Denne verdien ser ut som den i data/a.ttl:8:18, men er en annen.",
                focus="https://ex.org/id/v/a",
                path="http://www.w3.org/2000/01/rdf-schema#comment",
                value='"b\xa0 c "@nb',
            ),
        ],
    ),
    "future-date": (
        {
            "data/a.ttl": (
                'v:a rdfs:comment "2026-11-24"^^xsd:date , "2026-11"^^xsd:gYearMonth , "2027"^^xsd:gYear .'
            )
        },
        [
            found(
                "future-date",
                WARNING,
                Place("data/a.ttl", 8, 18, 22),
                "2026-11-24 is in the future.",
                "2026-11-24 er i framtida.",
                focus="https://ex.org/id/v/a",
                path="http://www.w3.org/2000/01/rdf-schema#comment",
                value='"2026-11-24"^^<http://www.w3.org/2001/XMLSchema#date>',
            ),
            found(
                "future-date",
                WARNING,
                Place("data/a.ttl", 8, 71, 17),
                "2027 is in the future.",
                "2027 er i framtida.",
                focus="https://ex.org/id/v/a",
                path="http://www.w3.org/2000/01/rdf-schema#comment",
                value='"2027"^^<http://www.w3.org/2001/XMLSchema#gYear>',
            ),
        ],
    ),
    "iri-policy": (
        {"data/a.ttl": ("v:%C3%85 ex:near v:Aa ; rdfs:seeAlso <http://e/å> , <https://ex.org/id/v/a-1#B> .")},
        [
            found(
                "iri-policy",
                WARNING,
                Place("data/a.ttl", 8, 1, 8),
                ("<https://ex.org/id/v/%C3%85> has other characters than a-z, 0-9, '-', '.' and '_'."),
                "<https://ex.org/id/v/%C3%85> har andre tegn enn a-z, 0-9, «-», «.» og «_».",
                value="https://ex.org/id/v/%C3%85",
            ),
            found(
                "iri-policy",
                WARNING,
                Place("data/a.ttl", 8, 18, 4),
                "<https://ex.org/id/v/Aa> has other characters than a-z, 0-9, '-', '.' and '_'.",
                "<https://ex.org/id/v/Aa> har andre tegn enn a-z, 0-9, «-», «.» og «_».",
                value="https://ex.org/id/v/Aa",
            ),
            found(
                "iri-policy",
                WARNING,
                Place("data/a.ttl", 8, 38, 13),
                "<http://e/å> is not in Unicode normal form NFC.",
                "<http://e/å> er ikke i Unicode-normalformen NFC.",
                value="http://e/å",
            ),
        ],
    ),
    "iri-twins": (
        {"data/a.ttl": "v:a rdfs:seeAlso <http://e/x> .\nv:b rdfs:seeAlso <https://e/x> ."},
        [
            found(
                "iri-twins",
                WARNING,
                Place("data/a.ttl", 8, 18, 12),
                "<http://e/x> stands in data/a.ttl with https.",
                "<http://e/x> står i data/a.ttl med https.",
                value="http://e/x",
                hint=("Use one of them.", "Bruk én av dem."),
            ),
        ],
    ),
    "dangling-link": (
        {"data/a.ttl": "v:a ex:near v:b , <https://ex.org/graph/data/a> , <https://ex.org/> ."},
        [
            found(
                "dangling-link",
                WARNING,
                Place("data/a.ttl", 8, 13, 3),
                "Nothing is said about <https://ex.org/id/v/b>.",
                "Ingenting er sagt om <https://ex.org/id/v/b>.",
                value="https://ex.org/id/v/b",
            ),
        ],
    ),
    "orphan": (
        {"data/a.ttl": "v:a a ex:Village .\nv:b a ex:Village ; ex:near v:c .\nv:c a ex:Village ."},
        [
            found(
                "orphan",
                INFO,
                Place("data/a.ttl", 8, 1, 3),
                "<https://ex.org/id/v/a> has no link to or from another entity.",
                "<https://ex.org/id/v/a> har ingen lenke til eller fra en annen ting.",
                focus="https://ex.org/id/v/a",
            ),
        ],
    ),
    "same-label": (
        {
            "data/a.ttl": (
                'v:a a ex:Village ; rdfs:label "A"@nb ; ex:near v:b .\n'
                'v:b a ex:Village ; rdfs:label "A"@nb .\n'
                'v:c a ex:Event ; rdfs:label "A"@nb ; rdfs:seeAlso v:a .'
            )
        },
        [
            found(
                "same-label",
                INFO,
                Place("data/a.ttl", 9, 31, 6),
                "<https://ex.org/id/v/a> has the same label.",
                "<https://ex.org/id/v/a> har samme navn.",
                focus="https://ex.org/id/v/b",
                path="http://www.w3.org/2000/01/rdf-schema#label",
                value='"A"@nb',
            ),
        ],
    ),
    "prefix-clash": (
        {
            "data/a.ttl": "@prefix skos: <http://www.w3.org/2004/02/skos/core/> .\n@prefix o: <http://o/> .",
            "data/b.ttl": "@prefix o: <http://p/> .",
            "data/c.ttl": "PREFIX o: <http://o/>",
        },
        [
            found(
                "prefix-clash",
                WARNING,
                Place("data/a.ttl", 8, 15, 38),
                "skos: is <http://www.w3.org/2004/02/skos/core#> elsewhere.",
                "skos: er <http://www.w3.org/2004/02/skos/core#> ellers.",
                value="http://www.w3.org/2004/02/skos/core/",
            ),
            found(
                "prefix-clash",
                WARNING,
                Place("data/b.ttl", 8, 12, 11),
                "o: is <http://o/> elsewhere.",
                "o: er <http://o/> ellers.",
                value="http://p/",
            ),
        ],
    ),
    "idle-shape": (
        {
            "shapes/s.ttl": (
                "ex:A a sh:NodeShape ; sh:targetClass ex:Place ; sh:property ex:B .\n"
                "ex:B a sh:PropertyShape ; sh:path rdfs:label .\n"
                "ex:C a sh:NodeShape ; sh:targetSubjectOf ex:near ; sh:property ex:D .\n"
                "ex:D a sh:PropertyShape ; sh:path rdfs:label ."
            )
        },
        [
            found(
                "idle-shape",
                WARNING,
                Place("shapes/s.ttl", 10, 1, 4),
                "<https://ex.org/def#C> has no target, and no shape with a target leads to it.",
                ("<https://ex.org/def#C> har ikke noe mål, og ingen form med et mål fører til den."),
                focus="https://ex.org/def#C",
                hint=(
                    "Give it sh:targetClass or another target, refer to it, or delete it.",
                    "Gi den sh:targetClass eller et annet mål, vis til den, eller slett den.",
                ),
            ),
        ],
    ),
    "duplicate-subject": (
        {"data/a.ttl": "v:a a ex:Village ; ex:near v:a .", "data/b.ttl": "v:a a ex:Village ."},
        [
            found(
                "duplicate-subject",
                WARNING,
                Place("data/b.ttl", 8, 1, 3),
                "data/a.ttl states the type of <https://ex.org/id/v/a> too.",
                "Også data/a.ttl sier hvilken type <https://ex.org/id/v/a> har.",
                focus="https://ex.org/id/v/a",
                hint=(
                    "Describe a thing in one file, or keep rdf:type to the first.",
                    "Beskriv en ting i én fil, eller la rdf:type stå bare i den første.",
                ),
            ),
        ],
    ),
}


@pytest.mark.parametrize("rule", EXAMPLES)
def test_a_rule_finds_just_what_is_wrong_in_its_example(tmp_path: Path, rule: str) -> None:
    files, expected = EXAMPLES[rule]
    report = check(tmp_path, {name: f"{PREFIXES}{text}\n" for name, text in files.items()})
    assert [plain(finding) for finding in report.findings if finding.rule == rule] == expected


def of_example(rule: lint.Rule, first: str = "") -> dict[str, str]:
    """The files of the example in a rule's documentation, with a line before each that is Turtle."""
    name, *parts = re.split(r"^# (\w+/[\w.-]+)\r?$", rule.example, flags=re.MULTILINE)
    files = dict(zip(parts[::2], parts[1::2], strict=True)) if parts else {"data/a.ttl": name}
    if rule.example.startswith("\ufeff"):
        return files
    return {
        name: f"{PREFIXES}{first}\n{text}\n" if name.endswith(".ttl") else text.lstrip("\n")
        for name, text in files.items()
    }


@pytest.mark.parametrize("rule", lint.RULES, ids=lambda rule: rule.name)
def test_a_rule_finds_the_example_of_its_documentation(
    tmp_path: Path, rule: lint.Rule, monkeypatch: pytest.MonkeyPatch
) -> None:
    if rule.name == "unfinished-shape":
        monkeypatch.setattr(engine, "SECONDS", 0.0)
    encoding = "cp1252" if rule.name == "not-utf-8" else "utf-8"
    assert rule.name in {finding.rule for finding in check(tmp_path, of_example(rule), encoding).findings}


BY_COMMENT = [rule for rule in lint.RULES if rule.silenced == "comment"]


@pytest.mark.parametrize(
    "rule", [rule for rule in BY_COMMENT if rule.name != "idle-silence"], ids=lambda rule: rule.name
)
def test_a_rule_can_be_silenced_with_a_reason(tmp_path: Path, rule: lint.Rule) -> None:
    """The rule about comments that silence nothing is mended by deleting the comment."""
    report = check(tmp_path, of_example(rule, f"# kg: ignore-file {rule.name} -- an example"))
    assert rule.name not in {finding.rule for finding in report.findings}
    assert "an example" in {waiver.reason for waiver in report.waivers}


@pytest.mark.parametrize(
    "rule", [rule for rule in lint.RULES if rule not in BY_COMMENT], ids=lambda rule: rule.name
)
def test_what_keeps_a_file_from_being_read_cannot_be_silenced_and_other_marks_in_settings_only(
    tmp_path: Path, rule: lint.Rule, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "SECONDS", 0.0)
    encoding = "cp1252" if rule.name == "not-utf-8" else "utf-8"
    files = of_example(rule, f"# kg: ignore-file {rule.name} -- an example")
    settings = f'{CONFIG}[silenced]\n{rule.name} = "an example"\n'
    found = {finding.rule for finding in check(tmp_path, {"kg.toml": settings, **files}, encoding).findings}
    assert (rule.name in found) == (rule.silenced == "never")


@pytest.mark.parametrize("language", ["nb", "nn", "en"])
@pytest.mark.parametrize("rule", lint.RULES, ids=lambda rule: rule.name)
def test_a_rule_is_explained_in_three_languages(rule: lint.Rule, language: str) -> None:
    said, page = rule.said(language), lint.explained(rule, language)
    others = [rule.said(other) for other in ("nb", "nn", "en") if other != language]
    assert page.startswith(f"## {rule.name}\n")
    assert all(text in page for text in (said.finds, said.why, said.mend, rule.example, rule.url))
    assert said not in others
    assert all(text.endswith(".") for text in (said.finds, said.why, said.mend))


SILENCED = {
    "the line it ends": "v:a a ex:Village . # kg: ignore orphan -- it is new\n",
    "the next line": "# kg: ignore orphan, dangling-link -- it is new\n# More.\n\nv:a a ex:Village .\n",
    "the file": "v:a a ex:Village .\n# kg: ignore-file orphan -- it is new\n",
}


@pytest.mark.parametrize("text", SILENCED.values(), ids=SILENCED)
def test_a_comment_with_a_reason_silences_a_rule(tmp_path: Path, text: str) -> None:
    report = check(tmp_path, {"data/a.ttl": PREFIXES + text})
    assert report.findings == ()
    assert any("silenced in data/a.ttl" in note for note, _ in report.notes)


@pytest.mark.parametrize(
    ("comment", "message"),
    [
        ("# kg: ignore orphan", "The comment gives no reason."),
        ("# kg: ignore orfan -- why", "There is no lint rule 'orfan'."),
        ("# kg: ignore dangling-link -- why", "There is nothing to silence here."),
    ],
)
def test_a_comment_that_silences_nothing_is_a_finding_itself(
    tmp_path: Path, comment: str, message: str
) -> None:
    report = check(tmp_path, {"data/a.ttl": f"{PREFIXES}{comment}\nv:a a ex:Village .\n"})
    assert [(f.rule, f.place and f.place.line, f.message()) for f in report.findings] == [
        ("idle-silence", 8, message),
        ("orphan", 9, "<https://ex.org/id/v/a> has no link to or from another entity."),
    ]


QUERY = """PREFIX ex: <https://ex.org/def#>
SELECT * { ?s ex:none "# kg: ignore-file unknown-term -- a", ''' # kg: ignore unknown-term -- a text ''' ;
  ex:nothing <https://ex.org/#> }"""


def test_a_comment_in_a_query_silences_a_rule_there(tmp_path: Path) -> None:
    def unknown(query: str) -> list[str]:
        found = check(tmp_path, {"queries/q.rq": query, "data/a.ttl": f"{PREFIXES}v:a ex:near v:a ."})
        return [str(finding.place) for finding in found.findings if finding.rule == "unknown-term"]

    lines = QUERY.splitlines()
    assert unknown(QUERY) == ["queries/q.rq:2:15", "queries/q.rq:3:3"]
    assert unknown("\n".join([lines[0], "# kg: ignore unknown-term -- it comes", *lines[1:]])) == [
        "queries/q.rq:4:3"
    ]
    assert unknown(f"# kg: ignore-file unknown-term -- they come\n{QUERY}") == []


@pytest.mark.parametrize("pattern", ["", " data/a.json", " data/*", " *.json"])
def test_settings_silence_a_rule_in_files_that_have_no_comments(tmp_path: Path, pattern: str) -> None:
    """JSON-LD and tables."""
    settings = f'{CONFIG}[silenced]\n"orphan{pattern}" = "it is new"\n'
    village = '{"@id": "https://ex.org/id/v/a", "@type": "https://ex.org/def#Village"}'
    report = check(tmp_path, {"kg.toml": settings, "data/a.json": village})
    assert report.findings == ()
    assert report.waivers == (Waiver(("orphan",), 1, "it is new", pattern.strip() or None),)


def test_settings_for_some_files_leave_the_others_alone(tmp_path: Path) -> None:
    settings = f'{CONFIG}[silenced]\n"orphan data/a.ttl" = "it is new"\n'
    text = f"{PREFIXES}v:% a ex:Village ."
    files = {f"data/{name}.ttl": text.replace("%", name) for name in "ab"}
    report = check(tmp_path, {"kg.toml": settings, **files})
    assert [(f.rule, f.place and f.place.file) for f in report.findings] == [("orphan", "data/b.ttl")]


def test_a_comment_silences_a_rule_in_rdf_xml(tmp_path: Path) -> None:
    text = (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:ex="https://ex.org/def#">\n'
        "<!-- kg: ignore orphan: it is new -->\n"
        '<ex:Village rdf:about="https://ex.org/id/v/a"/>\n</rdf:RDF>\n'
    )
    report = check(tmp_path, {"data/a.rdf": text})
    assert (report.findings, [waiver.where for waiver in report.waivers]) == ((), ["data/a.rdf:3"])


def test_what_looks_like_a_comment_in_a_literal_silences_nothing(tmp_path: Path) -> None:
    text = 'v:a a ex:Village ; rdfs:comment "# kg: ignore orphan -- no" .\n'
    assert [f.rule for f in check(tmp_path, {"data/a.ttl": PREFIXES + text}).findings] == ["orphan"]


def test_nothing_is_said_of_days_to_come_by_who_does_not_know_the_day(tmp_path: Path) -> None:
    (tmp_path / "a.ttl").write_text(PREFIXES + 'v:a rdfs:comment "9999-01-01"^^xsd:date .\n')
    assert run(source.read([tmp_path])).findings == ()


def test_the_first_thousand_findings_of_a_rule_are_listed_and_the_rest_counted(tmp_path: Path) -> None:
    lines = "".join(f"v:a{n} ex:near v:b{n} .\n" for n in range(1_100))
    report = check(tmp_path, {"data/a.ttl": PREFIXES + lines})
    assert len(report.findings) == 1_000
    assert (
        "100 more of dangling-link are not listed.",
        "100 til av dangling-link er ikke listet opp.",
    ) in report.notes


FAULTY = (
    PREFIXES
    + """
ex:DatasetShape a sh:NodeShape ; sh:property [ sh:path rdfs:label ; sh:MinCount 1 ] .
ex:PlaceShape a sh:NodeShape ; sh:targetSubjectOf ex:near .
"""
)


@pytest.mark.parametrize("file", ["shapes/s.ttl", "s.ttl"])
def test_shapes_that_check_nothing_are_found_wherever_they_lie(tmp_path: Path, file: str) -> None:
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text(FAULTY)
    told = [(f.rule, str(f.place), f.value or f.focus) for f in linted(tmp_path)[0]]
    assert told == [
        ("unknown-term", f"{file}:9:69", "http://www.w3.org/ns/shacl#MinCount"),
        ("unknown-term", f"{file}:10:32", "http://www.w3.org/ns/shacl#targetSubjectOf"),
        ("idle-shape", f"{file}:9:1", "https://ex.org/def#DatasetShape"),
        ("idle-shape", f"{file}:10:1", "https://ex.org/def#PlaceShape"),
    ]


def test_an_ontology_without_a_header_defines_terms_below_the_base(tmp_path: Path) -> None:
    files = {
        "kg.toml": 'base = "https://ex.org/"',
        "ontology/o.ttl": "ex:Place a owl:Class . <http://other.org/#C> a owl:Class .",
        "data/a.ttl": "v:a a ex:Plac , <http://other.org/#D> .",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text if name == "kg.toml" else PREFIXES + text)
    found = [f for f in run(source.read([tmp_path])).findings if f.rule == "unknown-term"]
    assert [(f.severity, f.value, f.advice()) for f in found] == [
        (VIOLATION, "https://ex.org/def#Plac", "Did you mean Place?")
    ]


IDLE = """
ex:P sh:path ex:near ; sh:maxCount 1 .
[ sh:property [ sh:path ex:near ; sh:minCount 1 ] ] a sh:NodeShape .
ex:R sh:node ex:S . ex:S sh:node ex:T ; sh:not ex:R . ex:T sh:class ex:Place .
ex:Live sh:targetClass ex:Place ; sh:or ( ex:L [ sh:node ex:M ] ) . ex:L sh:class ex:Place . ex:M sh:in ( ) .
ex:Own a sh:ConstraintComponent ; sh:parameter [ sh:path ex:own ; sh:datatype ex:Place ] .
"""


def test_shapes_without_a_type_or_a_name_are_idle_too(tmp_path: Path) -> None:
    (tmp_path / "shapes").mkdir()
    (tmp_path / "shapes/s.ttl").write_text(PREFIXES + IDLE)
    report = run(source.read([tmp_path]))
    told = [(f.place and f.place.line, f.message()) for f in report.findings if f.rule == "idle-shape"]
    first = PREFIXES.count("\n") + 2
    text = "has no target, and no shape with a target leads to it."
    assert told == [
        (first, f"<https://ex.org/def#P> {text}"),
        (first + 1, f"The shape {text}"),
        (first + 2, f"<https://ex.org/def#R> {text}"),
    ]


def test_the_project_itself_has_no_finding_that_is_not_explained() -> None:
    found, _ = linted(ROOT)
    assert [f"{f.place}: {f.message()}" for f in found if f.rule not in EXPLAINED] == []


EXPLAINED = {
    "same-label": "places that share their name, told apart by county",
}


def linted(folder: Path) -> tuple[list[Finding], list[str]]:
    read = source.read([folder])
    seen = lint.Seen(read.config.base, TODAY)
    for file in read.files:
        for _ in seen.watch(file, file.quads()):
            pass
    found, notes = lint.run(read, seen, Places(read.files, seen.subjects), TODAY)
    return found, [str(note) for note in notes]


def test_the_tags_known_without_the_registry_are_those_it_has_nothing_to_say_of() -> None:
    letters = map("".join, product(ascii_lowercase, repeat=2))
    found = {letter: tags.tag(letter) for letter in letters}
    assert {tag for tag, one in found.items() if _is_plain(tag, one)} == PLAIN


def _is_plain(tag: str, found: tags.Tag) -> bool:
    preferred = [one.preferred for one in (found, *found.subtags) if one.preferred]
    return not found.errors and not preferred and bool(found.format == tag)
