"""What a dataset says about itself in `kg.toml`: read once, checked, frozen."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from kg.errors import ConfigError
from kg.vocab import PREFIXES

FILE_NAME = "kg.toml"
DEFAULT_BASE = "http://localhost:8000/"


@dataclass(frozen=True, slots=True)
class Publisher:
    """Who answers for the dataset."""

    name: str
    iri: str | None = None
    email: str | None = None
    homepage: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """A dataset's own settings; each has a value that serves a folder without `kg.toml`."""

    base: str = DEFAULT_BASE
    title: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({"en": "RDF dataset"}))
    description: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    languages: tuple[str, ...] = ("en",)
    license: str | None = None
    version: str | None = None
    created: str | None = None
    publisher: Publisher | None = None
    prefixes: Mapping[str, str] = field(default_factory=lambda: PREFIXES)
    front_page: tuple[str, ...] = ()
    violations: tuple[str, ...] = ()
    silenced: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def load(path: Path) -> Config:
    """Read a `kg.toml`. Raises ConfigError naming the file, the key and what it may be."""
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not TOML: {error}.") from error
    return _config(table, path)


def _config(table: Mapping[str, Any], path: Path) -> Config:
    known = {f.name for f in fields(Config)}
    for key in table:
        if key not in known:
            raise ConfigError(
                f"{path}: unknown setting {key!r}.", hint=f"There are: {', '.join(sorted(known))}."
            )
    readers: dict[str, Callable[[object, str, Path], object]] = {
        "base": _base,
        "title": _texts,
        "description": _texts,
        "languages": _strings,
        "publisher": _publisher,
        "prefixes": _prefixes,
        "front_page": _strings,
        "violations": _strings,
        "silenced": _texts,
    }
    values: dict[str, Any] = {
        key: readers.get(key, _string)(value, key, path) for key, value in table.items()
    }
    return Config(**values)


def _wrong(path: Path, key: str, want: str) -> ConfigError:
    return ConfigError(f"{path}: {key} must be {want}.")


def _string(value: object, key: str, path: Path) -> str:
    if not isinstance(value, str):
        raise _wrong(path, key, "a string")
    return value


def _strings(value: object, key: str, path: Path) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _wrong(path, key, "a list of strings")
    return tuple(value)


def _texts(value: object, key: str, path: Path) -> Mapping[str, str]:
    if isinstance(value, str):
        return MappingProxyType({"en": value})
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise _wrong(path, key, f"a string, or strings by name, such as {key}.nb")
    return MappingProxyType(dict(value))


def _base(value: object, key: str, path: Path) -> str:
    return checked_base(_string(value, key, path), f"{path}: {key}")


def checked_base(base: str, what: str = "--base") -> str:
    """Give the base IRI if it is one that entities can hang under, else raise ConfigError."""
    parts = urlsplit(base)
    if parts.scheme not in ("http", "https") or not parts.netloc or not base.endswith("/"):
        raise ConfigError(
            f"{what} is {base!r}.",
            hint="It must be an http(s) IRI that ends in '/', such as https://ex.org/kg/.",
        )
    return base


def _prefixes(value: object, key: str, path: Path) -> Mapping[str, str]:
    return MappingProxyType({**PREFIXES, **_texts(value, key, path)})


def _publisher(value: object, key: str, path: Path) -> Publisher:
    known = {f.name for f in fields(Publisher)}
    if not isinstance(value, dict) or "name" not in value or not known.issuperset(value):
        raise _wrong(path, key, f"a table with name and any of {', '.join(sorted(known - {'name'}))}")
    return Publisher(**{name: _string(text, f"{key}.{name}", path) for name, text in value.items()})
