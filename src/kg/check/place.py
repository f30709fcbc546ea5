"""Where a finding points: the file that states the focus node, and the line it is on.

A search in the text, done only when there is something to say; it is right where files are written as people
write them, and a finding keeps its file even where the line is not found.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cached_property

from pyoxigraph import BlankNode, Literal, NamedNode

from kg.errors import SourceError
from kg.findings import Place
from kg.source import SourceFile

_PREFIX = re.compile(r"(?im)^\s*@?prefix\s+([^\s:]*):\s*<([^>]*)>")
_BASE = re.compile(r"(?im)^\s*@?base\s+<([^>]*)>")


def written(term: NamedNode | BlankNode | Literal) -> str:
    """Give a term as findings carry it: a bare IRI, else as N-Triples writes it.

    >>> written(NamedNode("https://ex.org/x")), written(Literal("x", language="nb"))
    ('https://ex.org/x', '"x"@nb')
    """
    return term.value if isinstance(term, NamedNode) else str(term)


class Text:
    """A file's lines, and the forms in which an IRI can stand in them."""

    def __init__(self, name: str, text: str, base: str | None = None) -> None:
        """Keep the text; `base` is what its relative IRIs are read against."""
        self.name = name
        self.text = text
        self._base = base

    @cached_property
    def lines(self) -> list[str]:
        """The lines without their ends."""
        return self.text.splitlines()

    @cached_property
    def _prefixes(self) -> Mapping[str, str]:
        return dict(_PREFIX.findall(self.text))

    @cached_property
    def _bases(self) -> list[str]:
        return _BASE.findall(self.text) or ([self._base] if self._base else [])

    def _forms(self, iri: str) -> str:
        forms = [re.escape(f"<{iri}>"), re.escape(f'"{iri}"')]
        for prefix, namespace in self._prefixes.items():
            if namespace and iri.startswith(namespace):
                forms.append(rf"(?<![\w:<]){re.escape(f'{prefix}:{iri[len(namespace) :]}')}(?![\w-]|\.\w)")
        for base in self._bases:
            root = base[: base.rfind("/") + 1]
            forms += [re.escape(f"<{iri[len(cut) :]}>") for cut in (base, root) if iri.startswith(cut)]
        return "|".join(forms)

    def find(self, iri: str, *, start: int = 1, as_subject: bool = False) -> Place | None:
        """Give the first place at or after a line where an IRI stands (as first thing on a line)."""
        forms = self._forms(iri)
        pattern = re.compile(rf"^()({forms})" if as_subject else rf"(^|.*?)({forms})")
        for number, line in enumerate(self.lines[start - 1 :], start):
            if (match := pattern.match(line)) and not line.lstrip().lower().startswith(("@prefix", "prefix")):
                return Place(self.name, number, match.start(2) + 1, len(match.group(2)))
        return None

    def block_end(self, start: int) -> int:
        """Give the last line of the statement that begins on a line, as near as layout tells."""
        for number, line in enumerate(self.lines[start - 1 :], start):
            if re.search(r"\.\s*(#.*)?$", line):
                return number
        return len(self.lines)


class Places:
    """Finds the places of nodes in the files of a dataset; files are read when first needed."""

    def __init__(self, files: Iterable[SourceFile]) -> None:
        """Keep the files in the order in which they are searched."""
        self._files = tuple(files)

    @cached_property
    def _subjects(self) -> Mapping[str, SourceFile]:
        found: dict[str, SourceFile] = {}
        for file in self._files:
            for quad in file.quads():
                if isinstance(quad.subject, NamedNode | BlankNode):
                    found.setdefault(written(quad.subject), file)
        return found

    @cached_property
    def _texts(self) -> dict[str, Text]:
        return {}

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

        `focus` and `path` are as findings carry them; None where no file has the node as subject.
        """
        file = self._subjects.get(focus)
        if file is None:
            return None
        text = self.text(file)
        subject = text.find(focus, as_subject=True) or text.find(focus)
        if subject is None or subject.line is None or path is None:
            return subject or Place(file.relative)
        there = text.find(path, start=subject.line)
        if there is None or there.line is None or there.line > text.block_end(subject.line):
            return subject
        return there

    def excerpt(self, place: Place) -> str | None:
        """Give the line that a place points at."""
        if place.line is None or place.file not in self._texts:
            return None
        lines = self._texts[place.file].lines
        return lines[place.line - 1] if place.line <= len(lines) else None
