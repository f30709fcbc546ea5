"""Turtle, TriG, N-Triples and N-Quads with the place of every token: for pointing at lines, and for layout.

The engine's parser is faster but tells no positions, and neither does any other parser for Python (rdflib's
keeps a line number for errors only; tree-sitter grammars exist for editors, not as a package). So this reader
gives the same triples, each with the offsets of its three terms. It is meant for documents that the engine
has accepted: it does not prove them right, and raises TurtleError where it cannot follow.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import deque
from collections.abc import Iterator
from typing import Any, NamedTuple

from pyoxigraph import BaseDirection, BlankNode, DefaultGraph, Literal, NamedNode, Triple

from kg.vocab import RDF_TYPE, term

Span = tuple[int, int]
"""Offsets in characters: of the first, and of the one after the last."""

Node = NamedNode | BlankNode
Term = NamedNode | BlankNode | Literal | Triple

_FIRST, _REST, _NIL, _REIFIES = term("rdf:first"), term("rdf:rest"), term("rdf:nil"), term("rdf:reifies")
_NUMBERS = {"integer": term("xsd:integer"), "decimal": term("xsd:decimal"), "double": term("xsd:double")}
_BOOLEAN = term("xsd:boolean")

_NOT_IN_NAMES = r"\[-\^`{-\xB6\xB8-\xBF\xD7\xF7"
_LETTER = rf"[^\x00-@_\xB7{_NOT_IN_NAMES}]"
_LETTER_OR_DIGIT = rf"[^\x00-/:-@\xB7{_NOT_IN_NAMES}]"
_LOCAL_START = rf"[^\x00-/;-@\xB7{_NOT_IN_NAMES}]"
_NAME_CHARACTER = rf"[^\x00-,./:-@{_NOT_IN_NAMES}]"
_LOCAL_CHARACTER = rf"[^\x00-,./;-@{_NOT_IN_NAMES}]"
"""Characters of names by those that are not: beyond Latin-1 all count as letters, as no other may stand
there in a document that the engine has accepted. Classes of ranges of Unicode are slow to compile."""
_ESCAPED = r"%[0-9A-Fa-f]{2}|\\[_~.\-!$&'()*+,;=/?#@%]"
_LONG = r"""{q}{q}{q}[^{q}\\]*+(?:(?:\\.|{q}{{1,2}}(?!{q}))[^{q}\\]*+)*+{q}{q}{q}"""
_SHORT = r"""{q}[^{q}\\\n\r]*+(?:\\.[^{q}\\\n\r]*+)*+{q}"""

_KINDS = {
    "space": r"[ \t\r\n]++",
    "comment": r"\#[^\r\n]*+",
    "open": r"<<\(?|\{\|",
    "iri": r"<[^<>\s]*+>",
    "string": "|".join(form.format(q=quote) for form in (_LONG, _SHORT) for quote in ('"', "'")),
    "at": r"@[A-Za-z]++(?:-[A-Za-z0-9]++)*+(?:--[A-Za-z]++)?",
    "datatype": r"\^\^",
    "blank": rf"_:{_LETTER_OR_DIGIT}(?:\.*+{_NAME_CHARACTER}++)*+",
    "name": rf"(?:{_LETTER}(?:\.*+{_NAME_CHARACTER}++)*+)?:"
    rf"(?:(?:{_LOCAL_START}|{_ESCAPED})(?:\.*+(?:{_LOCAL_CHARACTER}++|{_ESCAPED}))*+)?",
    "double": r"[+-]?(?:[0-9]++\.[0-9]*|\.?[0-9]++)[eE][+-]?[0-9]++",
    "decimal": r"[+-]?[0-9]*\.[0-9]++",
    "integer": r"[+-]?[0-9]++",
    "word": r"[A-Za-z]++",
    "close": r"\)?>>|\|\}",
    "mark": r"[][(){},;~]",
}
_DOT = r"\."
_TOKEN = re.compile(
    "|".join([*(f"(?P<{kind}>{form})" for kind, form in _KINDS.items()), f"(?P<dot>{_DOT})"]), re.DOTALL
)
_STATEMENT = re.compile(f"(?:{'|'.join(_KINDS.values())})*+{_DOT}", re.DOTALL)
_BLANK_SPACE = re.compile(f"(?:{_KINDS['space']}|{_KINDS['comment']})*+")
_DIRECTIVE = re.compile(
    rf"@(?i:prefix|base|version)\b{_STATEMENT.pattern}"
    rf"|(?i:prefix)\b(?:{_KINDS['space']}|{_KINDS['comment']})++(?:{_KINDS['name']})"
    rf"{_BLANK_SPACE.pattern}(?:{_KINDS['iri']})"
    rf"|(?i:base)\b{_BLANK_SPACE.pattern}(?:{_KINDS['iri']})"
    rf"|(?i:version)\b{_BLANK_SPACE.pattern}(?:{_KINDS['string']})",
    re.DOTALL,
)
_PLAIN = re.compile(
    r"""(?:<([A-Za-z][A-Za-z0-9+.-]*+:[^<>\s\\]*+)>|((?:[A-Za-z][\w-]*+)?):([\w-]++))(?=[ \t\r\n])"""
    r"""(?:[^"'<\#.\\]++|"(?!"")[^"\\\r\n]*+(?:\\.[^"\\\r\n]*+)*+"|<[^<>\s]*+>|\.(?<=[0-9]\.)(?=[0-9]))*+"""
    r"""\.(?=[ \t\r\n]|\Z)"""
)
"""A statement about an IRI that is plain to see: it has no comment, no rare quotation marks, and no escape
outside strings, and its only point beside those between digits is the last. Most are such."""
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))", re.DOTALL)
_CHARACTERS = {"t": "\t", "b": "\b", "n": "\n", "r": "\r", "f": "\f"}
_LINE_END, _LF = re.compile(r"\r\n?|\n"), re.compile("\n")


