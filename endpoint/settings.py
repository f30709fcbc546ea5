"""How a server runs: the one table of settings, each checked at start; nothing about what the data says."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from kg.errors import ConfigError

_HOST = r"[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]"
_HOSTS = re.compile(rf"(?:{_HOST})(?::\d+)?(?:,(?:{_HOST})(?::\d+)?)*")


def _setting(default: Any, text: str, *, least: float | None = None, most: float | None = None) -> Any:
    return field(default=default, metadata={"help": text, "least": least, "most": most})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What an operator may set: by option, or by environment variable `KG_<NAME>`."""

    host: str = _setting("127.0.0.1", "Address to listen on; 0.0.0.0 for all.")
    port: int = _setting(8000, "Port to listen on.", least=1, most=65535)
    root_path: str = _setting("", "Path the site hangs under, such as /kg; empty for the root.")
    public_url: str = _setting("", "Address the site is reached at, ending in /; empty for the base IRI.")
    hosts: str = _setting("", "Names in Host to answer to, with commas between them; empty for any.")
    threads: int = _setting(8, "Threads that answer pages.", least=1, most=256)
    query_workers: int = _setting(2, "Processes that run queries.", least=1, most=64)
    query_timeout: float = _setting(10.0, "Seconds a query may run.", least=0.1, most=3600)
    query_memory: int = _setting(768, "MiB of memory a query may take.", least=256)
    query_bytes: int = _setting(65_536, "Longest query text, in bytes.", least=1024)
    body_bytes: int = _setting(1_048_576, "Longest request body, in bytes.", least=1024)
    result_bytes: int = _setting(33_554_432, "Largest query result, in bytes.", least=1024)
    result_rows: int = _setting(1_000_000, "Most rows of a query result, or of one page of it.", least=1)
    queue_seconds: float = _setting(2.0, "Seconds a query may wait for a free worker.", least=0, most=60)
    page_size: int = _setting(50, "Entries on one page of a list.", least=5, most=1000)
    cache_seconds: int = _setting(300, "Seconds that others may reuse an answer without asking.", least=0)
    contact: str = _setting("", "Address shown for errors and questions: a mailto: or https: link.")


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table, for help texts, `--show-settings` and the documentation."""

    name: str
    default: Any
    type: type
    env: str
    help: str


SETTINGS = tuple(
    Setting(row.name, row.default, type(row.default), f"KG_{row.name.upper()}", row.metadata["help"])
    for row in fields(Settings)
)


def load(overrides: Mapping[str, object] | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Give the settings: overrides first, then environment, then defaults.

    An override of None counts as not given. Raises ConfigError naming the setting and what it may be.
    """
    environ = os.environ if environ is None else environ
    values: dict[str, Any] = {}
    for row in SETTINGS:
        given = (overrides or {}).get(row.name)
        if given is None:
            given = environ.get(row.env)
        if given is not None:
            values[row.name] = _convert(row, given)
    settings = Settings(**values)
    _check(settings)
    return settings


def _convert(row: Setting, given: object) -> str | int | float:
    try:
        converted: str | int | float = row.type(given)
    except (TypeError, ValueError):
        kind = {int: "a whole number", float: "a number"}.get(row.type, "a text")
        raise ConfigError(
            f"{row.name} ({row.env}) is {given!r}.", hint=f"It must be {kind}, such as {row.default}."
        ) from None
    return converted


def _check(settings: Settings) -> None:
    for row in fields(settings):
        value, least, most = getattr(settings, row.name), row.metadata["least"], row.metadata["most"]
        if (least is not None and not value >= least) or (most is not None and not value <= most):
            bounds = f"at least {least}" if most is None else f"from {least} to {most}"
            raise ConfigError(f"{row.name} is {value}.", hint=f"It must be {bounds}.")
    if settings.root_path and not re.fullmatch(r"(/[A-Za-z0-9._~-]+)+", settings.root_path):
        raise ConfigError(
            f"root_path is {settings.root_path!r}.",
            hint="It must look like /kg: begin with / and not end with it.",
        )
    if settings.public_url and not re.fullmatch(r"https?://[^\s<>\"?#]+/", settings.public_url):
        raise ConfigError(
            f"public_url is {settings.public_url!r}.",
            hint="It must be an http(s) address that ends in /, such as https://example.org/kg/.",
        )
    if settings.hosts and not _HOSTS.fullmatch(settings.hosts):
        raise ConfigError(
            f"hosts is {settings.hosts!r}.",
            hint="It must be names such as data.example.org,www.example.org:8000.",
        )
    if settings.contact and not settings.contact.startswith(("mailto:", "https://", "http://")):
        raise ConfigError(
            f"contact is {settings.contact!r}.", hint="It must begin with mailto:, https:// or http://."
        )


def show(settings: Settings) -> str:
    """Give the table of settings with their present values, one a line, for `--show-settings`."""
    lines = []
    for row in SETTINGS:
        value = getattr(settings, row.name)
        mark = " " if value == row.default else "*"
        lines.append(f"{mark} {row.name:<14} {value!r:<14} {row.env:<18} {row.help}")
    return "\n".join(lines)
