"""The one table of lint rules: name, severity, what it finds, why that matters, how to mend it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from kg.findings import Finding, Place, Severity


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of mistake that is valid RDF."""

    name: str
    severity: Severity
    finds: str
    why: str
    mend: str


_WARNING, _INFO = Severity.WARNING, Severity.INFO

RULES: tuple[Rule, ...] = (
    Rule(
        "unknown-term",
        _WARNING,
        "A term of a known vocabulary, or of the dataset's own, that the vocabulary does not define. For own "
        "terms, for SHACL terms in shapes, and in queries it is a violation.",
        "A misspelt property says nothing to anybody, and a misspelt constraint checks nothing.",
        "Correct the name, or define the term.",
    ),
    Rule(
        "deprecated-term",
        _WARNING,
        "A use of a term that its ontology marks with `owl:deprecated true`.",
        "It will go away, or means something that proved wrong.",
        "Use the term that `dcterms:isReplacedBy` names.",
    ),
    Rule(
        "property-kind",
        _WARNING,
        "A literal as value of an object property, or a node as value of a datatype property.",
        "Queries that follow the property find nothing there.",
        "Write the kind of value that the property takes, or use another property.",
    ),
    Rule(
        "property-domain",
        _WARNING,
        "A property on a thing none of whose types has to do with the property's domain.",
        "Reasoners will conclude that the thing is of the domain class too.",
        "Use the property on the thing it is meant for, or widen the domain.",
    ),
    Rule(
        "property-range",
        _WARNING,
        "A value none of whose types has to do with the property's range, or of another datatype than it.",
        "Reasoners will conclude that the value is of the range class too; of datatypes they find a "
        "contradiction.",
        "Point to the right thing, give the right datatype, or widen the range.",
    ),
    Rule(
        "language-missing",
        _WARNING,
        "A label without a language tag, where other values of the same property in the dataset have one.",
        "It is found by no search for a language, and read aloud in the wrong one.",
        'Add the tag: `"..."@nb`.',
    ),
    Rule(
        "language-unknown",
        _WARNING,
        "A language tag that is not well formed or has parts that are not in the IANA registry (BCP 47).",
        "Nobody asks for that language.",
        "Use the registered tag.",
    ),
    Rule(
        "language-form",
        _INFO,
        "A language tag that the IANA registry has a preferred value for, such as `he` for `iw`.",
        "Who asks for the language asks by the preferred tag.",
        "Write the preferred tag.",
    ),
    Rule(
        "language-unexpected",
        _INFO,
        "A label in a language that is not among the `languages` of `kg.toml`.",
        "Pages show labels in the dataset's languages only.",
        "Correct the tag, add the language, or use a property for names in other languages.",
    ),
    Rule(
        "ill-typed-literal",
        _WARNING,
        "A literal whose text is not of its datatype: letters for a number, a day that is in no calendar.",
        "It has no value: comparing and sorting skip it.",
        "Correct the text or the datatype.",
    ),
    Rule(
        "literal-form",
        _INFO,
        "A number, boolean or time in another than the usual form: a plus sign, leading zeros, `1` for "
        "`true`, `+00:00` for `Z`.",
        "Two forms of one value are two different literals.",
        "Write the usual form.",
    ),
    Rule(
        "text-form",
        _WARNING,
        "A text that is not in Unicode normal form NFC, or has white space at its ends.",
        "It looks like another text but is not equal to it: searching and joining miss it.",
        "Write composed characters and cut the white space.",
    ),
    Rule(
        "twin-values",
        _WARNING,
        "Two values of one property that differ only in Unicode form or white space.",
        "One of them is a mistake.",
        "Keep one.",
    ),
    Rule(
        "future-date",
        _WARNING,
        "A date after the day of the check.",
        "What happened did so in the past; this is probably a slip of the finger.",
        "Correct the date, or silence the rule where it is planned.",
    ),
    Rule(
        "iri-policy",
        _WARNING,
        "An own IRI below `id/` or `concept/` with upper case, escapes, or other than a-z, 0-9, `-`, `.` and "
        "`_` in its path; any IRI that is not in NFC.",
        "IRIs are typed, spoken and compared: two spellings are two things.",
        "Give the thing an IRI in lower-case ASCII.",
    ),
    Rule(
        "iri-twins",
        _WARNING,
        "The same IRI with `http:` and with `https:`.",
        "They are two different things to every tool.",
        "Use the one that its owner uses.",
    ),
    Rule(
        "dangling-link",
        _WARNING,
        "A link to an own IRI that nothing is said about.",
        "Its page will be empty.",
        "Correct the IRI, or describe the thing.",
    ),
    Rule(
        "orphan",
        _INFO,
        "An entity of the data that links to nothing in the dataset, and that nothing links to.",
        "Nobody will come across it.",
        "Link it, or leave it out.",
    ),
    Rule(
        "same-label",
        _INFO,
        "Two things of one kind with the same label in the same language.",
        "They may be the same thing twice, and readers cannot tell them apart.",
        "Merge them, or make the labels tell the difference.",
    ),
    Rule(
        "prefix-clash",
        _WARNING,
        "A prefix that stands for another namespace than in the dataset's prefix table or in most files.",
        "Copied between files, a line changes its meaning.",
        "Use the same prefix for the same namespace everywhere.",
    ),
    Rule(
        "idle-shape",
        _WARNING,
        "A shape without a target that no shape with a target leads to.",
        "It checks nothing.",
        "Give it a target, refer to it, or delete it.",
    ),
    Rule(
        "duplicate-subject",
        _WARNING,
        "A thing whose type two files of the data state.",
        "Two files that describe the same thing may contradict one another.",
        "Describe a thing in one file, or keep `rdf:type` to the first.",
    ),
    Rule(
        "idle-silence",
        _WARNING,
        "A comment `kg: ignore` without a reason, for a rule that does not exist, or where nothing is wrong.",
        "Nobody knows why it is there.",
        "Add a reason after `--`, or delete the comment.",
    ),
)

_BY_NAME: Mapping[str, Rule] = MappingProxyType({rule.name: rule for rule in RULES})


def named(name: str) -> Rule | None:
    """Give the rule of this name, or None."""
    return _BY_NAME.get(name)


def finding(
    rule: str,
    en: str,
    nb: str,
    place: Place,
    *,
    focus: str | None = None,
    path: str | None = None,
    value: str | None = None,
    hint: str | None = None,
    severity: Severity | None = None,
) -> Finding:
    """Give a finding of a rule of the table, as severe as the table says unless told otherwise."""
    return Finding(
        rule=rule,
        severity=severity or _BY_NAME[rule].severity,
        messages=(("en", en), ("nb", nb)),
        place=place,
        focus=focus,
        path=path,
        value=value,
        hint=hint,
    )


_HEAD = """# Lint rules

Mistakes that are valid RDF. `kg check` finds them before it applies the shapes.

Silence a rule for the whole dataset in `kg.toml`, with the reason:

```toml
[silenced]
orphan = "the network's members come next year"
```

or in a file, for the line that the comment ends or the line below it; `ignore-file` is for the whole file:

```turtle
# kg: ignore future-date -- planned, see the budget
village:x bg:openedOn "2031-01-01"^^xsd:date .
```

Make a rule keep data from being published: `violations = ["dangling-link"]` in `kg.toml`.
"""


def page() -> str:
    """Give the documentation of all rules as Markdown."""
    parts = [_HEAD]
    parts += [
        f"\n## {rule.name}\n\n*{rule.severity.value}*. {rule.finds}\n\n{rule.why} {rule.mend}\n"
        for rule in RULES
    ]
    return "".join(parts)
