"""Whether literals are what they look like: languages, datatypes, usual forms, days to come."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from functools import cache, lru_cache
from unicodedata import normalize

from pyoxigraph import Literal, Quad

from kg.check.lint.rules import finding
from kg.check.lint.seen import Seen, Suspect
from kg.check.lint.vocabulary import kind_of, short
from kg.check.place import Part, Places, written
from kg.errors import Bilingual
from kg.findings import Finding, Place
from kg.source import SourceFile
from kg.vocab import LABELS, term

_STRING = term("xsd:string").value


def languages(seen: Seen, places: Places, wanted: Iterable[str]) -> Iterator[Finding]:
    """Yield a finding for each text whose language tag is missing, unknown, odd, or not of the dataset."""
    fault, of_dataset = cache(_fault), frozenset(wanted)
    tagged = {p for facts in seen.facts.values() for p, kinds in facts.kinds.items() if _tags(kinds)}
    for file, facts in seen.facts.items():
        for predicate, kinds in facts.kinds.items():
            is_label = predicate in LABELS
            faults = {kind: found for kind in kinds if (found := fault(kind, is_label, of_dataset))}
            if is_label and _STRING in kinds and predicate in tagged:
                faults[_STRING] = ("language-missing", "The label has no language tag.",
                                   "Navnet mangler språkmerke.", None)  # fmt: skip
            for one in places.each(file, predicate.value) if faults else ():
                kind = kind_of(one.value) if one.value.startswith('"') else ""
                if kind in faults:
                    rule, en, nb, hint = faults[kind]
                    yield finding(rule, en, nb, places.at(file, one, Part.VALUE), focus=one.subject,
                                  path=predicate.value, value=one.value, hint=hint)  # fmt: skip


def _tags(kinds: Iterable[str]) -> set[str]:
    return {kind for kind in kinds if kind.startswith("@")}


_Fault = tuple[str, str, str, Bilingual | None]


def _fault(kind: str, is_label: bool, wanted: frozenset[str]) -> _Fault | None:
    if not kind.startswith("@"):
        return None
    tag = kind[1:].partition("--")[0]
    known, preferred = _tag(tag.lower())
    if not known:
        return ("language-unknown", f"{tag!r} is not a registered language tag.",
                f"{tag!r} er ikke et registrert språkmerke.", None)  # fmt: skip
    if preferred.lower() != tag.lower():
        return ("language-form", f"The preferred form of the language tag {tag!r} is {preferred!r}.",
                f"Den foretrukne formen av språkmerket {tag!r} er {preferred!r}.",
                (f"Write @{preferred}.", f"Skriv @{preferred}."))  # fmt: skip
    if is_label and wanted and not {tag.lower(), tag.lower().partition("-")[0]} & wanted:
        return ("language-unexpected", f"The label is in {tag!r}, which is not a language of the dataset.",
                f"Navnet er på {tag!r}, som ikke er et av språkene til datasettet.", None)  # fmt: skip
    return None


PLAIN = frozenset(
    ["aa", "ab", "ae", "af", "ak", "am", "an", "ar", "as", "av", "ay", "az", "ba", "be", "bg", "bh",
     "bi", "bm", "bn", "bo", "br", "bs", "ca", "ce", "ch", "co", "cr", "cs", "cu", "cv", "cy", "da",
     "de", "dv", "dz", "ee", "el", "en", "eo", "es", "et", "eu", "fa", "ff", "fi", "fj", "fo", "fr",
     "fy", "ga", "gd", "gl", "gn", "gu", "gv", "ha", "he", "hi", "ho", "hr", "ht", "hu", "hy", "hz",
     "ia", "id", "ie", "ig", "ii", "ik", "io", "is", "it", "iu", "ja", "jv", "ka", "kg", "ki", "kj",
     "kk", "kl", "km", "kn", "ko", "kr", "ks", "ku", "kv", "kw", "ky", "la", "lb", "lg", "li", "ln",
     "lo", "lt", "lu", "lv", "mg", "mh", "mi", "mk", "ml", "mn", "mr", "ms", "mt", "my", "na", "nb",
     "nd", "ne", "ng", "nl", "nn", "no", "nr", "nv", "ny", "oc", "oj", "om", "or", "os", "pa", "pi",
     "pl", "ps", "pt", "qu", "rm", "rn", "ro", "ru", "rw", "sa", "sc", "sd", "se", "sg", "sh", "si",
     "sk", "sl", "sm", "sn", "so", "sq", "sr", "ss", "st", "su", "sv", "sw", "ta", "te", "tg", "th",
     "ti", "tk", "tl", "tn", "to", "tr", "ts", "tt", "tw", "ty", "ug", "uk", "ur", "uz", "ve", "vi",
     "vo", "wa", "wo", "xh", "yi", "yo", "za", "zh", "zu"]
)  # fmt: skip
"""The tags of two letters that are registered, and preferred: most data need no look at the registry."""


@lru_cache(maxsize=1024)
def _tag(tag: str) -> tuple[bool, str]:
    """Say whether a language tag has registered parts only, and give its preferred form."""
    if tag in PLAIN:
        return True, tag
    from language_tags import tags  # type: ignore[import-untyped]  # loads the whole registry

    found = tags.tag(tag)
    known = tag.startswith("x-") or all(error.code in _DEPRECATED for error in found.errors)
    parts = (part.preferred.format if part.preferred else part.format for part in found.subtags)
    return known, str(found.preferred.format if found.preferred else "-".join(parts) or tag)


_DEPRECATED = frozenset((1, 11))
"""What `language_tags` says of tags and of parts of tags that are registered, but not to be used any more."""


def ill_typed(seen: Seen, places: Places) -> Iterator[Finding]:
    """Yield a finding for each literal whose text is not of its datatype."""
    for file, quad, value in _literals(seen.ill_typed):
        name = short(value.datatype.value)
        yield finding(
            "ill-typed-literal",
            f"{value.value!r} is no {name}.",
            f"{value.value!r} er ingen {name}.",
            _value(places, file, quad),
            focus=written(quad.subject),
            path=quad.predicate.value,
            value=str(value),
        )


def odd_forms(seen: Seen, places: Places) -> Iterator[Finding]:
    """Yield a finding for each number, boolean or time that is not in its usual form."""
    for file, quad, value in _literals(seen.odd_literals):
        name, usual = short(value.datatype.value), _usual(value)
        yield finding(
            "literal-form",
            f"{value.value!r} is not the usual form of this {name}.",
            f"{value.value!r} er ikke den vanlige formen av denne {name}.",
            _value(places, file, quad),
            focus=written(quad.subject),
            path=quad.predicate.value,
            value=str(value),
            hint=(f"Write {usual!r}.", f"Skriv {usual!r}.") if usual else None,
        )


def _usual(value: Literal) -> str | None:
    text, name = value.value, value.datatype.value.rpartition("#")[2]
    if name == "boolean":
        return "true" if text == "1" else "false"
    if text.endswith(("+00:00", "-00:00")):
        return text[:-6] + "Z"
    if "T24" in text or "-" in text[1:]:
        return None
    sign, digits = ("-" if text.startswith("-") else ""), text.lstrip("+-")
    whole, _, rest = digits.partition(".")
    whole = whole.lstrip("0") or "0"
    usual = f"{whole}.{rest}" if rest else whole
    return usual if not usual.strip("0.") else sign + usual


def texts(seen: Seen, places: Places) -> Iterator[Finding]:
    """Yield a finding for each text in an odd form, and for each that has a twin in another form."""
    for file, quad, value in _literals(seen.odd_texts):
        place, twin = _value(places, file, quad), _twin(seen, places, quad, value)
        subject, path = written(quad.subject), quad.predicate.value
        yield finding(
            "text-form",
            f"The text {_why(value.value, 'en')}.",
            f"Teksten {_why(value.value, 'nb')}.",
            place,
            focus=subject,
            path=path,
            value=str(value),
        )
        if twin is not None:
            yield finding(
                "twin-values",
                f"This value looks like the one at {twin}, but is another.",
                f"Denne verdien ser ut som den i {twin}, men er en annen.",
                place,
                focus=subject,
                path=path,
                value=str(value),
            )


def _why(text: str, language: str) -> str:
    space = text != text.strip()
    if language == "nb":
        return "har blanktegn i endene" if space else "er ikke i Unicode-normalformen NFC"
    return "has white space at its ends" if space else "is not in Unicode normal form NFC"


def _same(text: str) -> str:
    return " ".join(normalize("NFC", text).split())


def _twin(seen: Seen, places: Places, quad: Quad, value: Literal) -> Place | None:
    """Give the place of a value of the same property that differs from an odd one only in form."""
    subject = written(quad.subject)
    for file in seen.subjects.get(subject, ()):
        for one in places.text(file).triples(subject, quad.predicate.value):
            if one.value != str(value) and _form(one.value) == _form(str(value)):
                return places.at(file, one, Part.VALUE)
    return None


def _form(literal: str) -> tuple[str, str]:
    """Give a literal's text as it looks, and its language."""
    end = literal.rfind('"')
    return _same(literal[1:end].replace("\\n", " ").replace("\\t", " ")), literal[end:]


def future_dates(seen: Seen, places: Places, today: date) -> Iterator[Finding]:
    """Yield a finding for each date after today."""
    for file, quad, value in _literals(seen.dates):
        text, day = value.value, today.isoformat()
        if text[:10] > day[: len(text[:10])]:
            yield finding(
                "future-date",
                f"{text} is in the future.",
                f"{text} er i framtida.",
                _value(places, file, quad),
                focus=written(quad.subject),
                path=quad.predicate.value,
                value=str(value),
            )


def _literals(suspects: Iterable[Suspect]) -> Iterator[tuple[SourceFile, Quad, Literal]]:
    for file, quad in suspects:
        if isinstance(quad.object, Literal):
            yield file, quad, quad.object


def _value(places: Places, file: SourceFile, quad: Quad) -> Place:
    subject, predicate, value = written(quad.subject), quad.predicate.value, written(quad.object)
    if not subject.startswith("_:"):
        return places.stated(file, subject, predicate, value, part=Part.VALUE)
    found = next((one for one in places.each(file, predicate) if one.value == value), None)
    return places.at(file, found, Part.VALUE)
