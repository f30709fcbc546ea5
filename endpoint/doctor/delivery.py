"""Checks of how answers travel: caching, packing, other origins, security, proxies, errors."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from urllib.parse import quote, unquote, urldefrag, urljoin, urlsplit

from endpoint.doctor.check import Check
from endpoint.doctor.client import Reply
from endpoint.doctor.deployment import (
    HTML,
    PROBLEM,
    RESULTS,
    TURTLE,
    Deployment,
    NotApplicableError,
    bindings,
)

_UNKNOWN = "id/no-such-kind/no-such-thing"
_EVIL = "evil.example"
_CHANGING = frozenset(
    (
        "date",
        "connection",
        "keep-alive",
        "transfer-encoding",
        "content-length",
        "age",
        "x-cache",
        "server-timing",
    )
)


def _variants(site: Deployment) -> tuple[Reply, ...]:
    """Give the document in forms and languages, as negotiated and as named."""
    document, fixed = site.thing.document, site.documents.get(TURTLE)
    found = [site.ask(document, HTML, accept_language=tag) for tag in ("en", "nb")]
    found.append(site.ask(document, TURTLE))
    if fixed:
        found.append(site.ask(fixed))
    return tuple(reply for reply in found if reply.status == 200)


def vary(site: Deployment) -> Iterator[str]:
    """What an answer depends on stands in Vary."""
    page, graph = site.ask(site.thing.document, HTML), site.ask(site.thing.document, TURTLE)
    for reply in (page, graph):
        if reply.status == 200 and not reply.vary & {"accept", "*"}:
            yield f"The {reply.media_type} of {reply.url} is negotiated, and does not say Vary: Accept."
    if page.header("content-language") and not page.vary & {"accept-language", "*"}:
        yield f"The page at {page.url} is negotiated by language and does not say Vary: Accept-Language."
    refused = site.ask(site.thing.document, "image/png")
    if refused.status == 406 and not refused.vary & {"accept", "*"}:
        yield "The 406 does not say Vary: Accept: a cache would give it to others."


def etag_strong(site: Deployment) -> Iterator[str]:
    """Every variant has a strong tag of its own."""
    tags: dict[str, bytes] = {}
    for reply in _variants(site):
        tag = reply.header("etag")
        if not tag:
            yield f"The {reply.media_type} of {reply.url} has no ETag."
        elif tag.startswith("W/"):
            yield f"The {reply.media_type} of {reply.url} has a weak ETag, {tag}."
        elif tags.setdefault(tag, reply.body) != reply.body:
            yield f"ETag {tag} stands for two different bodies."


def not_modified(site: Deployment) -> Iterator[str]:
    """A client that has it already is told so."""
    tagged = [reply for reply in _variants(site) if reply.header("etag")]
    if not tagged:
        raise NotApplicableError("there are no ETags")
    for reply in tagged:
        tag = reply.header("etag")
        accept, tongue = reply.media_type, reply.header("content-language") or "en"
        for sent in (tag, f'"other", {tag}', f"W/{tag.removeprefix('W/')}", "*"):
            again = site.ask(reply.url, accept, accept_language=tongue, if_none_match=sent)
            if again.status != 304:
                yield f"If-None-Match: {sent} at {reply.url} ({accept}) is answered {again.status}, not 304."
            elif again.body or again.header("etag").removeprefix("W/") != tag.removeprefix("W/"):
                yield f"The 304 of {reply.url} ({accept}) has a body, or not the ETag {tag}."
        if site.ask(reply.url, accept, accept_language=tongue, if_none_match='"other"').status != 200:
            yield f"If-None-Match with another tag at {reply.url} does not get the document."


def last_modified(site: Deployment) -> Iterator[str]:
    """A date of change is honoured."""
    reply = site.ask(site.documents.get(TURTLE, site.thing.document), TURTLE)
    date = reply.header("last-modified")
    if not date:
        raise NotApplicableError("there is no Last-Modified")
    if site.ask(reply.url, TURTLE, if_modified_since=date).status != 304:
        yield f"If-Modified-Since: {date}, its own date, at {reply.url} is not answered 304."


def cache_control(site: Deployment) -> Iterator[str]:
    """Caches are told how long."""
    for reply in _variants(site):
        told = reply.header("cache-control").lower()
        if not re.search(r"max-age=\d|no-cache|immutable", told) or "private" in told:
            yield f"The {reply.media_type} of {reply.url} has Cache-Control {told or 'absent'}."


def head(site: Deployment) -> Iterator[str]:
    """HEAD is GET without the body."""
    asked = [("", HTML), (site.thing.document, HTML), (site.thing.document, TURTLE), (_UNKNOWN, TURTLE)]
    if site.thing.address != site.thing.document:
        asked.append((site.thing.address, TURTLE))
    for address, accept in asked:
        got = site.ask(address, accept, accept_language="en")
        only = site.send("HEAD", address, accept, accept_language="en")
        yield from _compare(got, only)


def _compare(got: Reply, only: Reply) -> Iterator[str]:
    if only.status != got.status:
        yield f"HEAD {got.url} is answered {only.status}, GET {got.status}."
        return
    if only.body:
        yield f"HEAD {got.url} has a body."
    mine, yours = _stable(got), _stable(only)
    differing = sorted(name for name in mine.keys() | yours.keys() if mine.get(name) != yours.get(name))
    if differing:
        yield f"HEAD {got.url} has other headers than GET: {', '.join(differing)}."
    length = only.header("content-length")
    if length not in ("", "0", str(len(got.body))):
        yield f"HEAD {got.url} says Content-Length {length}; GET has {len(got.body)} bytes."


def _stable(reply: Reply) -> dict[str, str]:
    return {name: reply.header(name) for name, _ in reply.fields if name not in _CHANGING}


def packing(site: Deployment) -> Iterator[str]:
    """Text travels packed, and is the same when unpacked."""
    for accept in (HTML, TURTLE):
        plain = site.ask(site.thing.document, accept, accept_language="en")
        packed = site.ask(site.thing.document, accept, accept_language="en", accept_encoding="gzip")
        if len(plain.body) < 2048:
            continue
        if packed.header("content-encoding") != "gzip":
            yield f"The {accept} of {plain.url}, {len(plain.body)} bytes, is not sent packed."
            continue
        if _unpacked(packed.body) != plain.body:
            yield f"The {accept} of {plain.url} unpacks to something else than is sent plain."
        if "accept-encoding" not in packed.vary:
            yield f"The packed {accept} of {plain.url} does not say Vary: Accept-Encoding."
        tag = packed.header("etag")
        if tag and not tag.startswith("W/") and tag == plain.header("etag"):
            yield f"The packed and the plain {accept} of {plain.url} have the same strong ETag."


def _unpacked(body: bytes) -> bytes:
    try:
        return gzip.decompress(body)
    except (OSError, EOFError):
        return b""


def packing_refused(site: Deployment) -> Iterator[str]:
    """Who does not ask for packing gets none."""
    for header in (None, "identity", "gzip;q=0"):
        more: dict[str, str] = {} if header is None else {"accept_encoding": header}
        reply = site.ask(site.thing.document, TURTLE, **more)
        coding = reply.header("content-encoding")
        if coding not in ("", "identity"):
            yield f"Accept-Encoding {header or 'absent'} gets Content-Encoding {coding}."


def packing_not_modified(site: Deployment) -> Iterator[str]:
    """The tag of a packed answer is known again."""
    packed = site.ask(site.thing.document, HTML, accept_language="en", accept_encoding="gzip")
    tag = packed.header("etag")
    if not tag or not packed.header("content-encoding"):
        raise NotApplicableError("answers are not packed, or have no ETag")
    again = site.ask(
        site.thing.document, HTML, accept_language="en", accept_encoding="gzip", if_none_match=tag
    )
    if again.status != 304:
        yield f"If-None-Match: {tag} with Accept-Encoding: gzip is answered {again.status}, not 304."


def cross_origin(site: Deployment) -> Iterator[str]:
    """Scripts of any site may read the data."""
    addresses = [site.thing.document, site.thing.address, _UNKNOWN]
    for address in dict.fromkeys(addresses):
        reply = site.ask(address, TURTLE, origin="https://reader.example")
        if reply.header("access-control-allow-origin") != "*":
            told = reply.header("access-control-allow-origin") or "absent"
            yield f"{reply.url} ({reply.status}) has Access-Control-Allow-Origin {told}, not *."
        if reply.header("access-control-allow-credentials"):
            yield f"{reply.url} allows credentials, which public data needs not."
    exposed = site.ask(site.thing.document, TURTLE, origin="https://reader.example").header(
        "access-control-expose-headers"
    )
    missing = [name for name in ("link", "etag") if name not in exposed.lower() and exposed.strip() != "*"]
    if missing:
        yield f"Access-Control-Expose-Headers does not name {', '.join(missing)}."


def preflight(site: Deployment) -> Iterator[str]:
    """A browser that asks beforehand is told yes."""
    reply = site.send(
        "OPTIONS",
        site.thing.document,
        origin="https://reader.example",
        access_control_request_method="GET",
        access_control_request_headers="accept, if-none-match",
    )
    if reply.status not in (200, 204):
        yield f"The preflight OPTIONS is answered {reply.status}."
    if reply.header("access-control-allow-origin") != "*":
        yield "The answer to the preflight has no Access-Control-Allow-Origin: *."
    if "GET" not in reply.header("access-control-allow-methods"):
        yield "The answer to the preflight does not allow GET in Access-Control-Allow-Methods."
    if "if-none-match" not in reply.header("access-control-allow-headers").lower().replace(
        "*", "if-none-match"
    ):
        yield "The answer to the preflight does not allow If-None-Match in Access-Control-Allow-Headers."


def security_headers(site: Deployment) -> Iterator[str]:
    """Pages are shut against injected scripts, sniffing and framing."""
    for address in ("", site.thing.document, _UNKNOWN):
        reply = site.ask(address, HTML)
        policy = reply.header("content-security-policy")
        scripts = re.search(r"script-src([^;]*)", policy) or re.search(r"default-src([^;]*)", policy)
        if not policy:
            yield f"{reply.url} ({reply.status}) has no Content-Security-Policy."
        elif scripts and re.search(r"unsafe-inline|unsafe-eval|\s\*(?:\s|$)", scripts[1]):
            yield f"{reply.url} lets any script run: {scripts[0].strip()}."
        if reply.header("x-content-type-options").lower() != "nosniff":
            yield f"{reply.url} ({reply.status}) has no X-Content-Type-Options: nosniff."
        if "frame-ancestors" not in policy and not reply.header("x-frame-options"):
            yield f"{reply.url} may be framed: neither frame-ancestors nor X-Frame-Options."
        if not reply.header("referrer-policy"):
            yield f"{reply.url} ({reply.status}) has no Referrer-Policy."


def no_cookies(site: Deployment) -> Iterator[str]:
    """Reading sets no cookie."""
    for address, accept in (("", HTML), (site.thing.document, HTML), (site.thing.document, TURTLE)):
        reply = site.ask(address, accept)
        if reply.header("set-cookie"):
            yield f"{reply.url} sets a cookie: {reply.header('set-cookie').partition('=')[0]}."


def own_host_only(site: Deployment) -> Iterator[str]:
    """No address is made of the Host header."""
    host = urlsplit(site.root).netloc
    wrong: tuple[dict[str, str], ...] = (
        {"x_forwarded_host": _EVIL, "x_forwarded_proto": "gopher", "forwarded": f"host={_EVIL}"},
        {"host": _EVIL},
    )
    for address in ("", site.thing.address, site.thing.document, _UNKNOWN):
        for headers in wrong:
            reply = site.ask(address, HTML, **headers)
            told = " ".join((*(value for _, value in reply.fields), reply.text))
            if _EVIL in told or "gopher:" in told:
                yield f"{urljoin(site.root, address)} repeats a forged {' and '.join(headers)}, not {host}."


def https_kept(site: Deployment) -> Iterator[str]:
    """A site behind https does not lead back to http."""
    if urlsplit(site.root).scheme != "https":
        raise NotApplicableError("the address is not https")
    host = urlsplit(site.root).netloc
    pages = [site.front, site.ask(site.thing.document, HTML), site.ask(site.thing.address, HTML)]
    for reply in pages:
        told = " ".join(
            (*(value for name, value in reply.fields if name in ("location", "link")), reply.text)
        )
        if re.search(rf"(?:href=\"|src=\"|<|^)http://{re.escape(host)}", told) or reply.header(
            "location"
        ).startswith(f"http://{host}"):
            yield f"{reply.url} leads to http://{host}."
    if not site.front.header("strict-transport-security"):
        yield "There is no Strict-Transport-Security."


def root_kept(site: Deployment) -> Iterator[str]:
    """Links stay below the path that the site hangs under."""
    origin = f"{urlsplit(site.root).scheme}://{urlsplit(site.root).netloc}/"
    for reply in (site.front, site.ask(site.thing.document, HTML)):
        for found in re.findall(r'(?:href|src|action)="(/[^"]*)"', reply.text):
            address = urljoin(reply.url, found)
            if address.startswith(origin) and not site.inside(address):
                yield f"{reply.url} links to {found}, which is outside {urlsplit(site.root).path}."
    for name in ("location", "link", "content-location"):
        for reply in (site.ask(site.thing.address, TURTLE), site.ask(site.thing.document, TURTLE)):
            targets = [link.target for link in reply.links] if name == "link" else [reply.header(name)]
            outside = [urljoin(reply.url, one) for one in targets if one]
            for address in outside:
                if address.startswith(origin) and not site.inside(address) and address != site.thing.iri:
                    yield f"{reply.url} names {address} in {name}, outside {urlsplit(site.root).path}."


def no_header_injection(site: Deployment) -> Iterator[str]:
    """What stands in a path stays in the path."""
    tail = "%0d%0aX-Injected:%20yes%3E;rel=%22stylesheet%22"
    for address in (f"{site.thing.address}{tail}", f"{site.thing.document}{tail}"):
        reply = site.ask(address, TURTLE)
        if reply.header("x-injected"):
            yield f"{address} puts a header into the answer."
        if any("stylesheet" in link.rels for link in reply.links):
            yield f"{address} puts a Link into the answer."
        if reply.status >= 500:
            yield f"{address} is answered {reply.status}."


def no_traversal(site: Deployment) -> Iterator[str]:
    """Nothing but the site's own files is handed out."""
    for path in (
        "dumps/../manifest.json",
        "dumps/%2e%2e/manifest.json",
        "static/..%2f..%2fetc/passwd",
        ".git/HEAD",
    ):
        reply = site.ask(f"{site.root}{path}", "*/*")
        if reply.status == 200 and (
            b"root:" in reply.body or b"fingerprint" in reply.body or b"ref:" in reply.body
        ):
            yield f"{path} is handed out."


