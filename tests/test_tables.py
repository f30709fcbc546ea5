"""CSV with CSVW metadata: what becomes of good rows, what is said of bad ones, what the geo tables hold."""

from __future__ import annotations

import json
import time
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from pyoxigraph import (
    BlankNode,
    Literal,
    NamedNode,
    Quad,
    QuerySolutions,
    QueryTriples,
    RdfFormat,
    Store,
    Triple,
)

from kg.tables import METADATA_SUFFIX, MOST_PROBLEMS, RowProblem, Table, TableError, read_table, triples

ROOT = Path(__file__).parent.parent
GEO = ROOT / "data" / "geo"
BASE = "https://w3id.org/bygdegraf/"
GRAPH = "https://example.org/graph/data/places"
XSD = "http://www.w3.org/2001/XMLSchema#"

PLACES: dict[str, Any] = {
    "@context": "http://www.w3.org/ns/csvw",
    "url": "places.csv",
    "tableSchema": {
        "aboutUrl": "https://example.org/id/{number}",
        "primaryKey": "number",
        "columns": [
            {"name": "number", "propertyUrl": "https://example.org/number", "required": True},
            {"name": "name", "propertyUrl": "rdfs:label", "lang": "nb"},
            {"name": "since", "propertyUrl": "https://example.org/since", "datatype": "date"},
        ],
    },
}
ROWS = "number,name,since\n1632,Roan,2006-01-01\n5019,Roan,\n"


def table(csv: str | bytes = ROWS, **changes: Any) -> Table:
    """The places table, with other bytes or with parts of its metadata replaced."""
    content = csv.encode() if isinstance(csv, str) else csv
    return read_table(
        content, json.dumps({**PLACES, **changes}).encode(), table_iri=GRAPH, path="data/places.csv"
    )


def schema(*columns: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"columns": list(columns), **more}


def problems(csv: str | bytes, **changes: Any) -> tuple[RowProblem, ...]:
    with pytest.raises(TableError) as caught:
        list(triples(table(csv, **changes)))
    return caught.value.problems


def thing(local: str) -> NamedNode:
    return NamedNode(f"https://example.org/{local}")


LABEL = NamedNode("http://www.w3.org/2000/01/rdf-schema#label")


# -- good rows


def test_each_cell_is_a_triple_and_an_empty_cell_is_none() -> None:
    assert list(triples(table())) == [
        Triple(thing("id/1632"), thing("number"), Literal("1632")),
        Triple(thing("id/1632"), LABEL, Literal("Roan", language="nb")),
        Triple(thing("id/1632"), thing("since"), Literal("2006-01-01", datatype=NamedNode(XSD + "date"))),
        Triple(thing("id/5019"), thing("number"), Literal("5019")),
        Triple(thing("id/5019"), LABEL, Literal("Roan", language="nb")),
    ]


def test_one_row_describes_several_things_by_virtual_columns() -> None:
    columns = schema(
        {"name": "slug", "suppressOutput": True},
        {"name": "url", "suppressOutput": True},
        {"virtual": True, "aboutUrl": "https://example.org/{slug}", "propertyUrl": "rdf:type",
         "valueUrl": "foaf:Organization"},
        {"virtual": True, "aboutUrl": "https://example.org/{slug}", "propertyUrl": "foaf:page",
         "valueUrl": "{+url}"},
        {"virtual": True, "aboutUrl": "{+url}", "propertyUrl": "rdf:type", "valueUrl": "foaf:Document"},
    )  # fmt: skip
    found = list(triples(table("slug,url\nosen,https://osen.no/a?b=c\n", tableSchema=columns)))
    kind, foaf = (
        NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type"),
        "http://xmlns.com/foaf/0.1/",
    )
    assert found == [
        Triple(thing("osen"), kind, NamedNode(foaf + "Organization")),
        Triple(thing("osen"), NamedNode(foaf + "page"), NamedNode("https://osen.no/a?b=c")),
        Triple(NamedNode("https://osen.no/a?b=c"), kind, NamedNode(foaf + "Document")),
    ]


