"""The rules for nginx: maps that negotiate, and a server whose locations find files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from textwrap import indent

from endpoint.export.rules import (
    ALIASES,
    MAX_AGE,
    METHODS,
    PLACE,
    PREFLIGHT,
    SAFE,
    STATUSES,
    TYPES,
    Choice,
    Facts,
    choices,
    digest,
    foreign_links,
    graph_links,
    page_links,
    suffixes,
    tables,
    tongues,
)
from endpoint.negotiate import CATALOGUE, ENTITY, ERRORS, GRAPHS, MEMBERS
from endpoint.respond import SECURITY_HEADERS
from endpoint.words import LANGUAGES

_NOT_PACKED = frozenset(("text/html", "image/png", "application/gzip"))
_FILES = "|".join(
    (
        r"[^/]+\.(?:txt|json|jsonld|geojson|xml|cff)|dumps/SHA256SUMS",
        r"sitemap/[^/]+\.xml|questions/[^/]+\.csv",
    )
)


def configuration(facts: Facts) -> str:
    """Give a file for nginx's conf.d: maps, and a server."""
    return "\n".join((_maps(facts), _server(facts), ""))


def _map(source: str, target: str, rows: Sequence[tuple[str, str]], default: str) -> str:
    lines = [f"    {key} {value};" for key, value in rows]
    return "\n".join([f"map {source} {target} {{", f"    default {default};", *lines, "}"])


def _choices(found: Iterator[Choice]) -> list[tuple[str, str]]:
    return [(f"'~*{pattern}'", form) for pattern, form in found]


def _maps(facts: Facts) -> str:
    root, direct = facts.root, "|".join(map(re.escape, facts.direct)) or "(?!)"
    asked = [(form.suffix, form.suffix) for form in ENTITY] + list(ALIASES.items())
    document = rf"(?<kg_d>{SAFE}+?)(?:\.(?:html|{suffixes()}))?(?:\?.*)?"
    path = rf"(?<kg_p>{SAFE}+)(?:\?.*)?"
    foreign = foreign_links(facts, "$kg_doc")
    maps = [
        "# What Accept asks for: a page or a graph, a page or a table, a graph, and the form of an error.",
        _map("$http_accept", "$kg_accepted", _choices(choices(ENTITY, "html")), "html"),
        _map("$http_accept", "$kg_table", _choices(choices(MEMBERS, "html")), "html"),
        _map("$http_accept", "$kg_graph", _choices(choices(GRAPHS, "ttl")), "ttl"),
        _map("$http_accept", "$kg_catalog", _choices(choices(CATALOGUE, "ttl")), "ttl"),
        _map("$http_accept", "$kg_error", [*_choices(choices(ERRORS, "problem"))], "problem"),
        "# ?format= overrides Accept, and ?lang= Accept-Language.",
        _map("$arg_format", "$kg_asked", [('""', '""'), *asked], "unknown"),
        _map("$kg_asked", "$kg_form", [('""', "$kg_accepted")], "$kg_asked"),
        _map("$http_accept_language", "$kg_tongue", _choices(tongues(facts.language)), facts.language),
        _map("$arg_lang", "$kg_lang", [(tag, tag) for tag in LANGUAGES], "$kg_tongue"),
        _map("$kg_form", "$kg_tail", [("html", "$kg_lang.html")], "$kg_form"),
        _map("$kg_table", "$kg_table_tail", [("html", "$kg_lang.html")], "$kg_table"),
        _map("$kg_error", "$kg_error_tail", [("html", "$kg_lang.html")], "problem"),
        _map("$kg_form", "$kg_form_language", [("html", "$kg_lang")], '""'),
        _map("$kg_table", "$kg_table_language", [("html", "$kg_lang")], '""'),
        _map("$kg_error", "$kg_error_language", [("html", "$kg_lang")], '""'),
        "# Paths as they came, still encoded, for headers; nothing that could end a header or a link.",
        _map("$request_uri", "$kg_doc", [(f"'~^{root}/doc/{document}$'", "$kg_d")], '""'),
        _map("$request_uri", "$kg_path", [(f"'~^{root}/(?:id/)?{path}$'", "$kg_p")], '""'),
        _map("$kg_doc", "$kg_iri", [(f"'~^(?:{direct})/'", f'"{facts.base}$kg_doc"')],
             f'"{facts.base}id/$kg_doc"'),
        _map("$kg_doc", "$kg_page_links", [('""', '""'), ("'~^iri-'", _quoted(foreign))],
             _quoted(page_links(facts, "$kg_doc", "$kg_iri"))),
        _map("$kg_doc", "$kg_graph_links", [('""', '""')], _quoted(graph_links(facts, "$kg_doc"))),
        _map("$kg_form", "$kg_links", [("html", "$kg_page_links")], "$kg_graph_links"),
        _map("$uri", "$kg_digest", [(f"{root}/dumps/{path}", f'"{digest(sha)}"')
                                    for path, sha in sorted(facts.digests.items())], '""'),
        _map("$request_method", "$kg_methods", [("OPTIONS", f'"{METHODS}"')], '""'),
        _map("$request_method", "$kg_preflight", [("OPTIONS", f'"{PREFLIGHT}"')], '""'),
    ]  # fmt: skip
    return "\n".join(["variables_hash_bucket_size 128;", "map_hash_bucket_size 256;", *maps])


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "%27") + "'"


def _server(facts: Facts) -> str:
    types = "\n".join(f"    {media_type} {suffix};" for suffix, media_type in TYPES.items())
    headers = "\n".join(f'add_header {name} "{value}" always;' for name, value in SECURITY_HEADERS.items())
    errors = "\n".join(f"error_page {status} {facts.root}/errors/{status};" for status in STATUSES)
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
gzip_types {" ".join(sorted(set(TYPES.values()) - _NOT_PACKED))};

{sets}
{headers}
add_header Vary $kg_is_vary always;
add_header Content-Language $kg_is_language always;
add_header Link $kg_is_link;
add_header Content-Location $kg_is_where;
add_header Content-Disposition $kg_is_disposition;
add_header Repr-Digest $kg_digest;
add_header Cache-Control "{MAX_AGE}" always;
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
{_locations(facts)}"""
    return "server {\n" + indent(body, "    ") + "}"


def _locations(facts: Facts) -> str:
    root, graphs = facts.root, suffixes()
    direct = "|".join(map(re.escape, facts.direct)) or "(?!)"
    negotiated = 'set $kg_is_vary "Accept, Accept-Language";'
    documents = r"(?:doc/.+|def|dataset|catalog)"
    aliased = "\n".join(
        f"location ~ ^{root}/(?<kg_s>{documents})\\.{alias}$ {{\n"
        f"    set $kg_is_link $kg_graph_links;\n    try_files {root}/$kg_s.{suffix} @kg-form;\n}}"
        for alias, suffix in ALIASES.items()
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
location ~ ^{root}/{tables(facts)}\\.(?:csv|json|{graphs})$ {{
    try_files $uri =404;
}}
location ~ ^{root}/{tables(facts)}$ {{
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
location ~ ^{root}/(?:{_FILES})$ {{
    try_files $uri =404;
}}
location = {root}/catalog {{
    set $kg_is_vary "Accept";
    if ($kg_catalog = html) {{
        return 303 {root}/dataset;
    }}
    try_files $uri.$kg_catalog =406;
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
    set $kg_is_allow "{METHODS}";
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