def no_open_redirect(site: Deployment) -> Iterator[str]:
    """A redirect never leads off the site by what a visitor writes."""
    for path in (f"/{_EVIL}/", f"id//{_EVIL}", f"id/%2F%2F{_EVIL}", f"%5C%5C{_EVIL}"):
        reply = site.ask(f"{site.root}{path}", HTML)
        if urlsplit(reply.location).netloc == _EVIL:
            yield f"{site.root}{path} redirects to {reply.location}."


def unknown_thing(site: Deployment) -> Iterator[str]:
    """What there is not is a 404 that says so to each."""
    for address in (_UNKNOWN, "doc/no-such-kind/no-such-thing", "no-such-page"):
        graph = site.ask(address, TURTLE)
        yield from _problem(graph, 404)
        page = site.ask(address, HTML)
        if page.status != 404 or page.media_type != HTML:
            told = f"{page.status} {page.media_type}"
            yield f"{page.url}, asked for by a browser, is answered {told}, not with a 404 page."


def _problem(reply: Reply, status: int) -> Iterator[str]:
    if reply.status != status:
        yield f"{reply.url} is answered {reply.status}, not {status}."
        return
    if reply.media_type != PROBLEM:
        yield f"The {status} of {reply.url} is {reply.media_type or 'without type'}, not {PROBLEM}."
        return
    try:
        document = json.loads(reply.body)
    except ValueError:
        yield f"The {status} of {reply.url} is not JSON."
        return
    if document.get("status") != status or not document.get("title") or not document.get("type"):
        yield f"The problem document of {reply.url} lacks type, title or the status {status}."


