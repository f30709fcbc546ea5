# ruff: noqa: E501 - Turtle and WKT read better in whole lines
"""Facts about maps, time lines and curves."""

import pytest
from pyoxigraph import DefaultGraph, Literal, NamedNode, Quad, RdfFormat, Store

from endpoint import charts, maps, timelines
from endpoint.charts import Cube
from endpoint.literals import readable
from endpoint.maps import Atlas, Box, Place, clip, parse_wkt
from kg.index import Description, Statement
from kg.vocab import term

EX = "https://ex.org/"
XSD = "http://www.w3.org/2001/XMLSchema#"


def store(turtle: str) -> Store:
    """Give a store with these triples in its default graph."""
    found = Store()
    prefixes = (
        f"@prefix : <{EX}> . @prefix geo: <http://www.opengis.net/ont/geosparql#> . @prefix xsd: <{XSD}> .\n"
        "@prefix qb: <http://purl.org/linked-data/cube#> . @prefix dcat: <http://www.w3.org/ns/dcat#> .\n"
        "@prefix dcterms: <http://purl.org/dc/terms/> .\n"
    )
    found.load((prefixes + turtle).encode(), RdfFormat.TURTLE, to_graph=DefaultGraph())
    return found


def description(of: Store, iri: str) -> Description:
    """Give the description of a thing from a store."""
    statements = tuple(
        Statement(q.subject, q.predicate, q.object, f"{EX}graph", False)  # type: ignore[arg-type]
        for q in of.quads_for_pattern(NamedNode(iri), None, None, DefaultGraph())
    )
    return Description(iri, statements, {}, ())


@pytest.mark.parametrize(("text", "points"), [
    ("POINT(10.5 64.25)", ((10.5, 64.25),)),
    ("POINT (10.5 64.25)", ((10.5, 64.25),)),
    ("<http://www.opengis.net/def/crs/OGC/1.3/CRS84> POINT(10.5 64.25)", ((10.5, 64.25),)),
    ("<http://www.opengis.net/def/crs/EPSG/0/4326> POINT(64.25 10.5)", ((10.5, 64.25),)),
    ("LINESTRING(1 2, 3 4)", ((1.0, 2.0), (3.0, 4.0))),
])  # fmt: skip
def test_points_are_read_longitude_first(text: str, points: tuple[maps.Point, ...]) -> None:
    found = parse_wkt(text)
    assert found is not None
    assert found.points == points


@pytest.mark.parametrize("text", [
    "", "POINT EMPTY", "POINT(1000 2000)", "CIRCLE(1 2)", "<http://www.opengis.net/def/crs/EPSG/0/25833> POINT(1 2)",
    "POLYGON((0 0, 1 1))", "POINT(" + "(" * 10_000,
])  # fmt: skip
def test_what_cannot_be_drawn_is_no_geometry(text: str) -> None:
    assert parse_wkt(text) is None


def test_a_ring_is_cut_at_the_frame() -> None:
    ring = ((-1.0, -1.0), (3.0, -1.0), (3.0, 1.0), (-1.0, 1.0))
    assert sorted(clip(ring, Box(0, 0, 2, 2))) == [(0.0, 0.0), (0.0, 1.0), (2.0, 0.0), (2.0, 1.0)]


LAND = """
:west a :County ; geo:hasGeometry :west-shape . :west-shape geo:asWKT "POLYGON((0 60, 5 60, 5 65, 0 65, 0 60))" .
:east a :County ; geo:hasGeometry :east-shape . :east-shape geo:asWKT "POLYGON((5 60, 9 60, 9 65, 5 65, 5 60))" .
:small a :Town ; geo:hasGeometry :small-shape . :small-shape geo:asWKT "POLYGON((1 61, 2 61, 2 62, 1 62, 1 61))" .
:tiny a :Town ; geo:hasGeometry :tiny-shape . :tiny-shape geo:asWKT "POLYGON((3 61, 3.2 61, 3.2 61.2, 3 61.2, 3 61))" .
:spot geo:hasCentroid :spot-point . :spot-point geo:asWKT "POINT(1.5 61.5)" .
:project :in :west, :small .
"""