def test_a_virtual_column_speaks_even_where_a_cell_is_empty_but_a_real_one_does_not() -> None:
    columns = schema(
        {"name": "a", "propertyUrl": "rdfs:seeAlso", "valueUrl": "https://example.org/{a}"},
        {"virtual": True, "propertyUrl": "rdf:type", "valueUrl": "skos:Concept"},
        aboutUrl="https://example.org/x{_row}",
    )
    found = list(triples(table('a\n""\nb\n', tableSchema=columns)))
    assert [(str(t.subject), str(t.object)) for t in found] == [
        ("<https://example.org/x1>", "<http://www.w3.org/2004/02/skos/core#Concept>"),
        ("<https://example.org/x2>", "<https://example.org/b>"),
        ("<https://example.org/x2>", "<http://www.w3.org/2004/02/skos/core#Concept>"),
    ]


@pytest.mark.parametrize(
    ("datatype", "cell", "expected"),
    [
        ("integer", "0042", Literal("0042", datatype=NamedNode(XSD + "integer"))),
        ("gYear", "2006", Literal("2006", datatype=NamedNode(XSD + "gYear"))),
        ("number", "1.5", Literal("1.5", datatype=NamedNode(XSD + "double"))),
        ({"base": "date", "format": "dd.MM.yyyy"}, "31.12.2019",
         Literal("2019-12-31", datatype=NamedNode(XSD + "date"))),
        ({"base": "decimal", "format": {"decimalChar": ",", "groupChar": "."}}, "1.234,5",
         Literal("1234.5", datatype=NamedNode(XSD + "decimal"))),
        ({"base": "boolean", "format": "ja|nei"}, "ja", Literal("true", datatype=NamedNode(XSD + "boolean"))),
        ({"base": "time", "format": "HH:mm:ss.S"}, "15:02:37.1",
         Literal("15:02:37.100000", datatype=NamedNode(XSD + "time"))),
        ({"base": "string", "@id": "http://www.opengis.net/ont/geosparql#wktLiteral"}, "POINT (1 2)",
         Literal("POINT (1 2)", datatype=NamedNode("http://www.opengis.net/ont/geosparql#wktLiteral"))),
        ("string", " as is ", Literal(" as is ")),
    ],
)  # fmt: skip
def test_a_cell_becomes_a_literal_of_its_datatype(datatype: Any, cell: str, expected: Literal) -> None:
    columns = schema({"name": "a", "datatype": datatype}, aboutUrl="https://example.org/x")
    assert [t.object for t in triples(table(f'a\n"{cell}"\n', tableSchema=columns))] == [expected]


def test_a_separator_makes_several_values_and_the_word_for_none_makes_none() -> None:
    columns = schema({"name": "a", "separator": "; ", "null": "-"}, aboutUrl="https://example.org/x")
    found = [t.object for t in triples(table('a\nb; c\n-\n""\n', tableSchema=columns))]
    assert found == [Literal("b"), Literal("c")]


def test_an_ordered_column_makes_a_list() -> None:
    columns = schema({"name": "a", "separator": " ", "ordered": True}, aboutUrl="https://example.org/x")
    found = list(triples(table("a\nb c\n", tableSchema=columns)))
    assert Counter(t.predicate.value.rpartition("#")[2] for t in found) == {"a": 1, "first": 2, "rest": 2}


def test_without_a_property_the_column_is_one_of_the_table() -> None:
    columns = schema({"name": "a b", "titles": "a b"}, aboutUrl="https://example.org/x")
    columns["columns"][0].pop("name")
    found = list(triples(table("a b\nc\n", tableSchema=columns)))
    assert found == [Triple(thing("x"), NamedNode(GRAPH + "#a%20b"), Literal("c"))]


