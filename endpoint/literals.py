"""How a literal reads to people: dates, numbers and truth values in the words of each language."""

from __future__ import annotations

import re

from kg.vocab import PREFIXES

_XSD = PREFIXES["xsd"]
_MONTHS = {
    "nb": ("januar", "februar", "mars", "april", "mai", "juni", "juli", "august", "september", "oktober",
           "november", "desember"),
    "nn": ("januar", "februar", "mars", "april", "mai", "juni", "juli", "august", "september", "oktober",
           "november", "desember"),
    "en": ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December"),
}  # fmt: skip
_BOOLEANS = {"nb": ("nei", "ja"), "nn": ("nei", "ja"), "en": ("no", "yes")}
_FROM = {"nb": "fra {}", "nn": "frå {}", "en": "from {}"}
_UNTIL = {"nb": "til og med {}", "nn": "til og med {}", "en": "until {}"}
_NUMBERS = frozenset(
    _XSD + name
    for name in (
        "integer", "decimal", "int", "long", "short", "nonNegativeInteger", "positiveInteger", "unsignedInt",
        "unsignedLong", "byte", "unsignedShort", "unsignedByte",
    )
)  # fmt: skip
_NUMBER = re.compile(r"([+-]?)0*(\d+)(?:\.(\d+))?\Z")
_DATE = re.compile(r"(-?\d{4,})-(\d\d)-(\d\d)\Z")
_MONTH = re.compile(r"(-?\d{4,})-(\d\d)\Z")


def readable(text: str, datatype: str, language: str) -> str:
    """Give a literal as people write it in a language; what is not of its type stays as it is.

    >>> readable("2022-10-03", "http://www.w3.org/2001/XMLSchema#date", "nb")
    '3. oktober 2022'
    >>> readable("30000000.0", "http://www.w3.org/2001/XMLSchema#decimal", "en")
    '30,000,000'
    """
    if datatype == f"{_XSD}date":
        return _date(text, language)
    if datatype == f"{_XSD}gYearMonth":
        return _month(text, language)
    if datatype in _NUMBERS:
        return _number(text, language)
    if datatype == f"{_XSD}boolean" and text in ("true", "false", "1", "0"):
        return _BOOLEANS.get(language, _BOOLEANS["en"])[text in ("true", "1")]
    return text


def between(first: str, last: str, language: str) -> str:
    """Give a span of time, of which one end may be unknown, from its readable first and last day.

    >>> between("", "31. desember 2017", "nb"), between("2018", "", "nn"), between("2018", "2019", "en")
    ('til og med 31. desember 2017', 'frå 2018', '2018 – 2019')
    """
    if first and last:
        return first if first == last else f"{first} – {last}"
    if last:
        return _UNTIL.get(language, _UNTIL["en"]).format(last)
    return _FROM.get(language, _FROM["en"]).format(first) if first else ""


def _date(text: str, language: str) -> str:
    found = _DATE.match(text)
    if not found or not 1 <= int(found[2]) <= 12:
        return text
    dot = "" if language == "en" else "."
    return f"{int(found[3])}{dot} {_name(int(found[2]), language)} {found[1]}"


def _month(text: str, language: str) -> str:
    found = _MONTH.match(text)
    if not found or not 1 <= int(found[2]) <= 12:
        return text
    return f"{_name(int(found[2]), language)} {found[1]}"


def _name(month: int, language: str) -> str:
    return _MONTHS.get(language, _MONTHS["en"])[month - 1]


def _number(text: str, language: str) -> str:
    found = _NUMBER.match(text)
    if not found:
        return text
    group, point = (",", ".") if language == "en" else ("\u00a0", ",")
    whole = f"{int(found[2]):,}".replace(",", group) if len(found[2]) > 4 else found[2]
    fraction = (found[3] or "").rstrip("0")
    sign = "\u2212" if found[1] == "-" else ""
    return f"{sign}{whole}{point}{fraction}" if fraction else f"{sign}{whole}"


def machine_date(text: str, datatype: str) -> str | None:
    """Give the value of an HTML `time` element, where the literal is a date.

    >>> machine_date("2006", "http://www.w3.org/2001/XMLSchema#gYear")
    '2006'
    """
    dates = {"date": _DATE, "gYearMonth": _MONTH, "gYear": re.compile(r"\d{4}\Z")}
    for name, pattern in dates.items():
        if datatype == _XSD + name and pattern.match(text):
            return text
    return None
