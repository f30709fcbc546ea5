"""The rules that let plain web servers answer as the site does: one set of decisions, in three syntaxes.

Negotiation is a list of regular expressions, tried in order, made from the table of representations: first
the highest weight, within it the server's preference. They use nothing that RE2 lacks: all servers can.
Weights are compared by their first decimal.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from textwrap import indent

from endpoint.negotiate import ENTITY, ERRORS, GRAPHS, HTML, LISTS, PROBLEM, Representation
from endpoint.respond import SECURITY_HEADERS, link
from endpoint.words import LANGUAGES

PLACE = "/srv/kg/www"
"""Where the rules take the site to lie; the operator changes it."""
NONE = "none"
_PARAMETERS = r'(?:\s*;\s*[a-pr-z][\w-]*=(?:"[^"]*"|[^,;"]*))*'
_WEIGHTS = (
    r"(?:\s*;\s*q=[1-9][0-9.]*)?",
    *(rf"\s*;\s*q=0?\.{tenth}\d*" for tenth in range(9, 0, -1)),
    r"\s*;\s*q=0?\.0\d*[1-9]\d*",
)
_READABLE = r"(?:^|,)\s*[\w!#$&^.+*-]+/[\w!#$&^.+*-]+\s*(?:,|;|$)"
_MAX_AGE = "public, max-age=300"
_METHODS = "GET, HEAD, OPTIONS"
_PREFLIGHT = "Accept, Accept-Language, Content-Type, If-None-Match, Range"
_SAFE = r"[A-Za-z0-9._~!&()*+,;=:@/%-]"
_ALIASES = {"json": "jsonld", "owl": "rdf", "xml": "rdf", "htm": "html"}
_TYPES = {
    **{form.suffix: form.media_type for form in GRAPHS},
    "html": "text/html",
    "csv": "text/csv",
    "json": "application/json",
    "problem": PROBLEM.media_type,
    "linkset": "application/linkset+json",
    "txt": "text/plain",
    "xml": "application/xml",
    "css": "text/css",
    "js": "text/javascript",
    "svg": "image/svg+xml",
    "png": "image/png",
    "gz": "application/gzip",
}
_ERRORS = (400, 404, 405, 406, 415, 416)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rules need to know: `direct` are the first parts of paths whose IRIs are not below id/."""

    root: str
    base: str
    license: str
    direct: tuple[str, ...]
    digests: Mapping[str, str]
    sparql: str
    language: str


Choice = tuple[str, str]
"""A regular expression, and what a header that it matches chooses."""


def choices(table: Sequence[Representation], default: str) -> Iterator[Choice]:
    """Yield what Accept headers choose; what matches none of them gets the default.

    >>> found = list(choices(ENTITY, "html"))
    >>> accept = "text/html;q=0.4, application/n-triples;q=0.8"
    >>> next(form for pattern, form in found if re.search(pattern, accept))
    'nt'
    """
    graphs = [form for form in table if form is not HTML]
    others = next((form.suffix for form in graphs if form.suffix != default), NONE)
    for weight in _WEIGHTS:
        for form in (*graphs, *(form for form in table if form is HTML)):
            yield _element(_types(form), weight), _suffix(form)
        for wildcard in ("text", "application"):
            some = [form for form in table if form.media_type.startswith(f"{wildcard}/")]
            best = max(some, key=lambda form: form.quality, default=None)
            if best is not None:
                yield _element(rf"{wildcard}/\*", weight), _suffix(best)
        anything = _element(r"\*/\*", weight)
        if HTML in table and default == "html":
            named = r"text/html\s*;"
            yield rf"(?:{named}.*{anything}|{anything}.*{named})", others
        yield anything, default
    yield _READABLE, NONE


def _suffix(form: Representation) -> str:
    return "problem" if form is PROBLEM else form.suffix


def _types(form: Representation) -> str:
    names = [form.media_type, *(alias for alias in form.aliases if "/" in alias)]
    return f"(?:{'|'.join(re.escape(name) for name in names)})".replace(r"\-", "-").replace(r"\/", "/")


def _element(pattern: str, weight: str) -> str:
    return rf"(?:^|,)\s*{pattern}{_PARAMETERS}{weight}\s*(?:,|$)"