class TurtleError(ValueError):
    """The reader cannot follow: what it met, and at which offset."""

    def __init__(self, message: str, offset: int) -> None:
        """Keep where it is."""
        super().__init__(f"{message} at offset {offset}")
        self.offset = offset


class Token(NamedTuple):
    """A piece of the text that is not white space: its kind, where it begins, where it has ended."""

    kind: str
    start: int
    end: int


class Statement(NamedTuple):
    """A quad, and the spans of the tokens that its subject, predicate and object are written with.

    Of `[...]` and `(...)` the span is the bracket. In a list the cell has the span of its item, and what no
    token says (`rdf:first`, `rdf:rest`, `rdf:reifies`) has the span of the item or of the end of the list.
    """

    subject: Node
    predicate: NamedNode
    object: Term
    graph: Node | DefaultGraph
    spans: tuple[Span, Span, Span]


def tokens(text: str, *, comments: bool = False) -> Iterator[Token]:
    """Yield the tokens of a document in order, comments only when asked for. Raises TurtleError."""
    offset, match = 0, _TOKEN.match
    while offset < len(text):
        found = match(text, offset)
        if found is None:
            raise TurtleError(f"no token begins with {text[offset]!r}", offset)
        kind, end = found.lastgroup or "", found.end()
        if kind != "space" and (comments or kind != "comment"):
            yield Token(kind, offset, end)
        offset = end


class Lines:
    """Where the lines of a text begin: turns offsets into lines and columns, both counted from 1."""

    def __init__(self, text: str) -> None:
        """Find the line ends: LF, CR LF or CR."""
        self._text = text
        ends = _LINE_END if "\r" in text else _LF
        self._starts = [0, *(found.end() for found in ends.finditer(text))]

    def __len__(self) -> int:
        """How many lines there are."""
        return len(self._starts)

    def place(self, offset: int) -> tuple[int, int]:
        """Give the line and column of an offset, in characters."""
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    def offset(self, line: int, column: int) -> int:
        """Give the offset of a line and column."""
        return self._starts[line - 1] + column - 1

    def span(self, number: int) -> Span:
        """Give the span of a line without its end."""
        end = self._starts[number] if number < len(self._starts) else len(self._text)
        start = self._starts[number - 1]
        return start, start + len(self._text[start:end].rstrip("\r\n"))

    def line(self, number: int) -> str:
        """Give a line without its end."""
        start, end = self.span(number)
        return self._text[start:end]

    def length(self, span: Span) -> int:
        """Give how many characters of a span stand on its first line, at least one."""
        found = _LINE_END.search(self._text, *span)
        return max(1, (found.start() if found else span[1]) - span[0])


