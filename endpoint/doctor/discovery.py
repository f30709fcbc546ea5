"""Checks of what crawlers, harvesters and catalogues look for."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from html import unescape
from urllib.parse import urljoin, urlsplit

from endpoint.doctor.check import Check
from endpoint.doctor.client import Reply
from endpoint.doctor.deployment import HTML, JSONLD, TURTLE, Deployment, NotApplicableError, triples

_VOID = "http://rdfs.org/ns/void#"
_DCAT = "http://www.w3.org/ns/dcat#"
_LINKSET = "application/linkset+json"
_W3C_DATE = re.compile(r"\d{4}(-\d\d(-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?)?)?\Z")


def _present(site: Deployment, reply: Reply, what: str) -> Reply:
    """Give the reply, unless this is another's software that has no such thing; ours has all of them."""
    if reply.status in (404, 405, 406, 410) and not site.ours:
        raise NotApplicableError(f"there is no {what} at {reply.url}")
    return reply


def _wellknown(site: Deployment, name: str) -> str:
    """Give the address of a well-known document: at the host's root, or below the site's."""
    at_host = urljoin(site.root, f"/.well-known/{name}")
    return at_host if site.ask(at_host).status in (200, 303) else f"{site.root}.well-known/{name}"


def robots(site: Deployment) -> Iterator[str]:
    """Crawlers are let in and shown the way."""
    reply = _present(site, site.ask("robots.txt"), "robots.txt")
    if reply.status != 200 or reply.media_type != "text/plain":
        yield f"robots.txt is answered {reply.status} as {reply.media_type}."
        return
    path = urlsplit(site.root).path
    for rule in re.findall(r"(?im)^disallow:\s*(\S+)", reply.text):
        if any(f"{path}{name}".startswith(rule) for name in ("doc/", "id/", "dumps/")):
            yield f"robots.txt forbids {rule}."
    named = re.findall(r"(?im)^sitemap:\s*(\S+)", reply.text)
    if not named:
        yield "robots.txt names no sitemap."
    for url in named:
        if urlsplit(url).scheme not in ("http", "https"):
            yield f"robots.txt names the sitemap {url}, which is no absolute address."


