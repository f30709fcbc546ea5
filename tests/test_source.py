"""How folders and files become named graphs, and what is said of bad ones."""

import gzip
import os
from pathlib import Path

import pytest

from kg import source
from kg.errors import ConfigError, SourceError
from kg.findings import Place, Severity
from kg.source import Room
from kg.vocab import term

from .conftest import SMALL, Write


def test_each_file_is_a_named_graph_called_by_its_path(small: Path) -> None:
    found = source.read([small])
    assert [(file.relative, file.room, file.graph.value) for file in found.files] == [
        ("ontology/def.ttl", Room.ONTOLOGY, "https://ex.org/graph/ontology/def"),
        ("data/village/budalen.ttl", Room.DATA, "https://ex.org/graph/data/village/budalen"),
        ("data/village/lonset.ttl", Room.DATA, "https://ex.org/graph/data/village/lonset"),
    ]


def test_an_empty_iri_in_a_file_is_its_own_graph(small: Path) -> None:
    quads = source.read([small]).quads(Room.DATA)
    assert [str(q.subject) for q in quads if q.predicate == term("prov:hadPrimarySource")] == [
        "<https://ex.org/graph/data/village/budalen>",
        "<https://ex.org/graph/data/village/lonset>",
    ]


def test_a_folder_without_rooms_is_all_data(write: Write) -> None:
    folder = write(
        {"b.nt": "<http://a> <http://b> <http://c> .\n", "sub/a.ttl": "<x> <y> <z> .", "note.txt": "hei"}
    )
    assert [(f.relative, f.room) for f in source.read([folder]).files] == [
        ("b.nt", Room.DATA),
        ("sub/a.ttl", Room.DATA),
    ]


def test_shapes_that_lie_among_the_rest_are_shapes_and_count_once(write: Write) -> None:
    folder = write({"data/a.ttl": "", "shapes/s.ttl": "", "flat/a.ttl": "", "flat/s.ttl": ""})
    rooms, flat = folder / "shapes", folder / "flat"
    assert [(f.path.name, f.room) for f in source.read([folder], shapes=[rooms, rooms / "s.ttl"]).files] == [
        ("s.ttl", Room.SHAPES),
        ("a.ttl", Room.DATA),
    ]
    assert [(f.path.name, f.room) for f in source.read([flat], shapes=[flat / "s.ttl"]).files] == [
        ("a.ttl", Room.DATA),
        ("s.ttl", Room.SHAPES),
    ]


def test_quads_keep_the_graph_names_they_have(write: Write) -> None:
    spo = "<http://x/s> <http://x/p> <http://x/o>"
    folder = write({"a.trig": f"<http://x/g> {{ {spo} }}", "b.nq": f"{spo} <http://x/h> .\n"})
    assert [str(q.graph_name) for q in source.read([folder]).quads()] == ["<http://x/g>", "<http://x/h>"]


def test_a_gzipped_file_reads_like_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.ttl.gz"
    path.write_bytes(gzip.compress(b"<a> <b> <c> ."))
    (file,) = source.read([path]).files
    assert (file.graph.value, len(list(file.quads()))) == ("http://localhost:8000/graph/a", 1)


def test_a_file_name_that_is_not_utf_8_is_shown_as_well_as_can_be(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"a\xff.ttl")).write_text("<urn:a> <urn:b> <> .")
    [file] = source.read([tmp_path]).files
    [quad] = file.quads()
    assert (file.relative, str(quad.object)) == ("a\ufffd.ttl", f"<{file.graph.value}>")


def test_the_base_can_be_given(small: Path) -> None:
    (first, *_) = source.read([small], base="http://other.org/kg/").files
    assert first.graph.value == "http://other.org/kg/graph/ontology/def"


@pytest.mark.parametrize("base", ["ex.org/", "https://ex.org", "file:///tmp/", "https:///x/"])
def test_a_base_that_entities_cannot_hang_under_is_refused(small: Path, base: str) -> None:
    with pytest.raises(ConfigError, match="must be an http"):
        source.read([small], base=base)


