"""The one layout of Turtle: what it looks like, what it keeps, and that it never changes what a file says."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from pyoxigraph import Quad

from kg import config, rdfio
from kg.cli import commands
from kg.fmt import TRIG, FormatError, NotTurtleError, formatted
from kg.turtle import tokens
from tests.test_turtle import documents

ROOT = Path(__file__).resolve().parent.parent
TURTLE = rdfio.FORMATS[0]
UGLY = """\
# A village.

PREFIX v: <https://ex.org/v/>
@prefix unused: <http://unused.org/> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#>.
@prefix ex: <https://ex.org/>.



v:a   rdf:type ex:Village; # why
  # On its own.

  ex:name "A"@nb,"B"^^<http://www.w3.org/2001/XMLSchema#string> ;; ex:list (1 2.50
  03), [], (), [ ex:p ex:o;ex:q ex:r ] ; ex:many
  ex:b, # b
ex:c;.
# Before the next.
v:b ex:text '''x
  y''' ;
 ex:in [
ex:p ex:o # o
; ] .
[ ex:p <https://ex.org/o>, <#f> ].
# The end.
"""
NEAT = """\
# A village.

@prefix ex: <https://ex.org/> .
@prefix v: <https://ex.org/v/> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .

v:a a ex:Village ; # why
    # On its own.

    ex:name "A"@nb , "B"^^xsd:string ;
    ex:list (
        1
        2.50
        03
    ) , [] , () , [ ex:p ex:o ; ex:q ex:r ] ;
    ex:many
        ex:b, # b
        ex:c .
# Before the next.
v:b ex:text '''x
  y''' ;
    ex:in [
        ex:p ex:o # o
    ] .
[ ex:p ex:o , <#f> ] .
# The end.
"""


def canonical(text: str) -> bytes:
    quads: list[Quad] = list(rdfio.read(text.encode(), TURTLE, base="https://ex.org/"))
    return rdfio.canonical(quads)


def test_a_file_gets_the_one_layout() -> None:
    assert formatted(UGLY) == NEAT


def test_the_layout_of_a_neat_file_stays() -> None:
    assert formatted(NEAT) == NEAT


def test_what_the_file_says_stays() -> None:
    assert canonical(formatted(UGLY)) == canonical(UGLY)


@pytest.mark.parametrize("room", ["data", "ontology", "shapes"])
def test_the_files_of_the_project_are_in_the_layout(room: str) -> None:
    prefixes = config.load(ROOT / "kg.toml").prefixes
    files = {path: path.read_text("utf-8") for path in (ROOT / room).rglob("*.ttl")}
    assert files
    assert [path for path, text in files.items() if formatted(text, prefixes) != text] == []


def test_all_of_the_standard_suites_say_the_same_afterwards_and_stay_so(shared: Path) -> None:
    done = 0
    for path in sorted((shared / "suites").rglob("*.ttl")):
        text = path.read_bytes().decode("utf-8", "surrogateescape")
        try:
            once = formatted(text)
        except FormatError:
            continue
        assert (path, formatted(once)) == (path, once)
        assert (path, canonical(once)) == (path, canonical(text))
        done += 1
    assert done > 500


UGLY_TRIG = """@prefix ex: <http://ex.org/>. # prefixes
# Said of the graph.
ex:g a ex:Graph.
GRAPH ex:g{ # opens
# Inside.
ex:a ex:p [ex:q 1;ex:r 2] , (1 2);
  # Before.
  <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> ex:C.

ex:b ex:p "}" # no dot
} # closed
<http://ex.org/h> {}
{ ex:c ex:p ex:d }
_:b
{
# Nothing.
}
"""
NEAT_TRIG = """@prefix ex: <http://ex.org/> . # prefixes

# Said of the graph.
ex:g a ex:Graph .
GRAPH ex:g { # opens
    # Inside.
    ex:a ex:p [ ex:q 1 ; ex:r 2 ] , ( 1 2 ) ;
        # Before.
        a ex:C .

    ex:b ex:p "}" . # no dot
} # closed
ex:h {}
{
    ex:c ex:p ex:d .
}
_:b {
    # Nothing.
}
"""


def of_trig(text: str) -> str:
    return formatted(text, form=TRIG)


def test_trig_gets_the_one_layout_and_keeps_it() -> None:
    assert of_trig(UGLY_TRIG) == NEAT_TRIG
    assert of_trig(NEAT_TRIG) == NEAT_TRIG


def test_turtle_has_no_graphs() -> None:
    with pytest.raises(NotTurtleError, match="It is not Turtle"):
        formatted(UGLY_TRIG)


def quads(text: str) -> bytes:
    return rdfio.canonical(rdfio.read(text.encode(), TRIG, base="https://ex.org/"))


def in_graphs(text: str) -> str:
    """The same, its statements in three graphs, where no line of it leaves that open."""
    lines = text.splitlines(keepends=True)
    head = [line for line in lines if line.lower().lstrip("@").startswith(("prefix", "base"))]
    body = "".join(line for line in lines if line not in head)
    return f"{''.join(head)}GRAPH <urn:g> {{ {body} }}\n_:g {{\n{body}\n}}{{{body}}}\n{body}"


def test_the_standard_suites_in_graphs_say_the_same_afterwards_and_stay_so(shared: Path) -> None:
    done = 0
    suites = shared / "suites"
    for path in sorted([*(suites / "shacl10").rglob("*.ttl"), *suites.rglob("*.trig")]):
        text = path.read_text("utf-8")
        if path.suffix == ".ttl":
            text = in_graphs(text)
        try:
            once = of_trig(text)
        except FormatError:
            continue
        assert (path, of_trig(once)) == (path, once)
        assert (path, quads(once)) == (path, quads(text))
        done += 1
    assert done > 100


@settings(deadline=None, max_examples=100)
@given(documents())
def test_made_up_trig_says_the_same_afterwards_and_stays_so(text: str) -> None:
    there = in_graphs(text)
    try:
        quads(there)
    except SyntaxError:
        return
    once = of_trig(there)
    assert quads(once) == quads(there)
    assert of_trig(once) == once


@settings(deadline=None, max_examples=200)
@given(documents())
def test_made_up_documents_say_the_same_afterwards_and_stay_so(text: str) -> None:
    once = formatted(text)
    assert canonical(once) == canonical(text)
    assert formatted(once) == once


@st.composite
def commented(draw: st.DrawFn) -> str:
    """Text of a document with line ends and comments between any two of its tokens."""
    text = draw(documents())
    gaps = st.sampled_from([" ", "\n", "\n\n", " # c\n", "\n# own\n", "\n\n# a\n\n# b\n"])
    return "".join(text[token.start : token.end] + draw(gaps) for token in tokens(text))


@settings(deadline=None, max_examples=200)
@given(commented())
def test_comments_anywhere_are_kept_and_the_layout_stays(text: str) -> None:
    def signs(document: str) -> str:
        each = (document[t.start : t.end] for t in tokens(document, comments=True) if t.kind == "comment")
        return "".join(sorted("".join(each).replace(" ", "")))

    once = formatted(text)
    assert canonical(once) == canonical(text)
    assert signs(once) == signs(text)
    assert formatted(once) == once


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<urn:a> <urn:b> [ <urn:c> 1 # c\n; ] .", "<urn:a> <urn:b> [\n        <urn:c> 1 # c\n    ] .\n"),
        ('<urn:a> <urn:b> "x" # c\n@en .', '<urn:a> <urn:b> # c\n        "x"@en .\n'),
        ("@base # b\n<urn:x:> # c\n.", "# b\n# c\n@base <urn:x:> .\n"),
    ],
)
def test_comments_in_odd_places_find_one_nearby(text: str, expected: str) -> None:
    assert formatted(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "BASE <https://ex.org/>\nPREFIX : <#>\n:a :b :c .\n@prefix : <http://f/> .\n:a :b :c .\n",
        "@prefix a: <http://a/> . # first\n@prefix b: <http://b/> .\na:a b:b a:c .\n",
    ],
)
def test_prefixes_stay_where_they_are_if_moving_them_could_change_something(text: str) -> None:
    order = [line.split()[1] for line in formatted(text).splitlines() if line.startswith("@prefix")]
    assert order == [part.split()[0] for part in text.replace("PREFIX", "@prefix").split("@prefix")[1:]]


def test_windows_line_ends_and_a_byte_order_mark_go() -> None:
    assert formatted("\ufeff<urn:a> a <urn:b> .\r\n# c\r\n") == "<urn:a> a <urn:b> .\n# c\n"


def test_line_ends_inside_a_literal_are_what_the_file_says() -> None:
    text = '<urn:a> <urn:b> """x\r\ny""" .\r\n'
    assert formatted(text) == '<urn:a> <urn:b> """x\r\ny""" .\n'


def test_comments_alone_and_nothing_at_all_are_documents() -> None:
    assert [formatted(text) for text in ("", "# a\n\n\n\n# b", "\n\n")] == ["", "# a\n\n# b\n", ""]


@pytest.mark.parametrize("text", ["<a> <b>", "not Turtle", '<a> <b> "c .', "<a> <b> x:c ."])
def test_what_is_not_turtle_is_left_as_it_is(text: str) -> None:
    with pytest.raises(NotTurtleError):
        formatted(text)


@pytest.mark.parametrize("text", ["<urn:a> <urn:b> <urn:c> {| <urn:d> 1 |} .", '@version "1.2" .'])
def test_what_rdf_1_2_added_is_left_as_it_is(text: str) -> None:
    with pytest.raises(FormatError, match="no place for"):
        formatted(text)


def test_a_literal_of_ten_million_characters_takes_linear_time() -> None:
    text = f'<urn:a> <urn:b> """{"x" * 10_000_000}""" .\n'
    start = time.process_time()
    assert formatted(text) == text
    assert time.process_time() - start < 10


def fmt(folder: Path, *options: str) -> tuple[int, str]:
    result = CliRunner().invoke(commands, ["fmt", str(folder), *options], standalone_mode=False)
    return result.return_value, result.output


def test_the_command_changes_files_and_then_has_nothing_to_do(tmp_path: Path) -> None:
    (tmp_path / "a.ttl").write_text(UGLY)
    (tmp_path / "b.ttl").write_text(NEAT)
    assert fmt(tmp_path) == (0, "a.ttl\n1 of 2 files changed.\n")
    assert (tmp_path / "a.ttl").read_text() == NEAT
    assert fmt(tmp_path) == (0, "0 of 2 files changed.\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.ttl", "b.ttl"]


def test_check_and_diff_change_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.ttl").write_text("<urn:a>  a <urn:b>.\n")
    assert fmt(tmp_path, "--check") == (1, "a.ttl\n1 of 1 files would change.\n")
    diff = "--- a.ttl\n+++ a.ttl (formatted)\n@@ -1 +1 @@\n-<urn:a>  a <urn:b>.\n+<urn:a> a <urn:b> .\n"
    assert fmt(tmp_path, "--diff") == (0, diff + "1 of 1 files would change.\n")
    assert (tmp_path / "a.ttl").read_text() == "<urn:a>  a <urn:b>.\n"


def test_a_broken_file_is_told_and_left(tmp_path: Path) -> None:
    (tmp_path / "a.ttl").write_text("<urn:a> a")
    code, output = fmt(tmp_path)
    assert code == 1
    assert output.startswith("a.ttl: left as it is. It is not Turtle: ")
    assert (tmp_path / "a.ttl").read_text() == "<urn:a> a"
