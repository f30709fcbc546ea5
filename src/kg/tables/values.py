"""How the text of a cell becomes a value: absent, one or several, each in a lexical form of XML Schema."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import csvw
from csvw.metadata_utils import NAMESPACES
from pyoxigraph import Literal, NamedNode

from kg.complaints import Around
from kg.errors import Bilingual
from kg.tables.problems import CellError, told

Value = str | tuple[str, ...] | None
"""What a cell holds: a lexical form, several, or nothing."""

REMEMBERED = 1024
"""How many cells and IRIs a column remembers: most columns repeat few values, and memory stays bounded."""

_XSD = NAMESPACES["xsd"]
_DATATYPE_IRIS = {
    "any": _XSD + "anyAtomicType",
    "binary": _XSD + "base64Binary",
    "datetime": _XSD + "dateTime",
    "html": NAMESPACES["rdf"] + "HTML",
    "json": NAMESPACES["csvw"] + "JSON",
    "number": _XSD + "double",
    "xml": NAMESPACES["rdf"] + "XMLLiteral",
}
_KEEPS_SPACE = frozenset({"string", "json", "xml", "html", "any", "anyAtomicType"})
_ZONE = r"(?:Z|[+-][0-9]{2}:[0-9]{2})?"
_YEAR = r"-?(?:[1-9][0-9]{3,}|0[0-9]{3})"
_MONTH, _DAY = r"(?:0[1-9]|1[0-2])", r"(?:0[1-9]|[12][0-9]|3[01])"
_DATE, _TIME = f"{_YEAR}-{_MONTH}-{_DAY}", r"[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?"
_DAYS, _CLOCK = r"(?:[0-9]+D)?", r"(?:T(?=.)(?:[0-9]+H)?(?:[0-9]+M)?(?:[0-9]+(?:\.[0-9]+)?S)?)?"
_MONTHS, _FLOAT = r"(?:[0-9]+Y)?(?:[0-9]+M)?", r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"
_FORMS = {
    "date": _DATE + _ZONE,
    "dateTime": f"{_DATE}T{_TIME}{_ZONE}",
    "datetime": f"{_DATE}T{_TIME}{_ZONE}",
    "dateTimeStamp": f"{_DATE}T{_TIME}{_ZONE.removesuffix('?')}",
    "dayTimeDuration": f"-?P(?=.){_DAYS}{_CLOCK}",
    "decimal": _FLOAT,
    "double": f"{_FLOAT}(?:[eE][+-]?[0-9]+)?|[+-]?INF|NaN",
    "duration": f"-?P(?=.){_MONTHS}{_DAYS}{_CLOCK}",
    "float": f"{_FLOAT}(?:[eE][+-]?[0-9]+)?|[+-]?INF|NaN",
    "gDay": f"---{_DAY}{_ZONE}",
    "gMonth": f"--{_MONTH}{_ZONE}",
    "gMonthDay": f"--{_MONTH}-{_DAY}{_ZONE}",
    "gYear": _YEAR + _ZONE,
    "gYearMonth": f"{_YEAR}-{_MONTH}{_ZONE}",
    "number": f"{_FLOAT}(?:[eE][+-]?[0-9]+)?|[+-]?INF|NaN",
    "time": _TIME + _ZONE,
    "yearMonthDuration": f"-?P(?=.){_MONTHS}",
}
_INTEGERS = (
    "integer long int short byte negativeInteger nonPositiveInteger nonNegativeInteger positiveInteger"
)
_UNSIGNED = "unsignedLong unsignedInt unsignedShort unsignedByte"
_FORMS |= dict.fromkeys((*_INTEGERS.split(), *_UNSIGNED.split()), r"[+-]?[0-9]+")
_LEXICAL_FORMS = {name: re.compile(form) for name, form in _FORMS.items()}
"""What XML Schema lets a value look like; the `csvw` package reads more: `1_000`, `nan`, the year 206."""

_EXAMPLES = {
    "date": "2006-01-31",
    "dateTime": "2006-01-31T12:00:00Z",
    "datetime": "2006-01-31T12:00:00Z",
    "decimal": "1234.5",
    "double": "1234.5",
    "duration": "P1Y6M",
    "gYear": "2006",
    "gYearMonth": "2006-01",
    "integer": "1234",
    "number": "1234.5",
    "time": "12:00:00",
}
"""How values look that people often write in another way."""

_NOT_SPECIAL = re.compile(r"(?!(?:NaN|-?INF)\Z).*", re.DOTALL)


def reader(column: Any) -> Callable[[str], Value]:
    """Make the function from a cell's text to the lexical form of its value, its values, or None."""
    datatype = column.inherit("datatype") or csvw.Datatype.fromvalue("string")
    default, separator = column.inherit("default"), column.inherit("separator")
    strip = datatype.base not in _KEEPS_SPACE
    form, lexical = _form(datatype), _normaliser(datatype)
    absent = frozenset({"", *column.inherit_null()})

    @lru_cache(maxsize=REMEMBERED)
    def read(cell: str) -> Value:
        text = (cell.strip() if strip else cell) or default
        parts = text.split(separator) if separator and text else [text]
        for part in parts:
            if form is not None and part not in absent and not form.pattern.fullmatch(part):
                raise CellError(form.reason, form.hint)
        value = _parsed_cell(column, datatype, text)
        if isinstance(value, list):
            pairs = zip(value, parts, strict=False)
            return tuple(lexical(item, part) for item, part in pairs if item is not None)
        return None if value is None else lexical(value, text)

    return read