def unescape(text: str) -> str:
    r"""Give what a string, an IRI or a local name means once its escapes are read.

    >>> unescape(r"a\u00e9\n") == "a\u00e9\n"
    True
    """
    return _ESCAPE.sub(_unescaped, text) if "\\" in text else text


def _unescaped(match: re.Match[str]) -> str:
    short, long, other = match.groups()
    return _CHARACTERS.get(other, other) if other else chr(int(short or long, 16))


_PARTS = re.compile(r"(?:([^:/?#]+):)?(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?\Z", re.DOTALL)


def resolve(reference: str, base: str | None) -> str:
    """Give an IRI reference as the IRI that it means against a base (RFC 3986, 5.2).

    >>> resolve("../x#y", "https://ex.org/a/b/c?q")
    'https://ex.org/a/x#y'
    """
    if base is None:
        return reference
    scheme, authority, path, query, fragment = _parts(reference)
    if scheme is not None:
        return reference
    base_scheme, base_authority, base_path, base_query, _ = _parts(base)
    if authority is None:
        authority = base_authority
        if not path:
            path, query = base_path, base_query if query is None else query
        elif path.startswith("/"):
            path = _without_dots(path)
        else:
            folder = base_path[: base_path.rfind("/") + 1]
            path = _without_dots((folder or ("/" if base_authority is not None else "")) + path)
    else:
        path = _without_dots(path)
    return _joined(base_scheme, authority, path, query, fragment)


def _parts(iri: str) -> tuple[str | None, str | None, str, str | None, str | None]:
    found = _PARTS.match(iri)
    assert found is not None
    scheme, authority, path, query, fragment = found.groups()
    return scheme, authority, path, query, fragment


def _joined(
    scheme: str | None, authority: str | None, path: str, query: str | None, fragment: str | None
) -> str:
    return "".join(
        (
            "" if scheme is None else f"{scheme}:",
            "" if authority is None else f"//{authority}",
            path,
            "" if query is None else f"?{query}",
            "" if fragment is None else f"#{fragment}",
        )
    )


def _without_dots(path: str) -> str:
    if "." not in path:
        return path
    kept: list[str] = []
    segments = path.split("/")
    for position, segment in enumerate(segments):
        if segment in (".", ".."):
            if segment == ".." and len(kept) > (kept[:1] == [""]):
                kept.pop()
            if position == len(segments) - 1:
                kept.append("")
        else:
            kept.append(segment)
    return "/".join(kept)


def statements(text: str, base: str | None = None) -> Iterator[Statement]:
    """Yield the quads of a document, each with its spans. Raises TurtleError where it cannot follow."""
    yield from _Reader(text, base).document()


BLANK = "_:"
"""The subject of a chunk about a blank node."""


class Chunk(NamedTuple):
    """A part of a document that can be read alone: where it is, what it is about, what it needs.

    The subject is an IRI, or BLANK; None where only reading tells.
    """

    start: int
    end: int
    subject: str | None
    base: str | None
    prefixes: dict[str, str]


def chunks(text: str, base: str | None = None) -> Iterator[Chunk]:
    """Yield the statements of a Turtle document unread, but for the directives. Raises TurtleError.

    Ten times as fast as reading everything: whoever looks for one subject reads only its chunks.
    """
    prefixes: dict[str, str] = {}
    offset = _skip(text, 0)
    while offset < len(text):
        if found := _PLAIN.match(text, offset):
            iri, prefix, local = found.groups()
            subject = iri or (prefixes[prefix] + local if prefix in prefixes else None)
            yield Chunk(offset, found.end(), subject, base, prefixes)
        elif found := _DIRECTIVE.match(text, offset):
            reader = _Reader(found.group(), base, prefixes)
            deque(reader.document(), maxlen=0)
            base, prefixes = reader.base, dict(reader.prefixes)
        else:
            found = _STATEMENT.match(text, offset)
            if found is None:
                raise TurtleError("a statement does not end", offset)
            yield Chunk(offset, found.end(), _subject(text, offset, base, prefixes), base, prefixes)
        offset = _skip(text, found.end())


def _skip(text: str, offset: int) -> int:
    found = _BLANK_SPACE.match(text, offset)
    return found.end() if found else offset


