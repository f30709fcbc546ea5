"""Checks of how things are looked up: redirects, representations, languages, links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from pyoxigraph import CanonicalizationAlgorithm, Dataset, Quad

from endpoint.doctor.check import Check
from endpoint.doctor.client import Reply
from endpoint.doctor.deployment import (
    GRAPHS,
    HTML,
    JSONLD,
    NTRIPLES,
    TURTLE,
    Deployment,
    NotApplicableError,
    triples,
    uri,
)

_BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


def _forms(site: Deployment) -> tuple[str, ...]:
    """Give the media types of graphs that the document can be had in."""
    document = site.thing.document
    found = [kind for kind in GRAPHS if kind in site.documents]
    found = found or [kind for kind in GRAPHS if site.ask(document, kind).media_type == kind]
    if not found:
        raise NotApplicableError(f"{document} can be had in no RDF format")
    return tuple(found)


def _two(site: Deployment) -> tuple[str, str]:
    forms = _forms(site)
    if len(forms) < 2:
        raise NotApplicableError("there is only one RDF format")
    return forms[0], forms[1]


def _expect(reply: Reply, kind: str, asked: str) -> Iterator[str]:
    if reply.status != 200:
        yield f"{asked} is answered {reply.status}, not 200."
    elif reply.media_type != kind:
        yield f"{asked} gets {reply.media_type or 'no Content-Type'}, not {kind}."


def front_page(site: Deployment) -> Iterator[str]:
    """The front page is a page."""
    yield from _expect(site.front, HTML, "The front page")
    if not site.front.body:
        yield "The front page is empty."


def thing_redirects(site: Deployment) -> Iterator[str]:
    """An IRI answers 303."""
    thing = site.thing
    if thing.address == thing.document:
        raise NotApplicableError("the things here have their document at their own address")
    for accept in (None, HTML, TURTLE):
        reply = site.ask(thing.address, accept)
        asked = f"{thing.address} with Accept {accept or 'absent'}"
        if reply.status != 303:
            yield f"{asked} is answered {reply.status}, not 303."
        elif not site.inside(reply.location):
            yield f"{asked} leads away from this site, to {reply.location}."
        elif site.ask(reply.location, accept).status != 200:
            status = site.ask(reply.location, accept).status
            yield f"{asked} leads to {reply.location}, which is answered {status}."


def thing_suffix(site: Deployment) -> Iterator[str]:
    """An IRI with a suffix leads to that form."""
    thing = site.thing
    if thing.address == thing.document or TURTLE not in site.documents:
        raise NotApplicableError("there are no redirects, or no forms with a suffix")
    suffix = site.documents[TURTLE].rpartition(".")[2]
    reply = site.ask(f"{thing.address}.{suffix}")
    if not reply.location:
        yield f"{thing.address}.{suffix} is answered {reply.status}, without a redirect."
    else:
        yield from _expect(site.ask(reply.location), TURTLE, f"{thing.address}.{suffix}, followed,")


def document_answers(site: Deployment) -> Iterator[str]:
    """A document is a page for browsers and has something to say."""
    reply = site.ask(site.thing.document, _BROWSER)
    yield from _expect(reply, HTML, f"{site.thing.document}, asked for by a browser,")


def forms_by_accept(site: Deployment) -> Iterator[str]:
    """Accept picks each form."""
    for kind in _forms(site):
        yield from _expect(site.ask(site.thing.document, kind), kind, f"Accept: {kind}")


def forms_by_address(site: Deployment) -> Iterator[str]:
    """Each form has an address that needs no headers."""
    if not site.documents.keys() - {HTML}:
        yield f"{site.thing.document} names no other form in its Link header (rel=alternate, with type)."
    for kind, address in site.documents.items():
        yield from _expect(site.ask(address), kind, f"{address} without Accept")
        yield from _expect(site.ask(address, "image/png"), kind, f"{address} with Accept: image/png")


def forms_by_parameter(site: Deployment) -> Iterator[str]:
    """`?format=` picks each form."""
    document = site.thing.document
    suffixes = {
        kind: at.rpartition(".")[2] for kind, at in site.documents.items() if "." in at.rpartition("/")[2]
    }
    if site.ask(f"{document}?format=ttl", HTML).media_type == HTML and not site.ours:
        raise NotApplicableError("this software has no ?format=")
    for kind, suffix in suffixes.items():
        yield from _expect(site.ask(f"{document}?format={suffix}", "image/png"), kind, f"?format={suffix}")


def quality_orders(site: Deployment) -> Iterator[str]:
    """Weights decide, not places."""
    first, second = _two(site)
    for low, high in ((first, second), (second, first)):
        accept = f"{low};q=0.3, {high};q=0.9"
        yield from _expect(site.ask(site.thing.document, accept), high, f"Accept: {accept}")
    accept = f"text/html;q=0.4, {second};q=0.8, */*;q=0.1"
    yield from _expect(site.ask(site.thing.document, accept), second, f"Accept: {accept}")


def quality_zero(site: Deployment) -> Iterator[str]:
    """`q=0` excludes."""
    first, second = _two(site)
    accept = f"{first};q=0, {second};q=0.1"
    yield from _expect(site.ask(site.thing.document, accept), second, f"Accept: {accept}")
    reply = site.ask(site.thing.document, "text/html;q=0, */*;q=0.5")
    if reply.media_type == HTML:
        yield "Accept: text/html;q=0, */*;q=0.5 gets the HTML that it excludes."


def accept_absent(site: Deployment) -> Iterator[str]:
    """No Accept header, or one that takes anything, is no reason to refuse."""
    for accept in (None, "*/*"):
        reply = site.ask(site.thing.document, accept)
        if reply.status != 200:
            yield f"Accept {accept or 'absent'} is answered {reply.status}, not 200."


def accept_malformed(site: Deployment) -> Iterator[str]:
    """A header that cannot be read is passed over."""
    for accept in ("nonsense", ",,;", "text/turtle;q=abc, */*", '"text/turtle'):
        reply = site.ask(site.thing.document, accept)
        if reply.status != 200:
            yield f"Accept: {accept} is answered {reply.status}, not 200."


def accept_parameters(site: Deployment) -> Iterator[str]:
    """A media type with parameters, in any case, is still that type."""
    kind = _forms(site)[0]
    for accept in (
        f"{kind};charset=utf-8",
        kind.upper(),
        f'{kind};profile="https://ex.org/p, q"',
        f"a/b , {kind}",
    ):
        yield from _expect(site.ask(site.thing.document, accept), kind, f"Accept: {accept}")


def graph_names_thing(site: Deployment) -> Iterator[str]:
    """Every form is readable and about the thing."""
    for kind in _forms(site):
        reply = site.ask(site.thing.document, kind)
        try:
            said = triples(reply)
        except SyntaxError as error:
            yield f"{kind} cannot be read: {error}."
            continue
        if uri(site.thing.iri) not in {uri(getattr(t.subject, "value", "")) for t in said}:
            yield f"{kind} says nothing about <{site.thing.iri}>."


def graphs_agree(site: Deployment) -> Iterator[str]:
    """All forms say the same."""
    kinds = [kind for kind in (NTRIPLES, TURTLE, JSONLD) if kind in _forms(site)]
    if len(kinds) < 2:
        raise NotApplicableError("there are not two forms to compare")
    said = {kind: _canonical(site.ask(site.thing.document, kind)) for kind in kinds}
    for kind in kinds[1:]:
        more, less = len(said[kind] - said[kinds[0]]), len(said[kinds[0]] - said[kind])
        if more or less:
            yield f"{kind} has {more} triples that {kinds[0]} has not, and lacks {less}."


def _canonical(reply: Reply) -> set[str]:
    try:
        found = Dataset(Quad(*triple) for triple in triples(reply))
    except SyntaxError:
        return set()
    found.canonicalize(CanonicalizationAlgorithm.UNSTABLE)
    return {str(quad) for quad in found}


def languages(site: Deployment) -> Iterator[str]:
    """Accept-Language picks the language, and the page says which it is in."""
    tags = ("en", "nb", "nn", "de", "fr")
    replies = {tag: site.ask(site.thing.document, HTML, accept_language=tag) for tag in tags}
    told = {tag: reply.header("content-language") for tag, reply in replies.items()}
    if not any(told.values()) or len(set(told.values())) == 1:
        raise NotApplicableError("the pages are in one language, or do not say in which")
    for tag, reply in replies.items():
        found = re.search(r'<html[^>]*\blang="([^"]+)"', reply.text)
        if not found:
            yield "A page has no lang on its html element."
        elif found[1] != told[tag]:
            yield f"A page has lang={found[1]} and Content-Language {told[tag] or 'absent'}."
    weighed = site.ask(site.thing.document, HTML, accept_language="xx, nb;q=0.3, en;q=0.8")
    if "en" in told.values() and weighed.header("content-language") != "en":
        yield "Accept-Language: xx, nb;q=0.3, en;q=0.8 does not get English."


def content_location(site: Deployment) -> Iterator[str]:
    """A negotiated answer says at which address just this form is."""
    for kind in (HTML, *_forms(site)):
        reply = site.ask(site.thing.document, kind, accept_language="en")
        where = reply.header("content-location")
        if not where:
            yield f"The {kind} of {reply.url} has no Content-Location."
            continue
        fixed = site.ask(re.sub(r"^https?://[^/]+", "", where), accept_language="en")
        yield from _expect(fixed, kind, f"Content-Location {where}")
        # Pages may link to themselves, so that only their language is compared.
        same = fixed.header("content-language") == reply.header("content-language")
        if fixed.status == 200 and not (same if kind == HTML else fixed.body == reply.body):
            yield f"Content-Location {where} has another content than the negotiated {kind}."


def link_alternates(site: Deployment) -> Iterator[str]:
    """Documents name their other forms, and the thing they are about."""
    for kind in (HTML, _forms(site)[0]):
        reply = site.ask(site.thing.document, kind)
        if not any(link.type and link.type != kind for link in reply.linked("alternate")):
            yield f"The {kind} of {reply.url} has no Link with rel=alternate and the type of another form."
        if not reply.linked("cite-as") and not reply.linked("describes"):
            yield f"The {kind} of {reply.url} has no Link with rel=cite-as or describes."


def pages_have_head(site: Deployment) -> Iterator[str]:
    """Pages say their language and title."""
    for reply in (site.front, site.ask(site.thing.document, HTML)):
        if not re.search(r"<html[^>]*\blang=", reply.text):
            yield f"{reply.url} has no lang on its html element."
        if not re.search(r"<title>\s*\S", reply.text):
            yield f"{reply.url} has no title."


def links_answer(site: Deployment) -> Iterator[str]:
    """What the front page and a document link to is there."""
    pages = (site.front.url, site.thing.document)
    links = dict.fromkeys(link for page in pages for link in site.page_links(page))
    plain = [link for link in links if "/sparql" not in urlsplit(link).path][:60]
    for link in plain:
        status = site.ask(link, HTML).status
        if status not in (200, 303, 410):
            yield f"{link} is answered {status}."


CHECKS = (
    Check(
        "front-page", "documents",
        "The address given is answered with a page.",
        "Nothing else can be looked at through a site that does not answer.",
        "Give the address of the front page, with the path the site hangs under.", front_page,
    ),
    Check(
        "thing-redirects", "documents",
        "The IRI of a thing is answered 303 See Other, to a document on this site that answers.",
        "A thing is not its document; 303 says so, and caches and crawlers tell the two apart by it.",
        "Pass /id/ and the other paths of the base through to the server; a proxy must not follow redirects "
        "itself, nor rewrite Location.", thing_redirects,
    ),
    Check(
        "thing-suffix", "documents",
        "The IRI of a thing with a suffix, such as .ttl, leads to that form.",
        "It is what people type when they want data.",
        "Do not let the proxy serve paths by their suffix from a folder of its own.", thing_suffix,
    ),
    Check(
        "document-answers", "documents",
        "A document asked for by a browser is a page, with status 200.",
        "Browsers send a long Accept header that ends in */*; it must get HTML, not RDF.",
        "Pass the Accept header on unchanged.", document_answers,
    ),
    Check(
        "forms-by-accept", "documents",
        "Each media type in Accept gets the document in that format, and Content-Type says so.",
        "Content negotiation is how programs ask for data at the same address that people read.",
        "Pass Accept on unchanged; a cache in front must keep a copy for each Accept (see vary).",
        forms_by_accept,
    ),
    Check(
        "forms-by-address", "documents",
        "Each form is named in the Link header and answers at an address of its own, whatever is accepted.",
        "An address that needs no header can be linked, downloaded and cited.",
        "Let the proxy pass Link headers, and paths with suffixes.", forms_by_address,
    ),
    Check(
        "forms-by-parameter", "documents",
        "?format= picks each form and overrides Accept.",
        "Some clients cannot set headers and cannot know suffixes.",
        "Let query strings through, and make them part of the cache key.", forms_by_parameter,
    ),
    Check(
        "quality-orders", "documents",
        "The weights (q) in Accept decide, not the order of its elements.",
        "Libraries list a dozen types with weights; the wrong choice hands them a format they hardly read.",
        "Negotiate in the server, not by pattern matching in the proxy.", quality_orders,
    ),
    Check(
        "quality-zero", "documents",
        "What has q=0 in Accept is never sent.",
        "q=0 says that the client cannot use it.",
        "Negotiate in the server, not by pattern matching in the proxy.", quality_zero,
    ),
    Check(
        "accept-absent", "documents",
        "Without Accept, and with */*, a document is answered 200.",
        "curl, link checkers and old harvesters send no Accept; 406 would shut them out.",
        "Have a default representation.", accept_absent,
    ),
    Check(
        "accept-malformed", "documents",
        "An Accept header that cannot be read is passed over, not refused.",
        "Broken headers come from real clients; HTTP lets the server ignore them.",
        "Have a default representation; take a web application firewall's Accept rules off.",
        accept_malformed,
    ),
    Check(
        "accept-parameters", "documents",
        "A media type is recognised in capitals, with parameters, and among others.",
        "Media types are case-insensitive and JSON-LD clients send profiles.",
        "Parse Accept as RFC 9110 has it.", accept_parameters,
    ),
    Check(
        "graph-names-thing", "documents",
        "Every RDF format can be parsed and says something about the thing's own IRI.",
        "Data about another host's IRIs (localhost, http for https) is data about nothing.",
        "Build with the public --base; never let IRIs follow from the address that was asked.",
        graph_names_thing,
    ),
    Check(
        "graphs-agree", "documents",
        "Turtle, N-Triples and JSON-LD of a document hold the same triples.",
        "Which format one takes must not decide what one learns.",
        "Clear the proxy's cache: it may hold forms of different snapshots.", graphs_agree,
    ),
    Check(
        "languages", "documents",
        "Accept-Language picks the language by weight; Content-Language and the page's lang agree.",
        "Readers, screen readers and search engines go by them.",
        "Pass Accept-Language on; do not set Content-Language in the proxy.", languages,
    ),
    Check(
        "content-location", "documents",
        "Negotiated answers say in Content-Location where just this form is, and the same bytes are there.",
        "It is the address to cite, to cache, and to come back to.",
        "Do not let the proxy drop or rewrite Content-Location.", content_location,
    ),
    Check(
        "link-alternates", "documents",
        "Documents link to their other forms (rel=alternate), and to what they are about.",
        "It is how machines find data from a page, and the IRI from a document.",
        "Let the proxy pass all Link headers, not only the first.", link_alternates,
    ),
    Check(
        "pages-have-head", "documents",
        "Pages have a title and say their language.",
        "Screen readers pronounce by it; WCAG 2.2 asks for both.",
        "Do not let the proxy rewrite HTML.", pages_have_head,
    ),
    Check(
        "links-answer", "documents",
        "Every link within the site on the front page and on a document is answered.",
        "A dead link on the first pages means that some path does not get through.",
        "Pass all paths below the site's root on, encoded as they come: no merging of slashes.",
        links_answer,
    ),
)  # fmt: skip
