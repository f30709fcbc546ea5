"""What catalogues and crawlers read about the dataset: DCAT, VoID and schema.org, from the snapshot."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pyoxigraph import DefaultGraph, Literal, NamedNode, Store, Triple

from kg.dumps import Dump, read_list
from kg.index import Description, Kind
from kg.snapshot import Snapshot
from kg.vocab import PREFIXES, RDF_TYPE, document_path, term

_HOST = re.compile(r"https?://([\w.:-]+)(?:[/?#]|\Z)")
PAGE = "https://schema.org/AboutPage"
"""The schema.org class of a page about a thing."""

_EU = "http://publications.europa.eu/resource/authority/"
_FILE_TYPES = {
    "turtle": "RDF_TURTLE",
    "trig": "RDF_TRIG",
    "nquads": "RDF_N_QUADS",
    "ntriples": "RDF_N_TRIPLES",
    "jsonld": "JSON_LD",
    "rdfxml": "RDF_XML",
}
_LANGUAGES = {
    "nb": "NOB",
    "nn": "NNO",
    "en": "ENG",
    "se": "SME",
    "sv": "SWE",
    "da": "DAN",
    "de": "DEU",
    "fr": "FRA",
}
_LICENSES = {
    "https://creativecommons.org/licenses/by/4.0/": "CC_BY_4_0",
    "https://creativecommons.org/publicdomain/zero/1.0/": "CC0",
    "https://data.norge.no/nlod/no/2.0": "NLOD_2_0",
}
_SPDX = "http://spdx.org/rdf/terms#"
_ADMS = "http://www.w3.org/ns/adms#"
_DCATAP = "http://data.europa.eu/r5r/"
_XSD = PREFIXES["xsd"]
_LINKS = tuple(
    term(name)
    for name in ("skos:exactMatch", "skos:closeMatch", "owl:sameAs", "rdfs:seeAlso", "dcterms:source")
)

PREFIXES_USED = {
    **{
        name: PREFIXES[name]
        for name in ("dcat", "dcterms", "foaf", "owl", "prov", "rdfs", "skos", "vcard", "void", "xsd")
    },
    "adms": _ADMS,
    "dcatap": _DCATAP,
    "spdx": _SPDX,
}


def dcat(snapshot: Snapshot, dumps: Sequence[Dump], own: Description | None) -> tuple[Triple, ...]:
    """Give the DCAT description of the dataset, its catalogue, its files and its services; no blank nodes.

    `own` is what the data themselves say of the dataset: it is taken over, for what a setting cannot know.
    """
    return tuple(
        dict.fromkeys(
            (*_catalogue(snapshot), *_dataset(snapshot, own), *_files(snapshot, dumps), *_service(snapshot))
        )
    )


def _node(snapshot: Snapshot, path: str) -> NamedNode:
    return NamedNode(snapshot.config.base + path)


def _texts(subject: NamedNode, predicate: str, texts: Mapping[str, str]) -> Iterator[Triple]:
    for language, text in texts.items():
        yield Triple(subject, term(predicate), Literal(text, language=language))


def _common(snapshot: Snapshot, node: NamedNode) -> Iterator[Triple]:
    config = snapshot.config
    yield from _texts(node, "dcterms:title", config.title)
    yield from _texts(node, "dcterms:description", config.description)
    if config.publisher is not None:
        yield Triple(node, term("dcterms:publisher"), NamedNode(_publisher(snapshot)))
        if config.publisher.email or config.publisher.homepage:
            yield Triple(node, term("dcat:contactPoint"), _node(snapshot, "catalog#contact"))
    if config.license:
        yield Triple(node, term("dcterms:license"), NamedNode(config.license))
    for language in config.languages:
        if language in _LANGUAGES:
            yield Triple(node, term("dcterms:language"), NamedNode(f"{_EU}language/{_LANGUAGES[language]}"))


def _publisher(snapshot: Snapshot) -> str:
    publisher = snapshot.config.publisher
    return publisher.iri if publisher and publisher.iri else f"{snapshot.config.base}catalog#publisher"


def _catalogue(snapshot: Snapshot) -> Iterator[Triple]:
    config, node = snapshot.config, _node(snapshot, "catalog")
    yield Triple(node, RDF_TYPE, term("dcat:Catalog"))
    yield from _common(snapshot, node)
    yield Triple(node, term("foaf:homepage"), NamedNode(config.base))
    yield Triple(node, term("dcat:dataset"), _node(snapshot, "dataset"))
    yield Triple(node, term("dcat:service"), _node(snapshot, "catalog#sparql"))
    yield Triple(node, term("dcterms:modified"), _day(snapshot))
    if config.publisher is not None:
        yield from _agent(snapshot)


def _agent(snapshot: Snapshot) -> Iterator[Triple]:
    publisher = snapshot.config.publisher
    if publisher is None:
        return
    agent = NamedNode(_publisher(snapshot))
    yield Triple(agent, RDF_TYPE, term("foaf:Agent"))
    yield Triple(agent, term("foaf:name"), Literal(publisher.name))
    if publisher.homepage:
        yield Triple(agent, term("foaf:homepage"), NamedNode(publisher.homepage))
    if publisher.email or publisher.homepage:
        contact = _node(snapshot, "catalog#contact")
        yield Triple(contact, RDF_TYPE, term("vcard:Organization"))
        yield Triple(contact, term("vcard:fn"), Literal(publisher.name))
        if publisher.email:
            yield Triple(contact, term("vcard:hasEmail"), NamedNode(f"mailto:{publisher.email}"))
        if publisher.homepage:
            yield Triple(contact, term("vcard:hasURL"), NamedNode(publisher.homepage))


def _day(snapshot: Snapshot) -> Literal:
    return Literal(snapshot.created[:10], datatype=term("xsd:date"))


def _dataset(snapshot: Snapshot, own: Description | None) -> Iterator[Triple]:
    config, node = snapshot.config, _node(snapshot, "dataset")
    yield Triple(node, RDF_TYPE, term("dcat:Dataset"))
    yield from _common(snapshot, node)
    yield Triple(node, term("dcterms:identifier"), Literal(node.value))
    yield Triple(node, term("dcterms:modified"), _day(snapshot))
    if config.created:
        yield Triple(node, term("dcterms:issued"), Literal(config.created, datatype=term("xsd:date")))
    if config.version:
        yield Triple(node, term("owl:versionInfo"), Literal(config.version))
    yield Triple(node, term("dcat:landingPage"), node)
    yield Triple(node, term("dcterms:accessRights"), NamedNode(f"{_EU}access-right/PUBLIC"))
    if own is not None:
        yield from (quad.triple for quad in own.quads() if quad.subject == node)


def _files(snapshot: Snapshot, dumps: Sequence[Dump]) -> Iterator[Triple]:
    dataset = _node(snapshot, "dataset")
    for dump in dumps:
        if dump.graph or not dump.path.startswith("dataset."):
            continue
        node = _node(snapshot, f"catalog#{dump.path}")
        address = _node(snapshot, f"dumps/{dump.path}")
        yield Triple(dataset, term("dcat:distribution"), node)
        yield Triple(node, RDF_TYPE, term("dcat:Distribution"))
        yield Triple(node, term("dcterms:title"), Literal(dump.path))
        yield Triple(node, term("dcat:accessURL"), _node(snapshot, "dumps/"))
        yield Triple(node, term("dcat:downloadURL"), address)
        yield Triple(
            node, term("dcat:byteSize"), Literal(str(dump.bytes), datatype=term("xsd:nonNegativeInteger"))
        )
        yield Triple(
            node,
            term("dcat:mediaType"),
            NamedNode(f"https://www.iana.org/assignments/media-types/{dump.media_type}"),
        )
        if dump.format in _FILE_TYPES:
            yield Triple(
                node, term("dcterms:format"), NamedNode(f"{_EU}file-type/{_FILE_TYPES[dump.format]}")
            )
        if dump.gzipped:
            gzip = "https://www.iana.org/assignments/media-types/application/gzip"
            yield Triple(node, term("dcat:compressFormat"), NamedNode(gzip))
        yield from _distribution(snapshot, node)
        checksum = _node(snapshot, f"catalog#sha256-{dump.path}")
        yield Triple(node, NamedNode(f"{_SPDX}checksum"), checksum)
        yield Triple(checksum, RDF_TYPE, NamedNode(f"{_SPDX}Checksum"))
        yield Triple(checksum, NamedNode(f"{_SPDX}algorithm"), NamedNode(f"{_SPDX}checksumAlgorithm_sha256"))
        yield Triple(
            checksum, NamedNode(f"{_SPDX}checksumValue"), Literal(dump.sha256, datatype=term("xsd:hexBinary"))
        )


def _distribution(snapshot: Snapshot, node: NamedNode) -> Iterator[Triple]:
    license_iri = snapshot.config.license
    if license_iri:
        listed = f"{_EU}licence/{_LICENSES[license_iri]}" if license_iri in _LICENSES else license_iri
        yield Triple(node, term("dcterms:license"), NamedNode(listed))
    yield Triple(node, term("dcterms:issued"), _day(snapshot))
    yield Triple(node, term("dcterms:modified"), _day(snapshot))
    yield Triple(node, NamedNode(f"{_ADMS}status"), NamedNode(f"{_EU}distribution-status/COMPLETED"))
    yield Triple(node, NamedNode(f"{_DCATAP}availability"), NamedNode(f"{_EU}planned-availability/STABLE"))


def _service(snapshot: Snapshot) -> Iterator[Triple]:
    node, address = _node(snapshot, "catalog#sparql"), _node(snapshot, "sparql")
    yield Triple(node, RDF_TYPE, term("dcat:DataService"))
    yield from _common(snapshot, node)
    yield Triple(node, term("dcat:endpointURL"), address)
    yield Triple(node, term("dcat:endpointDescription"), address)
    yield Triple(node, term("dcat:servesDataset"), _node(snapshot, "dataset"))
    yield Triple(node, term("dcterms:conformsTo"), NamedNode("https://www.w3.org/TR/sparql11-protocol/"))
    distribution = _node(snapshot, "catalog#sparql-access")
    yield Triple(_node(snapshot, "dataset"), term("dcat:distribution"), distribution)
    yield Triple(distribution, RDF_TYPE, term("dcat:Distribution"))
    yield Triple(distribution, term("dcterms:title"), Literal("SPARQL"))
    yield Triple(distribution, term("dcat:accessURL"), address)
    yield Triple(distribution, term("dcat:accessService"), node)
    yield from _distribution(snapshot, distribution)


def void(snapshot: Snapshot, kinds: Sequence[Kind], dumps: Sequence[Dump]) -> tuple[Triple, ...]:
    """Give the VoID description: sizes, files, partitions by class and property, links outward."""
    return tuple(_void(snapshot, kinds, dumps))


def _void(snapshot: Snapshot, kinds: Sequence[Kind], dumps: Sequence[Dump]) -> Iterator[Triple]:
    config, node, page = snapshot.config, _node(snapshot, "dataset"), _node(snapshot, ".well-known/void")
    yield Triple(page, RDF_TYPE, term("void:DatasetDescription"))
    yield Triple(page, term("foaf:primaryTopic"), node)
    yield Triple(node, RDF_TYPE, term("void:Dataset"))
    yield from _common(snapshot, node)
    yield from _agent(snapshot)
    yield Triple(node, term("foaf:homepage"), NamedNode(config.base))
    yield Triple(node, term("void:sparqlEndpoint"), _node(snapshot, "sparql"))
    yield Triple(node, term("void:uriSpace"), Literal(config.base))
    for dump in dumps:
        if not dump.graph and dump.path.startswith("dataset."):
            yield Triple(node, term("void:dataDump"), _node(snapshot, f"dumps/{dump.path}"))
    used, links = counts(snapshot.store)
    yield Triple(node, term("void:triples"), _number(sum(used.values())))
    yield Triple(node, term("void:classes"), _number(len(kinds)))
    yield Triple(node, term("void:properties"), _number(len(used)))
    for namespace in sorted({_namespace(iri) for iri in (*used, *(kind.iri for kind in kinds))}):
        yield Triple(node, term("void:vocabulary"), NamedNode(namespace))
    for kind in kinds:
        part = _node(snapshot, f".well-known/void#class-{quote(kind.iri, safe='')}")
        yield Triple(node, term("void:classPartition"), part)
        yield Triple(part, term("void:class"), NamedNode(kind.iri))
        yield Triple(part, term("void:entities"), _number(kind.count))
    for predicate, count in sorted(used.items()):
        part = _node(snapshot, f".well-known/void#property-{quote(predicate, safe='')}")
        yield Triple(node, term("void:propertyPartition"), part)
        yield Triple(part, term("void:property"), NamedNode(predicate))
        yield Triple(part, term("void:triples"), _number(count))
    yield from _linksets(snapshot, node, links)


def _linksets(snapshot: Snapshot, node: NamedNode, links: Mapping[tuple[str, str], int]) -> Iterator[Triple]:
    for (predicate, host), count in sorted(links.items()):
        part = _node(snapshot, f".well-known/void#links-{quote(f'{predicate} {host}', safe='')}")
        yield Triple(node, term("void:subset"), part)
        yield Triple(part, RDF_TYPE, term("void:Linkset"))
        yield Triple(part, term("void:linkPredicate"), NamedNode(predicate))
        yield Triple(part, term("void:subjectsTarget"), node)
        yield Triple(part, term("void:objectsTarget"), NamedNode(f"https://{host}/"))
        yield Triple(part, term("void:triples"), _number(count))


def _namespace(iri: str) -> str:
    return iri[: max(iri.rfind("#"), iri.rfind("/")) + 1]


def _number(value: int) -> Literal:
    return Literal(str(value), datatype=term("xsd:integer"))


@lru_cache(maxsize=4)
def counts(path: Path) -> tuple[Counter[str], Counter[tuple[str, str]]]:
    """Count the triples by property, and the links by property and host, in one pass over the store."""
    properties: Counter[str] = Counter()
    links: Counter[tuple[str, str]] = Counter()
    for quad in Store.read_only(str(path)).quads_for_pattern(None, None, None, DefaultGraph()):
        properties[quad.predicate.value] += 1
        if quad.predicate in _LINKS and isinstance(quad.object, NamedNode):
            host = _HOST.match(quad.object.value)
            if host is not None:
                links[quad.predicate.value, host[1]] += 1
    return properties, links


def dataset_json(snapshot: Snapshot, dumps: Sequence[Dump], language: str) -> dict[str, Any]:
    """Give the schema.org description of the dataset, for the crawlers of search engines."""
    config = snapshot.config
    document: dict[str, Any] = {
        "@context": "https://schema.org/",
        "@type": "Dataset",
        "@id": f"{config.base}dataset",
        "name": _in(config.title, language),
        "description": _in(config.description, language),
        "url": f"{config.base}dataset",
        "identifier": f"{config.base}dataset",
        "version": config.version or snapshot.id[:12],
        "dateModified": snapshot.created[:10],
        "inLanguage": list(config.languages),
        "isAccessibleForFree": True,
        "distribution": [
            {
                "@type": "DataDownload",
                "contentUrl": f"{config.base}dumps/{dump.path}",
                "encodingFormat": dump.media_type,
                "contentSize": f"{dump.bytes} B",
                "sha256": dump.sha256,
            }
            for dump in dumps
            if not dump.graph and dump.path.startswith("dataset.")
        ],
    }
    if config.created:
        document["datePublished"] = config.created
    if config.license:
        document["license"] = config.license
    if config.publisher:
        agent = {"@type": "Organization", "@id": _publisher(snapshot), "name": config.publisher.name}
        document |= {"publisher": agent, "creator": agent}
    return document


def _in(texts: Mapping[str, str], language: str) -> str:
    return texts.get(language) or next(iter(texts.values()), "")


def thing_json(description: Description, name: str, text: str, snapshot: Snapshot) -> dict[str, Any]:
    """Give the schema.org description of a thing: its schema.org class where the ontology says one."""
    schema = tuple(PREFIXES["schema"].replace("https", scheme) for scheme in ("https", "http"))
    types = [iri[len(space) :] for iri in description.types for space in schema if iri.startswith(space)]
    matches = {s.object.value for s in description.statements
               if s.predicate in _LINKS[:3] and isinstance(s.object, NamedNode)}  # fmt: skip
    document: dict[str, Any] = {
        "@context": "https://schema.org/",
        "@type": types or "Thing",
        "@id": description.iri,
        "name": name,
        "url": snapshot.config.base + document_path(description.iri, snapshot.config.base),
        "subjectOf": {"@id": f"{snapshot.config.base}dataset"},
    }
    if text:
        document["description"] = text
    if matches:
        document["sameAs"] = sorted(matches)
    return document


@lru_cache(maxsize=4)
def dumps_of(folder: Path) -> dict[str, Dump]:
    """Give the dumps of a snapshot by path; its folder never changes."""
    return {dump.path: dump for dump in read_list(folder)}
