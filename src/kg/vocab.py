"""The one prefix table, the terms the publisher itself reads, and the policy that ties an IRI to its page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import quote, unquote

from pyoxigraph import NamedNode

PREFIXES: Mapping[str, str] = MappingProxyType(
    {
        "adms": "http://www.w3.org/ns/adms#",
        "bibo": "http://purl.org/ontology/bibo/",
        "cv": "http://data.europa.eu/m8g/",
        "dcat": "http://www.w3.org/ns/dcat#",
        "dcatap": "http://data.europa.eu/r5r/",
        "dcterms": "http://purl.org/dc/terms/",
        "dqv": "http://www.w3.org/ns/dqv#",
        "eurio": "http://data.europa.eu/s66#",
        "fabio": "http://purl.org/spar/fabio/",
        "foaf": "http://xmlns.com/foaf/0.1/",
        "frapo": "http://purl.org/cerif/frapo/",
        "geo": "http://www.opengis.net/ont/geosparql#",
        "geof": "http://www.opengis.net/def/function/geosparql/",
        "org": "http://www.w3.org/ns/org#",
        "owl": "http://www.w3.org/2002/07/owl#",
        "pav": "http://purl.org/pav/",
        "prov": "http://www.w3.org/ns/prov#",
        "qb": "http://purl.org/linked-data/cube#",
        "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
        "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
        "schema": "https://schema.org/",
        "sd": "http://www.w3.org/ns/sparql-service-description#",
        "sh": "http://www.w3.org/ns/shacl#",
        "skos": "http://www.w3.org/2004/02/skos/core#",
        "sosa": "http://www.w3.org/ns/sosa/",
        "spdx": "http://spdx.org/rdf/terms#",
        "vann": "http://purl.org/vocab/vann/",
        "vcard": "http://www.w3.org/2006/vcard/ns#",
        "void": "http://rdfs.org/ns/void#",
        "vs": "http://www.w3.org/2003/06/sw-vocab-status/ns#",
        "xsd": "http://www.w3.org/2001/XMLSchema#",
    }
)


def term(prefixed: str) -> NamedNode:
    """Give the IRI that a prefixed name of the prefix table stands for.

    >>> term("rdfs:label").value
    'http://www.w3.org/2000/01/rdf-schema#label'
    """
    prefix, _, local = prefixed.partition(":")
    return NamedNode(PREFIXES[prefix] + local)


RDF_TYPE = term("rdf:type")
RDFS_LABEL = term("rdfs:label")
LABELS = (
    term("skos:prefLabel"),
    RDFS_LABEL,
    term("dcterms:title"),
    term("foaf:name"),
    term("schema:name"),
    term("sh:name"),
)
"""Properties whose value names a thing, the best first."""

PLURAL = NamedNode("http://purl.org/net/vocab/2004/03/label#plural")
"""What many things of a class are called."""

_LOCAL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_-])?\Z")


def compact(iri: str, prefixes: Mapping[str, str] = PREFIXES) -> str | None:
    """Give the prefixed name of an IRI, or None where no prefix fits.

    The longest matching namespace wins; the local part must need no escapes.

    >>> compact("http://www.w3.org/2004/02/skos/core#Concept")
    'skos:Concept'
    """
    best = max(
        ((p, ns) for p, ns in prefixes.items() if iri.startswith(ns)),
        key=lambda pair: len(pair[1]),
        default=None,
    )
    if best is None:
        return None
    local = iri[len(best[1]) :]
    return f"{best[0]}:{local}" if _LOCAL.match(local) else None


def local_name(iri: str) -> str:
    """Give the last readable part of an IRI, for when nothing names the thing.

    >>> local_name("https://example.org/id/village/bessaker")
    'bessaker'
    """
    return unquote(re.split(r"[/#:]", iri.rstrip("/#"))[-1]) or iri


def document_path(iri: str, base: str) -> str:
    """Give the path, below the site's root, of the page about an IRI.

    Things under `{base}id/` have their page under `doc/`; other IRIs of the base under `doc/` too, with
    their own path; a hash IRI shares the page of what stands before the hash; IRIs of others are
    looked up by query string. No leading slash.

    >>> document_path("https://ex.org/id/village/x#point", "https://ex.org/")
    'doc/village/x#point'
    >>> document_path("https://ex.org/concept/activity/y", "https://ex.org/")
    'doc/concept/activity/y'
    >>> document_path("http://other.org/z", "https://ex.org/")
    'doc?iri=http%3A%2F%2Fother.org%2Fz'
    """
    if not iri.startswith(base) or iri == base:
        return f"doc?iri={quote(iri, safe='')}"
    path = iri[len(base) :]
    if path == "def" or path.startswith("def#"):
        return path
    return "doc/" + quote(path.removeprefix("id/"), safe="/#~!$&'()*+,;=:@%")


def document_iris(path: str, base: str) -> tuple[str, str]:
    """Give the IRIs that a page below `doc/` may be about, the likelier first.

    >>> document_iris("village/x", "https://ex.org/")
    ('https://ex.org/id/village/x', 'https://ex.org/village/x')
    """
    return f"{base}id/{path}", f"{base}{path}"
