"""What there is at an address: the things, documents, dumps and services that the checks can look at.

All of it is found by following what the site itself shows: its front page, its lists, its sitemap, its SPARQL
service. Whatever is not found makes the checks that need it not applicable.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from html import unescape
from urllib.parse import quote, unquote, urldefrag, urljoin, urlsplit

from pyoxigraph import NamedNode, RdfFormat, Triple, parse

from endpoint.doctor.client import Client, Reply, UnreachableError

HTML = "text/html"
TURTLE = "text/turtle"
NTRIPLES = "application/n-triples"
JSONLD = "application/ld+json"
RDFXML = "application/rdf+xml"
RESULTS = "application/sparql-results+json"
PROBLEM = "application/problem+json"
GRAPHS: Mapping[str, RdfFormat] = {
    TURTLE: RdfFormat.TURTLE,
    NTRIPLES: RdfFormat.N_TRIPLES,
    JSONLD: RdfFormat.JSON_LD,
    RDFXML: RdfFormat.RDF_XML,
    "application/trig": RdfFormat.TRIG,
    "application/n-quads": RdfFormat.N_QUADS,
}
"""The media types of graphs that the checks can read."""

_MOST_PAGES = 24
_NO_LISTS = (
    r"/(about|dataset|def|dumps|kinds|limits|problems|quality|questions|search|shapes|sparql|static)\b"
)
_MOST_TEXT = 1_000_000
_TOPIC = NamedNode("http://xmlns.com/foaf/0.1/primaryTopic")
_HREF = re.compile(r"""<a\b[^>]*?\bhref\s*=\s*(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)
_LOC = re.compile(r"<loc>\s*([^<]+?)\s*</loc>")
_SUFFIXED = re.compile(r"\.(html|ttl|trig|nt|nq|jsonld|rdf|csv|json|xml)$")
_SOME_THINGS = """SELECT DISTINCT ?thing WHERE { ?thing a ?class
FILTER(ISIRI(?thing) && STRSTARTS(STR(?thing), "BASE") && !CONTAINS(STR(?thing), "#")) } LIMIT 20"""


class NotApplicableError(Exception):
    """A check has nothing to look at here; the message says why."""


@dataclass(frozen=True, slots=True)
class Thing:
    """Something the site describes: its IRI, where that IRI is asked for here, and its document."""

    iri: str
    address: str
    document: str


@dataclass(frozen=True, slots=True)
class File:
    """A dump as the site lists it; `sha256` is empty where the list gives none."""

    address: str
    sha256: str