def _subject(text: str, offset: int, base: str | None, prefixes: dict[str, str]) -> str | None:
    token = _TOKEN.match(text, offset)
    assert token is not None
    if token.lastgroup == "iri":
        return resolve(unescape(token.group()[1:-1]), base)
    prefix, _, local = token.group().partition(":")
    if token.group() in ("[", "(") or token.lastgroup == "blank":
        return BLANK
    if token.lastgroup != "name" or prefix not in prefixes:
        return None
    return prefixes[prefix] + unescape(local)


def statements_in(text: str, chunk: Chunk, blanks: dict[str, BlankNode]) -> Iterator[Statement]:
    """Yield the quads of one chunk, with spans in the whole text; `blanks` keeps the labels of the document.

    Raises TurtleError where it cannot follow.
    """
    reader = _Reader(text[chunk.start : chunk.end], chunk.base, chunk.prefixes, blanks)
    for one in reader.document():
        yield _moved(one, chunk.start)


def lines_in(text: str) -> Iterator[Chunk]:
    """Yield the lines of N-Triples or N-Quads unread, neighbours about the same IRI in one chunk."""
    for found in _LINE.finditer(text):
        subject = found.group(2)
        yield Chunk(found.start(1), found.end(), unescape(subject) if subject else BLANK, None, {})


_LINE = re.compile(
    r"^[ \t]*+((?:<([^<>\s]*+)>|_:)[^\r\n]*+(?:\r?\n<\2>[^\r\n]*+)*+)",
    re.MULTILINE,
)
"""A line, with those below it that begin with the same IRI."""


def _moved(one: Statement, by: int) -> Statement:
    (a, b), (c, d), (e, f) = one.spans
    return one._replace(spans=((a + by, b + by), (c + by, d + by), (e + by, f + by)))