def tongues(default: str) -> Iterator[Choice]:
    """Yield what Accept-Language headers choose; what matches none of them gets the default."""
    for weight in _WEIGHTS:
        for tag in LANGUAGES:
            names = "(?:nb|no)" if tag == "nb" else tag
            yield rf"(?:^|,)\s*{names}(?:-[a-z0-9-]+)?{weight}\s*(?:,|$)", tag
        yield rf"(?:^|,)\s*\*{weight}\s*(?:,|$)", default


def _digest(hexadecimal: str) -> str:
    return f"sha-256=:{base64.b64encode(bytes.fromhex(hexadecimal)).decode()}:"


def _alternates(facts: Facts, document: str) -> list[str]:
    return [
        f'<{facts.root}/doc/{document}.{form.suffix}>; rel="{_rel(form)}"; type="{form.media_type}"'
        for form in ENTITY
    ]


def _rel(form: Representation) -> str:
    return "alternate" if form is HTML else "alternate describedby"


def _common(facts: Facts) -> list[str]:
    rest = [link(f"{facts.root}/dataset", "collection")]
    return [*rest, link(facts.license, "license")] if facts.license else rest


def _page_links(facts: Facts, document: str, iri: str) -> str:
    own = [
        f'<{iri}>; rel="cite-as"',
        link("https://schema.org/AboutPage", "type"),
        f'<{facts.root}/linkset/{document}>; rel="linkset"; type="application/linkset+json"',
    ]
    return ", ".join([*_alternates(facts, document), *own, *_common(facts)])


def _graph_links(facts: Facts, document: str) -> str:
    page = f'<{facts.root}/doc/{document}>; rel="describes"; type="text/html"'
    return ", ".join([*_alternates(facts, document), page, *_common(facts)])


def _suffixes() -> str:
    return "|".join(form.suffix for form in GRAPHS)


# nginx


def nginx(facts: Facts) -> str:
    """Give a file for nginx's conf.d: maps, and a server."""
    return "\n".join((_nginx_maps(facts), _nginx_server(facts), ""))


def _map(source: str, target: str, rows: Sequence[tuple[str, str]], default: str) -> str:
    lines = [f"    {key} {value};" for key, value in rows]
    return "\n".join([f"map {source} {target} {{", f"    default {default};", *lines, "}"])


def _nginx_choices(found: Iterator[Choice]) -> list[tuple[str, str]]:
    return [(f"'~*{pattern}'", form) for pattern, form in found]


def _nginx_maps(facts: Facts) -> str:
    root, direct = facts.root, "|".join(map(re.escape, facts.direct)) or "(?!)"
    asked = [(form.suffix, form.suffix) for form in ENTITY] + list(_ALIASES.items())
    ends = f"(?:html|{_suffixes()})"
    maps = [
        "# What Accept asks for: a page or a graph, a page or a table, a graph, and the form of an error.",
        _map("$http_accept", "$kg_accepted", _nginx_choices(choices(ENTITY, "html")), "html"),
        _map("$http_accept", "$kg_table", _nginx_choices(choices(LISTS, "html")), "html"),
        _map("$http_accept", "$kg_graph", _nginx_choices(choices(GRAPHS, "ttl")), "ttl"),
        _map("$http_accept", "$kg_error", [*_nginx_choices(choices(ERRORS, "problem"))], "problem"),
        "# ?format= overrides Accept, and ?lang= Accept-Language.",
        _map("$arg_format", "$kg_asked", [('""', '""'), *asked], "unknown"),
        _map("$kg_asked", "$kg_form", [('""', "$kg_accepted")], "$kg_asked"),
        _map("$http_accept_language", "$kg_tongue", _nginx_choices(tongues(facts.language)), facts.language),
        _map("$arg_lang", "$kg_lang", [(tag, tag) for tag in LANGUAGES], "$kg_tongue"),
        _map("$kg_form", "$kg_tail", [("html", "$kg_lang.html")], "$kg_form"),
        _map("$kg_table", "$kg_table_tail", [("html", "$kg_lang.html")], "$kg_table"),
        _map("$kg_error", "$kg_error_tail", [("html", "$kg_lang.html")], "problem"),
        _map("$kg_form", "$kg_form_language", [("html", "$kg_lang")], '""'),
        _map("$kg_table", "$kg_table_language", [("html", "$kg_lang")], '""'),
        _map("$kg_error", "$kg_error_language", [("html", "$kg_lang")], '""'),
        "# Paths as they came, still encoded, for headers; nothing that could end a header or a link.",
        _map("$request_uri", "$kg_doc", [(rf"'~^{root}/doc/(?<kg_d>{_SAFE}+?)(?:\.{ends})?(?:\?.*)?$'", "$kg_d")], '""'),
        _map("$request_uri", "$kg_path", [(rf"'~^{root}/(?:id/)?(?<kg_p>{_SAFE}+)(?:\?.*)?$'", "$kg_p")], '""'),
        _map("$kg_doc", "$kg_iri", [(f"'~^(?:{direct})/'", f'"{facts.base}$kg_doc"')], f'"{facts.base}id/$kg_doc"'),
        _map("$kg_doc", "$kg_page_links",
             [('""', '""'), ("'~^iri-'", _quoted(", ".join([*_alternates(facts, "$kg_doc"), *_common(facts)])))],
             _quoted(_page_links(facts, "$kg_doc", "$kg_iri"))),
        _map("$kg_doc", "$kg_graph_links", [('""', '""')], _quoted(_graph_links(facts, "$kg_doc"))),
        _map("$kg_form", "$kg_links", [("html", "$kg_page_links")], "$kg_graph_links"),
        _map("$uri", "$kg_digest", [(f"{root}/dumps/{path}", f'"{_digest(sha)}"')
                                    for path, sha in sorted(facts.digests.items())], '""'),
        _map("$request_method", "$kg_methods", [("OPTIONS", f'"{_METHODS}"')], '""'),
        _map("$request_method", "$kg_preflight", [("OPTIONS", f'"{_PREFLIGHT}"')], '""'),
    ]  # fmt: skip
    return "\n".join(["variables_hash_bucket_size 128;", "map_hash_bucket_size 256;", *maps])


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "%27") + "'"