def test_the_land_is_the_class_with_the_largest_surfaces() -> None:
    whole = Atlas(store(LAND)).whole
    assert whole == Box(0, 60, 9, 65)


def test_a_thing_without_geometry_is_near_the_smallest_it_points_to() -> None:
    land = store(LAND)
    near = Atlas(land).near(f"{EX}project", land)
    assert near is not None
    assert near.box == Box(1, 61, 2, 62)


def test_a_map_is_framed_around_the_thing_itself() -> None:
    atlas = Atlas(store(LAND))
    spot, west = atlas.geometry(f"{EX}spot"), atlas.geometry(f"{EX}west")
    assert spot is not None
    assert west is not None
    drawing = atlas.draw([Place("west", west, "near"), Place("spot", spot, "own")])
    assert drawing is not None
    assert [(m.iri, m.role, m.x) for m in drawing.points] == [("spot", "own", 360.0)]
    assert abs(drawing.points[0].y - drawing.height / 2) < 1
    assert len(drawing.surfaces) == 1


def test_names_on_a_map_do_not_overlap() -> None:
    atlas = Atlas(store(LAND))
    places = [Place(f"p{n}", maps.Geometry((), ((1.5 + n / 1000, 61.5),)), "own") for n in range(5)]
    drawing = atlas.draw(places)
    assert drawing is not None
    captions = maps.captions(drawing, {f"p{n}": "A long name" for n in range(5)})
    assert [caption.anchor for caption in captions] == ["start", "end"]


def test_a_map_names_whom_the_graphs_of_its_geometries_ask_to_name() -> None:
    of = store(LAND)
    graph = NamedNode(f"{EX}graph/outlines")
    of.add(
        Quad(
            NamedNode(f"{EX}east-shape"),
            term("geo:asWKT"),
            Literal("POLYGON((5 60, 9 60, 9 65, 5 65, 5 60))"),
            graph,
        )
    )
    of.add(Quad(graph, NamedNode(f"{EX}attribution"), Literal("© Land registry")))
    atlas = Atlas(of)
    spot = atlas.geometry(f"{EX}spot")
    assert spot is not None
    drawing = atlas.draw([Place(f"{EX}spot", spot, "own")])
    assert drawing is not None
    assert drawing.credits == ("© Land registry",)


def test_a_map_of_nothing_is_none() -> None:
    assert Atlas(store("")).draw([]) is None


TIMES = """
:project dcterms:temporal :period ; :held :party ; :made :report ; dcterms:created "2020-01-01"^^xsd:date .
:project dcat:startDate "2006"^^xsd:gYear ; dcat:endDate "2010"^^xsd:gYear .
:party :date "2008-06"^^xsd:gYearMonth . :report dcterms:issued "2011-03-02"^^xsd:date .
:odd dcat:startDate "2010"^^xsd:gYear ; dcat:endDate "2006"^^xsd:gYear . :project :made :odd .
"""


def test_a_time_line_holds_the_thing_and_the_dated_things_it_is_linked_to() -> None:
    of = store(TIMES)
    found = timelines.moments(description(of, f"{EX}project"), of)
    assert [(m.iri.removeprefix(EX), m.predicate.split("/")[-1], m.texts) for m in found] == [
        ("project", "", ("2006", "2010")),
        ("party", "date", ("2008-06",)),
        ("report", "issued", ("2011-03-02",)),
    ]


def test_bars_lie_in_the_order_of_time_within_the_drawing() -> None:
    of = store(TIMES)
    drawn = timelines.draw(timelines.moments(description(of, f"{EX}project"), of))
    assert drawn is not None
    assert [bar.x for bar in drawn.bars] == sorted(bar.x for bar in drawn.bars)
    assert all(bar.x >= 0 and bar.x + bar.width <= drawn.width for bar in drawn.bars)
    assert [year for year, _ in drawn.years] == [2006, 2007, 2008, 2009, 2010, 2011, 2012]


