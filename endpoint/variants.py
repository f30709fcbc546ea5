"""Which representation a request gets by suffix, `?format=`, profile or Accept, and where the others are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from flask import Response, request

from endpoint import negotiate, resolve
from endpoint import site as current
from endpoint.negotiate import HTML, OWN, PROFILES, Representation
from endpoint.problems import Problem
from endpoint.respond import absolute, here, link, uri


def choose(
    form: Representation | None, table: Sequence[Representation], path: str, *, default: str = "html"
) -> tuple[Representation, tuple[str, ...]]:
    """Give the representation and the headers it was chosen by.

    A form named by suffix or `?format=` is that form; `?_profile=` makes it that of another profile.
    """
    named = request.args.get("format")
    if form is None and named is not None:
        form = negotiate.of_name(named, table)
        if form is None:
            raise resolve.unsupported(named, path, table)
    token, profiled = request.args.get("_profile"), _profiles(table)
    if form is not None:
        return form if token is None else _in_profile(form, token, table, path), ()
    wanted, vary = _wanted(profiled, token)
    for profile in wanted:
        rows = [row for row in table if row.profile == profile]
        first = default if negotiate.of_name(default, rows) else rows[0].name
        chosen = negotiate.choose(request.headers.get("Accept"), rows, default=first)
        if chosen is not None:
            return chosen, ("Accept", *vary)
    raise _not_acceptable(table, path, profiled)


def _profiles(table: Sequence[Representation]) -> dict[str, str]:
    """Give the tokens of the profiles in a table by their IRI, the default first."""
    tokens = dict.fromkeys(row.profile for row in table)
    return {profile_iri(token): token for token in tokens}


def _wanted(profiled: Mapping[str, str], token: str | None) -> tuple[Sequence[str], tuple[str, ...]]:
    """Give the profiles to look for, the most wanted first, and the header that says so."""
    if len(profiled) == 1:
        return tuple(profiled.values()), ()
    if token is not None:
        return [known for iri, known in profiled.items() if token in (iri, known)], ()
    return negotiate.choose_profiles(request.headers.get("Accept-Profile"), profiled), ("Accept-Profile",)


def _in_profile(
    form: Representation, token: str, table: Sequence[Representation], path: str
) -> Representation:
    profiled = _profiles(table)
    for row in table:
        if row.media_type == form.media_type and row.profile in _wanted(profiled, token)[0]:
            return row
    raise _not_acceptable(table, path, profiled)


def profile_iri(token: str) -> str:
    """Give the IRI of a profile; what the dataset itself conforms to is its ontology, or its VoID."""
    base = current.snapshot().config.base
    own = next(iter(current.numbers().ontologies), f"{base}.well-known/void")
    return next(profile.iri(base, own) for profile in PROFILES if profile.token == token)


def _not_acceptable(table: Sequence[Representation], path: str, profiled: Mapping[str, str]) -> Problem:
    """Give the 406 that lists what there is."""
    iris = {token: iri for iri, token in profiled.items()}
    several = len(profiled) > 1
    rows = [
        {
            "type": row.media_type,
            "href": address(path, row),
            **({"profile": iris[row.profile]} if several else {}),
        }
        for row in principal(table)
    ]
    types = ", ".join(dict.fromkeys(row.media_type for row in table))
    told = f" Profiles: {', '.join(f'{token} <{iri}>' for token, iri in iris.items())}." if several else ""
    return Problem(
        "not-acceptable",
        f"There is: {types}.{told}",
        extra={"available": rows},
        headers={"Vary": "Accept, Accept-Profile" if several else "Accept"},
    )


def address(path: str, form: Representation) -> str:
    """Give the address of one representation: by suffix, or by `format` where the path is a query."""
    return here(path_of(path, form))


def path_of(path: str, form: Representation) -> str:
    """Give the same without what stands before every path of the site."""
    return f"{path}&format={form.suffix}" if "?" in path else f"{path}.{form.suffix}"


def principal(table: Sequence[Representation]) -> Iterator[Representation]:
    """Yield what is worth naming on every page: the forms of the own profile, and the first of the others."""
    seen: set[str] = set()
    for row in table:
        if row.profile == OWN.token or row.profile not in seen:
            seen.add(row.profile)
            yield row


def alternates(path: str, table: Sequence[Representation], chosen: Representation) -> list[str]:
    """Give the Link values of the other representations."""
    found = []
    for form in principal(table):
        if form is chosen:
            continue
        profile = {} if form.profile == OWN.token else {"profile": uri(profile_iri(form.profile))}
        rel = "alternate" if form is HTML else "alternate describedby"
        found.append(link(address(path, form), rel, type=form.media_type, **profile))
    return found


def canonical(response: Response, path: str, chosen: Representation) -> Response:
    """Say which address is the one to keep of what was chosen, and which profile it follows."""
    if chosen is HTML:
        language = request.args.get("lang", "")
        query = f"{'&' if '?' in path else '?'}lang={language}" if language else ""
        response.headers.add("Link", link(absolute(path + query), "canonical"))
        return response
    response.headers.add("Link", link(absolute(path_of(path, chosen)), "canonical", type=chosen.media_type))
    if chosen.kind == "graph":
        profile = profile_iri(chosen.profile)
        response.headers["Content-Profile"] = f"<{uri(profile)}>"
        response.headers.add("Link", link(profile, "profile"))
    return response


def query_string() -> tuple[str]:
    """Give the query string as the part of an ETag that it decides."""
    return (request.query_string.decode("latin-1"),)