def unacceptable(site: Deployment) -> Iterator[str]:
    """What no form fits is a 406 that lists the forms."""
    for accept in ("image/png", "*/*;q=0"):
        reply = site.ask(site.thing.document, accept)
        yield from _problem(reply, 406)
        if reply.status == 406 and TURTLE not in reply.text:
            yield f"The 406 for Accept: {accept} does not list what there is."


def unknown_suffix(site: Deployment) -> Iterator[str]:
    """A suffix that no format has is a 415."""
    yield from _problem(site.ask(f"{site.thing.document}.docx"), 415)


def withdrawn(site: Deployment) -> Iterator[str]:
    """What was withdrawn is a 410 that names its successor."""
    query = "SELECT ?thing { ?thing <http://www.w3.org/2002/07/owl#deprecated> true FILTER(ISIRI(?thing)) }"
    for row in bindings(site.ask(f"{site.sparql}?query={quote(query)}", RESULTS)):
        address = site.address_of(
            row["thing"], f"{site.root}doc/{unquote(row['thing']).partition('/id/')[2]}"
        )
        if "#" in row["thing"] or address is None or "/id/" not in row["thing"]:
            continue
        reply = site.ask(urldefrag(address)[0], TURTLE)
        final = site.ask(reply.location, TURTLE) if reply.location else reply
        yield from _problem(final, 410)
        return
    raise NotApplicableError("nothing here was withdrawn")