def test_annotations_are_about_the_graph_and_come_first() -> None:
    about: dict[str, Any] = {"dc:license": {"@id": thing("l").value}}
    about["dc:title"] = {"@value": "S", "@language": "nb"}
    found = triples(table(**about))
    assert [next(found), next(found)] == [
        Triple(NamedNode(GRAPH), NamedNode("http://purl.org/dc/terms/license"), thing("l")),
        Triple(NamedNode(GRAPH), NamedNode("http://purl.org/dc/terms/title"), Literal("S", language="nb")),
    ]


def test_the_dialect_says_delimiter_and_encoding() -> None:
    dialect = {"delimiter": ";", "encoding": "windows-1252"}
    found = list(triples(table("number;name;since\n1;Frøya;\n".encode("cp1252"), dialect=dialect)))
    assert found[1].object == Literal("Frøya", language="nb")


def test_a_byte_order_mark_and_windows_line_ends_are_taken() -> None:
    assert list(triples(table(b"\xef\xbb\xbf" + ROWS.replace("\n", "\r\n").encode()))) == list(
        triples(table())
    )


# -- bad input


def test_an_empty_file_is_refused() -> None:
    [problem] = problems(b"")
    assert problem.said == (
        "The file is empty, a header row was expected.",
        "Filen er tom, og skulle ha hatt en overskriftsrad.",
    )


def test_a_missing_column_is_named_with_what_may_be_meant() -> None:
    assert [(one.row, *one.said, one.hint) for one in problems("number,nam,since\n")] == [
        (
            1,
            "Column name: the column is missing.",
            "Kolonne name: kolonnen mangler.",
            ("Did you mean nam?", "Mente du nam?"),
        ),
        (
            1,
            "Column nam: the metadata knows no such column.",
            "Kolonne nam: metadataene kjenner ingen slik kolonne.",
            (
                "Describe it in the metadata, or take it out of the table.",
                "Beskriv den i metadataene, eller ta den ut av tabellen.",
            ),
        ),
    ]


def test_columns_in_another_order_are_refused() -> None:
    assert problems("name,number,since\n")[0].reason == (
        "the columns stand in another order than in the metadata",
        "kolonnene står i en annen rekkefølge enn i metadataene",
    )


def test_a_column_that_stands_twice_is_refused() -> None:
    assert problems("number,name,since,name\n")[0].reason[0] == "a column stands there twice"


def test_a_row_with_a_wrong_number_of_cells_is_named() -> None:
    assert [(one.row, *one.said) for one in problems("number,name,since\n1,A,\n2,B\n3,C,,\n")] == [
        (
            3,
            "3 cells were expected, and there are 2 (found '2,B').",
            "Skulle ha 3 celler, og har 2 (fant «2,B»).",
        ),
        (
            4,
            "3 cells were expected, and there are 4 (found '3,C,,').",
            "Skulle ha 3 celler, og har 4 (fant «3,C,,»).",
        ),
    ]


def test_a_key_that_was_there_before_names_both_rows() -> None:
    assert [(one.row, *one.said) for one in problems(ROWS + "1632,Roan,\n")] == [
        (
            4,
            "Column number: the same key as row 2 (found '1632').",
            "Kolonne number: samme nøkkel som rad 2 (fant «1632»).",
        )
    ]


