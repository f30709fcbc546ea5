"""Literals as written: how a lexical form survives a store that keeps values only.

The store turns `"01"^^xsd:integer` into `"1"` and `"5"^^xsd:byte` into an `xsd:integer`; SHACL is about what
was written. A literal that the store would change goes in under a private datatype, which the store leaves
alone, and every result is translated back. Three kinds tell apart what constraints must tell apart:

- `raw`: well formed, and compared by its value (`DECODE` turns it into one within a query);
- `odd`: well formed, and equal to, less or greater than nothing (`NaN`);
- `ill`: not of its datatype at all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from types import MappingProxyType

from pyoxigraph import Literal, NamedNode

XSD = "http://www.w3.org/2001/XMLSchema#"
RAW, ODD, ILL = "urn:kg-raw:", "urn:kg-odd:", "urn:kg-ill:"
ANY = "urn:kg-"
_PRIVATE = (RAW, ODD, ILL)

_ZONE = r"(?:Z|[+-](?:(?:0\d|1[0-3]):[0-5]\d|14:00))?"
_YEAR = r"-?(?:[1-9]\d{3,}|0\d{3})"
_TIME = r"(?:(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?|24:00:00(?:\.0+)?)"
_MONTH, _DAY = r"(?:0[1-9]|1[0-2])", r"(?:0[1-9]|[12]\d|3[01])"
_DOUBLE = r"(?:[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|[+-]?INF|NaN)"
_B64 = "(?:[A-Za-z0-9+/] ?)"
_DATE_PART = r"(?:\d+Y)?(?:\d+M)?(?:\d+D)?"
_TIME_PART = r"(?:T(?=\d)(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?)?"

_FORMS: Mapping[str, str] = MappingProxyType(
    {
        "boolean": r"(?:true|false|0|1)",
        "integer": r"[+-]?\d+",
        "decimal": r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)",
        "double": _DOUBLE,
        "float": _DOUBLE,
        "date": f"{_YEAR}-{_MONTH}-{_DAY}{_ZONE}",
        "dateTime": f"{_YEAR}-{_MONTH}-{_DAY}T{_TIME}{_ZONE}",
        "dateTimeStamp": f"{_YEAR}-{_MONTH}-{_DAY}T{_TIME}(?!$){_ZONE}",
        "time": f"{_TIME}{_ZONE}",
        "gYear": f"{_YEAR}{_ZONE}",
        "gYearMonth": f"{_YEAR}-{_MONTH}{_ZONE}",
        "gMonth": f"--{_MONTH}{_ZONE}",
        "gDay": f"---{_DAY}{_ZONE}",
        "gMonthDay": f"--{_MONTH}-{_DAY}{_ZONE}",
        "duration": rf"-?P(?=.){_DATE_PART}{_TIME_PART}",
        "dayTimeDuration": rf"-?P(?=.)(?:\d+D)?{_TIME_PART}",
        "yearMonthDuration": r"-?P(?=.)(?:\d+Y)?(?:\d+M)?",
        "hexBinary": r"(?:[0-9a-fA-F]{2})*",
        "base64Binary": rf"(?:{_B64}{{4}})*(?:{_B64}{{2}}(?:{_B64}=|= ?=))?",
        "language": r"[a-zA-Z]{1,8}(?:-[a-zA-Z0-9]{1,8})*",
        "normalizedString": r"[^\t\n\r]*",
        "token": r"(?:[^\t\n\r ]+(?: [^\t\n\r ]+)*)?",
    }
)

_LONG, _INT, _SHORT, _BYTE = 2**63, 2**31, 2**15, 2**7
_RANGES: Mapping[str, tuple[int | None, int | None]] = MappingProxyType(
    {
        "long": (-_LONG, _LONG - 1),
        "int": (-_INT, _INT - 1),
        "short": (-_SHORT, _SHORT - 1),
        "byte": (-_BYTE, _BYTE - 1),
        "unsignedLong": (0, 2 * _LONG - 1),
        "unsignedInt": (0, 2 * _INT - 1),
        "unsignedShort": (0, 2 * _SHORT - 1),
        "unsignedByte": (0, 2 * _BYTE - 1),
        "nonNegativeInteger": (0, None),
        "positiveInteger": (1, None),
        "nonPositiveInteger": (None, 0),
        "negativeInteger": (None, -1),
    }
)

_UNCHANGED: Mapping[str, str] = MappingProxyType(
    {
        "boolean": "(?:true|false)",
        "integer": r"(?:0|-?[1-9]\d{0,17})",
        "decimal": r"-?(?:0|[1-9]\d{0,11})\.\d{0,5}[1-9]|0|-?[1-9]\d{0,11}",
        "date": r"[1-9]\d{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])",
        "dateTime": rf"[1-9]\d{{3}}-{_MONTH}-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\dZ?",
        "gYear": r"[1-9]\d{3}",
        "gYearMonth": rf"[1-9]\d{{3}}-{_MONTH}",
    }
)
_KEPT = frozenset({"string", "normalizedString", "token", "language", "anyURI", "Name", "NCName", "NMTOKEN",
                   "ID", "IDREF", "ENTITY", "QName", "NOTATION", "hexBinary", "base64Binary"})  # fmt: skip
_LONGEST = 100
"""Longer literals are judged each time: remembering them would fill the memory."""
_SAFE = frozenset({XSD + "string", "http://www.w3.org/1999/02/22-rdf-syntax-ns#langString"})


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Compile a form when the first literal needs it: few datatypes occur in any data."""
    return re.compile(rf"(?:{pattern})\Z", re.ASCII)


