"""The reader with positions: the same triples as the engine, and each token where it stands."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyoxigraph import BlankNode, NamedNode, Quad, Triple

from kg import rdfio, turtle
from kg.rdfio import Format
from kg.turtle import Lines, Statement, TurtleError, resolve, statements

ROOT = Path(__file__).resolve().parent.parent
BASE = "https://ex.org/a/b?q"
TURTLE, TRIG = rdfio.FORMATS[0], rdfio.FORMATS[4]


def canonical(quads: list[Quad]) -> bytes:
    """Canonical N-Quads, without the blank nodes that the engine leaves as they are labelled."""
    return b"\n".join(sorted(re.sub(rb"_:[0-9a-f]{20,}", b"_:x", rdfio.canonical(quads)).split(b"\n")))


def ours(text: str, fmt: Format) -> list[Quad]:
    by_line = fmt.name in ("ntriples", "nquads")
    read = turtle.quads_by_line(text) if by_line else statements(text, BASE)
    return [Quad(s.subject, s.predicate, s.object, s.graph) for s in read]


def in_chunks(text: str, fmt: Format) -> list[Statement]:
    """What reading chunk by chunk gives."""
    blanks: dict[str, BlankNode] = {}
    if fmt.name in ("ntriples", "nquads"):
        return [one for chunk in turtle.lines_in(text) for one in turtle.quads_in_line(text, chunk, blanks)]
    return [one for chunk in turtle.chunks(text, BASE) for one in turtle.statements_in(text, chunk, blanks)]


def assert_chunks(text: str, fmt: Format) -> None:
    """Compare reading in chunks with reading the whole."""
    by_line = fmt.name in ("ntriples", "nquads")
    whole = list(turtle.quads_by_line(text) if by_line else statements(text, BASE))
    parts = in_chunks(text, fmt)
    split = list(turtle.lines_in(text) if by_line else turtle.chunks(text, BASE))
    named = [chunk for chunk in split if chunk.subject not in (None, turtle.BLANK)]
    for chunk in named:
        read = turtle.quads_in_line if by_line else turtle.statements_in
        about = {str(one.subject) for one in read(text, chunk, {})}
        assert f"<{chunk.subject}>" in about, chunk
    assert [one.spans for one in parts] == [one.spans for one in whole]
    assert canonical([Quad(*one[:4]) for one in parts]) == canonical([Quad(*one[:4]) for one in whole])


def assert_same(path: Path) -> int:
    """Compare a file's quads with the engine's; how many there are, 0 where the engine refuses the file."""
    fmt, content = rdfio.of_path(path), path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    assert fmt is not None
    try:
        theirs = list(rdfio.read(content, fmt, base=BASE))
    except SyntaxError:
        return 0
    assert canonical(ours(content.decode(), fmt)) == canonical(theirs), path
    if fmt.name != "trig":
        assert_chunks(content.decode(), fmt)
    return len(theirs)


def tokens_of(text: str) -> list[tuple[str, str, str]]:
    return [(text[slice(*s)], text[slice(*p)], text[slice(*o)]) for *_, (s, p, o) in statements(text, BASE)]


def test_every_turtle_file_of_the_project_reads_as_the_engine_reads_it() -> None:
    files = [
        path for room in ("data", "ontology", "shapes", "tests") for path in (ROOT / room).rglob("*.ttl")
    ]
    assert sum(map(assert_same, files)) > 10_000


def test_the_standard_test_suites_read_as_the_engine_reads_them(shared: Path) -> None:
    files = [p for s in ("ttl", "trig", "nt", "nq") for p in sorted((shared / "suites").rglob(f"*.{s}"))]
    assert sum(map(assert_same, files)) > 10_000


PREFIX = "@prefix : <http://e/> .\n"


@pytest.mark.parametrize(
    "text",
    [
        ':s :p [ :q :r ; :q2 ( :i1 [ :z "1" ] () ) ] , :o2 ; :p3 :o3 .',
        "[ :a :b ] :c :d . [ :a1 :b1 ] . ( :x :y ) :c2 :d2 . [] :p [] .",
        "<< :s1 :p1 :o1 >> :q1 :z1 . :s5 :p5 :o5 {| :a5 :b5 |} , :o55 . << :a :b :c >> .",
        ":s :p :o ~ :r {| :a :b |} ~ . :s :p <<( :a :b :c )>> . :s :p << :a :b :c ~ :r >> .",
        ':s :p "a"@en--ltr, "b"@nb, """x"y""z\n""", \'\'\'\n\'\'\', "\\u00e9\\n", "1"^^<http://e/d> .',
        ":s :p 1, -1.5, +.5, 1e0, 1.E3, .5e-1, true, false .",
        ":s a :a.b, :a\\~b, :%20x, :1, ::, : .",
        "@prefix : <http://f/> . :s :p :o . PREFIX : <#> :s :p :o . BASE <../x/> <y> <?q> <#f> .",
        "@base <//other.org/x/> . <a> <./b> <../../c/./d/..> . <> <?> <urn:x:y> .",
        "_:a :p _:a.b . _:1 :p _:a .",
        ":s :p :o ;; :q :r ; . # the end",
        '<http://e/\\u00e6\U0001f600> :p "\U0001f600" .',
    ],
)
def test_each_construct_of_turtle_reads_as_the_engine_reads_it(text: str) -> None:
    content = PREFIX + text
    assert canonical(ours(content, TURTLE)) == canonical(
        list(rdfio.read(content.encode(), TURTLE, base=BASE))
    )


