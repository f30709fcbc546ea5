"""The rules for Apache: one .htaccess, by mod_rewrite and mod_headers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from endpoint.export.rules import (
    ALIASES,
    MAX_AGE,
    METHODS,
    PREFLIGHT,
    SAFE,
    STATUSES,
    TYPES,
    Choice,
    Facts,
    choices,
    digest,
    graph_links,
    page_links,
    suffixes,
    tables,
    tongues,
)
from endpoint.negotiate import CATALOGUE, ENTITY, ERRORS, GRAPHS, MEMBERS
from endpoint.respond import SECURITY_HEADERS
from endpoint.words import LANGUAGES

_NOT_PACKED = frozenset(("image/png", "application/gzip"))


def htaccess(facts: Facts) -> str:
    """Give the .htaccess of the site's folder: mod_rewrite, mod_headers and mod_mime are needed."""
    types = "\n".join(
        f"AddType {media_type} .{suffix}" for suffix, media_type in TYPES.items() if suffix != "gz"
    )
    headers = "\n".join(f'Header always set {name} "{value}"' for name, value in SECURITY_HEADERS.items())
    errors = "\n".join(f"ErrorDocument {status} {facts.root}/errors/{status}" for status in (*STATUSES, 410))
    digests = "\n".join(
        f'Header set Repr-Digest "{digest(sha)}" "expr=%{{REQUEST_URI}} == \'{facts.root}/dumps/{path}\'"'
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
Header always set Cache-Control "{MAX_AGE}"
{_headers(facts)}
{digests}
<IfModule mod_deflate.c>
AddOutputFilterByType DEFLATE {" ".join(sorted(set(TYPES.values()) - _NOT_PACKED))}
</IfModule>

RewriteEngine On
RewriteBase {facts.root}/
{_negotiation(facts)}
{_paths(facts)}
"""


def _headers(facts: Facts) -> str:
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
    lines = [
        f"Header always {'merge' if name == 'Vary' else 'set'} {name} {value} env=REDIRECT_{variable}"
        for name, value, variable in rows
    ]
    page = page_links(facts, document, "%{REDIRECT_KG_IRI}e").replace('"', '\\"')
    graph = graph_links(facts, document).replace('"', '\\"')
    lines.append(f'Header set Link "{page}" env=REDIRECT_KG_PAGE')
    lines.append(f'Header set Link "{graph}" env=REDIRECT_KG_GRAPH')
    asked = "\"expr=%{REQUEST_METHOD} == 'OPTIONS'\""
    lines.append(f'Header always set Access-Control-Allow-Methods "{METHODS}" {asked}')
    lines.append(f'Header always set Access-Control-Allow-Headers "{PREFLIGHT}" {asked}')
    # mod_deflate does not know its own ETags again.
    lines.append('RequestHeader edit* If-None-Match "-gzip\\"" "\\""')
    lines.append(f'Header always set Allow "{METHODS}" "expr=%{{REQUEST_STATUS}} == 405"')
    return "\n".join(lines)


def _choices(header: str, variable: str, found: Iterator[Choice]) -> list[str]:
    """Give rules of which the first that fits sets a variable and skips the rest."""
    rows = list(found)
    lines: list[str] = []
    for place, (pattern, form) in enumerate(rows):
        lines.append(f'RewriteCond %{{HTTP:{header}}} "{_pattern(pattern)}" [NC]')
        lines.append(f"RewriteRule ^ - [E={variable}:{form},S={len(rows) - place - 1}]")
    return lines


def _pattern(pattern: str) -> str:
    return pattern.replace('"', r"\x22")


def _negotiation(facts: Facts) -> str:
    asked = [(form.suffix, form.suffix) for form in ENTITY] + list(ALIASES.items())
    lines = [
        "RewriteCond %{REQUEST_METHOD} =OPTIONS",
        "RewriteRule ^ - [R=204,L]",
        "RewriteCond %{REQUEST_METHOD} !^(?:GET|HEAD)$",
        'RewriteCond %{ENV:REDIRECT_STATUS} =""',
        "RewriteRule ^ - [R=405,L]",
        "# What was turned already needs no turning again.",
        "RewriteCond %{ENV:REDIRECT_KG_DONE} .",
        "RewriteRule ^ - [END]",
        "RewriteRule ^ - [E=KG_FORM:html,E=KG_TABLE:html,E=KG_ONLY:ttl,E=KG_CATALOG:ttl,E=KG_ERROR:problem]",
        f"RewriteRule ^ - [E=KG_LANG:{facts.language}]",
        *_choices("Accept", "KG_FORM", choices(ENTITY, "html")),
        *_choices("Accept", "KG_TABLE", choices(MEMBERS, "html")),
        *_choices("Accept", "KG_ONLY", choices(GRAPHS, "ttl")),
        *_choices("Accept", "KG_CATALOG", choices(CATALOGUE, "ttl")),
        *_choices("Accept", "KG_ERROR", choices(ERRORS, "problem")),
        *_choices("Accept-Language", "KG_LANG", tongues(facts.language)),
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


def _paths(facts: Facts) -> str:
    """Give the rules from paths to files; the whole site lies below the document root at its root path."""
    root, graphs, table = facts.root, suffixes(), tables(facts)
    here = f"%{{DOCUMENT_ROOT}}{root}"
    documents = r"(?:doc/.+|def|dataset|catalog)"
    direct = "|".join(map(re.escape, facts.direct)) or "(?!)"
    both, page = "E=KG_DONE:1,E=KG_BOTH:1", "E=KG_DONE:1,E=KG_TONGUE:1"
    language = "E=KG_LANGUAGE:%{ENV:KG_LANG}"
    file = "E=KG_DONE:1,E=KG_FILE:$1,E=no-gzip:1"
    ends = f"(?:html|{graphs})"
    rules = [
        "# The path as it came, for headers; nothing that could end a header or a link.",
        f'RewriteCond %{{THE_REQUEST}} "^\\S+ {root}/doc/({SAFE}+?)(?:\\.{ends})?(?:\\?\\S*)? HTTP"',
        "RewriteRule ^ - [E=KG_DOC:%1]",
        f'RewriteCond %{{THE_REQUEST}} "^\\S+ {root}/(?:id/)?({SAFE}+)(?:\\?\\S*)? HTTP"',
        "RewriteRule ^ - [E=KG_PATH:%1]",
        f"RewriteRule ^ - [E=KG_IRI:{facts.base}id/%{{ENV:KG_DOC}}]",
        f"RewriteCond %{{ENV:KG_DOC}} ^(?:{direct})/",
        f"RewriteRule ^ - [E=KG_IRI:{facts.base}%{{ENV:KG_DOC}}]",
        "# Errors",
        "RewriteCond %{ENV:REDIRECT_KG_GONE} (.+)",
        f"RewriteRule ^errors/410$ %1.gone.%{{ENV:KG_ERROR_TAIL}} [{both},END]",
        f"RewriteRule ^errors/(\\w+)$ errors/$1.%{{ENV:KG_ERROR_TAIL}} [{both},END]",
        "# Pages and files",
        f"RewriteRule ^$ index.%{{ENV:KG_LANG}}.html [{page},{language},END]",
        f"RewriteRule ^dumps/$ dumps/index.%{{ENV:KG_LANG}}.html [{page},{language},END]",
        f"RewriteRule ^dumps/(?:.*/)?([^/]+\\.(?:{graphs}|gz))$ $0 [{file},END]",
        "RewriteRule ^(?!def\\.|dataset\\.|catalog\\.)[^/]+\\.(?:txt|json|jsonld|geojson|xml|cff)$ - [END]",
        "RewriteRule ^static/ - [END]",
        "RewriteRule ^(?:dumps/SHA256SUMS|sitemap|questions/) - [END]",
        f"RewriteRule ^{table}\\.(?:csv|json|{graphs})$ - [END]",
        f"RewriteCond {here}/$0.%{{ENV:KG_TABLE_TAIL}} -f",
        f"RewriteRule ^{table}$ $0.%{{ENV:KG_TABLE_TAIL}} [{both},{language},END]",
        f"RewriteCond {here}/$0.csv -f",
        f"RewriteRule ^{table}$ - [R=406,L]",
        "RewriteCond %{ENV:KG_CATALOG} =html",
        f"RewriteRule ^catalog$ {root}/dataset [R=303,L]",
        "RewriteRule ^catalog$ $0.%{ENV:KG_CATALOG} [E=KG_DONE:1,E=KG_ACCEPT:1,END]",
        "RewriteRule ^\\.well-known/void$ $0.%{ENV:KG_ONLY} [E=KG_DONE:1,E=KG_ACCEPT:1,END]",
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
            for alias, suffix in ALIASES.items()
            if suffix != "html"
        ),
        "RewriteCond %{ENV:KG_DONE} .",
        f"RewriteCond {here}/$0 -f",
        "RewriteRule ^.+$ - [END]",
        "RewriteCond %{ENV:KG_DONE} .",
        f"RewriteCond {here}/$1.gone.problem -f",
        f"RewriteRule ^(.+?)\\.(?:(?:{'|'.join(LANGUAGES)})\\.html|{graphs})$ - [E=KG_GONE:$1,R=410,L]",
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
        "RewriteRule ^doc/.+$ - [E=KG_GONE:$0,R=410,L]",
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