def test_windows_1252_is_told_with_line_and_way_out() -> None:
    with pytest.raises(TableError) as caught:
        list(triples(table("number,name,since\n1,A,\n2,Frøya,\n".encode("cp1252"))))
    [problem] = caught.value.problems
    assert (problem.row, problem.value) == (3, "2,Frøya,")
    assert problem.reason == ("byte 0xF8 is not UTF-8", "byte 0xF8 er ikke UTF-8")
    assert "windows-1252" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("datatype", "cell", "reason"),
    [
        ("date", "2019-02-29", "there is no such day"),
        ("integer", "12.5", "is not of the datatype integer"),
        ("date", "1.1.2019", "is not of the datatype date"),
        ("dateTime", "2019-01-01", "is not of the datatype dateTime"),
        ("integer", "1_000", "is not of the datatype integer"),
        (
            {"base": "date", "format": "dd.MM.yyyy"},
            "2019-12-31",
            "is not of the datatype date in the format dd.MM.yyyy",
        ),
        ("decimal", "NaN", "is not of the datatype decimal"),
        ("gYear", "206", "is not of the datatype gYear"),
        ({"base": "integer", "minimum": "0"}, "-1", "cannot be less than 0"),
        ({"base": "string", "format": "[0-9]{4}"}, "16320", "does not match [0-9]{4}"),
    ],
)
def test_a_cell_that_is_not_of_its_datatype_is_named(datatype: Any, cell: str, reason: str) -> None:
    columns = schema({"name": "a", "datatype": datatype}, aboutUrl="https://example.org/x")
    [problem] = problems(f"a\n{cell}\n", tableSchema=columns)
    assert (problem.row, problem.column, problem.value, problem.reason[0]) == (2, "a", cell, reason)


def test_a_required_cell_that_is_empty_is_named() -> None:
    assert [(one.row, *one.said) for one in problems("number,name,since\n,A,\n")] == [
        (
            2,
            "Column number: the cell is empty, and the column is required.",
            "Kolonne number: cellen er tom, og kolonnen er påkrevd.",
        )
    ]


def test_a_cell_that_makes_no_iri_is_named() -> None:
    columns = schema({"name": "url", "valueUrl": "{+url}"}, aboutUrl="https://example.org/x")
    [problem] = problems("url\nhttps://[bad\n", tableSchema=columns)
    assert (problem.row, problem.column, problem.value) == (2, "url", "https://[bad")
    assert [text.partition(":")[0] for text in problem.reason] == ["makes no IRI", "gir ingen IRI"]


def test_an_open_quote_is_told_with_the_row_it_opens_in() -> None:
    [problem] = problems('number,name,since\n1,A,\n2,"B,\n3,C,\n')
    assert problem.row == 3
    assert problem.reason[0] == "a cell that begins with a quotation mark does not end"


def test_a_row_after_a_cell_of_two_lines_has_its_own_line_number() -> None:
    assert problems('number,name,since\n1,"A\nB",\n2,C\n')[0].row == 4


def test_only_the_first_problems_are_told_and_the_rest_counted() -> None:
    rows = "".join(f"{number},A,x\n" for number in range(MOST_PROBLEMS + 7))
    with pytest.raises(TableError, match="and 7 more") as caught:
        list(triples(table("number,name,since\n" + rows)))
    assert (len(caught.value.problems), caught.value.total) == (MOST_PROBLEMS, MOST_PROBLEMS + 7)


def test_a_message_names_file_row_column_reason_and_value() -> None:
    with pytest.raises(TableError) as caught:
        list(triples(table("number,name,since\n1,A,2019-02-29\n")))
    assert str(caught.value) == (
        "data/places.csv: row 2, column since: there is no such day (found '2019-02-29'). "
        "Mend these rows, or take the good ones with --keep-going."
    )


def test_strict_yields_nothing_from_the_first_bad_row_on() -> None:
    found: list[NamedNode | BlankNode | Triple] = []
    with pytest.raises(TableError):
        found.extend(t.subject for t in triples(table("number,name,since\n1,A,\n2,B,x\n3,C,\n")))
    assert set(found) == {thing("id/1")}


