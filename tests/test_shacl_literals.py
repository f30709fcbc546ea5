"""What the store does to literals, and that ours come through it unchanged."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyoxigraph import Literal, NamedNode, Quad, Store

from kg.check.shacl.literals import ILL, ODD, RAW, XSD, decode, encode, value_expression, well_formed

NAMES = [
    "boolean", "integer", "decimal", "double", "float", "date", "dateTime", "dateTimeStamp", "time",
    "gYear", "gYearMonth", "gMonth", "gDay", "gMonthDay", "duration", "dayTimeDuration",
    "yearMonthDuration", "hexBinary", "base64Binary", "string", "normalizedString", "token", "language",
    "anyURI", "long", "int", "short", "byte", "unsignedLong", "unsignedInt", "unsignedShort",
    "unsignedByte", "nonNegativeInteger", "positiveInteger", "nonPositiveInteger", "negativeInteger",
    "other",
]  # fmt: skip
TOUGH = [
    "0", "00", "-0", "+0", "1", "01", "+1", "-1", "127", "128", "300", "1.0", "1.", ".5", "1.50", "-0.0",
    "0.1", "1e0", "1E5", "INF", "+INF", "-INF", "NaN", "true", "false", "TRUE", "2020", "-2020", "02020",
    "12020", "2020Z", "2020-01", "2020-13", "2020-02-29", "2021-02-29", "2020-01-01", "2020-01-01Z",
    "2020-01-01+14:00", "2020-01-01T00:00:00", "2020-01-01T00:00:00Z", "2020-01-01T24:00:00",
    "2020-01-01T00:00:00.0", "2020-01-01T00:00:00.10Z", "2020-01-01T00:00:00+00:00", "00:00:00",
    "24:00:00", "12:30:00.5", "--02", "---31", "--02-30", "P1Y", "P1M", "P12M", "P1D", "PT36H", "P", "PT",
    "-P1Y2M3DT4H5M6.7S", "0aFF", "0a0", "YQ==", "YQ", "en", "en-GB", "99999999999999999999", "0000-01-01",
    "x",
]  # fmt: skip


def through_the_store(literal: Literal) -> Literal:
    store = Store()
    store.add(Quad(NamedNode("urn:s"), NamedNode("urn:p"), literal))
    [quad] = store
    assert isinstance(quad.object, Literal)
    return quad.object


def of(lexical: str, name: str) -> Literal:
    return Literal(lexical, datatype=NamedNode(XSD + name))


@pytest.mark.parametrize("name", NAMES)
def test_every_written_form_comes_back_from_the_store(name: str) -> None:
    for lexical in TOUGH:
        literal = of(lexical, name)
        assert decode(through_the_store(encode(literal))) == literal


@given(st.sampled_from(NAMES), st.from_regex(r"\A[-+]?[0-9]{0,22}(\.[0-9]{0,8})?([eE][0-9])?\Z"))
def test_every_number_comes_back_from_the_store(name: str, lexical: str) -> None:
    assert decode(through_the_store(encode(of(lexical, name)))) == of(lexical, name)


@given(
    st.sampled_from(("date", "dateTime", "time", "gYear", "gYearMonth")),
    st.datetimes(),
    st.sampled_from(("", "Z", "+00:00", "-00:30", "+14:00")),
)
def test_every_date_comes_back_from_the_store(name: str, moment: object, zone: str) -> None:
    lexical = str(moment).replace(" ", "T")
    start, end = {"date": (0, 10), "time": (11, None), "gYear": (0, 4), "gYearMonth": (0, 7)}.get(
        name, (0, None)
    )
    literal = of(lexical[start:end] + zone, name)
    assert decode(through_the_store(encode(literal))) == literal


@pytest.mark.parametrize(
    ("lexical", "name", "private"),
    [
        ("01", "integer", RAW),
        ("1", "byte", RAW),
        ("300", "byte", ILL),
        ("c", "byte", ILL),
        ("2021-02-29", "date", ILL),
        ("NaN", "double", ODD),
        ("1", "integer", None),
        ("anything", "other", RAW),
    ],
)
def test_private_datatypes_say_what_is_wrong_with_a_form(
    lexical: str, name: str, private: str | None
) -> None:
    datatype = encode(of(lexical, name)).datatype.value
    assert datatype == (private or "") + XSD + name


def test_a_query_sees_the_value_through_a_private_datatype() -> None:
    store = Store()
    for lexical, name in (
        ("07", "integer"),
        ("7", "byte"),
        ("7.0", "decimal"),
        ("8", "integer"),
        ("x", "integer"),
    ):
        store.add(Quad(NamedNode("urn:s"), NamedNode("urn:p"), encode(of(lexical, name))))
    rows = store.query(f"SELECT ?v {{ ?s ?p ?v FILTER({value_expression('?v')} = 7) }}")
    found = sorted(str(decode(row[0])) for row in rows)  # type: ignore[union-attr]
    assert found == sorted(str(of(*pair)) for pair in (("07", "integer"), ("7", "byte"), ("7.0", "decimal")))


def test_forms_are_judged_by_xml_schema() -> None:
    verdicts = {
        ("P1DT", "duration"): False,
        ("PT1S", "duration"): True,
        ("2020-01-01T00:00:00", "dateTimeStamp"): False,
        ("2020-01-01T00:00:00Z", "dateTimeStamp"): True,
        ("--02-30", "gMonthDay"): False,
        ("-0000000001", "negativeInteger"): True,
        ("9" * 500, "positiveInteger"): True,
        ("9" * 500, "long"): False,
    }
    assert {pair: well_formed(*pair) for pair in verdicts} == verdicts
