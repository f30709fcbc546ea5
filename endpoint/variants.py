"""Which representation a request gets by suffix, `?format=` or Accept, and where the others are."""

from __future__ import annotations

from collections.abc import Sequence

from flask import request

from endpoint import negotiate, resolve
from endpoint.negotiate import HTML, Representation
from endpoint.respond import here, link, not_acceptable


def choose(
    form: Representation | None, table: Sequence[Representation], path: str, *, default: str = "html"
) -> tuple[Representation, tuple[str, ...]]:
    """Give the representation and the headers it was chosen by."""
    if form is not None:
        return form, ()
    named = request.args.get("format")
    if named is not None:
        chosen = negotiate.of_name(named, table)
        if chosen is None:
            raise resolve.unsupported(named, path)
        return chosen, ()
    chosen = negotiate.choose(request.headers.get("Accept"), table, default=default)
    if chosen is None:
        raise not_acceptable(table, path)
    return chosen, ("Accept",)


def address(path: str, form: Representation) -> str:
    """Give the address of one representation: by suffix, or by `format` where the path is a query."""
    return here(path_of(path, form))


def path_of(path: str, form: Representation) -> str:
    """Give the same without what stands before every path of the site."""
    return f"{path}&format={form.suffix}" if "?" in path else f"{path}.{form.suffix}"


def alternates(path: str, table: Sequence[Representation], chosen: Representation) -> list[str]:
    """Give the Link values of the other representations."""
    return [
        link(
            address(path, form),
            "alternate" if form is HTML else "alternate describedby",
            type=form.media_type,
        )
        for form in table
        if form is not chosen
    ]


def query_string() -> tuple[str]:
    """Give the query string as the part of an ETag that it decides."""
    return (request.query_string.decode("latin-1"),)