def test_keep_going_yields_the_good_rows_and_tells_of_the_bad() -> None:
    bad: list[RowProblem] = []
    found = {
        t.subject for t in triples(table("number,name,since\n1,A,\n2,B,x\n3,C,\n"), keep_going=bad.append)
    }
    assert found == {thing("id/1"), thing("id/3")}
    assert [(problem.row, problem.column) for problem in bad] == [(3, "since")]


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        (b"{", "not JSON"),
        (b"{}", "no @context of CSVW"),
        (b'{"@context": "http://www.w3.org/ns/csvw", "url": "x.csv", "tableSchema": "https://example.org/s"}',
         "tableSchema must be written out, not linked"),
        (b'{"@context": "http://www.w3.org/ns/csvw", "url": "x.csv", "tableShema": {}}',
         "a Table has no property 'tableShema'"),
        (b'{"@context": "http://www.w3.org/ns/csvw", "tables": [{"url": "y.csv"}]}',
         "no table with the url x.csv"),
        (b'{"@context": "http://www.w3.org/ns/csvw", "url": "x.csv", '
         b'"tableSchema": {"primaryKey": "b", "columns": [{"name": "a"}]}}', "primaryKey names no column: b"),
        (b'{"@context": "http://www.w3.org/ns/csvw", "url": "x.csv", "dc:creator": {"dc:title": "x"}}',
         "the annotation dc:creator is no string, number, @id or @value"),
    ],
)  # fmt: skip
def test_metadata_that_cannot_be_used_is_refused_with_its_file(metadata: bytes, reason: str) -> None:
    with pytest.raises(TableError, match=r"^data/x\.csv-metadata\.json: ") as caught:
        read_table(b"a\n1\n", metadata, table_iri=GRAPH, path="data/x.csv")
    assert reason in str(caught.value)


# -- long tables


def long_table(rows: int) -> bytes:
    return b"number,name,since\n" + b"".join(b"%d,Roan,2006-01-01\n" % number for number in range(rows))


def test_rows_are_read_as_they_are_asked_for() -> None:
    found = triples(table(ROWS + "bad row\n"), keep_going=lambda problem: pytest.fail(str(problem)))
    assert [next(found).object for _ in range(2)] == [Literal("1632"), Literal("Roan", language="nb")]


def test_memory_does_not_grow_with_the_table() -> None:
    unkeyed = {name: value for name, value in PLACES["tableSchema"].items() if name != "primaryKey"}

    def peak(rows: int) -> int:
        given = table(long_table(rows), tableSchema=unkeyed)
        tracemalloc.start()
        for _ in triples(given):
            pass
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    assert peak(12_000) < 1.5 * peak(3_000)


def test_progress_is_told_now_and_then_and_at_the_end() -> None:
    told: list[int] = []
    for _ in triples(table(long_table(2500)), progress=told.append):
        pass
    assert told == [1000, 2000, 2500]


