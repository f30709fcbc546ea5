"""What a dataset's TOML file says of its pages: headings, properties, schemes."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kg.errors import ConfigError
from kg.vocab import PREFIXES

LAYOUT_FILE = "ontology/page-layout.toml"
"""Where a dataset describes its pages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Qualified:
    """The terms for a phrase that holds for some places only."""

    property: str
    class_: str
    value: str
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Agents:
    """The terms for an item that is an agent with a name."""

    kind: str
    property: str
    class_: str
    agent: str
    role_property: str
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A list on the page: its headings, and the property and scheme of its items."""

    headings: tuple[str, ...]
    property: str
    scheme: str
    qualified: Qualified | None = None
    agents: Agents | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """How pages are laid out, as the dataset's TOML file says; prefixed names are still prefixed."""

    sections: tuple[Section, ...]
    subject: Mapping[str, Any]
    period: Mapping[str, Any]
    places: Mapping[str, Any]
    homepage: Mapping[str, Any]
    entry: Mapping[str, Any]
    closing: Mapping[str, Any]
    languages: Mapping[str, Any]
    prefixes: Mapping[str, str]

    def iri(self, prefixed: str) -> str:
        """Give the IRI of a prefixed name. Raises ConfigError for an unknown prefix."""
        prefix, _, local = prefixed.partition(":")
        if prefix not in self.prefixes:
            raise ConfigError(f"The page layout uses the prefix {prefix!r}, which nothing declares.")
        return self.prefixes[prefix] + local


def load_layout(content: bytes, *, path: str, prefixes: Mapping[str, str] = PREFIXES) -> Layout:
    """Read the TOML that describes pages. Raises ConfigError naming the file and the key."""
    try:
        table = tomllib.loads(content.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not TOML: {error}.") from error
    try:
        return Layout(
            sections=tuple(_section(section) for section in table["sections"]),
            subject=table["subject"],
            period=table["period"],
            places=table["places"],
            homepage=table["homepage"],
            entry=table["entry"],
            closing=table["closing"],
            languages=table["languages"],
            prefixes={**prefixes, **table["prefixes"]},
        )
    except KeyError as error:
        raise ConfigError(f"{path}: {error.args[0]!r} is missing.") from error


def _section(table: Mapping[str, Any]) -> Section:
    qualified, agents = table.get("qualified"), table.get("agents")
    return Section(
        headings=tuple(table["headings"]),
        property=table["property"],
        scheme=table["scheme"],
        qualified=Qualified(**_renamed(qualified)) if qualified else None,
        agents=Agents(**_renamed(agents)) if agents else None,
    )


def _renamed(table: Mapping[str, str]) -> dict[str, str]:
    return {("class_" if key == "class" else key): value for key, value in table.items()}
