"""What search engines read: schema.org about the dataset, and about things by the ontology's alignments."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from pyoxigraph import Literal, NamedNode, Store

from endpoint.site import opened
from kg import catalog
from kg.dumps import Dump
from kg.index import Description, Label, Statement
from kg.snapshot import MODELS, Snapshot, settled
from kg.vocab import PREFIXES, term

SCHEMA = "https://schema.org/"
_OLD_SCHEMA = "http://schema.org/"
_ALIGNING = (
    "owl:equivalentClass", "owl:equivalentProperty", "skos:exactMatch", "rdfs:subClassOf",
    "rdfs:subPropertyOf", "skos:closeMatch", "skos:broadMatch",
)  # fmt: skip
"""Properties that tie a term to one of schema.org, the closest first."""

_COMMON = {
    "dcat:Dataset": "Dataset", "dcat:Catalog": "DataCatalog", "dcterms:Location": "Place",
    "foaf:Agent": "Organization", "foaf:Document": "CreativeWork", "foaf:Organization": "Organization",
    "foaf:Person": "Person", "geo:Feature": "Place", "org:Organization": "Organization",
    "owl:Ontology": "DefinedTermSet", "qb:DataSet": "Dataset", "skos:Concept": "DefinedTerm",
    "skos:ConceptScheme": "DefinedTermSet", "dcterms:creator": "creator",
    "dcterms:description": "description", "dcterms:identifier": "identifier", "dcterms:isPartOf": "isPartOf",
    "dcterms:hasPart": "hasPart", "dcterms:issued": "datePublished", "dcterms:language": "inLanguage",
    "dcterms:license": "license", "dcterms:publisher": "publisher", "dcterms:spatial": "spatialCoverage",
    "dcterms:subject": "about", "foaf:depiction": "image", "foaf:homepage": "url", "owl:sameAs": "sameAs",
    "rdfs:comment": "description", "skos:altLabel": "alternateName", "skos:definition": "description",
    "skos:exactMatch": "sameAs", "skos:inScheme": "inDefinedTermSet", "skos:notation": "identifier",
}  # fmt: skip
"""What terms in common use are in schema.org, where the ontology says nothing else."""

_URLS = frozenset(("image", "license", "sameAs", "url"))
_NUMBERS = frozenset(PREFIXES["xsd"] + name for name in ("decimal", "double", "float", "integer"))
_POINT = re.compile(r"(?:<[^>]*>\s*)?POINT\s*\(\s*(-?[\d.]+)\s+(-?[\d.]+)\s*\)", re.IGNORECASE)
_WKT = term("geo:asWKT")
_MOST_VALUES = 25
_LONGEST_TEXT = 5_000

Names = Callable[[Iterable[str]], Mapping[str, Label]]


@dataclass(frozen=True, slots=True)
class Alignments:
    """Terms of a dataset in schema.org, without its namespace."""

    classes: Mapping[str, str]
    properties: Mapping[str, str]

    def kind(self, types: Sequence[str]) -> str | None:
        """Give what a thing with these classes is: by the first of them that schema.org knows."""
        return next((self.classes[iri] for iri in types if iri in self.classes), None)


def of_store(path: Path) -> Alignments:
    """Read the alignments of the snapshot whose store this is; the folder of a snapshot never changes."""
    return _of_store(settled(path, MODELS))


@lru_cache(maxsize=4)
def _of_store(path: Path) -> Alignments:
    return read(opened(path))


def read(store: Store) -> Alignments:
    """Read from a store how its terms stand to schema.org."""
    found = {term(name).value: local for name, local in _COMMON.items()}
    own: dict[str, str] = {}
    for predicate in _ALIGNING:
        quads = store.quads_for_pattern(None, term(predicate), None, None)
        named = {(q.subject.value, _local(q.object)) for q in quads if isinstance(q.subject, NamedNode)}
        for subject, local in sorted(named):
            if local:
                own.setdefault(subject, local)
    found |= own
    return Alignments(
        {iri: local for iri, local in found.items() if local[0].isupper()},
        {iri: local for iri, local in found.items() if local[0].islower()},
    )


def _local(value: object) -> str:
    if isinstance(value, NamedNode):
        for namespace in (SCHEMA, _OLD_SCHEMA):
            if value.value.startswith(namespace):
                return value.value[len(namespace) :]
    return ""


def entity(
    description: Description,
    alignments: Alignments,
    names: Names,
    languages: Sequence[str],
    *,
    page: Mapping[str, Any],
) -> dict[str, Any]:
    """Give what schema.org can say of a thing; `page` is the node of the page about it."""
    values = _values(description, alignments)
    linked = [v.value for some in values.values() for v in some if isinstance(v, NamedNode)]
    labels = names((description.iri, *linked))
    document: dict[str, Any] = {
        "@context": SCHEMA,
        "@id": description.iri,
        "@type": alignments.kind(description.types) or "Thing",
        "name": labels[description.iri].text,
    }
    for name, some in sorted(values.items()):
        made = [_value(name, value, labels) for value in _best(some, languages)[:_MOST_VALUES]]
        made = [value for value in made if value is not None]
        if made and name != "name":
            document[name] = made[0] if len(made) == 1 else made
    point = _point(description)
    if point is not None:
        document["geo"] = point
    return {**document, "mainEntityOfPage": dict(page)}


def document(thing: Mapping[str, Any]) -> bytes:
    """Give a thing in schema.org as a JSON-LD document that can be read without the network."""
    context = {"@vocab": SCHEMA, **{name: {"@type": "@id"} for name in sorted(_URLS)}}
    return (json.dumps({**thing, "@context": context}, ensure_ascii=False, indent=2) + "\n").encode()


def _values(description: Description, alignments: Alignments) -> dict[str, dict[NamedNode | Literal, None]]:
    values: dict[str, dict[NamedNode | Literal, None]] = defaultdict(dict)
    for statement in sorted(description.statements, key=lambda s: s.derived):
        name = alignments.properties.get(statement.predicate.value)
        if name and isinstance(statement.object, NamedNode | Literal):
            values[name][statement.object] = None
    return values


def _best(values: Iterable[NamedNode | Literal], languages: Sequence[str]) -> list[NamedNode | Literal]:
    """Give the values, of texts only those in the best language there is."""
    some = list(values)
    tags = {v.language for v in some if isinstance(v, Literal) and v.language}
    if not tags:
        return some
    rank = {tag: place for place, tag in enumerate(languages)}
    best = min(tags, key=lambda tag: (rank.get(tag, len(rank)), tag))
    return [v for v in some if not isinstance(v, Literal) or not v.language or v.language == best]


def _value(name: str, value: NamedNode | Literal, labels: Mapping[str, Label]) -> Any:
    if isinstance(value, Literal):
        if value.datatype.value in _NUMBERS:
            return _number(value.value)
        return value.value[:_LONGEST_TEXT]
    if not value.value.startswith(("http://", "https://")):
        return None
    return value.value if name in _URLS else {"@id": value.value, "name": labels[value.value].text}


def _number(text: str) -> int | float | str:
    try:
        return int(text)
    except ValueError:
        return float(text) if re.fullmatch(r"[+-]?\d*\.?\d+(?:[eE][+-]?\d+)?", text) else text


def _point(description: Description) -> dict[str, Any] | None:
    for statement in _every(description):
        if statement.predicate == _WKT and isinstance(statement.object, Literal):
            found = _POINT.fullmatch(statement.object.value.strip())
            if found:
                return {
                    "@type": "GeoCoordinates",
                    "longitude": float(found[1]),
                    "latitude": float(found[2]),
                }
    return None


def _every(description: Description) -> Iterator[Statement]:
    yield from description.statements
    for part in description.parts.values():
        yield from part


def dataset(
    snapshot: Snapshot,
    text: Callable[[Mapping[str, str]], str],
    language: str,
    variables: Sequence[tuple[str, str]],
) -> dict[str, Any]:
    """Give the dataset as Google Dataset Search and F-UJI read it; `variables` are (IRI, name)."""
    config, about = snapshot.config, snapshot.config.catalogue
    words = about.keywords.get(language) or next(iter(about.keywords.values()), ())
    publisher = _publisher(snapshot)
    ends = (about.temporal_start or "..", about.temporal_end or "..")
    everything: dict[str, Any] = {
        "@context": SCHEMA,
        "@type": "Dataset",
        "@id": f"{config.base}dataset",
        "identifier": f"{config.base}dataset",
        "name": text(config.title),
        "description": text(config.description),
        "url": f"{config.base}dataset",
        "inLanguage": list(config.languages),
        "keywords": list(words),
        "license": config.license,
        "creator": publisher,
        "publisher": publisher,
        "version": config.version,
        "datePublished": config.created or snapshot.created[:10],
        "dateModified": snapshot.created,
        "isAccessibleForFree": True,
        "conditionsOfAccess": about.access_rights,
        "temporalCoverage": "/".join(ends) if ends != ("..", "..") else None,
        "spatialCoverage": [{"@type": "Place", "@id": iri} for iri in about.spatial],
        "isBasedOn": list(about.sources),
        "variableMeasured": [
            {"@type": "PropertyValue", "propertyID": iri, "name": name} for iri, name in variables
        ],
        "distribution": [_download(dump, snapshot) for dump in catalog.whole_dumps(snapshot)],
        "includedInDataCatalog": {
            "@type": "DataCatalog",
            "@id": f"{config.base}catalog",
            "name": text(config.title),
            "url": f"{config.base}catalog",
        },
    }
    return {name: value for name, value in everything.items() if value not in (None, "", [])}


def _publisher(snapshot: Snapshot) -> dict[str, Any] | None:
    found = snapshot.config.publisher
    if found is None:
        return None
    rest = {"@id": found.iri, "url": found.homepage or found.iri}
    return {"@type": "Organization", "name": found.name, **{k: v for k, v in rest.items() if v}}


def _download(dump: Dump, snapshot: Snapshot) -> dict[str, Any]:
    return {
        "@type": "DataDownload",
        "name": dump.path,
        "contentUrl": f"{snapshot.config.base}dumps/{dump.path}",
        "encodingFormat": [dump.media_type, dump.file_type] if dump.coding else dump.media_type,
        "contentSize": f"{dump.bytes} B",
        "sha256": dump.sha256,
    }


def crate(snapshot: Snapshot, text: Callable[[Mapping[str, str]], str]) -> dict[str, Any]:
    """Give the RO-Crate of a snapshot: the dataset, its files, who made it, under which licence."""
    config, about = snapshot.config, snapshot.config.catalogue
    files = [_crate_file(dump, snapshot) for dump in catalog.whole_dumps(snapshot)]
    people = _publisher(snapshot)
    known = catalog.licence(config.license)
    root: dict[str, Any] = {
        "@id": "./",
        "@type": "Dataset",
        "identifier": f"{config.base}dataset",
        "name": text(config.title),
        "description": text(config.description) or text(config.title),
        "datePublished": config.created or snapshot.created[:10],
        "dateModified": snapshot.created,
        "version": config.version or snapshot.id,
        "keywords": [word for words in about.keywords.values() for word in words],
        "hasPart": [{"@id": row["@id"]} for row in files],
    }
    rest: list[dict[str, Any]] = []
    if people is not None:
        people = {"@id": people.get("@id", "#publisher"), **people}
        root["publisher"] = root["author"] = {"@id": people["@id"]}
        rest.append(people)
    if config.license:
        root["license"] = {"@id": config.license}
        name = {"name": known.spdx} if known else {}
        rest.append({"@id": config.license, "@type": "CreativeWork", **name})
    descriptor = {
        "@id": "ro-crate-metadata.json",
        "@type": "CreativeWork",
        "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
        "about": {"@id": "./"},
    }
    return {"@context": "https://w3id.org/ro/crate/1.1/context", "@graph": [descriptor, root, *files, *rest]}


def _crate_file(dump: Dump, snapshot: Snapshot) -> dict[str, Any]:
    row = _download(dump, snapshot)
    return {
        "@id": row["contentUrl"],
        "@type": "File",
        "name": row["name"],
        "encodingFormat": row["encodingFormat"],
        "contentSize": str(dump.bytes),
        "sha256": row["sha256"],
    }