def wrong_method(site: Deployment) -> Iterator[str]:
    """A method that is not used is a 405 that says which are."""
    for method in ("DELETE", "PUT", "PATCH"):
        reply = site.send(method, site.thing.document, TURTLE, b"")
        if reply.status not in (403, 405, 501):
            yield f"{method} {site.thing.document} is answered {reply.status}, not 405."
        elif reply.status == 405 and "GET" not in reply.header("allow"):
            yield f"The 405 to {method} has no Allow header with GET."


def errors_keep_quiet(site: Deployment) -> Iterator[str]:
    """Errors tell nothing of the inside."""
    for address in (
        _UNKNOWN,
        "doc/%FF%FE",
        "doc?iri=%00",
        f"doc/{'x' * 9000}",
        "links?to=%22%3E%3Cscript",
    ):
        reply = site.ask(f"{site.root}{address}", HTML)
        if re.search(r"Traceback|File \"/|/site-packages/|werkzeug|<script>", reply.text):
            yield f"{site.root}{address[:60]} tells of the program's inside, or repeats markup."
        if reply.status >= 500:
            yield f"{site.root}{address[:60]} is answered {reply.status}."


def available(site: Deployment) -> Iterator[str]:
    """No answer of all these came from a gateway that had none."""
    yield from dict.fromkeys(site.client.unavailable)


