"""Syntax: the one table of RDF formats, and parsing and serialising with each literal kept as written."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from xml.parsers import expat

from pyoxigraph import (
    BlankNode,
    CanonicalizationAlgorithm,
    Dataset,
    Literal,
    NamedNode,
    Quad,
    RdfFormat,
    Triple,
    parse,
    serialize,
)


@dataclass(frozen=True, slots=True)
class Format:
    """One RDF syntax: its name in URLs, media types (canonical first), file suffixes (canonical first)."""

    name: str
    label: str
    media_types: tuple[str, ...]
    suffixes: tuple[str, ...]
    engine: RdfFormat
    datasets: bool

    @property
    def media_type(self) -> str:
        """The registered media type."""
        return self.media_types[0]

    @property
    def suffix(self) -> str:
        """The file name ending that we write, without a dot."""
        return self.suffixes[0]


FORMATS: tuple[Format, ...] = (
    Format("turtle", "Turtle", ("text/turtle", "application/x-turtle"), ("ttl",), RdfFormat.TURTLE, False),
    Format("jsonld", "JSON-LD", ("application/ld+json",), ("jsonld", "json"), RdfFormat.JSON_LD, True),
    Format("ntriples", "N-Triples", ("application/n-triples",), ("nt",), RdfFormat.N_TRIPLES, False),
    Format("rdfxml", "RDF/XML", ("application/rdf+xml",), ("rdf", "owl", "xml"), RdfFormat.RDF_XML, False),
    Format("trig", "TriG", ("application/trig", "application/x-trig"), ("trig",), RdfFormat.TRIG, True),
    Format("nquads", "N-Quads", ("application/n-quads",), ("nq",), RdfFormat.N_QUADS, True),
)

_BY_SUFFIX = {suffix: fmt for fmt in FORMATS for suffix in fmt.suffixes}
_BY_NAME = {fmt.name: fmt for fmt in FORMATS} | _BY_SUFFIX


def named(name: str) -> Format | None:
    """Give the format with this name or suffix, or None."""
    return _BY_NAME.get(name)


def of_path(path: PurePath) -> Format | None:
    """Give the format that a file name ends in, `.gz` looked through, or None.

    >>> of_path(PurePath("a/b.ttl.gz")).name
    'turtle'
    """
    suffixes = [s.lstrip(".").lower() for s in path.suffixes]
    if suffixes and suffixes[-1] == "gz":
        suffixes.pop()
    return _BY_SUFFIX.get(suffixes[-1]) if suffixes else None


def read(
    content: bytes,
    fmt: Format,
    *,
    base: str | None = None,
    graph: NamedNode | None = None,
    keep_blank_nodes: bool = False,
) -> Iterator[Quad]:
    """Yield the quads of a document in order, literals as written, blank nodes renamed apart unless kept.

    Triples that stand in no named graph come out in `graph` where one is given. Raises SyntaxError, with line
    and column, at the first thing that is not in the format.
    """
    if fmt.engine == RdfFormat.RDF_XML:
        _well_formed(content)
    quads = parse(content, format=fmt.engine, base_iri=base, rename_blank_nodes=not keep_blank_nodes)
    return _bounded(quads if graph is None else _in_graph(quads, graph))


def _well_formed(content: bytes) -> None:
    """Raise SyntaxError for what is no whole XML document, or grows beyond measure by its entities.

    The parser of RDF/XML takes a document that breaks off for a whole one, and knows no bound of entities.
    """
    try:
        expat.ParserCreate().Parse(content, True)
    except expat.ExpatError as error:
        message, column = expat.ErrorString(error.code), error.offset + 1
        raise SyntaxError(message, (None, error.lineno, column, None, error.lineno, column)) from error
    except LookupError as error:
        raise SyntaxError(str(error)) from error


TOO_LONG = "There is a literal, an IRI or a comment longer than 16 MiB, which is more than the parser takes."


def _bounded(quads: Iterable[Quad]) -> Iterator[Quad]:
    """Pass quads through; a token that overflows the parser's buffer is an error of the document."""
    try:
        yield from quads
    except MemoryError as error:
        if "buffer" not in str(error):
            raise
        raise SyntaxError(TOO_LONG) from error


def _in_graph(quads: Iterable[Quad], graph: NamedNode) -> Iterator[Quad]:
    for quad in quads:
        if isinstance(quad.graph_name, NamedNode):
            yield quad
        else:
            yield Quad(quad.subject, quad.predicate, quad.object, graph)


def write(
    statements: Iterable[Triple] | Iterable[Quad], fmt: Format, *, prefixes: Mapping[str, str] | None = None
) -> bytes:
    """Give a document in one format; statements keep the order they come in.

    A format without named graphs gets each triple once, whatever graphs it is in.
    """
    written: Iterable[Triple] | Iterable[Quad] = statements
    if not fmt.datasets:
        written = dict.fromkeys(s.triple if isinstance(s, Quad) else s for s in statements)
    buffer = io.BytesIO()
    serialize(written, buffer, format=fmt.engine, prefixes=dict(prefixes) if prefixes else None)
    return buffer.getvalue()


def used(statements: Iterable[Triple] | Iterable[Quad], prefixes: Mapping[str, str]) -> dict[str, str]:
    """Give the prefixes that some IRI in the statements begins with."""
    plain = write(statements, FORMATS[-1])
    return {prefix: iri for prefix, iri in prefixes.items() if f"<{iri}".encode() in plain}


_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_XML_LOCAL = re.compile(r"[^\W\d][\w.-]*\Z")


def xml_name(iri: str) -> bool:
    """Tell whether an IRI can be cut into a namespace and an XML name, as RDF/XML needs of a property.

    >>> xml_name("https://ex.org/def#a"), xml_name("https://ex.org/def/1")
    (True, False)
    """
    tail = re.split(r"[/#:]", iri)[-1]
    return bool(_XML_LOCAL.match(tail)) and tail != iri


def xml_text(text: str) -> bool:
    """Tell whether XML allows each character of a text."""
    return not _NOT_XML.search(text)


def fits_xml(quads: Iterable[Quad]) -> bool:
    """Tell whether RDF/XML can say all of this."""
    predicates: set[str] = set()
    for quad in quads:
        predicates.add(quad.predicate.value)
        if isinstance(quad.object, Literal) and not xml_text(quad.object.value):
            return False
    return all(map(xml_name, predicates))


def canonical(quads: Iterable[Quad]) -> bytes:
    """Give canonical N-Quads: the same bytes whatever the order and the blank node labels (RDFC-1.0).

    Only statements with a blank node go through the algorithm; the others are the same lines either way.
    """
    lines: set[str] = set()
    with_blank_nodes = Dataset()
    for quad in quads:
        if has_blank_node(quad):
            with_blank_nodes.add(quad)
        else:
            lines.add(str(quad))
    with_blank_nodes.canonicalize(CanonicalizationAlgorithm.RDFC_1_0)
    lines.update(map(str, with_blank_nodes))
    return "".join(f"{line} .\n" for line in sorted(lines)).encode()


def has_blank_node(quad: Quad) -> bool:
    """Tell whether a quad has a blank node, be it in a triple term."""
    return any(map(_is_blank, (quad.subject, quad.object, quad.graph_name)))


def _is_blank(part: object) -> bool:
    if isinstance(part, Triple):
        return _is_blank(part.subject) or _is_blank(part.object)
    return isinstance(part, BlankNode)
