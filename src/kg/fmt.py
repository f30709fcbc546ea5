"""How Turtle and TriG are laid out: one layout, comments and blank lines kept, the graph never changed.

What people decide is kept: whether the first predicate stands beside its subject, whether a list stands on
one line or one value to a line, and up to one blank line. All else has one form. (The `turtlefmt` package
does much the same, but puts every list of values on one line, however long, and cannot be told otherwise.)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pyoxigraph import BlankNode, Quad, Triple

from kg import rdfio
from kg.errors import InvalidDataError
from kg.rdfio import Format
from kg.turtle import Statement, TurtleError, resolve, statements, tokens, unescape
from kg.vocab import PREFIXES, compact

INDENT = "    "
_BASE = "http://base.invalid/"
_TYPE = PREFIXES["rdf"] + "type"


class FormatError(InvalidDataError):
    """A document that is left as it is: it has something that the layout has no place for."""


class NotTurtleError(FormatError):
    """A document that no reader of its format takes."""


@dataclass(frozen=True, slots=True)
class _Comment:
    text: str
    own_line: bool
    after_blank: bool


@dataclass(frozen=True, slots=True)
class _Token:
    """A token with what stands before it: comments, and whether a line end and a blank line do."""

    kind: str
    text: str
    comments: tuple[_Comment, ...]
    on_new_line: bool
    after_blank: bool


@dataclass(frozen=True, slots=True)
class _Term:
    """Tokens that are written without space between them."""

    first: _Token
    rest: tuple[_Token, ...] = ()


@dataclass(frozen=True, slots=True)
class _Predicate:
    """A predicate with its objects, the commas between them, and the semicolons behind them."""

    verb: _Token
    objects: list[_Node]
    commas: list[_Token]
    semicolons: list[_Token]


@dataclass(frozen=True, slots=True)
class _Properties:
    first: _Token
    predicates: list[_Predicate]
    close: _Token


@dataclass(frozen=True, slots=True)
class _Items:
    first: _Token
    items: list[_Node]
    close: _Token


_Node = _Term | _Properties | _Items


@dataclass(frozen=True, slots=True)
class _Directive:
    first: _Token
    name: str | None
    iri: str


@dataclass(frozen=True, slots=True)
class _Statement:
    subject: _Node
    predicates: list[_Predicate]
    dot: _Token


@dataclass(frozen=True, slots=True)
class _Graph:
    """A block of TriG: its statements, with the word GRAPH and the name before it where there are such."""

    word: _Token | None
    name: _Node | None
    first: _Token
    statements: list[_Statement]
    close: _Token


_Part = _Directive | _Statement | _Graph
_END = _Token("dot", ".", (), False, False)


TURTLE, TRIG = (fmt for name in ("turtle", "trig") if (fmt := rdfio.named(name)))
FORMATS = (TURTLE, TRIG)
"""What has a layout."""


def formatted(text: str, prefixes: Mapping[str, str] = PREFIXES, form: Format = TURTLE) -> str:
    """Give a Turtle or TriG document in the one layout; the same text if it is in it already.

    IRIs in a namespace of `prefixes` become prefixed names. Raises FormatError for what cannot be laid out
    without a doubt.

    >>> print(formatted("@prefix ex: <http://ex.org/>. ex:a a ex:B;ex:c 1,2;."), end="")
    @prefix ex: <http://ex.org/> .
    <BLANKLINE>
    ex:a a ex:B ;
        ex:c 1 , 2 .
    """
    text = text.removeprefix("\ufeff")
    before = _meaning(text, form)
    result = _settled(text, prefixes)
    if result == text:
        return text
    if _meaning(result, form) != before or _comments_in(result) != _comments_in(text):
        raise FormatError("Laid out, it would not say the same.")
    return result


_ROUNDS = 6
"""How often a document is laid out at most: comments that move with a line can make other lines break."""


def _settled(text: str, prefixes: Mapping[str, str]) -> str:
    """Give the layout that laying out once more would not change."""
    for _ in range(_ROUNDS):
        before, text = text, _laid_out(text, prefixes)
        if text == before:
            return text
    raise FormatError("Its layout does not settle.")


def _laid_out(text: str, prefixes: Mapping[str, str]) -> str:
    try:
        document, last = _Parser(text).document()
    except (TurtleError, IndexError, RecursionError) as error:
        raise FormatError(f"It has something that the layout has no place for ({error}).") from error
    return _Writer().document(_Header(document, prefixes).arranged(), last)


def formatted_bytes(content: bytes, prefixes: Mapping[str, str] = PREFIXES, form: Format = TURTLE) -> bytes:
    """Give the bytes of a file in the one layout: UTF-8 with LF line ends. Raises FormatError."""
    try:
        return formatted(content.decode("utf-8"), prefixes, form).encode()
    except UnicodeDecodeError as error:
        raise NotTurtleError("It is not UTF-8.") from error


def _meaning(text: str, form: Format) -> tuple[list[object], Counter[object]]:
    """Give what a document states, read twice, in time linear in its length.

    First by our reader, in order, blank nodes numbered as they come; then by the engine, in no order, all
    blank nodes the same.
    """
    numbers: dict[str, int] = {}
    try:
        quads = rdfio.read(text.encode(), form, base=_BASE)
        theirs = Counter(_plain(quad, lambda _: 0) for quad in quads)
        ours = [
            _plain(one, lambda label: numbers.setdefault(label, len(numbers)))
            for one in statements(text, _BASE)
        ]
    except (SyntaxError, UnicodeEncodeError) as error:
        raise NotTurtleError(f"It is not {form.label}: {error}.") from error
    except TurtleError as error:
        raise FormatError(f"It cannot be followed: {error}.") from error
    return ours, theirs


def _comments_in(text: str) -> int:
    """Count the signs of the comments of a document, so that none is lost."""
    each = (text[token.start : token.end] for token in tokens(text, comments=True) if token.kind == "comment")
    return sum(len(comment.replace(" ", "")) for comment in each)


def _plain(term: object, number: Callable[[str], int]) -> object:
    if isinstance(term, Triple):
        return _plain(term.subject, number), term.predicate, _plain(term.object, number)
    if isinstance(term, Quad | Statement):
        graph = term.graph_name if isinstance(term, Quad) else term.graph
        triple = Triple(term.subject, term.predicate, term.object)
        return _plain(graph, number), _plain(triple, number)
    return number(term.value) if isinstance(term, BlankNode) else term


class _Parser:
    """Reads a document into statements that keep their tokens. Raises TurtleError or IndexError."""

    def __init__(self, text: str) -> None:
        self._tokens, self._last = _with_trivia(text)
        self._at = 0

    def document(self) -> tuple[list[_Part], tuple[_Comment, ...]]:
        """Give the statements, and the comments after the last one."""
        found: list[_Part] = []
        while self._at < len(self._tokens):
            token = self._tokens[self._at]
            if token.text.lower().lstrip("@") in ("prefix", "base") and token.kind in ("at", "word"):
                found.append(self._directive())
            else:
                found.append(self._statement_or_graph())
        return found, self._last

    def _next(self) -> _Token:
        self._at += 1
        return self._tokens[self._at - 1]

    def _is(self, *marks: str) -> bool:
        token = self._tokens[self._at]
        return token.kind in ("mark", "dot") and token.text in marks

    def _expect(self, mark: str) -> _Token:
        if not self._is(mark):
            raise TurtleError(f"{self._tokens[self._at].text[:40]!r} was not expected", self._at)
        return self._next()

    def _directive(self) -> _Directive:
        first = self._next()
        name = (self._next(),) if first.text.lower().endswith("prefix") else ()
        iri = self._next()
        dot = (self._expect("."),) if first.kind == "at" else ()
        inner = (replace(c, own_line=True) for token in (*name, iri, *dot) for c in token.comments)
        first = replace(first, comments=(*first.comments, *inner))
        return _Directive(first, name[0].text[:-1] if name else None, iri.text)

    def _statement_or_graph(self) -> _Statement | _Graph:
        token = self._tokens[self._at]
        if token.kind == "word" and token.text.lower() == "graph":
            return self._graph(self._next(), self._node())
        if self._is("{"):
            return self._graph(None, None)
        subject = self._node()
        return self._graph(None, subject) if self._is("{") else self._statement(subject)

    def _graph(self, word: _Token | None, name: _Node | None) -> _Graph:
        first, found = self._expect("{"), list[_Statement]()
        while not self._is("}"):
            found.append(self._statement(self._node()))
        return _Graph(word, name, first, found, self._next())

    def _statement(self, subject: _Node) -> _Statement:
        predicates = [] if self._is(".", "}") else self._predicates()
        return _Statement(subject, predicates, _END if self._is("}") else self._expect("."))

    def _predicates(self) -> list[_Predicate]:
        found: list[_Predicate] = []
        while not self._is(".", "]", "}"):
            verb = self._next()
            if verb.kind not in ("name", "iri", "word"):
                raise TurtleError(f"{verb.text[:40]!r} was not expected", self._at)
            objects, commas, semicolons = [self._node()], list[_Token](), list[_Token]()
            while self._is(","):
                commas.append(self._next())
                objects.append(self._node())
            while self._is(";"):
                semicolons.append(self._next())
            found.append(_Predicate(verb, objects, commas, semicolons))
        return found

    def _node(self) -> _Node:
        if self._is("["):
            first = self._next()
            return _Properties(first, self._predicates(), self._expect("]"))
        if self._is("("):
            first, items = self._next(), list[_Node]()
            while not self._is(")"):
                items.append(self._node())
            return _Items(first, items, self._next())
        token = self._next()
        if token.kind in ("open", "close", "mark", "dot", "at", "datatype"):
            raise TurtleError(f"{token.text[:40]!r} was not expected", self._at)
        following = {"at": 1, "datatype": 2} if token.kind == "string" else {}
        rest = tuple(self._next() for _ in range(following.get(self._tokens[self._at].kind, 0)))
        inner = (comment for part in rest for comment in part.comments)
        return _Term(replace(token, comments=(*token.comments, *inner)), rest)


def _with_trivia(text: str) -> tuple[list[_Token], tuple[_Comment, ...]]:
    """Give the tokens, each with what stands before it, and the comments behind the last."""
    found: list[_Token] = []
    comments: list[_Comment] = []
    end, on_new_line = 0, True
    for token in tokens(text, comments=True):
        lines = text.count("\n", end, token.start)
        on_new_line = on_new_line or lines > 0
        piece = text[token.start : token.end]
        if token.kind == "comment":
            comments.append(_Comment(piece.rstrip(), on_new_line, lines > 1))
        else:
            found.append(_Token(token.kind, piece, tuple(comments), on_new_line, lines > 1))
            comments.clear()
        end, on_new_line = token.end, token.kind == "comment"
    return found, tuple(comments)


class _Header:
    """The prefixes of a document: sorted, without those that nothing uses, with those that IRIs can use."""

    def __init__(self, document: Sequence[_Part], table: Mapping[str, str]) -> None:
        self._document = document
        self._table = table
        self._directives = [part for part in document if isinstance(part, _Directive)]
        count = len(self._directives)
        names = {directive.name for directive in self._directives}
        inner = any(directive.first.comments for directive in self._directives[1:])
        self._simple = (
            None not in names
            and len(names) == count
            and not inner
            and all(isinstance(part, _Directive) for part in document[:count])
        )

    def arranged(self) -> list[_Part]:
        """Give the document with its prefixes in order, if they can be moved without a doubt."""
        if not self._simple:
            return list(self._document)
        declared = {d.name or "": resolve(unescape(d.iri[1:-1]), _BASE) for d in self._directives}
        relative = any("://" not in d.iri for d in self._directives)
        extra = {} if relative else {n: i for n, i in self._table.items() if n not in declared}
        shortener = _Shortener(declared, extra)
        body = [shortener.part(part) for part in self._document if not isinstance(part, _Directive)]
        return [*self._prefixes({**declared, **extra}, shortener.used), *body]

    def _prefixes(self, known: Mapping[str, str], used: set[str]) -> list[_Directive]:
        iris = {directive.name or "": directive.iri for directive in self._directives}
        top = self._directives[0].first if self._directives else None
        plain = _Token("at", "@prefix", (), True, False)
        first = plain if top is None else _Token("at", "@prefix", top.comments, True, top.after_blank)
        names = sorted(used)
        kept = [
            _Directive(plain if number else first, name, iris.get(name, f"<{known[name]}>"))
            for number, name in enumerate(names)
        ]
        return kept or ([_Directive(first, None, "")] if first.comments else [])


@dataclass(slots=True)
class _Shortener:
    """Writes IRIs as prefixed names where it can, and notes which prefixes a document uses."""

    declared: Mapping[str, str]
    extra: Mapping[str, str]
    used: set[str] = field(default_factory=set)

    def part(self, one: _Statement | _Graph) -> _Statement | _Graph:
        """Give a statement or a block of them with its IRIs shortened."""
        if isinstance(one, _Statement):
            return self._statement(one)
        name = None if one.name is None else self._node(one.name)
        return _Graph(one.word, name, one.first, [self._statement(s) for s in one.statements], one.close)

    def _statement(self, one: _Statement) -> _Statement:
        return _Statement(self._node(one.subject), [self._predicate(p) for p in one.predicates], one.dot)

    def _predicate(self, one: _Predicate) -> _Predicate:
        verb = self._token(one.verb)
        if verb.kind == "name" and self._means(verb.text) == _TYPE:
            verb = _Token("word", "a", verb.comments, verb.on_new_line, verb.after_blank)
        elif verb.kind == "name":
            self.used.add(verb.text.partition(":")[0])
        return _Predicate(verb, [self._node(node) for node in one.objects], one.commas, one.semicolons)

    def _node(self, node: _Node) -> _Node:
        if isinstance(node, _Properties):
            return _Properties(node.first, [self._predicate(p) for p in node.predicates], node.close)
        if isinstance(node, _Items):
            return _Items(node.first, [self._node(item) for item in node.items], node.close)
        parts = [self._token(token) for token in (node.first, *node.rest)]
        self.used.update(part.text.partition(":")[0] for part in parts if part.kind == "name")
        return _Term(parts[0], tuple(parts[1:]))

    def _means(self, name: str) -> str:
        prefix, _, local = name.partition(":")
        return {**self.extra, **self.declared}.get(prefix, "") + unescape(local)

    def _token(self, token: _Token) -> _Token:
        if token.kind != "iri":
            return token
        name = compact(token.text[1:-1], {**self.extra, **self.declared})
        if name is None or name.endswith(":"):
            return token
        return _Token("name", name, token.comments, token.on_new_line, token.after_blank)


class _Writer:
    """Writes statements line by line."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._line = ""

    def document(self, parts: Sequence[_Part], last: Sequence[_Comment]) -> str:
        """Give the whole document."""
        for number, part in enumerate(parts):
            if isinstance(part, _Directive):
                self._directive(part)
                continue
            if number > 0 and isinstance(parts[number - 1], _Directive):
                self._blank_line()
            if isinstance(part, _Graph):
                self._graph(part)
            else:
                self._statement(part, "")
        self._comments(last, "")
        self._end_line()
        return "\n".join(self._lines).strip("\n") + "\n" if self._lines else ""

    def _end_line(self) -> None:
        if self._line:
            self._lines.append(self._line)
        self._line = ""

    def _blank_line(self) -> None:
        self._end_line()
        if self._lines and self._lines[-1]:
            self._lines.append("")

    def _comments(self, comments: Iterable[_Comment], indent: str) -> None:
        for comment in comments:
            if comment.own_line or not (self._line or self._lines):
                if comment.after_blank:
                    self._blank_line()
                self._end_line()
                self._line = indent + comment.text
            elif self._line:
                self._line += f" {comment.text}"
            else:
                self._lines[-1 if self._lines[-1] else -2] += f" {comment.text}"
            self._end_line()

    def _put(self, token: _Token, indent: str, *, new_line: bool, glue: bool = False) -> None:
        """Write a token behind its comments: on a new line if asked to or if a comment ended this one."""
        self._comments(token.comments, indent)
        if new_line:
            self._end_line()
        if not self._line:
            if token.after_blank:
                self._blank_line()
            self._line = indent + token.text
        else:
            self._line += token.text if glue else f" {token.text}"

    def _mark(self, token: _Token, indent: str, *, glue: bool = False) -> None:
        """Write a comma, semicolon or dot where the value ended, and then the comments before it."""
        self._line += token.text if glue else f" {token.text}"
        self._comments(token.comments, indent)

    def _directive(self, one: _Directive) -> None:
        self._comments(one.first.comments, "")
        self._end_line()
        if one.first.after_blank:
            self._blank_line()
        if one.iri:
            self._line = f"@base {one.iri} ." if one.name is None else f"@prefix {one.name}: {one.iri} ."
            self._end_line()

    def _graph(self, one: _Graph) -> None:
        """Write a block: its name and bracket on a line, its statements deeper, one bracket at the end."""
        if one.word is not None:
            self._put(replace(one.word, text="GRAPH"), "", new_line=True)
        if one.name is not None:
            self._node(one.name, "", new_line=one.word is None)
        self._put(one.first, "", new_line=one.name is None)
        for statement in one.statements:
            self._statement(statement, INDENT)
        if one.statements or one.close.comments:
            self._comments(one.close.comments, INDENT)
            self._put(replace(one.close, comments=()), "", new_line=True)
        else:
            self._line += one.close.text
        self._end_line()

    def _statement(self, one: _Statement, indent: str) -> None:
        self._node(one.subject, indent, new_line=True)
        self._predicates(one.predicates, indent + INDENT, beside=True)
        self._mark(one.dot, indent)
        self._end_line()

    def _predicates(self, predicates: Sequence[_Predicate], indent: str, *, beside: bool) -> None:
        """Write predicates a line each; the first beside what is before it if `beside` and written so."""
        for number, one in enumerate(predicates):
            stays = number == 0 and beside and not one.verb.on_new_line
            self._put(one.verb, indent, new_line=not stays)
            self._objects(one, indent + INDENT)
            if number < len(predicates) - 1:
                self._mark(_merged(one.semicolons), indent)
            else:
                self._comments(_merged(one.semicolons).comments, indent)

    def _objects(self, one: _Predicate, indent: str) -> None:
        later = [_start(node) for node in one.objects[1:]]
        many = any(token.on_new_line for token in later)
        below = many or (_start(one.objects[0]).on_new_line and isinstance(one.objects[0], _Term))
        for number, node in enumerate(one.objects):
            self._node(node, indent if below else indent.removesuffix(INDENT), new_line=below)
            if number < len(one.commas):
                self._mark(one.commas[number], indent, glue=below)

    def _node(self, node: _Node, indent: str, *, new_line: bool) -> None:
        self._put(node.first, indent, new_line=new_line)
        if isinstance(node, _Term):
            for token in node.rest:
                self._line += token.text
            return
        inside = _inside(node)
        if not inside and not node.close.comments:
            self._line += node.close.text
            return
        broken = node.close.on_new_line or any(token.on_new_line for token in inside)
        deeper = indent + INDENT
        if isinstance(node, _Items):
            for item in node.items:
                self._node(item, deeper, new_line=broken)
        elif broken:
            self._predicates(node.predicates, deeper, beside=False)
        else:
            self._on_line(node.predicates, deeper)
        self._put(node.close, indent, new_line=broken)

    def _on_line(self, predicates: Sequence[_Predicate], indent: str) -> None:
        for number, one in enumerate(predicates):
            self._put(one.verb, indent, new_line=False)
            self._objects(one, indent)
            if number < len(predicates) - 1:
                self._mark(_merged(one.semicolons), indent)
            else:
                self._comments(_merged(one.semicolons).comments, indent)


def _start(node: _Node) -> _Token:
    return node.first


def _inside(node: _Properties | _Items) -> list[_Token]:
    """Give the tokens that brackets would break a line before."""
    if isinstance(node, _Items):
        return [_start(item) for item in node.items]
    return [one.verb for one in node.predicates]


def _merged(marks: Sequence[_Token]) -> _Token:
    """Give one semicolon for several, with the comments of all."""
    comments = tuple(comment for mark in marks for comment in mark.comments)
    return _Token("mark", ";", comments, False, False)