class _Reader:
    """One reading: recursive descent over the tokens, what each call reads being what its name says."""

    def __init__(
        self,
        text: str,
        base: str | None,
        prefixes: dict[str, str] | None = None,
        blanks: dict[str, BlankNode] | None = None,
    ) -> None:
        self.base = base
        self.prefixes = dict(prefixes or {})
        self._text = text
        self._tokens = list(tokens(text))
        self._at = 0
        self._blanks = {} if blanks is None else blanks
        self._names: dict[str, NamedNode] = {}
        self._graph: Node | DefaultGraph = DefaultGraph()
        self._found: list[Statement] = []

    def _offset(self) -> int:
        return self._tokens[min(self._at, len(self._tokens) - 1)].start

    def document(self) -> Iterator[Statement]:
        """Read everything. Raises TurtleError."""
        try:
            while self._at < len(self._tokens):
                self._block()
                yield from self._found
                self._found.clear()
        except IndexError:
            raise TurtleError("the document ends in a statement", len(self._text)) from None
        except RecursionError:
            raise TurtleError("brackets nested too deep", self._offset()) from None

    # -- tokens ---------------------------------------------------------------------------------------

    def _written(self, token: Token) -> str:
        return self._text[token.start : token.end]

    def _next(self) -> Token:
        token = self._tokens[self._at]
        self._at += 1
        return token

    def _is(self, mark: str) -> bool:
        """True if the next token is a mark, which is then passed."""
        if self._at < len(self._tokens):
            token = self._tokens[self._at]
            if token.end - token.start == len(mark) and self._text.startswith(mark, token.start):
                self._at += 1
                return True
        return False

    def _expect(self, mark: str) -> Span:
        if not self._is(mark):
            raise self._lost(self._tokens[self._at])
        return self._tokens[self._at - 1][1:]

    def _lost(self, token: Token) -> TurtleError:
        return TurtleError(f"{self._written(token)[:40]!r} was not expected", token.start)

    # -- statements -----------------------------------------------------------------------------------

    def _block(self) -> None:
        token = self._tokens[self._at]
        if token.kind in ("at", "word"):
            word = self._written(token).lower().lstrip("@")
            if word in ("prefix", "base", "version"):
                self._at += 1
                self._directive(word)
                if token.kind == "at":
                    self._expect(".")
                return
            if word == "graph":
                self._at += 1
                self._graph_block(self._node()[0])
                return
        if self._is("{"):
            self._triples_in_graph(DefaultGraph())
            return
        self._triples_or_graph()

    def _directive(self, word: str) -> None:
        if word == "version":
            self._next()
            return
        name = self._written(self._next())[:-1] if word == "prefix" else ""
        iri = resolve(unescape(self._written(self._next())[1:-1]), self.base)
        if word == "base":
            self.base = iri
        else:
            self.prefixes[name] = iri
        self._names.clear()

    def _triples_or_graph(self) -> None:
        bare = self._tokens[self._at].kind in ("iri", "name", "blank") or self._is_empty_brackets()
        lists = self._text.startswith(("[", "<<"), self._tokens[self._at].start) and not bare
        subject, span = self._node()
        if bare and self._is("{"):
            self._at -= 1
            self._graph_block(subject)
            return
        if not (lists and self._is(".")):
            self._predicates(subject, span)
            self._expect(".")

    def _is_empty_brackets(self) -> bool:
        here = [self._written(token) for token in self._tokens[self._at : self._at + 2]]
        return here == ["[", "]"]

    def _graph_block(self, graph: Node) -> None:
        self._expect("{")
        self._triples_in_graph(graph)

    def _triples_in_graph(self, graph: Node | DefaultGraph) -> None:
        self._graph = graph
        while not self._is("}"):
            lists = self._text.startswith(("[", "<<"), self._tokens[self._at].start)
            subject, span = self._node()
            closes = self._text.startswith(("}", "."), self._tokens[self._at].start)
            if not (lists and closes):
                self._predicates(subject, span)
            self._is(".")
        self._graph = DefaultGraph()

    def _predicates(self, subject: Node, span: Span) -> None:
        """Read a predicate-object list; a `;` may be followed by nothing or by another one."""
        while True:
            while self._is(";"):
                pass
            token = self._tokens[self._at]
            if token.kind not in ("iri", "name", "word"):
                if token.kind in ("mark", "close", "dot"):
                    return
                raise self._lost(token)
            self._at += 1
            self._objects(subject, span, self._predicate(token), token[1:])
            if not self._is(";"):
                return

    def _predicate(self, token: Token) -> NamedNode:
        if token.kind == "word":
            if self._written(token) != "a":
                raise self._lost(token)
            return RDF_TYPE
        return self._iri(token)

    def _objects(self, subject: Node, subject_span: Span, predicate: NamedNode, predicate_span: Span) -> None:
        while True:
            value, span = self._object()
            self._state(subject, predicate, value, (subject_span, predicate_span, span))
            self._annotations(Triple(subject, predicate, value), span)
            if not self._is(","):
                return

    def _annotations(self, triple: Triple, span: Span) -> None:
        reifier: Node | None = None
        while True:
            if self._is("~"):
                reifier, at = self._reifier()
                self._state(reifier, _REIFIES, triple, (at, at, span))
            elif self._is("{|"):
                at = self._tokens[self._at - 1][1:]
                if reifier is None:
                    reifier = BlankNode()
                    self._state(reifier, _REIFIES, triple, (at, at, span))
                self._predicates(reifier, at)
                self._expect("|}")
                reifier = None
            else:
                return

    def _reifier(self) -> tuple[Node, Span]:
        """Read what follows a `~`: a name for the reifier, or nothing."""
        token = self._tokens[self._at]
        if token.kind in ("iri", "name", "blank") or self._is_empty_brackets():
            return self._node()
        return BlankNode(), self._tokens[self._at - 1][1:]

    def _state(
        self, subject: Node, predicate: NamedNode, value: Term, spans: tuple[Span, Span, Span]
    ) -> None:
        self._found.append(Statement(subject, predicate, value, self._graph, spans))

    # -- terms ----------------------------------------------------------------------------------------

    def _node(self) -> tuple[Node, Span]:
        """Read a subject or the name of a graph."""
        value, span = self._object()
        if not isinstance(value, NamedNode | BlankNode):
            raise TurtleError("a literal was not expected", span[0])
        return value, span

    def _object(self) -> tuple[Term, Span]:
        token = self._next()
        kind = token.kind
        if kind in ("name", "iri"):
            return self._iri(token), token[1:]
        if kind == "blank":
            return self._blank(self._written(token)[2:]), token[1:]
        if kind == "string":
            return self._literal(token)
        if kind in _NUMBERS:
            return Literal(self._written(token), datatype=_NUMBERS[kind]), token[1:]
        written = self._written(token)
        if kind == "word" and written in ("true", "false"):
            return Literal(written, datatype=_BOOLEAN), token[1:]
        if written == "[":
            return self._property_list(token)
        if written == "(":
            return self._collection(token)
        if written in ("<<", "<<("):
            return self._triple(token, asserted_by=written == "<<")
        raise self._lost(token)

    def _iri(self, token: Token) -> NamedNode:
        written = self._written(token)
        if written not in self._names:
            self._names[written] = NamedNode(self._iri_text(token, written))
        return self._names[written]

    def _iri_text(self, token: Token, written: str) -> str:
        if token.kind == "iri":
            return resolve(unescape(written[1:-1]), self.base)
        prefix, _, local = written.partition(":")
        if token.kind != "name" or prefix not in self.prefixes:
            raise self._lost(token)
        return self.prefixes[prefix] + unescape(local)

    def _blank(self, label: str) -> BlankNode:
        return self._blanks.setdefault(label, BlankNode())

    def _literal(self, token: Token) -> tuple[Literal, Span]:
        quote = 3 if self._text.startswith(('"""', "'''"), token.start) and token.end - token.start > 5 else 1
        value = unescape(self._text[token.start + quote : token.end - quote])
        following = self._tokens[self._at] if self._at < len(self._tokens) else None
        if following is not None and following.kind == "at":
            self._at += 1
            language, _, direction = self._written(following)[1:].partition("--")
            end: dict[str, Any] = {"direction": BaseDirection(direction)} if direction else {}
            return Literal(value, language=language, **end), (token.start, following.end)
        if following is not None and following.kind == "datatype":
            self._at += 1
            datatype = self._next()
            return Literal(value, datatype=self._iri(datatype)), (token.start, datatype.end)
        return Literal(value), token[1:]

    def _property_list(self, opening: Token) -> tuple[BlankNode, Span]:
        node = BlankNode()
        if not self._is("]"):
            self._predicates(node, opening[1:])
            self._expect("]")
        return node, opening[1:]

    def _collection(self, opening: Token) -> tuple[Node, Span]:
        if self._is(")"):
            return _NIL, (opening.start, self._tokens[self._at - 1].end)
        first = cell = BlankNode()
        span: Span = opening[1:]
        while True:
            value, item = self._object()
            self._state(cell, _FIRST, value, (span, item, item))
            if self._is(")"):
                end = self._tokens[self._at - 1][1:]
                self._state(cell, _REST, _NIL, (span, end, end))
                return first, opening[1:]
            following = BlankNode()
            at = self._tokens[self._at][1:]
            self._state(cell, _REST, following, (span, at, at))
            cell, span = following, at

    def _triple(self, opening: Token, *, asserted_by: bool) -> tuple[Node | Triple, Span]:
        """Read `<<( s p o )>>`, a triple as a term, or `<< s p o ~ r >>`, the node that reifies one."""
        subject, _ = self._node()
        token = self._next()
        triple = Triple(subject, self._predicate(token), self._object()[0])
        if not asserted_by:
            return triple, (opening.start, self._expect(")>>")[1])
        reifier = self._reifier()[0] if self._is("~") else BlankNode()
        span = (opening.start, self._expect(">>")[1])
        self._state(reifier, _REIFIES, triple, (span, span, span))
        return reifier, span


def quads_by_line(text: str) -> Iterator[Statement]:
    """Yield the statements of N-Triples or N-Quads. Raises TurtleError where it cannot follow."""
    yield from _LineReader(text, None).document()


def quads_in_line(text: str, chunk: Chunk, blanks: dict[str, BlankNode]) -> Iterator[Statement]:
    """Yield the statement of one line, as `statements_in` does."""
    for one in _LineReader(text[chunk.start : chunk.end], None, {}, blanks).document():
        yield _moved(one, chunk.start)


class _LineReader(_Reader):
    """N-Quads: four terms and a dot, where Turtle has none after the object."""

    def _block(self) -> None:
        subject, first = self._node()
        token = self._next()
        value, last = self._object()
        graph = None if self._is(".") else self._node()[0]
        self._graph = graph or DefaultGraph()
        self._state(subject, self._iri(token), value, (first, token[1:], last))
        if graph is not None:
            self._expect(".")