def test_an_empty_folder_says_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"There is no RDF file in .*Give a folder with ontology/"):
        source.read([tmp_path])


def test_a_path_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such file or folder"):
        source.read([tmp_path / "nothing"])


def test_an_unknown_file_ending_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.docx").write_bytes(b"")
    with pytest.raises(SourceError, match=r"no RDF format has this file ending\. Known: \.ttl"):
        source.read([tmp_path / "a.docx"])


def test_two_files_for_one_graph_of_a_dataset_are_refused(write: Write) -> None:
    folder = write({"kg.toml": "", "a.ttl": "", "a.nt": ""})
    with pytest.raises(SourceError, match=r"would both be the graph .*Rename one of them"):
        source.read([folder])


def test_files_that_are_no_dataset_may_be_called_alike(write: Write) -> None:
    folder = write({"a.ttl": "", "a.nt": "", "b/a.ttl": "", "c.ttl": ""})
    named = [folder / "a.ttl", folder / "b/../a.ttl", folder / "b/a.ttl", folder / "c.ttl"]
    graphs = [
        [
            (file.relative, file.graph.value.removeprefix("http://localhost:8000/graph/"))
            for file in found.files
        ]
        for found in (source.read([folder]), source.read(named))
    ]
    first, second = ((folder / name).as_posix() for name in ("b/../a.ttl", "b/a.ttl"))
    assert graphs == [
        [("a.nt", "a.nt"), ("a.ttl", "a.ttl"), ("b/a.ttl", "b/a"), ("c.ttl", "c")],
        [(first, first), (second, second), ("c.ttl", "c")],
    ]


def test_the_fingerprint_changes_with_any_byte(small: Path) -> None:
    before = source.read([small]).fingerprint
    assert source.read([small]).fingerprint == before
    (small / "data/village/lonset.ttl").write_text(SMALL["data/village/lonset.ttl"] + "\n", "utf-8")
    assert source.read([small]).fingerprint != before


def inspected(tmp_path: Path, content: bytes) -> list[tuple[str, Severity, Place | None]]:
    (tmp_path / "x.ttl").write_bytes(content)
    (file,) = source.read([tmp_path / "x.ttl"]).files
    return [(f.rule, f.severity, f.place) for f in source.inspect(file)]


def test_a_clean_file_has_no_findings(tmp_path: Path) -> None:
    assert inspected(tmp_path, '<a> <b> "ø" .\n'.encode()) == []


def test_a_syntax_error_is_placed_at_line_and_column(tmp_path: Path) -> None:
    assert inspected(tmp_path, b"<a> <b> <c> .\n<a> <b> <not an iri> .\n") == [
        ("syntax", Severity.VIOLATION, Place("x.ttl", 2, 9, 12))
    ]


def test_a_byte_order_mark_is_a_warning(tmp_path: Path) -> None:
    assert inspected(tmp_path, b"\xef\xbb\xbf<a> <b> <c> .\n") == [
        ("byte-order-mark", Severity.WARNING, Place("x.ttl", 1, 1))
    ]


def test_crlf_is_a_warning_at_the_first_such_line(tmp_path: Path) -> None:
    assert inspected(tmp_path, b"<a> <b> <c> .\n<a> <b> <d> .\r\n") == [
        ("crlf", Severity.WARNING, Place("x.ttl", 2))
    ]


def test_a_byte_that_is_not_utf_8_is_placed(tmp_path: Path) -> None:
    assert inspected(tmp_path, '<a> <b> "Ål i L'.encode() + b'\xf8nset" .\n') == [
        ("not-utf-8", Severity.VIOLATION, Place("x.ttl", 1, 16))
    ]


def test_a_cut_gzip_file_is_a_finding(tmp_path: Path) -> None:
    path = tmp_path / "x.ttl.gz"
    path.write_bytes(gzip.compress(b"<a> <b> <c> ." * 100)[:20])
    (file,) = source.read([path]).files
    assert [f.rule for f in source.inspect(file)] == ["unreadable"]