def _parsed_cell(column: Any, datatype: Any, text: str) -> Any:
    """Give the value of a cell. Raises CellError."""
    try:
        return column.read(text)
    except (ValueError, ArithmeticError) as error:
        words, form = str(error), str(datatype.format or "")
        frame, kind = ("cannot be read", "kan ikke leses"), str(datatype.base)
        raise CellError(*told("cell", words, frame, Around(text=form), kind=kind, form=form)) from error


@dataclass(frozen=True, slots=True)
class _Form:
    """What the text of a value must match as a whole, and what to say if it does not."""

    pattern: re.Pattern[str]
    reason: Bilingual
    hint: Bilingual | None = None


def _form(datatype: Any) -> _Form | None:
    """Give what is checked before the `csvw` package reads a value."""
    kind, form = datatype.base, datatype.format
    reason = f"is not of the datatype {kind}", f"er ikke av datatypen {kind}"
    if kind == "string" and form is not None:
        return _Form(re.compile(form), (f"does not match {form}", f"passer ikke med {form}"))
    if datatype.format is not None:
        return None if datatype.base in ("double", "float", "number") else _Form(_NOT_SPECIAL, reason)
    pattern, example = _LEXICAL_FORMS.get(kind), _EXAMPLES.get(kind)
    hint = (f"Write it as in {example}.", f"Skriv den som i {example}.") if example else None
    return _Form(pattern, reason, hint) if pattern else None


def _normaliser(datatype: Any) -> Callable[[Any, str], str]:
    """Make the function from a parsed value and its text to a lexical form of XML Schema.

    Text that needed no `format` to be read stays as written.
    """
    if datatype.format is None or datatype.base in ("string", "anyURI"):
        return lambda _value, text: text
    if datatype.base == "time":
        return lambda value, _text: str(value.timetz().isoformat())
    if datatype.base.lower() in ("datetime", "datetimestamp"):
        return lambda value, _text: str(value.isoformat())
    plain = csvw.Datatype.fromvalue(datatype.base)
    return lambda value, _text: str(plain.formatted(value))


def literal_maker(column: Any) -> Callable[[str], Literal]:
    """Make the function from a lexical form to a literal with the column's datatype or language."""
    datatype = column.inherit("datatype") or csvw.Datatype.fromvalue("string")
    own = datatype.at_props.get("id")
    language = _language(column)
    if own is None and datatype.base == "string":
        return lambda text: Literal(text, language=language) if language else Literal(text)
    node = NamedNode(own or _DATATYPE_IRIS.get(datatype.base, _XSD + datatype.base))
    return lambda text: Literal(text, datatype=node)


def _language(description: Any) -> str | None:
    """Give the nearest `lang` of a column or what holds it; the metadata model does not inherit it."""
    while description is not None:
        if getattr(description, "lang", "und") != "und":
            return str(description.lang)
        description = description._parent
    return None