def sitemap(site: Deployment) -> Iterator[str]:
    """The sitemap can be read, and its addresses answer."""
    locations = [found for found, _ in _entries(site.ask(site.sitemap))]
    nested = [url for url in locations if re.search(r"\.xml(\.gz)?$", url)]
    if nested:
        first = site.ask(site.local(nested[0]))
        if first.status != 200:
            yield f"The sitemap {nested[0]} of the index is answered {first.status}."
            return
        entries = _entries(first)
    else:
        entries = _entries(site.ask(site.sitemap))
    if not entries:
        yield "The sitemap is empty, or not XML."
    for url, changed in entries[:200]:
        if changed and not _W3C_DATE.match(changed):
            yield f"lastmod {changed!r} of {url} is no W3C date."
    if len(entries) > 50_000:
        yield f"A sitemap may have 50,000 addresses; this has {len(entries)}."
    hosts = {urlsplit(url).netloc for url, _ in entries}
    if len(hosts) > 1:
        yield f"The sitemap has addresses of several hosts: {', '.join(sorted(hosts))}."
    for url, _ in entries[:: max(1, len(entries) // 5)][:5]:
        if site.inside(url) and site.ask(url, HTML).status not in (200, 303):
            yield f"{url} stands in the sitemap and is answered {site.ask(url, HTML).status}."


def public_address(site: Deployment) -> Iterator[str]:
    """Addresses that are read elsewhere lead to here."""
    if re.match(r"localhost$|127\.|\[?::1", urlsplit(site.root).hostname or ""):
        raise NotApplicableError("the site is looked at by a local address")
    named = [url for url, _ in _entries(site.ask(site.sitemap))][:1]
    named += re.findall(r"(?im)^sitemap:\s*(\S+)", site.ask("robots.txt").text)
    for url in dict.fromkeys(named):
        if not site.inside(url):
            yield f"{url}, in robots.txt or the sitemap, is not below {site.root}."


def _entries(reply: Reply) -> list[tuple[str, str]]:
    if b"<!DOCTYPE" in reply.body:
        return []
    try:
        root = ElementTree.fromstring(reply.body)  # noqa: S314
    except ElementTree.ParseError:
        return []
    found = []
    for entry in root:
        texts = {child.tag.rpartition("}")[2]: (child.text or "").strip() for child in entry}
        if texts.get("loc"):
            found.append((texts["loc"], texts.get("lastmod", "")))
    return found


def void(site: Deployment) -> Iterator[str]:
    """The dataset describes itself where VoID says."""
    address = _wellknown(site, "void")
    reply = site.ask(address, TURTLE)
    if reply.location:
        reply = site.ask(reply.location, TURTLE)
    _present(site, reply, "VoID description")
    if reply.media_type != TURTLE:
        yield f"{address} with Accept: {TURTLE} gets {reply.status} {reply.media_type}."
        return
    said = triples(reply)
    if not any(getattr(t.object, "value", "") == f"{_VOID}Dataset" for t in said):
        yield f"{address} describes no void:Dataset."
    for name in ("dataDump", "triples"):
        if not any(t.predicate.value == f"{_VOID}{name}" for t in said):
            yield f"{address} says no void:{name}."


def catalogue(site: Deployment) -> Iterator[str]:
    """The DCAT catalogue answers a harvester."""
    answers = (site.ask(name, TURTLE) for name in ("catalog", "catalogue", "dataset"))
    reply = next((found for found in answers if (found.status, found.media_type) == (200, TURTLE)), None)
    if reply is None and site.ours:
        yield "There is no DCAT catalogue at catalog."
        return
    if reply is None:
        raise NotApplicableError("there is no DCAT catalogue at catalog, catalogue or dataset")
    said = triples(reply)
    types = {getattr(t.object, "value", ""): t.subject for t in said if t.predicate.value.endswith("#type")}
    if f"{_DCAT}Dataset" not in types:
        yield f"{reply.url} describes no dcat:Dataset."
    elif str(types[f"{_DCAT}Dataset"]).startswith("_:"):
        yield f"{reply.url} has a blank node for its dcat:Dataset, which harvesters reject."
    for name in ("distribution", "contactPoint"):
        if not any(t.predicate.value == f"{_DCAT}{name}" for t in said):
            hint = " (catalogue.contact_email in kg.toml gives it)" if name == "contactPoint" else ""
            yield f"{reply.url} says no dcat:{name}{hint}."
    if site.ask(reply.url, TURTLE, accept_language="xx").body != reply.body:
        yield f"{reply.url} gives other bytes each time: harvesters will see a change at each visit."


def signposting(site: Deployment) -> Iterator[str]:
    """A document's headers say what it is."""
    reply = site.ask(site.thing.document, HTML)
    rels = {rel for link in reply.links for rel in link.rels}
    if not rels & {"type", "linkset"} and not site.ours:
        raise NotApplicableError("documents have no signposting links")
    if len(reply.linked("cite-as")) != 1:
        yield f"There are {len(reply.linked('cite-as'))} cite-as links, not one."
    if not reply.linked("type"):
        yield "There is no link with rel=type."
    for link in reply.linked("describedby"):
        if not link.type:
            yield f"The describedby link to {link.target} says no type."
    if len(reply.header("link")) > 8000:
        yield f"The Link header has {len(reply.header('link'))} bytes: many proxies take 8 kB."
    for link in reply.linked("linkset"):
        found = site.ask(link.target, _LINKSET)
        if found.status != 200 or found.media_type not in (_LINKSET, "application/linkset"):
            yield f"The linkset {link.target} is answered {found.status} as {found.media_type}."


def api_catalog(site: Deployment) -> Iterator[str]:
    """The list of interfaces is a linkset."""
    reply = _present(site, site.ask(_wellknown(site, "api-catalog"), _LINKSET), "api-catalog")
    if reply.status != 200 or reply.media_type != _LINKSET:
        yield f"{reply.url} is answered {reply.status} as {reply.media_type}, not {_LINKSET}."
        return
    try:
        if not json.loads(reply.body)["linkset"]:
            yield f"{reply.url} is empty."
    except (ValueError, KeyError, TypeError):
        yield f"{reply.url} is no linkset."


def schema_org(site: Deployment) -> Iterator[str]:
    """Pages carry schema.org data that can be read."""
    blocks: list[str] = []
    for reply in (site.ask("dataset", HTML), site.ask(site.thing.document, HTML), site.front):
        found = re.findall(
            r'<script[^>]*type="application/ld\+json"[^>]*>(.*?)</script>', reply.text, re.DOTALL
        )
        blocks += found
    if not blocks and not site.ours:
        raise NotApplicableError("pages carry no JSON-LD")
    if not blocks:
        yield "No page carries JSON-LD."
    for block in blocks:
        try:
            document = json.loads(block)
        except ValueError:
            try:
                document = json.loads(unescape(block))
            except ValueError as error:
                yield f"A JSON-LD block cannot be read: {error}."
                continue
        if "schema.org" not in json.dumps(
            document.get("@context", "") if isinstance(document, dict) else document
        ):
            yield "A JSON-LD block has no schema.org context."


def context(site: Deployment) -> Iterator[str]:
    """A JSON-LD document can be expanded without asking others."""
    reply = site.ask(site.thing.document, JSONLD)
    if reply.media_type != JSONLD:
        raise NotApplicableError("there is no JSON-LD")
    document = json.loads(reply.body)
    contexts = document.get("@context") if isinstance(document, dict) else None
    for one in contexts if isinstance(contexts, list) else [contexts]:
        if isinstance(one, str):
            found = site.ask(one, JSONLD)
            if found.status != 200 or "json" not in found.media_type:
                yield f"The context {one} is answered {found.status} as {found.media_type}."


CHECKS = (
    Check(
        "robots", "discovery",
        "robots.txt lets crawlers at documents and dumps and names the sitemap by an absolute address.",
        "A robots.txt of the host, not of the site, may shut out everything.",
        "Pass /robots.txt on, or copy its lines into the host's own.", robots,
    ),
    Check(
        "sitemap", "discovery",
        "The sitemap can be read, its dates are dates, and its addresses answer.",
        "Search engines find pages by it and come back by its dates.",
        "Pass /sitemap*.xml on; build with the public --base.", sitemap,
    ),
    Check(
        "public-address", "discovery",
        "robots.txt and sitemap name addresses below the one that was given.",
        "Search engines pass over a sitemap that speaks of another host, or of http where the site is https.",
        "Set KG_PUBLIC_URL to the address of the front page, for `kg serve` and `kg publish` alike.",
        public_address,
    ),
    Check(
        "void", "discovery",
        "/.well-known/void describes the dataset, with its size and dumps.",
        "Federated query editors and LOD crawlers look there.",
        "Pass /.well-known/ on, apart from acme-challenge.", void,
    ),
    Check(
        "catalogue", "discovery",
        "The DCAT catalogue is Turtle, the same bytes each time, with no blank node for the dataset.",
        "National catalogues harvest it with one GET and reject blank nodes.",
        "Pass it on uncached, or purge on publication.", catalogue,
    ),
    Check(
        "signposting", "discovery",
        "Documents link by header to what to cite (once), their type, their metadata, and a linkset.",
        "Machines that assess how FAIR data is read these headers.",
        "Pass all Link headers on; nginx: proxy_buffer_size 16k.", signposting,
    ),
    Check(
        "api-catalog", "discovery",
        "/.well-known/api-catalog is a linkset.",
        "RFC 9727 has clients look there for interfaces.",
        "Pass /.well-known/ on, apart from acme-challenge.", api_catalog,
    ),
    Check(
        "schema-org", "discovery",
        "JSON-LD in pages can be read and is schema.org.",
        "Dataset searches read nothing else.",
        "Do not let the proxy rewrite or minify HTML.", schema_org,
    ),
    Check(
        "json-ld-context", "discovery",
        "The context that a JSON-LD document names, if it names one by address, is there.",
        "Without its context JSON-LD is only JSON.",
        "Pass /context.jsonld on, with CORS headers.", context,
    ),
)  # fmt: skip
