"""What a dataset says about itself in `kg.toml`: read once, checked, frozen."""

from __future__ import annotations

import re
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
class Catalogue:
    """What a catalogue wants to know and triples do not tell; IRIs are those of DCAT-AP-NO's lists.

    Texts and keywords are by language; `temporal_*` is a year, a month or a day; `activity` is how the data
    came to be, `subjects` what else they are about beside `themes`, `rights` what a user must heed.
    """

    contact_name: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    contact_email: str | None = None
    contact_url: str | None = None
    themes: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    keywords: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    spatial: tuple[str, ...] = ()
    temporal_start: str | None = None
    temporal_end: str | None = None
    frequency: str | None = None
    access_rights: str | None = None
    status: str | None = None
    availability: str | None = None
    activity: str | None = None
    sources: tuple[str, ...] = ()
    rights: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


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
    catalogue: Catalogue = field(default_factory=Catalogue)
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
        "catalogue": _catalogue,
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


def _catalogue(value: object, key: str, path: Path) -> Catalogue:
    known = {f.name for f in fields(Catalogue)}
    if not isinstance(value, dict) or not known.issuperset(value):
        raise _wrong(path, key, f"a table with any of {', '.join(sorted(known))}")
    readers: dict[str, Callable[[object, str, Path], object]] = {
        "contact_name": _texts,
        "contact_email": _email,
        "themes": _iris,
        "subjects": _iris,
        "keywords": _keywords,
        "spatial": _iris,
        "temporal_start": _day,
        "temporal_end": _day,
        "sources": _iris,
        "rights": _texts,
    }
    values: dict[str, Any] = {
        name: readers.get(name, _iri)(given, f"{key}.{name}", path) for name, given in value.items()
    }
    return Catalogue(**values)


def _iri(value: object, key: str, path: Path) -> str:
    if not isinstance(value, str) or not re.fullmatch(r'https?://[^\s<>"{}|\\^`]+', value):
        raise _wrong(path, key, "an http(s) IRI")
    return value


def _iris(value: object, key: str, path: Path) -> tuple[str, ...]:
    return tuple(_iri(item, key, path) for item in _strings(value, key, path))


def _email(value: object, key: str, path: Path) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[^\s@<>]+@[^\s@<>]+", value):
        raise _wrong(path, key, "an e-mail address")
    return value


def _day(value: object, key: str, path: Path) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}(-\d\d(-\d\d)?)?", value):
        raise _wrong(path, key, 'a year, a month or a day, such as "2006" or "2006-07-01"')
    return value


def _keywords(value: object, key: str, path: Path) -> Mapping[str, tuple[str, ...]]:
    if not isinstance(value, dict):
        raise _wrong(path, key, f"lists of strings by language, such as {key}.en")
    return MappingProxyType({tag: _strings(words, f"{key}.{tag}", path) for tag, words in value.items()})


def to_row(config: Config) -> dict[str, Any]:
    """Give the settings as JSON can hold them."""
    return {f.name: _plain(getattr(config, f.name)) for f in fields(Config)}


def _plain(value: object) -> object:
    if isinstance(value, Publisher | Catalogue):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    return list(value) if isinstance(value, tuple) else value


def of_row(row: Mapping[str, Any]) -> Config:
    """Give the settings that `to_row` made a row of."""
    values = {name: _frozen(value) for name, value in row.items()}
    for name, kind in (("publisher", Publisher), ("catalogue", Catalogue)):
        if row.get(name):
            values[name] = kind(**{key: _frozen(value) for key, value in row[name].items()})
    return Config(**values)


def _frozen(value: Any) -> Any:
    if isinstance(value, dict):
        return MappingProxyType({name: _frozen(item) for name, item in value.items()})
    return tuple(value) if isinstance(value, list) else value
