"""The shapes: what they accept, what they find, and that none of them is idle.

Each file of tests/shapes/ is a W3C data-shapes manifest for one file of shapes/: its data graph is the file
itself, its shapes graph the files that sht:shapesGraph names, and its report all that they find there.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import chain
from pathlib import Path

import pyshacl
import pytest
from pyoxigraph import Quad, RdfFormat, serialize
from rdflib import RDF, RDFS, SH, XSD, BNode, Graph, Literal, Namespace, URIRef
from rdflib.collection import Collection
from rdflib.term import Node

from kg import config, rdfio, source
from kg.check import referee, shacl
from kg.check.shacl.results import Result
from kg.source import Room
from tests.test_ontology import pinned

ROOT = Path(__file__).parent.parent
BASE = config.load(ROOT / "kg.toml").base
BG = Namespace(BASE + "def#")
SHAPE = Namespace(BASE + "shape/")
MF = Namespace("http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#")
SHT = Namespace("http://www.w3.org/ns/shacl-test#")
PROV = Namespace("http://www.w3.org/ns/prov#")

SHAPE_FILES = sorted((ROOT / "shapes").glob("*.ttl"))
MANIFESTS = sorted((ROOT / "tests" / "shapes").glob("*.ttl"))

ENGINES = {"compiled": shacl.validate, "pyshacl": referee.validate}

Fields = tuple[str, ...]
"""Focus node, path, value, shape, constraint component and severity of one validation result."""


def validated(engine: str, data: Path, shapes: list[Path]) -> Graph:
    """Give the report graph of one engine."""
    outcome = ENGINES[engine](chain.from_iterable(map(quads, shapes)), quads(data))
    return Graph().parse(data=serialize(outcome.graph(), format=RdfFormat.N_TRIPLES), format="nt")


def quads(path: Path) -> Iterator[Quad]:
    """Yield the quads of a Turtle file; its base is where it would lie below the site."""
    return rdfio.read(path.read_bytes(), rdfio.FORMATS[0], base=site(path))


def site(path: Path) -> str:
    return BASE + path.relative_to(ROOT).as_posix()


@cache
def parsed(path: Path) -> Graph:
    """Give a Turtle file as a graph."""
    return Graph().parse(path, format="turtle", publicID=site(path))


def merged(paths: list[Path]) -> Graph:
    """Read several files into one graph."""
    graph = Graph()
    for path in paths:
        graph += parsed(path)
    return graph


def spelled(node: Node | None, graph: Graph) -> str:
    """Spell a term, or a path with its blank nodes, so that it can be compared between graphs."""
    if node is None:
        return ""
    if not isinstance(node, BNode):
        return node.n3()
    if (node, RDF.first, None) in graph:
        return "(" + " ".join(spelled(member, graph) for member in Collection(graph, node)) + ")"
    return (
        "["
        + "; ".join(sorted(f"{p.n3()} {spelled(o, graph)}" for p, o in graph.predicate_objects(node)))
        + "]"
    )


def results(report: Graph, of: Node | None = None) -> list[Fields]:
    """Give the results of a report, sorted."""
    fields = (
        SH.focusNode,
        SH.resultPath,
        SH.value,
        SH.sourceShape,
        SH.sourceConstraintComponent,
        SH.resultSeverity,
    )
    return sorted(
        tuple(spelled(report.value(result, field), report) for field in fields)
        for result in report.objects(of, SH.result)
    )


def entry(manifest: Path) -> Node:
    """Give the one test that a manifest holds."""
    graph = parsed(manifest)
    (entries,) = graph.objects(None, MF.entries)
    (only,) = Collection(graph, entries)
    return only


@cache
def expected(manifest: Path) -> list[Fields]:
    """Give the results that a manifest expects."""
    graph = parsed(manifest)
    return results(graph, graph.value(entry(manifest), MF.result))


@cache
def all_shapes() -> Graph:
    """Give the merge of all shape files."""
    return merged(SHAPE_FILES)


def node_shapes() -> list[URIRef]:
    return sorted(s for s in all_shapes().subjects(RDF.type, SH.NodeShape) if isinstance(s, URIRef))


def property_shapes() -> list[URIRef]:
    return sorted(s for s in all_shapes().subjects(RDF.type, SH.PropertyShape) if isinstance(s, URIRef))


def targeted() -> list[URIRef]:
    """Give the node shapes that have a target of their own."""
    targets = (SH.targetClass, SH.targetNode, SH.targetSubjectsOf, SH.targetObjectsOf)
    return [
        shape for shape in node_shapes() if any((shape, target, None) in all_shapes() for target in targets)
    ]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda path: path.stem)
def test_shapes_find_what_the_manifest_expects_and_nothing_else(manifest: Path, engine: str) -> None:
    """The data graph holds valid and invalid examples; one run tells all that is found."""
    action = parsed(manifest).value(entry(manifest), MF.action)
    assert list(parsed(manifest).objects(action, SHT.dataGraph)) == [URIRef(site(manifest))]
    shapes = [
        ROOT / str(file).removeprefix(BASE) for file in parsed(manifest).objects(action, SHT.shapesGraph)
    ]
    assert results(validated(engine, manifest, shapes)) == expected(manifest)


def test_every_shape_file_has_a_manifest() -> None:
    """Groups and shared property shapes have no target: the manifests of those that use them test them."""
    assert {p.name for p in SHAPE_FILES} - {p.name for p in MANIFESTS} == {"groups.ttl", "shared.ttl"}


def test_every_property_shape_has_an_invalid_example() -> None:
    """What only sh:or asks for speaks through the shape that asks: it is never the source of a result."""
    asked = {SHAPE["Graph-anySource"]}
    found = {result[3] for manifest in MANIFESTS for result in expected(manifest)}
    assert [shape.n3() for shape in property_shapes() if shape.n3() not in found] == [
        shape.n3() for shape in asked
    ]


def test_every_targeting_node_shape_with_constraints_of_its_own_has_an_invalid_example() -> None:
    own = (SH.closed, SH["class"], SH["or"], SH.pattern, SH.sparql)
    found = {result[3] for manifest in MANIFESTS for result in expected(manifest)}
    shapes = [s for s in targeted() if any((s, constraint, None) in all_shapes() for constraint in own)]
    assert [shape.n3() for shape in shapes if shape.n3() not in found] == []


def test_every_targeting_node_shape_has_a_valid_example() -> None:
    """Some focus node of its manifests gets no result at all."""
    for shape in targeted():
        if shape in NEVER_VALID:
            continue
        focus = {node for manifest in MANIFESTS for node in _focus(shape, manifest)}
        assert focus, f"{shape} has no focus node without a finding in tests/shapes/"


NEVER_VALID = {SHAPE.Derived}
"""Whatever has a derived shortcut is wrong."""


def _focus(shape: URIRef, manifest: Path) -> Iterator[Node]:
    graph, shapes = parsed(manifest), all_shapes()
    wrong = {result[0] for result in expected(manifest)}
    for cls in shapes.objects(shape, SH.targetClass):
        yield from (node for node in graph.subjects(RDF.type, cls) if node.n3() not in wrong)
    for prop in shapes.objects(shape, SH.targetSubjectsOf):
        yield from (node for node in graph.subjects(prop) if node.n3() not in wrong)


def test_every_shape_is_targeted_or_referred_to() -> None:
    shapes = all_shapes()
    referred = set(shapes.objects(None, SH.property) or ()) | set(
        shapes.objects(None, SH.qualifiedValueShape)
    )
    referred |= set(shapes.objects(None, SH["not"])) | set(shapes.objects(None, SH.node))
    referred |= set(shapes.objects(None, RDF.first))
    idle = set(node_shapes()) | set(property_shapes())
    assert idle - referred - set(targeted()) == set()


def test_property_shapes_are_named_after_their_file_and_have_no_blank_node() -> None:
    shapes = all_shapes()
    assert [s for s in shapes.objects(None, SH.property) if isinstance(s, BNode)] == []
    assert [s for s in property_shapes() if "-" not in s.removeprefix(SHAPE)] == []


@pytest.mark.parametrize("file", SHAPE_FILES, ids=lambda path: path.stem)
def test_a_property_shape_says_what_it_is_and_how_to_mend(file: Path) -> None:
    graph = parsed(file)
    for shape in graph.subjects(RDF.type, SH.PropertyShape):
        assert {n.language for n in _literals(graph, shape, SH.name)} == {"nb", "nn", "en"}, shape
        assert {n.language for n in _literals(graph, shape, SH.message)} >= {"nb", "en"}, shape
        assert graph.value(shape, SH.severity) in (SH.Violation, SH.Warning), shape
        assert isinstance(graph.value(shape, SH.order), Literal), shape
        assert (graph.value(shape, SH.group), RDF.type, SH.PropertyGroup) in all_shapes(), shape


@pytest.mark.parametrize("file", SHAPE_FILES, ids=lambda path: path.stem)
def test_a_node_shape_has_a_name_in_three_languages(file: Path) -> None:
    graph = parsed(file)
    for shape in graph.subjects(RDF.type, SH.NodeShape):
        assert {n.language for n in _literals(graph, shape, RDFS.label)} == {"nb", "nn", "en"}, shape


def test_property_groups_have_a_name_in_three_languages_and_an_order() -> None:
    shapes = all_shapes()
    groups = set(shapes.subjects(RDF.type, SH.PropertyGroup))
    assert groups == set(shapes.objects(None, SH.group))
    for group in groups:
        assert {n.language for n in _literals(shapes, group, RDFS.label)} == {"nb", "nn", "en"}, group
    assert len({shapes.value(group, SH.order) for group in groups}) == len(groups)


def _literals(graph: Graph, subject: Node, predicate: URIRef) -> list[Literal]:
    return [value for value in graph.objects(subject, predicate) if isinstance(value, Literal)]


def test_the_shapes_are_well_formed() -> None:
    """The shapes for shapes of the specification find nothing."""
    conforms, _, text = pyshacl.validate(Graph(), shacl_graph=all_shapes(), meta_shacl=True)
    assert conforms, text


# The shapes and the ontology


@cache
def ontology() -> Graph:
    return merged(sorted((ROOT / "ontology").rglob("*.ttl")))


def test_every_term_of_ours_that_shapes_use_is_defined() -> None:
    ours = {term for term in used() if term.startswith(BASE) and not term.startswith((SHAPE, BASE + "shape"))}
    assert sorted(ours - {str(subject) for subject in ontology().subjects()}) == []


def test_every_outside_term_that_shapes_use_exists() -> None:
    """A misspelt sh:minCount would be valid Turtle that means nothing."""
    outside = {term for term in used() - pinned() if not term.startswith(BASE)}
    unknown = {term for term in outside if URIRef(term) not in SH and URIRef(term) not in XSD}
    assert unknown == {"https://creativecommons.org/licenses/by/4.0/"}


@cache
def used() -> frozenset[str]:
    """Give the IRIs that shapes mention."""
    return frozenset(str(term) for triple in all_shapes() for term in triple if isinstance(term, URIRef))


def test_every_class_with_members_has_a_closed_shape() -> None:
    closed = {cls for shape in closed_shapes() for cls in all_shapes().objects(shape, SH.targetClass)}
    members = {str(q.object).strip("<>") for q in dataset() if q.predicate.value == str(RDF.type)}
    bare = {
        cls
        for cls in map(URIRef, members)
        if not closed & set(ontology().transitive_objects(cls, RDFS.subClassOf))
    }
    assert sorted(bare) == [PROV.Entity]


def test_prov_entity_is_closed_by_what_only_graphs_have() -> None:
    """A named graph has no class of its own: what it says about its source makes it one."""
    assert set(all_shapes().objects(SHAPE.Graph, SH.targetSubjectsOf)) >= {PROV.hadPrimarySource}
    assert SHAPE.Graph in closed_shapes()


def test_no_closed_shape_reaches_the_members_of_another() -> None:
    """A closed shape of a super-class would forbid what the closed shape of its sub-class allows."""
    classes = [cls for shape in closed_shapes() for cls in all_shapes().objects(shape, SH.targetClass)]
    above = {cls: set(ontology().transitive_objects(cls, RDFS.subClassOf)) - {cls} for cls in classes}
    assert [(cls, other) for cls in classes for other in classes if other in above[cls]] == []


def closed_shapes() -> list[URIRef]:
    return [shape for shape in targeted() if (shape, SH.closed, Literal(True)) in all_shapes()]


def test_what_rules_derive_may_not_be_written() -> None:
    derived = {BG[rule.stem] for rule in (ROOT / "ontology" / "rules").glob("*.rq")}
    forbidden = set(all_shapes().objects(SHAPE.Derived, SH.targetSubjectsOf))
    assert sorted(derived - forbidden) == []


# The shapes and the data


@cache
def dataset() -> tuple[Quad, ...]:
    return tuple(source.read([ROOT]).quads(Room.DATA))


@cache
def found_in_the_dataset() -> tuple[Result, ...]:
    """Validated as written: nothing is derived before."""
    files = source.read([ROOT])
    data = chain(files.quads(Room.ONTOLOGY), dataset())
    return tuple(shacl.validate(files.quads(Room.SHAPES), data).results)


def test_the_dataset_has_no_violation() -> None:
    wrong = [result for result in found_in_the_dataset() if result.severity.value == str(SH.Violation)]
    assert [(r.focus, r.path and r.path.text, r.value, r.shape) for r in wrong] == []


def test_each_municipality_that_stays_unresolved_is_a_warning() -> None:
    shape = str(SHAPE["Project-unresolvedMunicipality"])
    found = [(str(r.focus), str(r.severity)) for r in found_in_the_dataset() if shape in str(r.shape)]
    heroy = BASE + "id/project/integrering-og-inkludering-av-tilflyttere-i-heroy"
    assert found == [(f"<{heroy}>", f"<{SH.Warning}>")]
