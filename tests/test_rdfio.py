"""Syntax: formats, reading, canonical bytes."""

from pathlib import PurePath

import pytest

from kg import rdfio
from kg.rdfio import Format

TURTLE, NQUADS = rdfio.FORMATS[0], rdfio.FORMATS[-1]


def turtle(text: str) -> bytes:
    return rdfio.canonical(rdfio.read(text.encode(), TURTLE, base="https://ex.org/g"))


def test_a_file_name_tells_its_format_through_gz() -> None:
    names = ["a.ttl", "a.nq.gz", "a.jsonld", "b.rdf", "c.trig", "d.NT", "e.csv", "f"]
    found = [rdfio.of_path(PurePath(name)) for name in names]
    assert [f.name if f else None for f in found] == [
        "turtle", "nquads", "jsonld", "rdfxml", "trig", "ntriples", None, None,
    ]  # fmt: skip


def test_canonical_bytes_do_not_depend_on_order_or_blank_node_labels() -> None:
    one = turtle("<a> <p> _:x . _:x <q> 1, 2 . <b> <p> <c> .")
    other = turtle("<b> <p> <c> . _:k <q> 2 . _:k <q> 1 . <a> <p> _:k .")
    assert one == other


def test_canonical_bytes_tell_different_graphs_apart() -> None:
    assert turtle("<a> <p> _:x . _:x <q> _:y .") != turtle("<a> <p> _:x . _:y <q> _:x .")


def test_canonical_bytes_see_blank_nodes_in_graph_names_and_in_triple_terms() -> None:
    quads = '<a:s> <a:p> <<( _:{0} <a:q> "x" )>> _:{1} .\n<a:s> <a:p> <a:o> _:{1} .\n'
    one, other = (
        rdfio.canonical(rdfio.read(quads.format(*labels).encode(), NQUADS, keep_blank_nodes=True))
        for labels in (("k", "g"), ("y", "b"))
    )
    assert one == other == (b'<a:s> <a:p> <<( _:c14n1 <a:q> "x" )>> _:c14n0 .\n<a:s> <a:p> <a:o> _:c14n0 .\n')


def test_literals_keep_the_form_they_were_written_in() -> None:
    xsd = "@prefix xsd: <http://www.w3.org/2001/XMLSchema#> ."
    assert turtle(f'{xsd} <a> <p> "01"^^xsd:integer, "+5"^^xsd:int .') == (
        b'<https://ex.org/a> <https://ex.org/p> "+5"^^<http://www.w3.org/2001/XMLSchema#int> .\n'
        b'<https://ex.org/a> <https://ex.org/p> "01"^^<http://www.w3.org/2001/XMLSchema#integer> .\n'
    )


@pytest.mark.parametrize("fmt", rdfio.FORMATS, ids=lambda fmt: fmt.name)
def test_each_format_gives_back_what_was_written_to_it(fmt: Format) -> None:
    quads = list(rdfio.read('<a> <p> "x\\ny"@nb, "01"^^<t>, <å> .'.encode(), TURTLE, base="https://ex.org/g"))
    triples = [quad.triple for quad in quads]
    again = rdfio.read(rdfio.write(triples, fmt), fmt)
    assert rdfio.canonical(again) == rdfio.canonical(quads)