def half_and_full(rows: int = 100_000) -> str:
    """Seconds for half a table and the whole: run this file to see that the time is linear."""

    def seconds(count: int) -> float:
        given = table(long_table(count))
        begin = time.perf_counter()
        for _ in triples(given):
            pass
        return time.perf_counter() - begin

    half, full = seconds(rows // 2), seconds(rows)
    return f"{rows // 2} rows {half:.2f} s, {rows} rows {full:.2f} s, ratio {full / half:.2f}"


def test_the_benchmark_runs() -> None:
    assert half_and_full(200).startswith("100 rows ")


# -- the tables of the dataset


def geo_tables() -> list[Path]:
    return sorted(GEO.glob("*.csv"))


def geo_triples(path: Path) -> Iterator[Triple]:
    metadata = path.with_name(path.name + METADATA_SUFFIX)
    graph = f"{BASE}graph/data/geo/{path.stem}"
    return triples(read_table(path.read_bytes(), metadata.read_bytes(), table_iri=graph, path=path.name))


@cache
def norway() -> Store:
    """Everything in data/geo, with the rules for successors."""
    store = Store()
    for path in geo_tables():
        graph = NamedNode(f"{BASE}graph/data/geo/{path.stem}")
        store.bulk_extend(Quad(t.subject, t.predicate, t.object, graph) for t in geo_triples(path))
    for path in GEO.glob("*.ttl"):
        graph = NamedNode(f"{BASE}graph/data/geo/{path.stem}")
        store.bulk_load(path=path, format=RdfFormat.TURTLE, base_iri=graph.value, to_graph=graph)
    for name in ("supersededBy", "unitToday"):
        rule = (ROOT / "ontology" / "rules" / f"{name}.rq").read_text(encoding="utf-8")
        made = store.query(rule, use_default_graph_as_union=True)
        assert isinstance(made, QueryTriples)
        inferred = NamedNode(f"{BASE}graph/inferred")
        store.extend([Quad(t.subject, t.predicate, t.object, inferred) for t in made])
    return store


def rows(query: str) -> list[tuple[str, ...]]:
    """The rows of a query over the tables, as plain text, own IRIs cut to their path."""
    prefixes = (
        f"PREFIX bg: <{BASE}def#> PREFIX municipality: <{BASE}id/municipality/>"
        "PREFIX xsd: <http://www.w3.org/2001/XMLSchema#> PREFIX geo: <http://www.opengis.net/ont/geosparql#>"
        "PREFIX skos: <http://www.w3.org/2004/02/skos/core#> PREFIX qb: <http://purl.org/linked-data/cube#>"
        "PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#> PREFIX prov: <http://www.w3.org/ns/prov#>"
        "PREFIX dcterms: <http://purl.org/dc/terms/>"
    )
    found = norway().query(prefixes + query, use_default_graph_as_union=True)
    assert isinstance(found, QuerySolutions)
    return [tuple(_plain(value) for value in row) for row in found]


def _plain(value: object) -> str:
    text = str(getattr(value, "value", ""))
    return text.removeprefix(BASE + "id/").removeprefix(BASE + "concept/")


IN_FORCE = """
    OPTIONAL {{ {version} bg:validFrom ?from }} OPTIONAL {{ {version} bg:validUntil ?until }}
    FILTER(COALESCE(?from <= {day}, true) && COALESCE(?until >= {day}, true))
"""


def in_force(version: str, day: str) -> str:
    return IN_FORCE.format(version=version, day=day if day.startswith("?") else f'"{day}"^^xsd:date')


@pytest.mark.parametrize("path", geo_tables(), ids=lambda path: path.stem)
def test_a_geo_table_has_no_bad_row_and_tells_its_source_licence_and_attribution(path: Path) -> None:
    graph = NamedNode(f"{BASE}graph/data/geo/{path.stem}")
    about = {t.predicate.value.rpartition("/")[2] for t in geo_triples(path) if t.subject == graph}
    assert {"prov#hadPrimarySource", "license", "def#attribution", "title"} <= about


def test_the_tables_together_are_small_enough_for_the_repository() -> None:
    assert sum(path.stat().st_size for path in GEO.iterdir()) < 3_000_000


def test_identities_versions_and_events_are_all_there() -> None:
    found = rows(
        """SELECT ?type (COUNT(DISTINCT ?s) AS ?n) { ?s a ?type FILTER(STRSTARTS(STR(?type), STR(bg:))) }
        GROUP BY ?type"""
    )
    assert {kind.rpartition("#")[2]: int(count) for kind, count in found} == {
        "Municipality": 448,
        "MunicipalityVersion": 846,
        "County": 26,
        "CountyVersion": 33,
        "AdministrativeChange": 441,
        "MunicipalAuthority": 350,
        "Website": 349,
    }


@pytest.mark.parametrize(
    ("day", "municipalities", "counties"),
    [("2006-01-01", 431, 19), ("2017-06-01", 426, 19), ("2018-01-01", 422, 18), ("2020-01-01", 356, 11),
     ("2024-01-01", 357, 15)],
)  # fmt: skip
def test_on_a_day_so_many_units_are_in_force(day: str, municipalities: int, counties: int) -> None:
    def count(kind: str) -> int:
        return int(rows(f"SELECT (COUNT(*) AS ?n) {{ ?v a bg:{kind} {in_force('?v', day)} }}")[0][0])

    assert (count("MunicipalityVersion"), count("CountyVersion")) == (municipalities, counties)


def test_a_version_is_in_force_without_gap_to_what_supersedes_it() -> None:
    """The day after the last day of a version is the first of each successor."""
    assert rows(
        """SELECT ?old ?new { ?old bg:supersededBy ?new ; bg:validUntil ?until . ?new bg:validFrom ?from
           FILTER(?from != ?until + "P1D"^^xsd:dayTimeDuration) }"""
    ) == []  # fmt: skip


def test_every_version_that_ended_has_a_successor_and_a_unit_today() -> None:
    assert rows(
        """SELECT ?v { ?v bg:validUntil ?until
           FILTER(NOT EXISTS { ?v bg:supersededBy ?next } || NOT EXISTS { ?v bg:unitToday ?now }) }"""
    ) == []  # fmt: skip


def test_every_link_between_tables_leads_to_a_described_thing() -> None:
    places = "bg:versionOf|bg:inCountyVersion|bg:originalUnit|bg:resultingUnit|bg:renamedUnit|bg:refArea"
    others = "bg:homepage|dcterms:source|bg:governs|qb:dataSet"
    found = rows(f"SELECT DISTINCT ?o {{ ?s {places}|{others} ?o FILTER NOT EXISTS {{ ?o a ?type }} }}")
    assert [iri for (iri,) in found if not iri.startswith("https:")] == []


def test_a_municipality_lies_in_a_county_that_is_in_force_with_it() -> None:
    assert rows(
        """SELECT ?m { ?m bg:inCountyVersion ?c ; bg:validFrom ?start
           OPTIONAL { ?c bg:validFrom ?from } OPTIONAL { ?c bg:validUntil ?until }
           FILTER(?start >= "2006-01-01"^^xsd:date)
           FILTER(?start < ?from || ?start > ?until) }"""
    ) == []  # fmt: skip


@pytest.mark.parametrize(
    ("day", "version"),
    [("2006-06-01", "roan/1632"), ("2017-12-31", "roan/1632"), ("2018-01-01", "roan/5019"),
     ("2019-12-31", "roan/5019"), ("2020-01-01", "afjord/5058"), ("2026-11-23", "afjord/5058")],
)  # fmt: skip
def test_which_municipality_holds_the_area_of_roan_on_a_day(day: str, version: str) -> None:
    assert rows(
        f"""SELECT ?v {{ <{BASE}id/municipality/roan/1632> (^bg:originalUnit/bg:resultingUnit)* ?v
            {in_force("?v", day)} }}"""
    ) == [(f"municipality/{version}",)]  # fmt: skip


def test_what_of_the_map_of_2006_is_where_today() -> None:
    """All 431 have a unit today; five have several, since they or what they merged into were divided."""
    found = rows(
        f"""SELECT ?old ?now {{ ?old bg:unitToday ?now ; a bg:MunicipalityVersion
            {in_force("?old", "2006-01-01")} }}"""
    )
    olds = Counter(old for old, _ in found)
    assert len(olds) == 431
    assert {old: count for old, count in olds.items() if count > 1} == {
        "municipality/orskog/1523": 2,
        "municipality/sandoy/1546": 2,
        "municipality/skodje/1529": 2,
        "municipality/snillfjord/1613": 3,
        "municipality/tysfjord/1850": 2,
    }
    assert {now for old, now in found if old == "municipality/rissa/1624"} == {
        "municipality/indre-fosen/5054"
    }


def test_the_population_of_the_area_that_was_roan_in_2006() -> None:
    """As long as it had figures of its own; from 2020 those of Åfjord, which is larger."""
    found = rows(
        f"""SELECT ?year ?v ?n {{ <{BASE}id/municipality/roan/1632> (^bg:originalUnit/bg:resultingUnit)* ?v .
            ?o bg:refArea ?v ; bg:refDate ?d ; bg:population ?n BIND(YEAR(?d) AS ?year)
            {in_force("?v", "?d")} }} ORDER BY ?year"""
    )
    series = {int(year): (version.removeprefix("municipality/"), int(n)) for year, version, n in found}
    assert list(series) == list(range(2006, 2027))
    assert [series[year] for year in (2006, 2017, 2018, 2019, 2020, 2026)] == [
        ("roan/1632", 1066), ("roan/1632", 959), ("roan/5019", 953), ("roan/5019", 957),
        ("afjord/5058", 4288), ("afjord/5058", 4340),
    ]  # fmt: skip


def test_the_series_of_a_municipality_of_today_goes_back_to_2006_in_its_own_borders() -> None:
    found = rows(
        """SELECT ?year ?n ?status { ?o bg:refArea <https://w3id.org/bygdegraf/id/municipality/afjord/5058> ;
           bg:population ?n ; bg:refDate ?d ; bg:observationStatus ?status BIND(YEAR(?d) AS ?year) }
           ORDER BY ?year"""
    )
    assert len(found) == 21
    assert (found[0], found[-1]) == (
        ("2006", "4381", "observation-status/back-cast"), ("2026", "4340", "observation-status/counted"),
    )  # fmt: skip


def test_no_area_has_two_figures_for_one_day() -> None:
    """Integrity constraint 12 of the RDF Data Cube."""
    assert rows(
        "SELECT ?a ?d { ?o bg:refArea ?a ; bg:refDate ?d } GROUP BY ?a ?d HAVING (COUNT(DISTINCT ?o) > 1)"
    ) == []  # fmt: skip


def test_figures_that_the_sources_contradict_are_gaps() -> None:
    assert rows('SELECT ?n { ?o bg:refArea ?v ; bg:population ?n . ?v bg:officialNumber "0706" }') == []


def test_stavanger_and_trondheim_have_a_version_before_and_after_the_merger_of_2020() -> None:
    assert rows('SELECT ?v { ?v bg:officialNumber ?n VALUES ?n { "1103" "5001" } } ORDER BY ?v') == [
        ("municipality/stavanger/1103",),
        ("municipality/stavanger/1103-2020",),
        ("municipality/trondheim/5001",),
        ("municipality/trondheim/5001-2020",),
    ]


def test_names_whose_language_is_not_sourced_are_only_in_the_name_as_listed() -> None:
    found = rows(
        """SELECT ?n (LANG(?n) AS ?l) { ?v bg:officialNumber "5006" ; bg:officialName|skos:altLabel ?n }
        ORDER BY ?l"""
    )
    assert found == [("Steinkjer - Stïentje", "mul"), ("Steinkjer", "nb")]


def test_every_geometry_can_be_used_by_geosparql() -> None:
    query = """SELECT (COUNT(*) AS ?n) { ?v geo:hasGeometry|geo:hasCentroid ?g . ?g geo:asWKT ?wkt
        FILTER(DATATYPE(?wkt) = geo:wktLiteral) }"""
    assert rows(query) == [(str(357 + 344 + 17 + 357 + 344),)]


def test_the_centre_of_afjord_lies_within_its_outline() -> None:
    assert rows(
        """PREFIX geof: <http://www.opengis.net/def/function/geosparql/>
        SELECT ?v { ?v geo:hasCentroid/geo:asWKT ?point . ?v geo:hasGeometry/geo:asWKT ?outline ;
            bg:officialNumber "5058" FILTER(geof:sfWithin(?point, ?outline)) }"""
    ) == [("municipality/afjord/5058",)]  # fmt: skip


if __name__ == "__main__":
    print(half_and_full())
