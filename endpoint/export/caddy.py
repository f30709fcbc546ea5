"""The rules for Caddy: maps that negotiate, and a route that finds files."""

from __future__ import annotations

from endpoint.export.rules import Facts


def caddyfile(facts: Facts) -> str:
    """Give a Caddyfile."""
    return f"# {facts.base}\n"