def _nginx_server(facts: Facts) -> str:
    types = "\n".join(f"    {media_type} {suffix};" for suffix, media_type in _TYPES.items())
    headers = "\n".join(f'add_header {name} "{value}" always;' for name, value in SECURITY_HEADERS.items())
    errors = "\n".join(f"error_page {status} {facts.root}/errors/{status};" for status in _ERRORS)
    variables = ("vary", "language", "link", "where", "disposition", "allow", "known", "case", "thing", "cut")
    sets = "\n".join(f'set $kg_is_{name} "";' for name in variables)
    body = f"""\
listen 80;
server_name _;
root {PLACE};

types {{
{types}
}}
default_type application/octet-stream;
charset utf-8;
charset_types text/turtle text/csv text/plain text/css text/javascript;
server_tokens off;
absolute_redirect off;
merge_slashes off;
etag on;
if_modified_since exact;
large_client_header_buffers 4 32k;
gzip on;
gzip_vary on;
gzip_min_length 512;
gzip_comp_level 5;
gzip_types {" ".join(kind for kind in _TYPES.values() if kind not in ("text/html", "image/png", "application/gzip"))};

{sets}
{headers}
add_header Vary $kg_is_vary always;
add_header Content-Language $kg_is_language always;
add_header Link $kg_is_link;
add_header Content-Location $kg_is_where;
add_header Content-Disposition $kg_is_disposition;
add_header Repr-Digest $kg_digest;
add_header Cache-Control "{_MAX_AGE}" always;
add_header Allow $kg_is_allow always;
add_header Access-Control-Allow-Methods $kg_methods always;
add_header Access-Control-Allow-Headers $kg_preflight always;
# Where nginx ends TLS: add_header Strict-Transport-Security "max-age=31536000" always;

{errors}
error_page 410 @kg-gone;
if ($request_method = OPTIONS) {{
    return 204;
}}
if ($request_method !~ ^(?:GET|HEAD|OPTIONS)$) {{
    return 405;
}}
{_nginx_locations(facts)}"""
    return "server {\n" + indent(body, "    ") + "}"


