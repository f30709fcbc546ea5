"""Turtle for review: a file of statements, with only the prefixes that it needs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from kg.pages.layout import Layout


@dataclass(frozen=True, slots=True)
class Draft:
    """A Turtle file ready for review, and the path in the dataset where it belongs."""

    path: str
    turtle: str


@dataclass(slots=True)
class Node:
    """A subject and its statements, in order."""

    subject: str
    statements: list[tuple[str, str]]

    def add(self, predicate: str, value: str) -> None:
        """Add a statement, once."""
        if (predicate, value) not in self.statements:
            self.statements.append((predicate, value))


@dataclass(slots=True)
class Writer:
    """Writes IRIs as short as the prefixes allow, and remembers which prefixes it took."""

    layout: Layout
    base: str
    used: dict[str, str] = field(default_factory=dict)

    def iri(self, iri: str) -> str:
        """Give an IRI as Turtle, with a prefix for things of the dataset."""
        found = re.fullmatch(rf"({re.escape(self.base)}(?:id|concept)/([a-z-]+)/)([a-z0-9-]+)", iri)
        if found:
            self.used[found[2]] = found[1]
            return f"{found[2]}:{found[3]}"
        return f"<{iri}>"

    def name(self, prefixed: str) -> str:
        """Give a prefixed name of the layout, and declare its prefix."""
        prefix = prefixed.partition(":")[0]
        self.used[prefix] = self.layout.iri(f"{prefix}:")
        return prefixed

    def statement(self, text: str) -> tuple[str, str]:
        """Split a statement of the layout, such as `bg:assessed false`."""
        predicate, _, value = text.partition(" ")
        named = predicate if predicate == "a" else self.name(predicate)
        return named, self.name(value) if re.match(r"[a-z][\w-]*:", value) else value

    def date(self, text: str) -> str:
        """Give a year, month or day as a literal of its precision."""
        return f'"{text}"^^' + self.name({4: "xsd:gYear", 7: "xsd:gYearMonth"}.get(len(text), "xsd:date"))

    def draft(self, path: str, subject: str, source: str, nodes: Sequence[Node]) -> Draft:
        """Lay a file out: prefixes, where it comes from, then one statement a line."""
        graph = Node(
            "<>", [("a", self.name("prov:Entity")), (self.name("prov:hadPrimarySource"), f"<{source}>")]
        )
        blocks = [_block(node) for node in (graph, *nodes) if node.statements]
        if any(node.subject.startswith(":") for node in nodes):
            self.used[""] = f"{subject}#"
        prefixes = "".join(f"@prefix {p}: <{ns}> .\n" for p, ns in sorted(self.used.items()))
        return Draft(path, prefixes + "\n" + "\n".join(blocks))


def _block(node: Node) -> str:
    lines = [f"{predicate} {value}" for predicate, value in node.statements]
    return f"{node.subject} " + " ;\n    ".join(lines) + " .\n"


def literal(text: str, language: str) -> str:
    """Give a text in a language as Turtle."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"@{language}'