def encode(literal: Literal) -> Literal:
    """Give the literal that stands for this one in the store: itself where the store keeps it."""
    datatype = literal.datatype.value
    if datatype in _SAFE or not datatype.startswith(XSD):
        return literal
    lexical = literal.value
    private = _private(lexical, datatype) if len(lexical) < _LONGEST else _judged(lexical, datatype)
    return literal if private is None else Literal(literal.value, datatype=NamedNode(private))


def decode(literal: Literal) -> Literal:
    """Give back the literal as it was written."""
    datatype = literal.datatype.value
    if not datatype.startswith(ANY):
        return literal
    for prefix in _PRIVATE:
        if datatype.startswith(prefix):
            return Literal(literal.value, datatype=NamedNode(datatype.removeprefix(prefix)))
    return literal


@lru_cache(maxsize=65536)
def _private(lexical: str, datatype: str) -> str | None:
    return _judged(lexical, datatype)


def _judged(lexical: str, datatype: str) -> str | None:
    name = datatype.removeprefix(XSD)
    if not well_formed(lexical, name):
        return ILL + datatype
    unchanged = _UNCHANGED.get(name)
    if name in _KEPT or (unchanged is not None and _compiled(unchanged).match(lexical)):
        return None
    if name in ("double", "float") and lexical.endswith("NaN"):
        return ODD + datatype
    return RAW + datatype


def well_formed(lexical: str, name: str) -> bool:
    """True if a lexical form belongs to the XSD datatype of this name; datatypes unknown to us have none."""
    if name in _RANGES:
        return bool(_compiled(_FORMS["integer"]).match(lexical)) and _in_range(lexical, *_RANGES[name])
    form = _FORMS.get(name)
    if form is not None and not _compiled(form).match(lexical):
        return False
    check = _CHECKS.get(name)
    return check is None or check(lexical)


def _in_range(lexical: str, low: int | None, high: int | None) -> bool:
    if len(lexical) > 400:
        return (low is None and lexical.startswith("-")) or (high is None and not lexical.startswith("-"))
    number = int(lexical)
    return (low is None or number >= low) and (high is None or number <= high)


_LENGTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def _real_day(lexical: str) -> bool:
    match = re.match(r"(-?\d+)-(\d\d)-(\d\d)", lexical)
    if match is None or len(match[1]) > 400:
        return match is not None
    year, month, day = int(match[1]), int(match[2]), int(match[3])
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return day <= _LENGTHS[month - 1] and (month != 2 or day < 29 or leap)


def _real_month_day(lexical: str) -> bool:
    return int(lexical[5:7]) <= _LENGTHS[int(lexical[2:4]) - 1]


_CHECKS: Mapping[str, Callable[[str], bool]] = MappingProxyType(
    {
        "date": _real_day,
        "dateTime": _real_day,
        "dateTimeStamp": _real_day,
        "gMonthDay": _real_month_day,
    }
)


def value_expression(variable: str, private: str = RAW) -> str:
    """Give the SPARQL expression for what a variable's literal means, private datatypes seen through.

    Comparisons are to see through `RAW` alone; users' own queries see the literals of `ANY` kind as they are.
    """
    kind = f"STR(DATATYPE({variable}))"
    return (
        f'IF(STRSTARTS({kind}, "{private}"), '
        f"STRDT(STR({variable}), IRI(SUBSTR({kind}, {len(RAW) + 1}))), {variable})"
    )
