"""Checks of profiles, references and tables, and of the description of the interfaces."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

from endpoint.doctor.check import Check
from endpoint.doctor.client import Link, Reply
from endpoint.doctor.deployment import HTML, PROBLEM, TURTLE, Deployment, NotApplicableError

_REFERENCES = {
    "application/x-bibtex": r"\s*@\w+\{",
    "application/x-research-info-systems": r"TY  - ",
    "application/vnd.citationstyles.csl+json": r"\s*[\[{]",
}
_OPENAPI = "application/vnd.oai.openapi+json"
_CSV = "text/csv"


def _profiled(site: Deployment) -> list[Link]:
    reply = site.ask(site.thing.document, TURTLE)
    found = [link for link in reply.linked("alternate") if link.profile]
    if not found:
        raise NotApplicableError("documents name no profiles")
    return found


def profiles_by_address(site: Deployment) -> Iterator[str]:
    """Each profile that a document names is there."""
    for link in _profiled(site):
        reply = site.ask(link.target)
        if reply.status != 200 or reply.media_type != link.type:
            yield f"{link.target} ({link.profile}) is answered {reply.status} as {reply.media_type}."
        told = reply.header("content-profile")
        if told and link.profile not in told:
            yield f"{link.target} says Content-Profile: {told}, not <{link.profile}>."


def profiles_by_header(site: Deployment) -> Iterator[str]:
    """Accept-Profile picks a profile."""
    document, links = site.thing.document, _profiled(site)
    if "accept-profile" not in site.ask(document, TURTLE).vary:
        raise NotApplicableError("documents are not negotiated by profile")
    for link in links:
        reply = site.ask(document, link.type, accept_profile=f"<urn:x>;q=0.9, <{link.profile}>;q=0.5")
        fixed = site.ask(link.target)
        if reply.status != 200 or reply.body != fixed.body:
            yield f"Accept-Profile: <{link.profile}> ({link.type}) does not get what {link.target} gives."
    unknown = site.ask(document, TURTLE, accept_profile="<urn:x>")
    if unknown.status not in (200, 406):
        yield f"An unknown profile is answered {unknown.status}."


def references(site: Deployment) -> Iterator[str]:
    """Programs for references get theirs."""
    reply = site.ask(site.thing.document, HTML)
    links = [link for link in reply.links if link.type in _REFERENCES]
    if not links:
        raise NotApplicableError("documents name no references")
    for link in links:
        found = site.ask(link.target)
        if found.status != 200 or found.media_type != link.type:
            yield f"{link.target} is answered {found.status} as {found.media_type}, not {link.type}."
        elif not re.match(_REFERENCES[link.type], found.text):
            yield f"{link.target} is not what {link.type} looks like."


def _tables(site: Deployment) -> Iterator[str]:
    """Yield the addresses of tables that the front page, and the pages it leads to, link to."""
    for page in (site.front.url, *site.lists):
        yield from (link for link in site.page_links(page) if urlsplit(link).path.endswith(".csv"))


def lists(site: Deployment) -> Iterator[str]:
    """A list is the same things as table and as data."""
    address = next((found for found in _tables(site) if site.ask(found).text.startswith("iri,")), None)
    if address is None:
        raise NotApplicableError("no list leads to a table of things")
    table = site.ask(address)
    if table.media_type != _CSV:
        yield f"{address} is answered as {table.media_type}, not {_CSV}."
    rows = list(csv.DictReader(io.StringIO(table.text)))
    other = re.sub(r"\.csv(?=$|\?)", ".json", address)
    data = site.ask(other)
    if data.status != 200 or len(_items(data)) != len(rows):
        yield f"{other} is answered {data.status} with {len(_items(data))} things; {address} has {len(rows)}."


def _items(reply: Reply) -> list[object]:
    try:
        found = json.loads(reply.body)
    except ValueError:
        return []
    return found if isinstance(found, list) else []


def openapi(site: Deployment) -> Iterator[str]:
    """The interfaces are described for programs, and are where it says."""
    reply = site.ask("api.json", _OPENAPI)
    if reply.status in (404, 406, 410) and not site.ours:
        raise NotApplicableError("there is no api.json")
    try:
        document = json.loads(reply.body)
        version, paths, servers = document["openapi"], document["paths"], document["servers"]
        address = str(servers[0]["url"]).rstrip("/")
    except (ValueError, KeyError, TypeError, IndexError):
        yield f"{reply.url} is answered {reply.status}, and is no OpenAPI document."
        return
    if not str(version).startswith("3.") or not paths:
        yield f"{reply.url} is OpenAPI {version} with {len(paths)} paths."
    if site.inside(f"{address}/") and f"{address}/" != site.root:
        yield f"{reply.url} gives {address} as its server, not {site.root}."
    for path, item in paths.items():
        if "{" in path or "get" not in item or _must_be_asked(item["get"]):
            continue
        found = site.ask(urljoin(site.root, path.lstrip("/")), "*/*")
        # What a path says of a request that lacks its parameters is an answer too.
        if found.status not in (200, 303) and found.media_type != PROBLEM:
            yield f"{path}, in {reply.url}, is answered {found.status}."


def _must_be_asked(operation: dict[str, list[dict[str, object]]]) -> bool:
    return any(parameter.get("required") for parameter in operation.get("parameters", []))


CHECKS = (
    Check(
        "profiles-by-address", "interfaces",
        "Each profile that a document names in its Link header answers at that address, in that format.",
        "A client that knows one vocabulary only can read the document.",
        "Pass paths with several suffixes (x.schema.jsonld) on, and Content-Profile back.",
        profiles_by_address,
    ),
    Check(
        "profiles-by-header", "interfaces",
        "Accept-Profile picks the profile, by weight, where documents are negotiated by it.",
        "Negotiation by profile is how clients ask for a vocabulary at the address that people read.",
        "Pass Accept-Profile on; a cache in front must keep a copy for each (see vary).", profiles_by_header,
    ),
    Check(
        "references", "interfaces",
        "The references that a page names are BibTeX, RIS and CSL-JSON, under their media types.",
        "Programs for references read them by type, not by suffix.",
        "Do not let the proxy guess types by suffix.", references,
    ),
    Check(
        "lists", "interfaces",
        "A list as CSV and as JSON holds the same things.",
        "A spreadsheet and a program must be shown the same.",
        "Clear the proxy's cache; make query strings part of its key.", lists,
    ),
    Check(
        "openapi", "interfaces",
        "api.json is an OpenAPI document of this site, and its paths answer.",
        "Programs and people build clients from it.",
        "Pass /api.json on; set KG_PUBLIC_URL so that it names the right server.", openapi,
    ),
)  # fmt: skip