def test_graphs_of_trig_read_as_the_engine_reads_them() -> None:
    text = PREFIX + (
        ":g { :s :p [ :q :r ] . ( :x ) :p :z } GRAPH _:b { :a :b :c , :d ; . :a :b :c } { :k :l 1 }"
        " :x :y ( 1 2 ) . [] { :a :b 2 } [ :x :y ] :p :q . :e {} GRAPH :f { [ :a :b ] }"
    )
    assert canonical(ours(text, TRIG)) == canonical(list(rdfio.read(text.encode(), TRIG, base=BASE)))


def test_each_triple_knows_the_tokens_that_state_it() -> None:
    text = PREFIX + ':s a :T ; :p "x"@nb, """y\nz"""^^:d .\n:s :q [ :r ( 1 :o ) ] .'
    assert tokens_of(text) == [
        (":s", "a", ":T"),
        (":s", ":p", '"x"@nb'),
        (":s", ":p", '"""y\nz"""^^:d'),
        ("(", "1", "1"),
        ("(", ":o", ":o"),
        (":o", ":o", ":o"),
        (":o", ")", ")"),
        ("[", ":r", "("),
        (":s", ":q", "["),
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_columns_count_characters_and_lines_end_as_they_end(end: str) -> None:
    text = f'<urn:a>{end}  <urn:p>   "\U0001f600\U0001f600" , <urn:o> .{end}'
    lines = Lines(text)
    places = [lines.place(start) for *_, spans in statements(text) for start, _ in spans]
    assert places == [(1, 1), (2, 3), (2, 13), (1, 1), (2, 3), (2, 20)]
    assert [lines.line(n) for n in (1, 2, 3)] == ["<urn:a>", text.split(end)[1], ""]


def test_a_token_over_several_lines_is_as_long_as_its_first_line() -> None:
    text = '"""ab\r\ncd"""'
    assert Lines(text).length((0, len(text))) == 5


NAMES = st.sampled_from(["a", "b", "c.d", "e-f", "\u00e6", "1", "x:y", "\U00010400"])
IRIS = NAMES.map(lambda name: NamedNode(f"http://e/{name}"))
NODES = st.one_of(IRIS, st.sampled_from("klm").map(BlankNode))
LITERALS = st.tuples(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
    st.sampled_from(["", "@nb", "@en-GB", "^^:d"]),
)


def spelt(node: NamedNode | BlankNode, short: bool) -> str:
    if isinstance(node, BlankNode):
        return str(node)
    return f":{node.value.removeprefix('http://e/')}" if short else str(node)


def quoted(value: str, long: bool) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\r", "\\r")
    return f'"""{escaped}"""' if long else '"' + escaped.replace("\n", "\\n") + '"'


@st.composite
def objects(draw: st.DrawFn, depth: int = 2) -> str:
    """Text of an object: a term, or brackets with more of them inside."""
    kind = draw(st.sampled_from(["node", "literal", "number", *(["list", "properties"] if depth else [])]))
    if kind == "node":
        return spelt(draw(NODES), draw(st.booleans()))
    if kind == "number":
        return draw(st.sampled_from(["1", "-2.5", "1e3", "true"]))
    if kind == "list":
        return "( " + " ".join(draw(st.lists(objects(depth - 1), max_size=3))) + " )"
    if kind == "properties":
        return f"[{draw(predicates(depth - 1)) if draw(st.booleans()) else ''}]"
    value, suffix = draw(LITERALS)
    return quoted(value, draw(st.booleans())) + suffix


@st.composite
def predicates(draw: st.DrawFn, depth: int = 2) -> str:
    """Text of a predicate-object list."""
    space = draw(st.sampled_from([" ", "\n    ", "\t", " # x ; . \n"]))
    lists = [
        f"{draw(st.sampled_from(['a', ':p', '<http://e/q>']))}{space}"
        + f"{space},{space}".join(draw(st.lists(objects(depth), min_size=1, max_size=3)))
        for _ in range(draw(st.integers(1, 3)))
    ]
    return f"{space};{space}".join(lists) + draw(st.sampled_from(["", " ;", " ; ;"]))


@st.composite
def documents(draw: st.DrawFn) -> str:
    """Text of a document: statements, with prefixes and bases redefined between them."""
    lines = [PREFIX]
    for _ in range(draw(st.integers(0, 4))):
        lines.append(
            draw(st.sampled_from(["", "PREFIX : <http://e/>", "@prefix : <http://f/g#> .", "BASE <x/>"]))
        )
        subject = draw(st.one_of(objects(1).filter(lambda text: text[0] in "[(<:_"), NODES.map(str)))
        lines.append(f"{subject} {draw(predicates())} .")
    return draw(st.sampled_from(["\n", "\r\n"])).join(lines)


@settings(deadline=None, max_examples=200)
@given(documents())
def test_made_up_documents_read_as_the_engine_reads_them(text: str) -> None:
    theirs = list(rdfio.read(text.encode(), TURTLE, base=BASE))
    assert canonical(ours(text, TURTLE)) == canonical(theirs)
    assert_chunks(text, TURTLE)


@pytest.mark.parametrize(
    "text", ["<a> <b> .", "<a> <b>", '<a> <b> "c', "x:a x:b x:c .", "not Turtle at all", "} "]
)
def test_what_cannot_be_followed_raises_one_error_with_its_offset(text: str) -> None:
    with pytest.raises(TurtleError) as raised:
        list(statements(text, BASE))
    assert 0 <= raised.value.offset <= len(text)


def test_brackets_nested_thousands_deep_raise_an_error() -> None:
    with pytest.raises(TurtleError, match="nested too deep"):
        list(statements("<a> <b> " + "[ <c> " * 5_000, BASE))


@pytest.mark.parametrize("end", ['"""', ""])
def test_a_literal_of_ten_million_characters_takes_linear_time(end: str) -> None:
    text = '<urn:a> <urn:b> """' + 'ab"\\n' * 2_000_000 + f"{end} ."
    start = time.process_time()
    try:
        assert len(list(statements(text))) == 1
    except TurtleError:
        assert not end
    assert time.process_time() - start < 10


@pytest.mark.parametrize(
    ("reference", "means"),
    [
        ("g", "http://a/b/c/g"),
        ("./g/", "http://a/b/c/g/"),
        ("/g", "http://a/g"),
        ("//g", "http://g"),
        ("?y", "http://a/b/c/d;p?y"),
        ("#s", "http://a/b/c/d;p?q#s"),
        ("", "http://a/b/c/d;p?q"),
        ("..", "http://a/b/"),
        ("../../../g", "http://a/g"),
        ("g;x=1/../y", "http://a/b/c/y"),
        ("g?y/../x", "http://a/b/c/g?y/../x"),
        ("urn:x:./y", "urn:x:./y"),
    ],
)
def test_references_resolve_as_the_standard_says(reference: str, means: str) -> None:
    assert resolve(reference, "http://a/b/c/d;p?q") == means


def test_a_quoted_triple_is_one_token() -> None:
    text = PREFIX + ":s :p <<( :a :b :c )>> ."
    [one] = statements(text)
    assert one.object == Triple(NamedNode("http://e/a"), NamedNode("http://e/b"), NamedNode("http://e/c"))
    assert text[slice(*one.spans[2])] == "<<( :a :b :c )>>"