def _nginx_locations(facts: Facts) -> str:
    root, graphs = facts.root, _suffixes()
    direct = "|".join(map(re.escape, facts.direct)) or "(?!)"
    negotiated = 'set $kg_is_vary "Accept, Accept-Language";'
    documents = r"(?:doc/.+|def|dataset|catalog)"
    aliased = "\n".join(
        f"location ~ ^{root}/(?<kg_s>{documents})\\.{alias}$ {{\n"
        f"    set $kg_is_link $kg_graph_links;\n    try_files {root}/$kg_s.{suffix} @kg-form;\n}}"
        for alias, suffix in _ALIASES.items()
        if suffix != "html"
    )
    sparql = (
        f"return 307 {facts.sparql}$is_args$args;"
        if facts.sparql
        else f"error_page 404 {root}/errors/sparql;\n    return 404;"
    )
    below = f"location = {root} {{\n    return 301 {root}/;\n}}\n" if root else ""
    return f"""
{below}location = {root}/ {{
    set $kg_is_vary "Accept-Language";
    set $kg_is_language $kg_lang;
    try_files {root}/index.$kg_lang.html =404;
}}
location {root}/doc/ {{
    {negotiated}
    set $kg_is_language $kg_form_language;
    set $kg_is_link $kg_links;
    set $kg_is_where {root}/doc/$kg_doc.$kg_form;
    try_files $uri.$kg_tail @kg-other;
}}
location ~ ^{root}/(?<kg_s>{documents})\\.html?$ {{
    set $kg_is_vary "Accept-Language";
    set $kg_is_language $kg_lang;
    set $kg_is_link $kg_page_links;
    try_files {root}/$kg_s.$kg_lang.html @kg-form;
}}
location ~ ^{root}/(?<kg_s>{documents})\\.(?:{graphs})$ {{
    set $kg_is_link $kg_graph_links;
    try_files $uri @kg-form;
}}
{aliased}
location ~ ^{root}/(?:list|links)/.+\\.(?:csv|json)$ {{
    try_files $uri =404;
}}
location ~ ^{root}/(?:list|links)/ {{
    {negotiated}
    set $kg_is_language $kg_table_language;
    try_files $uri.$kg_table_tail @kg-list;
}}
location = {root}/dumps/ {{
    set $kg_is_vary "Accept-Language";
    set $kg_is_language $kg_lang;
    try_files {root}/dumps/index.$kg_lang.html =404;
}}
location ~ ^{root}/dumps/(?:.*/)?(?<kg_file>[^/]+\\.(?:{graphs}|gz))$ {{
    gzip off;
    set $kg_is_disposition 'attachment; filename="$kg_file"';
    try_files $uri =404;
}}
location ~ ^{root}/questions/.+\\.json$ {{
    types {{ }}
    default_type application/sparql-results+json;
    try_files $uri =404;
}}
location {root}/static/ {{
    try_files $uri =404;
}}
location ~ ^{root}/(?:robots\\.txt|search\\.json|context\\.jsonld|dumps/SHA256SUMS|(?:sitemap|questions)[^/]*/?[^/]*\\.(?:xml|csv))$ {{
    try_files $uri =404;
}}
location = {root}/.well-known/void {{
    set $kg_is_vary "Accept";
    try_files $uri.$kg_graph =406;
}}
location = {root}/.well-known/api-catalog {{
    try_files $uri.linkset =404;
}}
location {root}/linkset/ {{
    try_files $uri.linkset =404;
}}
location = {root}/sparql {{
    {sparql}
}}
location {root}/errors/ {{
    internal;
    {negotiated}
    set $kg_is_language $kg_error_language;
    try_files $uri.$kg_error_tail =404;
}}
location = {root}/errors/405 {{
    internal;
    {negotiated}
    set $kg_is_allow "{_METHODS}";
    try_files $uri.$kg_error_tail =404;
}}
location {root}/ {{
    {negotiated}
    set $kg_is_language $kg_form_language;
    try_files $uri.$kg_tail $uri.$kg_lang.html @kg-thing;
}}
# A document that is not there in this form: withdrawn, there in others, or unknown.
location @kg-other {{
    set $kg_is_case $kg_form;
    if (-f $document_root$uri.gone.problem) {{
        return 410;
    }}
    if (-f $document_root$uri.ttl) {{
        set $kg_is_case "$kg_form there";
    }}
    if ($kg_is_case = "unknown there") {{
        return 415;
    }}
    if ($kg_is_case ~ " there$") {{
        return 406;
    }}
    if ($uri ~ ^(?<kg_left>.+)\\.[A-Za-z0-9]+$) {{
        set $kg_is_known $kg_left;
    }}
    if (-f $document_root$kg_is_known.ttl) {{
        return 415;
    }}
    return 404;
}}
location @kg-form {{
    if (-f $document_root{root}/$kg_s.gone.problem) {{
        return 410;
    }}
    if (-f $document_root{root}/$kg_s.ttl) {{
        return 406;
    }}
    return 404;
}}
location @kg-list {{
    if (-f $document_root$uri.csv) {{
        return 406;
    }}
    return 404;
}}
location @kg-gone {{
    {negotiated}
    set $kg_is_language $kg_error_language;
    try_files $uri.gone.$kg_error_tail {root}/$kg_s.gone.$kg_error_tail {root}/errors/410.$kg_error_tail =410;
}}
# The IRI of a thing: see its document.
location @kg-thing {{
    if ($uri ~ ^{root}/(?:id/(?<kg_below>.+)|(?<kg_beside>(?:{direct})/.+))$) {{
        set $kg_is_thing {root}/doc/$kg_below$kg_beside;
    }}
    if ($kg_is_thing ~ ^(?<kg_before>.+)\\.(?:html|{graphs})$) {{
        set $kg_is_cut $kg_before;
    }}
    if (-f $document_root$kg_is_thing.ttl) {{
        return 303 {root}/doc/$kg_path$is_args$args;
    }}
    if (-f $document_root$kg_is_thing.gone.problem) {{
        return 303 {root}/doc/$kg_path$is_args$args;
    }}
    if (-f $document_root$kg_is_cut.ttl) {{
        return 303 {root}/doc/$kg_path$is_args$args;
    }}
    return 404;
}}
"""