class Deployment:
    """A site at an address, looked at from outside."""

    def __init__(self, url: str, client: Client, thing: str | None = None) -> None:
        """Take the address of the front page, and that of a thing where the site shows none by itself."""
        self.root = url if url.endswith("/") else f"{url}/"
        self.client = client
        self._named = thing

    def ask(self, address: str, accept: str | None = None, /, **headers: str) -> Reply:
        """Send a GET to an address, absolute or below the root; `if_none_match=` is If-None-Match."""
        return self.send("GET", address, accept, None, **headers)

    def send(
        self,
        method: str,
        address: str,
        accept: str | None = None,
        body: bytes | None = None,
        /,
        **headers: str,
    ) -> Reply:
        """Send a request with any method."""
        sent = {} if accept is None else {"Accept": accept}
        sent |= {name.replace("_", "-").title(): value for name, value in headers.items()}
        url = uri(urldefrag(urljoin(self.root, address))[0])
        return self.client.ask(url, sent, method=method, body=body)

    def inside(self, url: str) -> bool:
        """Tell whether an address is one of this site's."""
        return url.startswith(self.root) or url == self.root[:-1]

    @cached_property
    def front(self) -> Reply:
        """The front page."""
        return self.ask("", HTML)

    @cached_property
    def ours(self) -> bool:
        """Whether the site is served by `kg`: its problem documents say so."""
        try:
            kind = json.loads(self.ask("doc/no-such-thing-as-this", PROBLEM).body).get("type", "")
        except (ValueError, AttributeError, UnreachableError):
            return False
        return str(kind).endswith("problems#not-found")

    @cached_property
    def thing(self) -> Thing:
        """A thing with a document. Raises NotApplicableError if none is found."""
        for document in self._documents():
            found = self._thing_of(document)
            if found is not None:
                return found
        raise NotApplicableError("no thing with a document was found; name one with --thing")

    def _thing_of(self, address: str) -> Thing | None:
        reply = self.ask(address, HTML)
        if reply.status in (301, 302, 303, 307, 308) and self.inside(reply.location):
            document = urldefrag(reply.location)[0]
            return Thing(self._topic(self.ask(document, HTML)) or address, address, document)
        if reply.status != 200:
            return None
        iri = self._topic(reply)
        if iri is None:
            return None
        return Thing(iri, self.address_of(iri, address) or address, address)

    def _topic(self, reply: Reply) -> str | None:
        """Give the IRI that a document is about: by its Link header, or by its own RDF."""
        for link in (*reply.linked("cite-as"), *reply.linked("describes")):
            if link.target != self.root and link.type != HTML:
                return link.target
        turtle = self.ask(reply.url, TURTLE)
        if turtle.status == 200 and turtle.media_type == TURTLE:
            return next((t.object.value for t in triples(turtle) if t.predicate == _TOPIC), None)  # type: ignore[union-attr]
        return None

    def address_of(self, iri: str, document: str) -> str | None:
        """Give where an IRI is asked for at this deployment: public IRIs may live under another host."""
        if self.inside(iri):
            return uri(iri)
        path = urlsplit(document).path
        parts = unquote(path).split("/")
        for start in range(len(parts)):
            tail = "/".join(parts[start:])
            if tail and unquote(iri).endswith(f"/id/{tail}"):
                return f"{self.root}id/{quote(tail, safe='/')}"
        tail = unquote(path).partition("/doc/")[2]
        return f"{self.root}{quote(tail, safe='/')}" if tail and unquote(iri).endswith(f"/{tail}") else None

    def _documents(self) -> Iterator[str]:
        """Yield addresses that may be documents or things, the likeliest first."""
        if self._named:
            yield urljoin(self.root, self._named)
            return
        seen: set[str] = set()
        for found in (self._linked_documents(), self._in_sitemap(), self._by_query()):
            for address in found:
                if address not in seen and len(seen) < 2 * _MOST_PAGES:
                    seen.add(address)
                    yield address

    def _linked_documents(self) -> Iterator[str]:
        """Yield links to documents on the front page and on the lists that it links to."""
        for page in (self.front.url, *self._lists()):
            for link in self.page_links(page):
                if _is_document(link):
                    yield re.sub(r"\?lang=\w+$", "", link)

    def _lists(self) -> list[str]:
        linked = [link for link in self.page_links(self.front.url) if not _is_document(link)]
        others = [link for link in dict.fromkeys(linked) if not re.search(_NO_LISTS, link)]
        return others[:_MOST_PAGES]

    def page_links(self, address: str) -> tuple[str, ...]:
        """Give the addresses within the site that a page links to, in order, each once."""
        reply = self.ask(address, HTML)
        if reply.media_type != HTML:
            return ()
        hrefs = (unescape(double or single) for double, single in _HREF.findall(reply.text[:_MOST_TEXT]))
        absolute = (urldefrag(urljoin(reply.url, href))[0] for href in hrefs)
        return tuple(dict.fromkeys(url for url in absolute if self.inside(url)))

    @cached_property
    def sitemap(self) -> str:
        """The sitemap's address: as robots.txt says, else where it usually is. Raises NotApplicableError."""
        robots = self.ask("robots.txt")
        named = re.findall(r"(?im)^sitemap:\s*(\S+)", robots.text) if robots.status == 200 else []
        for address in (*(self.local(url) for url in named), f"{self.root}sitemap.xml"):
            if self.ask(address).status == 200:
                return address
        raise NotApplicableError("there is no sitemap")

    def local(self, url: str) -> str:
        """Give where a public address is found here: below the root, with as much of its path as answers."""
        if self.inside(url):
            return url
        parts = urlsplit(url).path.strip("/").split("/")
        tails = ["/".join(parts[start:]) for start in range(len(parts))]
        return next(
            (address for tail in tails if self.ask(address := f"{self.root}{tail}").status == 200), url
        )

    def _in_sitemap(self) -> Iterator[str]:
        try:
            found = _LOC.findall(self.ask(self.sitemap).text)
        except NotApplicableError:
            return
        if found and found[0].endswith((".xml", ".xml.gz")):
            found = _LOC.findall(self.ask(self.local(unescape(found[0]))).text)
        for location in found[: 2 * _MOST_PAGES]:
            tail = unescape(location).partition("/doc/")[2]
            if tail:
                yield f"{self.root}doc/{tail}"

    def _by_query(self) -> Iterator[str]:
        try:
            service = self.sparql
        except NotApplicableError:
            return
        query = quote(_SOME_THINGS.replace("BASE", self.root))
        reply = self.ask(f"{service}?query={query}", RESULTS)
        for row in bindings(reply):
            yield row.get("thing", "")

    @cached_property
    def sparql(self) -> str:
        """The SPARQL service's address. Raises NotApplicableError if nothing answers a query."""
        for address in (f"{self.root}sparql", f"{self.root}query", self.root[:-1]):
            reply = self.ask(f"{address}?query=ASK%7B%7D", RESULTS)
            if reply.status == 200 and reply.media_type == RESULTS:
                return address
            if reply.status not in (404, 405, 410) and address.endswith("/sparql") and self.ours:
                return address
        raise NotApplicableError("there is no SPARQL service")

    @cached_property
    def documents(self) -> Mapping[str, str]:
        """The addresses of the forms of the thing's document, by media type, as its Link header has them."""
        reply = self.ask(self.thing.document, HTML)
        found = {link.type: link.target for link in reply.linked("alternate") if link.type}
        if reply.media_type == HTML and HTML not in found:
            where = reply.header("content-location")
            found[HTML] = urljoin(reply.url, where) if where else reply.url
        return found

    @cached_property
    def files(self) -> tuple[File, ...]:
        """The dumps that the site lists. Raises NotApplicableError if there are none."""
        page = self.ask("dumps/", HTML)
        if page.status != 200:
            raise NotApplicableError("there is no list of dumps at dumps/")
        found: list[File] = []
        for row in re.split(r"(?i)<tr\b", page.text):
            sums = re.findall(r"\b[0-9a-f]{64}\b", row)
            for link in (unescape(a or b) for a, b in _HREF.findall(row)):
                address = urljoin(page.url, link)
                if _SUFFIXED.search(address.removesuffix(".gz")) and self.inside(address):
                    found.append(File(address, sums[0] if len(sums) == 1 else ""))
        if not found:
            raise NotApplicableError("the list of dumps names no file")
        return tuple(found)

    @cached_property
    def file(self) -> File:
        """A dump for the checks of ranges: one with a checksum, uncompressed where there is one."""
        ranked = sorted(self.files, key=lambda one: (not one.sha256, not one.address.endswith(".nt")))
        return ranked[0]


