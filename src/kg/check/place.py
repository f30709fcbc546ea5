"""Where a finding points: the file that states the focus node, and the line it is on.

A search in the text, done only when there is something to say; it is right where files are written as people
write them, and a finding keeps its file even where the line is not found.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from functools import cached_property

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from kg.errors import SourceError
from kg.findings import Place
from kg.source import SourceFile

_PREFIX = re.compile(r"(?im)^\s*@?prefix\s+([^\s:]*):\s*<([^>]*)>")
_FIRST = re.compile(r"(?m)^[^\s#@]\S*")
_DIRECTIVE = re.compile(r"(?i)\s*@?(prefix|base)\b")
_STATEMENT_END = re.compile(r"(?m)\.[ \t\r]*(#.*)?$")
_SEARCHES = 300
_BASE = re.compile(r"(?im)^\s*@?base\s+<([^>]*)>")


def written(term: NamedNode | BlankNode | Literal) -> str:
    """Give a term as findings carry it: a bare IRI, else as N-Triples writes it.

    >>> written(NamedNode("https://ex.org/x")), written(Literal("x", language="nb"))
    ('https://ex.org/x', '"x"@nb')
    """
    return term.value if isinstance(term, NamedNode) else str(term)


class Text:
    """A file's text, and where IRIs stand in it, in whatever form they are written."""

    def __init__(self, name: str, text: str, base: str | None = None) -> None:
        """Keep the text; `base` is what its relative IRIs are read against."""
        self.name = name
        self._text = text
        self._base = base
        self._searches = 0

    @property
    def text(self) -> str:
        """The text itself."""
        return self._text

    @cached_property
    def _ends(self) -> list[int]:
        return [match.start() for match in re.finditer("\n", self._text)]

    @cached_property
    def _firsts(self) -> Mapping[str, int]:
        """Where each word that begins a line is first."""
        found: dict[str, int] = {}
        for match in _FIRST.finditer(self._text):
            found.setdefault(match.group(), match.start())
        return found

    @cached_property
    def _prefixes(self) -> Mapping[str, str]:
        return dict(_PREFIX.findall(self._text))

    @cached_property
    def _bases(self) -> list[str]:
        return _BASE.findall(self._text) or ([self._base] if self._base else [])

    def _forms(self, iri: str) -> list[str]:
        forms = [f"<{iri}>", f'"{iri}"']
        for prefix, namespace in self._prefixes.items():
            if namespace and iri.startswith(namespace):
                forms.append(f"{prefix}:{iri[len(namespace) :]}")
        for base in self._bases:
            root = base[: base.rfind("/") + 1]
            forms += [f"<{iri[len(cut) :]}>" for cut in (base, root) if iri.startswith(cut)]
        return forms

    def _place(self, start: int, length: int) -> Place:
        line = bisect_left(self._ends, start)
        before = self._ends[line - 1] + 1 if line else 0
        return Place(self.name, line + 1, start - before + 1, length)

    def subject(self, iri: str) -> Place | None:
        """Give the first place where an IRI begins a line, as subjects do; else the first at all."""
        for form in self._forms(iri):
            start = self._firsts.get(form)
            if start is not None:
                return self._place(start, len(form))
        return self.find(iri)

    def find(self, iri: str, *, start: int = 0, end: int | None = None) -> Place | None:
        """Give the first place of an IRI in a part of the text.

        Only so many searches of the whole text are made: where thousands of findings need one each, the
        later ones have their file and no line.
        """
        if end is None:
            self._searches += 1
            if self._searches > _SEARCHES:
                return None
        forms = "|".join(map(re.escape, self._forms(iri)))
        pattern = re.compile(rf"(?<![\w:<.-])(?:{forms})(?![\w-]|\.\w)")
        for match in pattern.finditer(self._text, start, len(self._text) if end is None else end):
            if not _DIRECTIVE.match(self._text, self._text.rfind("\n", 0, match.start()) + 1):
                return self._place(match.start(), len(match.group()))
        return None

    def statement(self, place: Place) -> tuple[int, int]:
        """Give where the statement at a place begins and ends, as near as layout tells."""
        assert place.line is not None
        start = self._ends[place.line - 2] + 1 if place.line > 1 else 0
        end = _STATEMENT_END.search(self._text, start)
        return start, end.end() if end else len(self._text)

    def line(self, number: int) -> str | None:
        """Give one line, counted from 1."""
        start = self._ends[number - 2] + 1 if 1 < number <= len(self._ends) + 1 else 0
        end = self._ends[number - 1] if number <= len(self._ends) else len(self._text)
        return self._text[start:end].rstrip("\r") if 1 <= number <= len(self._ends) + 1 else None


class Places:
    """Finds the places of nodes in the files of a dataset; files are read when first needed."""

    def __init__(self, files: Iterable[SourceFile]) -> None:
        """Keep the files in the order in which they are searched."""
        self._files = tuple(files)
        self._stated: dict[str, SourceFile] = {}
        self._texts: dict[str, Text] = {}

    def look_for(self, nodes: Collection[str]) -> None:
        """Find out, in one reading, which file first states something about each node."""
        missing = set(nodes).difference(self._stated)
        for file in self._files:
            if not missing:
                return
            with suppress(SyntaxError):
                self._look_in(file, missing)

    def _look_in(self, file: SourceFile, missing: set[str]) -> None:
        for quad in file.quads(named=False):
            subject = quad.subject
            if not isinstance(subject, Triple) and (name := written(subject)) in missing:
                self._stated[name] = file
                missing.discard(name)

    def text(self, file: SourceFile) -> Text:
        """Give a file's text, read once."""
        if file.relative not in self._texts:
            try:
                content = file.content().decode("utf-8", "replace")
            except SourceError:
                content = ""
            self._texts[file.relative] = Text(file.relative, content, file.graph.value)
        return self._texts[file.relative]

    def term(self, file: SourceFile, iri: str) -> Place:
        """Give the place where an IRI first stands in a file, the file alone if the line is not found."""
        return self.text(file).find(iri) or Place(file.relative)

    def locate(self, focus: str, *, path: str | None = None) -> Place | None:
        """Give the place of what is said about a focus node: the property on it, else the node itself.

        `focus` and `path` are as findings carry them; None where no file has the node as subject, or
        where it was not looked for.
        """
        file = self._stated.get(focus)
        if file is None:
            return None
        text = self.text(file)
        subject = text.subject(focus)
        if subject is None or path is None:
            return subject or Place(file.relative)
        start, end = text.statement(subject)
        return text.find(path, start=start, end=end) or subject

    def excerpt(self, place: Place) -> str | None:
        """Give the line that a place points at."""
        text = self._texts.get(place.file)
        return text.line(place.line) if text is not None and place.line is not None else None