# Apache


def apache(facts: Facts) -> str:
    """Give the .htaccess of the site's folder: mod_rewrite, mod_headers and mod_mime are needed."""
    types = "\n".join(
        f"AddType {media_type} .{suffix}" for suffix, media_type in _TYPES.items() if suffix != "gz"
    )
    headers = "\n".join(f'Header always set {name} "{value}"' for name, value in SECURITY_HEADERS.items())
    errors = "\n".join(f"ErrorDocument {status} {facts.root}/errors/{status}" for status in (*_ERRORS, 410))
    digests = "\n".join(
        f'<If "%{{REQUEST_URI}} == \'{facts.root}/dumps/{path}\'">\nHeader set Repr-Digest "{_digest(sha)}"\n</If>'
        for path, sha in sorted(facts.digests.items())
    )
    return f"""\
# The server's own configuration must say `AllowOverride All` and, because Apache makes redirects of the
# Host header otherwise, `UseCanonicalName On` with a ServerName.
Options -Indexes -MultiViews
DirectorySlash Off
DirectoryIndex disabled
FileETag MTime Size
{types}
RemoveEncoding .gz
RemoveType .gz
AddType application/gzip .gz
{chr(10).join(f"RemoveLanguage .{tag}" for tag in LANGUAGES)}
AddCharset utf-8 .html .ttl .csv .txt .css .js
{errors}
ErrorDocument 303 "See the address in Location."
{headers}
Header always set Cache-Control "{_MAX_AGE}"
{_apache_headers(facts)}
{digests}
<IfModule mod_deflate.c>
AddOutputFilterByType DEFLATE {" ".join(kind for kind in _TYPES.values() if kind not in ("image/png", "application/gzip"))}
</IfModule>

RewriteEngine On
RewriteBase {facts.root}/
{_apache_negotiation(facts)}
{_apache_paths(facts)}
"""


