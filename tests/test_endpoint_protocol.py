"""Parameters are read as they were written, to the byte."""

from __future__ import annotations

from urllib.parse import quote_from_bytes, quote_plus, unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from endpoint.problems import Problem
from endpoint.protocol import Request, parse


@given(
    st.lists(
        st.binary(max_size=3).map(quote_from_bytes) | st.text(" =\r\n\t.%3D25+ø&", max_size=4).map(quote_plus)
    )
)
def test_escapes_are_read_as_the_library_reads_them(parts: list[str]) -> None:
    text = "".join(parts)
    try:
        expected = unquote_to_bytes(text.replace("+", " ")).decode()
    except UnicodeDecodeError:
        with pytest.raises(Problem):
            parse(Request("GET", f"query={text}"))
    else:
        assert parse(Request("GET", f"query={text}")).query == expected


@pytest.mark.parametrize(
    "text", ["a = b", "x=", "==", "=\n=\r\n", " \t", "%3D%0A", "ends in space ", "%25%3d%3D"]
)
def test_signs_of_other_codings_stay_as_they_are(text: str) -> None:
    raw = text.replace(" ", "+") if "%" not in text else text
    assert parse(Request("GET", f"query={raw}")).query == unquote_to_bytes(text).decode()