def test_one_moment_needs_no_time_line() -> None:
    assert timelines.draw(()) is None


CUBE = """
:structure qb:component :c1, :c2, :c3, :c4 . :c1 qb:dimension :area . :c2 qb:dimension :date . :c3 qb:measure :people .
:c4 qb:attribute :status .
:o1 :area :roan ; :date "2006-01-01"^^xsd:date ; :people 1000 ; :status :counted .
:o2 :area :roan ; :date "2008-01-01"^^xsd:date ; :people 900 ; :status :estimated .
:o3 :area :osen ; :date "2008-01-01"^^xsd:date ; :people 50 .
:o4 :area :roan ; :date "2007-01-01"^^xsd:date ; :people "many" .
"""


def test_the_observations_of_a_thing_are_a_series_in_the_order_of_time() -> None:
    (series,) = Cube(store(CUBE)).series(f"{EX}roan")
    assert series.measure == f"{EX}people"
    assert [(o.date, o.value, o.notes) for o in series.observations] == [
        ("2006-01-01", 1000.0, (f"{EX}counted",)),
        ("2008-01-01", 900.0, (f"{EX}estimated",)),
    ]


def test_a_single_observation_makes_no_curve() -> None:
    assert Cube(store(CUBE)).series(f"{EX}osen") == ()


def test_a_chart_begins_at_zero_and_has_round_levels() -> None:
    (chart,) = charts.draw(Cube(store(CUBE)).series(f"{EX}roan"))
    assert [level for level, _ in chart.levels] == [0, 200, 400, 600, 800, 1000, 1200]
    assert [year for year, _ in chart.years] == [2006, 2007, 2008]


@pytest.mark.parametrize(("text", "datatype", "nb", "en"), [
    ("2022-10-03", "date", "3. oktober 2022", "3 October 2022"),
    ("2009-03", "gYearMonth", "mars 2009", "March 2009"),
    ("2006", "gYear", "2006", "2006"),
    ("2022-99-03", "date", "2022-99-03", "2022-99-03"),
    ("30000000", "integer", "30\u00a0000\u00a0000", "30,000,000"),
    ("-0001.50", "decimal", "−1,5", "−1.5"),
    ("1632", "integer", "1632", "1632"),
    ("true", "boolean", "ja", "yes"),
    ("maybe", "boolean", "maybe", "maybe"),
    ("NaN", "decimal", "NaN", "NaN"),
])  # fmt: skip
def test_literals_read_as_people_write_them(text: str, datatype: str, nb: str, en: str) -> None:
    assert (readable(text, XSD + datatype, "nb"), readable(text, XSD + datatype, "en")) == (nb, en)


def test_a_store_may_hold_geometries_that_are_no_literals() -> None:
    odd = Store()
    odd.add(Quad(NamedNode(f"{EX}a"), term("geo:asWKT"), NamedNode(f"{EX}b")))
    odd.add(Quad(NamedNode(f"{EX}c"), term("geo:asWKT"), Literal("POINT(1 2)")))
    assert f"{EX}c" in Atlas(odd)


def test_what_is_in_force_until_or_since_a_day_runs_out_of_the_time_line() -> None:
    of = store(
        ':unit :has :old, :new . :old :validUntil "2019-12-31"^^xsd:date . :new :validFrom "2020-01-01"^^xsd:date .'
    )
    found = timelines.moments(description(of, f"{EX}unit"), of)
    assert [(moment.iri, moment.open) for moment in found] == [(f"{EX}old", "start"), (f"{EX}new", "end")]
    drawn = timelines.draw(found)
    assert drawn is not None
    old, new = drawn.bars
    assert old.x < 0
    assert new.x + new.width > drawn.width