def _apache_headers(facts: Facts) -> str:
    """Give the headers that follow from what the rewriting chose: its variables come back as REDIRECT_*."""
    document = "%{REDIRECT_KG_DOC}e"
    rows = [
        ("Vary", '"Accept, Accept-Language"', "KG_BOTH"),
        ("Vary", '"Accept-Language"', "KG_TONGUE"),
        ("Vary", '"Accept"', "KG_ACCEPT"),
        ("Content-Language", '"%{REDIRECT_KG_LANGUAGE}e"', "KG_LANGUAGE"),
        ("Content-Location", f'"{facts.root}/doc/{document}.%{{REDIRECT_KG_FORM}}e"', "KG_NEGOTIATED"),
        ("Content-Disposition", '"attachment; filename=\\"%{REDIRECT_KG_FILE}e\\""', "KG_FILE"),
    ]
    lines = [f"Header always merge {name} {value} env=REDIRECT_{variable}" if name == "Vary"
             else f"Header always set {name} {value} env=REDIRECT_{variable}" for name, value, variable in rows]  # fmt: skip
    page = _page_links(facts, document, "%{REDIRECT_KG_IRI}e").replace('"', '\\"')
    graph = _graph_links(facts, document).replace('"', '\\"')
    lines.append(f'Header set Link "{page}" env=REDIRECT_KG_PAGE')
    lines.append(f'Header set Link "{graph}" env=REDIRECT_KG_GRAPH')
    lines.append(
        f'Header always set Access-Control-Allow-Methods "{_METHODS}" "expr=%{{REQUEST_METHOD}} == \'OPTIONS\'"'
    )
    lines.append(
        f'Header always set Access-Control-Allow-Headers "{_PREFLIGHT}" "expr=%{{REQUEST_METHOD}} == \'OPTIONS\'"'
    )
    # mod_deflate does not know its own ETags again.
    lines.append('RequestHeader edit* If-None-Match "-gzip\\"" "\\""')
    lines.append(f'Header always set Allow "{_METHODS}" "expr=%{{REQUEST_STATUS}} == 405"')
    return "\n".join(lines)


def _apache_choices(header: str, variable: str, found: Iterator[Choice]) -> list[str]:
    """Give rules of which the first that fits sets a variable and skips the rest."""
    rows = list(found)
    lines: list[str] = []
    for place, (pattern, form) in enumerate(rows):
        lines.append(f'RewriteCond %{{HTTP:{header}}} "{_apache_pattern(pattern)}" [NC]')
        lines.append(f"RewriteRule ^ - [E={variable}:{form},S={len(rows) - place - 1}]")
    return lines


def _apache_pattern(pattern: str) -> str:
    return pattern.replace('"', r"\x22")


def _apache_negotiation(facts: Facts) -> str:
    asked = [(form.suffix, form.suffix) for form in ENTITY] + list(_ALIASES.items())
    lines = [
        "RewriteCond %{REQUEST_METHOD} =OPTIONS",
        "RewriteRule ^ - [R=204,L]",
        "RewriteCond %{REQUEST_METHOD} !^(?:GET|HEAD)$",
        'RewriteCond %{ENV:REDIRECT_STATUS} =""',
        "RewriteRule ^ - [R=405,L]",
        "# What was turned already needs no turning again.",
        "RewriteCond %{ENV:REDIRECT_KG_DONE} .",
        "RewriteRule ^ - [END]",
        f"RewriteRule ^ - [E=KG_FORM:html,E=KG_TABLE:html,E=KG_ONLY:ttl,E=KG_ERROR:problem,E=KG_LANG:{facts.language}]",
        *_apache_choices("Accept", "KG_FORM", choices(ENTITY, "html")),
        *_apache_choices("Accept", "KG_TABLE", choices(LISTS, "html")),
        *_apache_choices("Accept", "KG_ONLY", choices(GRAPHS, "ttl")),
        *_apache_choices("Accept", "KG_ERROR", choices(ERRORS, "problem")),
        *_apache_choices("Accept-Language", "KG_LANG", tongues(facts.language)),
        "RewriteCond %{QUERY_STRING} (?:^|&)lang=(" + "|".join(LANGUAGES) + ")(?:&|$)",
        "RewriteRule ^ - [E=KG_LANG:%1]",
        "RewriteCond %{QUERY_STRING} (?:^|&)format=",
        "RewriteRule ^ - [E=KG_FORM:unknown]",
    ]
    for name, suffix in asked:
        lines.append(f"RewriteCond %{{QUERY_STRING}} (?:^|&)format={name}(?:&|$)")
        lines.append(f"RewriteRule ^ - [E=KG_FORM:{suffix}]")
    for variable, other in (("FORM", "%{ENV:KG_FORM}"), ("TABLE", "%{ENV:KG_TABLE}"), ("ERROR", "problem")):
        lines.append(f"RewriteRule ^ - [E=KG_{variable}_TAIL:{other}]")
        lines.append(f"RewriteCond %{{ENV:KG_{variable}}} =html")
        lines.append(f"RewriteRule ^ - [E=KG_{variable}_TAIL:%{{ENV:KG_LANG}}.html]")
    return "\n".join(lines)