AFTERWARDS = (
    Check(
        "gateway", "proxy",
        "None of the requests above was answered 502, 503 or 504.",
        "Those are the proxy's own words: it got no answer, or one that it could not take.",
        "502 for some answers: their headers are too long for it (nginx: proxy_buffer_size 16k; HAProxy: "
        "tune.bufsize 32768). 502 for all: is `kg serve` running? 503: more query_workers. 504: a timeout in "
        "the proxy above query_timeout.", available,
    ),
)  # fmt: skip
"""What is judged by the answers to all other checks."""

CHECKS = (
    Check(
        "vary", "caching",
        "Answers that depend on Accept or Accept-Language say so in Vary.",
        "Without it a shared cache, or the Back button, gives one visitor what another asked for.",
        "Do not let the proxy drop or replace Vary.", vary,
    ),
    Check(
        "etag-strong", "caching",
        "Each variant has a strong ETag of its own.",
        "Weak tags forbid range requests; one tag for two variants corrupts caches.",
        "nginx makes ETags weak when it packs by itself: switch its `gzip` off for proxied answers; "
        "the server packs. Caddy: `compression off` in the proxy's transport.",
        etag_strong,
    ),
    Check(
        "not-modified", "caching",
        "If-None-Match with the ETag, in a list, weak, or *, is answered 304 without body.",
        "Crawlers and caches come back often; 304 costs almost nothing.",
        "Pass If-None-Match on, and ETag back.", not_modified,
    ),
    Check(
        "last-modified", "caching",
        "Where there is a Last-Modified, If-Modified-Since with it is answered 304.",
        "Older harvesters know no ETags.",
        "Pass If-Modified-Since on.", last_modified,
    ),
    Check(
        "cache-control", "caching",
        "Public answers say for how long they may be reused.",
        "Without it caches guess.",
        "Set cache_seconds; do not overwrite Cache-Control in the proxy.", cache_control,
    ),
    Check(
        "head", "caching",
        "HEAD has the status and headers of GET, and no body.",
        "Link checkers, catalogues and signposting clients look by HEAD first.",
        "Pass HEAD on as HEAD; with nginx set `proxy_cache_convert_head off`.", head,
    ),
    Check(
        "packing", "caching",
        "Pages and documents are sent packed to clients that take gzip, with Vary and an ETag of their own.",
        "Text packs to a fifth.",
        "Pass Accept-Encoding on, or pack in the proxy.", packing,
    ),
    Check(
        "packing-refused", "caching",
        "Clients that do not ask for packing, or exclude it with q=0, get plain bytes.",
        "A program without gzip would read noise.",
        "Make Accept-Encoding part of the cache key.", packing_refused,
    ),
    Check(
        "packing-not-modified", "caching",
        "The ETag of a packed answer is known again.",
        "Else every browser, which always packs, downloads everything anew.",
        "Do not let the proxy change the ETag of packed answers (Apache's mod_deflate adds -gzip: "
        "`DeflateAlterETag NoChange`).", packing_not_modified,
    ),
    Check(
        "cross-origin", "other origins",
        "Data and errors alike carry Access-Control-Allow-Origin: *, expose Link and ETag, no credentials.",
        "Without it no web page elsewhere can use the data.",
        "Set the headers for all statuses (nginx: `add_header ... always`), once, not twice.", cross_origin,
    ),
    Check(
        "preflight", "other origins",
        "OPTIONS with Origin is answered with what is allowed.",
        "Browsers ask first when a script sends unusual headers.",
        "Pass OPTIONS on to the server.", preflight,
    ),
    Check(
        "security-headers", "security",
        "Pages have a Content-Security-Policy without inline scripts, nosniff, frame and referrer rules.",
        "The labels on the pages come from data; these headers keep a hostile one from running.",
        "Pass the server's headers on; set them with `always` where the proxy answers itself.",
        security_headers,
    ),
    Check(
        "no-cookies", "security",
        "Reading sets no cookie.",
        "Cookies stop shared caching, and need consent.",
        "Switch off cookies of load balancers and analytics for this site.", no_cookies,
    ),
    Check(
        "own-host-only", "security",
        "No answer repeats a forged Host, X-Forwarded-Host or Forwarded header.",
        "A cache would keep links to the forger's host.",
        "Set the base in kg.toml or --base; let the proxy send only requests with its own server_name.",
        own_host_only,
    ),
    Check(
        "https-kept", "security",
        "Behind https nothing on the site leads to http, and Strict-Transport-Security is set.",
        "One http link lets others read and change what follows.",
        "Build with an https --base; take proxy_redirect and the like out. Set Strict-Transport-Security in "
        "the proxy that ends TLS (nginx: a location with an add_header of its own loses those around it).",
        https_kept,
    ),
    Check(
        "root-kept", "security",
        "Links, redirects and headers stay below the path that the site hangs under.",
        "A link to /doc/... on a site that lives under /kg/ belongs to somebody else.",
        "Start with KG_ROOT_PATH=/kg, the path that the proxy hangs the site under.", root_kept,
    ),
    Check(
        "no-header-injection", "security",
        "Line breaks and angle brackets in a path never become headers or links.",
        "They would let a visitor write the headers of others' answers.",
        "Report it with the address shown.", no_header_injection,
    ),
    Check(
        "no-traversal", "security",
        "Paths with .. give nothing from outside the site.",
        "Keys and databases lie next door.",
        "Serve only the folders named in the deployment guide; no alias without a final slash.", no_traversal,
    ),
    Check(
        "no-open-redirect", "security",
        "No path makes the site redirect to another host.",
        "It would lend the site's name to phishing.",
        "Do not build redirects from the path in the proxy.", no_open_redirect,
    ),
    Check(
        "unknown-thing", "errors",
        "An unknown thing is a 404: a problem document for programs, a page for browsers.",
        "A 200 with an apology is indexed; an HTML error breaks parsers.",
        "Switch off the proxy's own error pages (nginx: proxy_intercept_errors off).", unknown_thing,
    ),
    Check(
        "unacceptable", "errors",
        "What no form fits is a 406 that lists the forms there are.",
        "The client can choose again without reading documentation.",
        "Pass Accept on unchanged.", unacceptable,
    ),
    Check(
        "unknown-suffix", "errors",
        "A suffix that no format has is a 415.",
        "It tells a wrong format from a wrong name.",
        "Do not serve paths by suffix in the proxy.", unknown_suffix,
    ),
    Check(
        "withdrawn", "errors",
        "A withdrawn thing is a 410.",
        "404 says never; 410 says no more, and names what came after.",
        "Switch off the proxy's own error pages.", withdrawn,
    ),
    Check(
        "wrong-method", "errors",
        "Methods that change things are refused, with Allow.",
        "The data is read-only.",
        "Let the server, not a framework in front, answer other methods.", wrong_method,
    ),
    Check(
        "errors-keep-quiet", "errors",
        "Errors show no paths, no code and no markup of the visitor's.",
        "What the inside looks like helps an attacker.",
        "Report it with the address shown.", errors_keep_quiet,
    ),
)  # fmt: skip