def _is_document(url: str) -> bool:
    path = urlsplit(url).path
    return ("/doc/" in path or "/id/" in path) and not _SUFFIXED.search(path)


def uri(iri: str) -> str:
    """Give an IRI as a browser asks for it: whatever is not ASCII, and spaces, in percent signs.

    >>> uri("https://ex.org/Lønset")
    'https://ex.org/L%C3%B8nset'
    """
    return quote(iri, safe="/:?#[]@!$&'()*+,;=%~")


def triples(reply: Reply) -> tuple[Triple, ...]:
    """Give the triples of a graph, each once. Raises SyntaxError if it cannot be read."""
    form = GRAPHS.get(reply.media_type)
    if form is None:
        raise SyntaxError(f"{reply.status} with {reply.media_type or 'no Content-Type'} is no RDF")
    return tuple(dict.fromkeys(quad.triple for quad in parse(reply.body, format=form, base_iri=reply.url)))


def bindings(reply: Reply) -> tuple[dict[str, str], ...]:
    """Give the rows of a JSON result, values as text; nothing if it is none."""
    try:
        rows = json.loads(reply.body)["results"]["bindings"]
        return tuple({name: str(term["value"]) for name, term in row.items()} for row in rows)
    except (ValueError, KeyError, TypeError, AttributeError):
        return ()