def _apache_paths(facts: Facts) -> str:
    """Give the rules from paths to files; the whole site lies below the document root at its root path."""
    root, graphs = facts.root, _suffixes()
    here = f"%{{DOCUMENT_ROOT}}{root}"
    documents = r"(?:doc/.+|def|dataset|catalog)"
    direct = "|".join(map(re.escape, facts.direct)) or "(?!)"
    both, page = "E=KG_DONE:1,E=KG_BOTH:1", "E=KG_DONE:1,E=KG_TONGUE:1"
    language = "E=KG_LANGUAGE:%{ENV:KG_LANG}"
    ends = f"(?:html|{graphs})"
    rules = [
        "# The path as it came, for headers; nothing that could end a header or a link.",
        f'RewriteCond %{{THE_REQUEST}} "^\\S+ {root}/doc/({_SAFE}+?)(?:\\.{ends})?(?:\\?\\S*)? HTTP"',
        "RewriteRule ^ - [E=KG_DOC:%1]",
        f'RewriteCond %{{THE_REQUEST}} "^\\S+ {root}/(?:id/)?({_SAFE}+)(?:\\?\\S*)? HTTP"',
        "RewriteRule ^ - [E=KG_PATH:%1]",
        f"RewriteRule ^ - [E=KG_IRI:{facts.base}id/%{{ENV:KG_DOC}}]",
        f"RewriteCond %{{ENV:KG_DOC}} ^(?:{direct})/",
        f"RewriteRule ^ - [E=KG_IRI:{facts.base}%{{ENV:KG_DOC}}]",
        "# Errors",
        "RewriteCond %{ENV:REDIRECT_STATUS} =410",
        f"RewriteCond %{{ENV:REDIRECT_URL}} ^{root}/(.+?)(?:\\.{ends})?$",
        f"RewriteCond {here}/%1.gone.%{{ENV:KG_ERROR_TAIL}} -f",
        f"RewriteRule ^errors/410$ %1.gone.%{{ENV:KG_ERROR_TAIL}} [{both},END]",
        f"RewriteRule ^errors/(\\w+)$ errors/$1.%{{ENV:KG_ERROR_TAIL}} [{both},END]",
        "# Pages and files",
        f"RewriteRule ^$ index.%{{ENV:KG_LANG}}.html [{page},{language},END]",
        f"RewriteRule ^dumps/$ dumps/index.%{{ENV:KG_LANG}}.html [{page},{language},END]",
        f"RewriteRule ^dumps/(?:.*/)?([^/]+\\.(?:{graphs}|gz))$ $0 [E=KG_DONE:1,E=KG_FILE:$1,E=no-gzip:1,END]",
        "RewriteRule ^(?:static/|robots\\.txt|search\\.json|context\\.jsonld|dumps/SHA256SUMS|sitemap|questions/) - [END]",
        "RewriteRule ^(?:list|links)/.+\\.(?:csv|json)$ - [END]",
        f"RewriteCond {here}/$0.%{{ENV:KG_TABLE_TAIL}} -f",
        f"RewriteRule ^(?:list|links)/.+$ $0.%{{ENV:KG_TABLE_TAIL}} [{both},E=KG_LANGUAGE:%{{ENV:KG_LANG}},END]",
        f"RewriteCond {here}/$0.csv -f",
        "RewriteRule ^(?:list|links)/.+$ - [R=406,L]",
        f"RewriteRule ^\\.well-known/void$ $0.%{{ENV:KG_ONLY}} [E=KG_DONE:1,E=KG_ACCEPT:1,END]",
        "RewriteRule ^\\.well-known/api-catalog$ $0.linkset [E=KG_DONE:1,END]",
        "RewriteRule ^linkset/.+$ $0.linkset [E=KG_DONE:1,END]",
        f"RewriteRule ^sparql$ {facts.sparql} [R=307,QSA,L]"
        if facts.sparql
        else "RewriteRule ^sparql$ - [R=404,L]",
        "# Documents, by suffix",
        f"RewriteRule ^({documents})\\.html?$ $1.%{{ENV:KG_LANG}}.html [{page},{language},E=KG_PAGE:1,S=1]",
        f"RewriteRule ^({documents})\\.({graphs})$ $1.$2 [E=KG_DONE:1,E=KG_GRAPH:1]",
        *(
            f"RewriteRule ^({documents})\\.{alias}$ $1.{suffix} [E=KG_DONE:1,E=KG_GRAPH:1]"
            for alias, suffix in _ALIASES.items()
            if suffix != "html"
        ),
        "RewriteCond %{ENV:KG_DONE} .",
        f"RewriteCond {here}/$0 -f",
        "RewriteRule ^.+$ - [END]",
        "RewriteCond %{ENV:KG_DONE} .",
        f"RewriteCond {here}/$1.gone.problem -f",
        f"RewriteRule ^(.+?)\\.(?:(?:{'|'.join(LANGUAGES)})\\.html|{graphs})$ - [R=410,L]",
        "RewriteCond %{ENV:KG_DONE} .",
        f"RewriteCond {here}/$1.ttl -f",
        f"RewriteRule ^(.+?)\\.(?:(?:{'|'.join(LANGUAGES)})\\.html|{graphs})$ - [R=406,L]",
        "RewriteCond %{ENV:KG_DONE} .",
        "RewriteRule ^ - [R=404,L]",
        "# Documents, negotiated",
        "RewriteCond %{ENV:KG_FORM} =html",
        f"RewriteCond {here}/$0.%{{ENV:KG_FORM_TAIL}} -f",
        f"RewriteRule ^doc/.+$ $0.%{{ENV:KG_FORM_TAIL}} [{both},{language},E=KG_PAGE:1,E=KG_NEGOTIATED:1,"
        "E=KG_FORM:%{ENV:KG_FORM},END]",
        f"RewriteCond {here}/$0.%{{ENV:KG_FORM_TAIL}} -f",
        f"RewriteRule ^doc/.+$ $0.%{{ENV:KG_FORM_TAIL}} [{both},E=KG_GRAPH:1,E=KG_NEGOTIATED:1,"
        "E=KG_FORM:%{ENV:KG_FORM},END]",
        f"RewriteCond {here}/$0.gone.problem -f",
        "RewriteRule ^doc/.+$ - [R=410,L]",
        "RewriteCond %{ENV:KG_FORM} =unknown",
        f"RewriteCond {here}/$0.ttl -f",
        "RewriteRule ^doc/.+$ - [R=415,L]",
        f"RewriteCond {here}/$0.ttl -f",
        "RewriteRule ^doc/.+$ - [R=406,L]",
        f"RewriteCond {here}/$1.ttl -f",
        "RewriteRule ^(doc/.+)\\.[A-Za-z0-9]+$ - [R=415,L]",
        "# Other pages",
        f"RewriteCond {here}/$0.%{{ENV:KG_FORM_TAIL}} -f",
        f"RewriteRule ^[^.].*$ $0.%{{ENV:KG_FORM_TAIL}} [{both},{language},END]",
        f"RewriteCond {here}/$0.%{{ENV:KG_LANG}}.html -f",
        f"RewriteRule ^[^.].*$ $0.%{{ENV:KG_LANG}}.html [{both},{language},END]",
        "# The IRI of a thing: see its document.",
    ]
    for pattern in (
        r"^id/(.+)$",
        rf"^((?:{direct})/.+)$",
        rf"^id/(.+)\.{ends}$",
        rf"^((?:{direct})/.+)\.{ends}$",
    ):
        rules.append(f"RewriteCond {here}/doc/$1.ttl -f [OR]")
        rules.append(f"RewriteCond {here}/doc/$1.gone.problem -f")
        rules.append(f"RewriteRule {pattern} {root}/doc/%{{ENV:KG_PATH}} [R=303,NE,L]")
    rules.append("RewriteRule ^ - [R=404,L]")
    return "\n".join(rules)


def caddy(facts: Facts) -> str:
    """Give a Caddyfile."""
    return f"# {facts.base}\n"


def w3id(facts: Facts) -> str:
    """Give the .htaccess for w3id.org, which leads the public IRIs to the site; SITE is to be replaced.

    303 for whatever is asked for: w3id.org knows no representation, the site negotiates.
    """
    return f"""\
# {facts.base}
# Put this in a folder of the repository perma-id/w3id.org, with SITE replaced by the site's address,
# such as https://data.example.org/kg, and a README that names who keeps it.
Options +FollowSymLinks
RewriteEngine On
RewriteRule ^(.*)$ SITE/$1 [R=303,NE,L]
"""
