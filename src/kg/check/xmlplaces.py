"""Where RDF/XML states its triples: the tags and attributes that expat saw, read as nodes and properties."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from pyoxigraph import Literal, NamedNode

from kg.turtle import Lines, Span, resolve
from kg.vocab import PREFIXES, RDF_TYPE

_RDF, _XML = PREFIXES["rdf"], "http://www.w3.org/XML/1998/namespace"
_TAG = re.compile(r"<[^\s/>]*")
_Stated = tuple[str, str, str, tuple[Span, Span, Span]]


def stated(text: str, base: str) -> Iterator[_Stated]:
    """Yield the triples that have an IRI as subject: subject, predicate, value, and the spans of their tags.

    Values of a tag's text have the span of the tag. Triples of blank nodes and of `rdf:parseType` are left
    out. Raises ValueError where the text is not XML.
    """
    reader = _Reader(text, base)
    try:
        reader.parser.Parse(text.encode(), True)
    except expat.ExpatError as error:
        raise ValueError(str(error)) from error
    yield from reader.found


@dataclass
class _Element:
    """An element that is open: a node with its IRI, or a property with the node it belongs to."""

    is_node: bool
    span: Span
    base: str
    language: str | None
    iri: str | None = None
    parent: _Element | None = None
    attributes: dict[str, str] = field(default_factory=dict)
    text: list[str] = field(default_factory=list)
    done: bool = False


class _Reader:
    def __init__(self, text: str, base: str) -> None:
        self._text = text
        self._lines = Lines(text)
        self._base = base
        self._open: list[_Element] = []
        self.found: list[_Stated] = []
        self.parser = expat.ParserCreate("utf-8", " ")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        attributes = {name.replace(" ", ""): value for name, value in attributes.items()}
        name, parent = tag.replace(" ", ""), self._open[-1] if self._open else None
        base = resolve(attributes.get(_XML + "base", ""), parent.base if parent else self._base)
        language = attributes.get(_XML + "lang", parent.language if parent else None)
        is_node = parent is None or not parent.is_node
        element = _Element(is_node, self._span(), base, language, name, parent, attributes)
        if parent is None and name == _RDF + "RDF":
            element.is_node = False
        elif is_node:
            self._node(element, name)
        elif (to := attributes.get(_RDF + "resource")) is not None:
            self._state(element, resolve(to, base))
        self._open.append(element)

    def _span(self) -> Span:
        offset = self._lines.offset(self.parser.CurrentLineNumber, self.parser.CurrentColumnNumber + 1)
        found = _TAG.match(self._text, offset)
        return found.span() if found else (offset, offset + 1)

    def _node(self, element: _Element, kind: str) -> None:
        attributes, element.iri = element.attributes, None
        if (about := attributes.get(_RDF + "about")) is not None:
            element.iri = resolve(about, element.base)
        elif (name := attributes.get(_RDF + "ID")) is not None:
            element.iri = resolve(f"#{name}", element.base)
        if element.iri is None:
            return
        if kind != _RDF + "Description":
            self.found.append((element.iri, RDF_TYPE.value, kind, (element.span,) * 3))
        for predicate, value in attributes.items():
            if not predicate.startswith((_RDF, _XML)):
                literal = str(
                    Literal(value, language=element.language) if element.language else Literal(value)
                )
                self.found.append((element.iri, predicate, literal, (element.span,) * 3))
        if element.parent is not None and element.parent.parent is not None:
            self._state(element.parent, element.iri)

    def _state(self, element: _Element, value: str) -> None:
        """Note the triple of a property element."""
        element.done = True
        parent = element.parent
        if parent is not None and parent.is_node and parent.iri is not None and element.iri is not None:
            self.found.append((parent.iri, element.iri, value, (parent.span, element.span, element.span)))

    def _characters(self, text: str) -> None:
        if self._open:
            self._open[-1].text.append(text)

    def _end(self, tag: str) -> None:
        element = self._open.pop()
        if element.is_node or element.done or element.parent is None:
            return
        if not {_RDF + "parseType", _RDF + "nodeID"}.isdisjoint(element.attributes):
            return
        self._state(element, str(_literal(element)))


def _literal(element: _Element) -> Literal:
    value, datatype = "".join(element.text), element.attributes.get(_RDF + "datatype")
    if datatype is not None:
        return Literal(value, datatype=NamedNode(resolve(datatype, element.base)))
    return Literal(value, language=element.language or None)
