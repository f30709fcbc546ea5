"""The rules for Caddy: maps that negotiate, and a route that finds files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from textwrap import indent

from endpoint.export.rules import (
    ALIASES,
    MAX_AGE,
    METHODS,
    PLACE,
    PREFLIGHT,
    SAFE,
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

_DOCUMENTS = "(doc/.+|def|dataset|catalog)"
_BOTH = 'header Vary "Accept, Accept-Language"'
_TONGUE = "header Vary Accept-Language"


def caddyfile(facts: Facts) -> str:
    """Give a Caddyfile; it keeps the port that a proxy in front or a test may want."""
    body = "\n".join(
        (f"root * {PLACE}", "encode zstd gzip", _maps(facts), _matchers(facts), _route(facts), _errors(facts))
    )
    return "{\n\tadmin off\n}\n\n:80 {\n" + indent(body, "\t") + "\n}\n"


def _map(source: str, target: str, rows: Iterator[Choice] | list[Choice], default: str | None = None) -> str:
    lines = [f"\t`~{pattern}` {value or chr(34) * 2}" for pattern, value in rows]
    end = [f"\tdefault {default}"] if default else []
    return "\n".join([f"map {source} {{{target}}} {{", *lines, *end, "}"])


def _chosen(header: str, target: str, found: Iterator[Choice], default: str) -> str:
    return _map(
        f"{{header.{header}}}", target, [(f"(?i){pattern}", form) for pattern, form in found], default
    )


def _maps(facts: Facts) -> str:
    root, ends = facts.root, f"(?:html|{suffixes()})"
    direct = "|".join(map(re.escape, facts.direct))
    asked = [*((form.suffix, form.suffix) for form in ENTITY), *ALIASES.items()]
    beside = [(f"^((?:{direct})/.*)$", f"{facts.base}${{1}}")] if direct else []
    return "\n".join(
        (
            "# What Accept asks for: a page or a graph, a page or a table, a graph, the form of an error.",
            _chosen("Accept", "kg_accepted", choices(ENTITY, "html"), "html"),
            _chosen("Accept", "kg_table", choices(MEMBERS, "html"), "html"),
            _chosen("Accept", "kg_graph", choices(GRAPHS, "ttl"), "ttl"),
            _chosen("Accept", "kg_catalog", choices(CATALOGUE, "ttl"), "ttl"),
            _chosen("Accept", "kg_error", choices(ERRORS, "problem"), "problem"),
            _chosen("Accept-Language", "kg_tongue", tongues(facts.language), facts.language),
            "# ?format= overrides Accept, and ?lang= Accept-Language.",
            _map("{query.format}|{kg_accepted}", "kg_form",
                 [(r"^\|(.*)$", "${1}"), *((rf"^{name}\|", suffix) for name, suffix in asked)], "unknown"),
            _map("{query.lang}|{kg_tongue}", "kg_lang",
                 [(rf"^({'|'.join(LANGUAGES)})\|", "${1}"), (r"^[^|]*\|(.*)$", "${1}")]),
            "# Paths as they came, still encoded, for headers; nothing that could end a header or a link.",
            _map("{http.request.orig_uri}", "kg_doc",
                 [(rf"^{root}/doc/({SAFE}+?)(?:\.{ends})?(?:\?.*)?$", "${1}"), ("^", "")]),
            _map("{http.request.orig_uri}", "kg_path",
                 [(rf"^{root}/(?:id/)?({SAFE}+)(?:\?.*)?$", "${1}"), ("^", "")]),
            _map("{kg_doc}", "kg_iri", [*beside, ("^(.+)$", f"{facts.base}id/${{1}}"), ("^", "")]),
            _map("{http.request.uri.query}", "kg_query", [("^(.+)$", "?${1}"), ("^", "")]),
        )
    )  # fmt: skip


def _matchers(facts: Facts) -> str:
    types = [f"@is_{suffix} path *.{suffix}" for suffix in TYPES]
    dumps = [
        f"@dump_{place} path {facts.root}/dumps/{path}" for place, path in enumerate(sorted(facts.digests))
    ]
    return "\n".join((*types, *dumps, "@options method OPTIONS", "@changing not method GET HEAD OPTIONS"))


def _serve(facts: Facts, file: str, *headers: str) -> str:
    """Give the lines that serve a file with its type and these headers."""
    lines = [*headers, f"rewrite * {file}"]
    lines += [f'header @is_{suffix} Content-Type "{_typed(kind)}"' for suffix, kind in TYPES.items()]
    return "\n".join((*lines, "file_server"))


def _typed(kind: str) -> str:
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind


def _handle(name: str, matcher: str, body: str) -> str:
    """Give a matcher and what is done where it matches, to the exclusion of what comes after."""
    return f"@{name} {_block(matcher)}\nhandle @{name} {_block('route ' + _block(body))}"


def _block(body: str) -> str:
    return f"{{\n{indent(body, chr(9))}\n}}"


def _file(*paths: str) -> str:
    return f"file {' '.join(paths)}"


def _links(text: str) -> str:
    return f"header Link `{text}`"


def _route(facts: Facts) -> str:
    security = "\n".join(f'\t{name} "{value}"' for name, value in SECURITY_HEADERS.items())
    digests = "\n".join(
        f'header @dump_{place} Repr-Digest "{digest(facts.digests[path])}"'
        for place, path in enumerate(sorted(facts.digests))
    )
    parts = (
        f'header {{\n{security}\n\tCache-Control "{MAX_AGE}"\n}}',
        "# What is packed needs another ETag than what is not.",
        "@packing header Accept-Encoding *gzip*",
        'request_header @packing If-None-Match `-packed"` `"`',
        'header @packing {\n\tETag `"$` `-packed"`\n\tdefer\n}',
        f'header @options Access-Control-Allow-Methods "{METHODS}"',
        f'header @options Access-Control-Allow-Headers "{PREFLIGHT}"',
        "respond @options 204",
        f'header @changing Allow "{METHODS}"',
        "error @changing 405",
        digests,
        *_pages(facts),
        *_documents(facts),
        *_things(facts),
        "error 404",
    )
    return "route {\n" + indent("\n".join(parts), "\t") + "\n}"


def _pages(facts: Facts) -> Iterator[str]:
    root, graphs = facts.root, suffixes()
    language = "header Content-Language {kg_lang}"
    if root:
        yield f"redir {root} {root}/ 301"
    yield _handle(
        "front", f"path {root}/", _serve(facts, f"{root}/index.{{kg_lang}}.html", _TONGUE, language)
    )
    dumps = _serve(facts, f"{root}/dumps/index.{{kg_lang}}.html", _TONGUE, language)
    yield _handle("dumps", f"path {root}/dumps/", dumps)
    attached = 'header Content-Disposition `attachment; filename="{re.dump.1}"`'
    found = rf"path_regexp dump ^{root}/dumps/(?:.*/)?([^/]+\.(?:{graphs}|gz))$"
    yield _handle("dump", f"{found}\n{_file('{path}')}", _serve(facts, "{path}", attached))
    root_files = (
        r"[^/]+\.(?:txt|json|jsonld|geojson|xml|cff)|dumps/SHA256SUMS|sitemap/[^/]+\.xml|questions/[^/]+\.csv"
    )
    plain = f"path_regexp ^{root}/(?:{root_files}|static/.+|{tables(facts)}\\.(?:csv|json|{graphs}))$"
    outside = f"not path_regexp ^{root}/(?:def|dataset|catalog)\\."
    yield _handle("plain", f"{plain}\n{outside}\n{_file('{path}')}", _serve(facts, "{path}"))
    answers = f"path_regexp ^{root}/questions/[^/]+\\.json$\n{_file('{path}')}"
    yield _handle("answers", answers, "header Content-Type application/sparql-results+json\nfile_server")
    yield _handle("catalog", f"path {root}/catalog", _catalog(facts))
    void = f"{root}/.well-known/void"
    yield _handle("void", f"path {void}\n{_file('{path}.{kg_graph}')}",
                  _serve(facts, "{path}.{kg_graph}", "header Vary Accept"))  # fmt: skip
    yield _handle("void_none", f"path {void}", "error 406")
    linkset = f"path {root}/linkset/* {root}/.well-known/api-catalog\n{_file('{path}.linkset')}"
    yield _handle("linkset", linkset, _serve(facts, "{path}.linkset"))
    sparql = f"redir {facts.sparql}{{kg_query}} 307" if facts.sparql else "vars kg_name sparql\nerror 404"
    yield _handle("sparql", f"path {root}/sparql", sparql)
    table = f"path_regexp ^{root}/{tables(facts)}$"
    as_page = 'expression `{kg_table} == "html"`'
    yield _handle("list_page", f"{table}\n{as_page}\n{_file('{path}.{kg_lang}.html')}",
                  _serve(facts, "{path}.{kg_lang}.html", _BOTH, language))  # fmt: skip
    yield _handle("list_table", f"{table}\n{_file('{path}.{kg_table}')}",
                  _serve(facts, "{path}.{kg_table}", _BOTH))  # fmt: skip
    yield _handle("list_none", f"{table}\n{_file('{path}.csv')}", "error 406")


def _catalog(facts: Facts) -> str:
    lines = (
        "header Vary Accept",
        '@catalog_page expression `{kg_catalog} == "html"`',
        f"redir @catalog_page {facts.root}/dataset 303",
        "@catalog_none not file {path}.{kg_catalog}",
        "error @catalog_none 406",
        _serve(facts, "{path}.{kg_catalog}"),
    )
    return "\n".join(lines)


def _documents(facts: Facts) -> Iterator[str]:
    root, graphs = facts.root, suffixes()
    language = "header Content-Language {kg_lang}"
    page, graph = _links(page_links(facts, "{kg_doc}", "{kg_iri}")), _links(graph_links(facts, "{kg_doc}"))
    foreign = _links(foreign_links(facts, "{kg_doc}"))
    where = f"header Content-Location {root}/doc/{{kg_doc}}.{{kg_form}}"
    missing = (
        f"@{{0}}_gone {_file(root + '/{re.{0}.1}.gone.problem')}\n"
        f"vars @{{0}}_gone kg_gone {root}/{{re.{{0}}.1}}\nerror @{{0}}_gone 410\n"
        f"@{{0}}_other {_file(root + '/{re.{0}.1}.ttl')}\nerror @{{0}}_other 406\nerror 404"
    )

    def by_suffix(name: str, pattern: str, file: str, *headers: str) -> str:
        there = f"@{name}_there {_file(file)}\nhandle @{name}_there "
        there += _block("route " + _block(_serve(facts, file, *headers)))
        return _handle(name, f"path_regexp {name} {pattern}", there + "\n" + missing.replace("{0}", name))

    html = f"{root}/{{re.by_html.1}}.{{kg_lang}}.html"
    yield by_suffix("by_html", rf"^{root}/{_DOCUMENTS}\.html?$", html, _TONGUE, language, page)
    yield by_suffix("by_suffix", rf"^{root}/{_DOCUMENTS}\.({graphs})$", "{path}", graph)
    for alias, suffix in ALIASES.items():
        if suffix != "html":
            name = f"by_{alias}"
            yield by_suffix(
                name, rf"^{root}/{_DOCUMENTS}\.{alias}$", f"{root}/{{re.{name}.1}}.{suffix}", graph
            )
    documents = f"path {root}/doc/*"
    html_form = 'expression `{kg_form} == "html"`'
    yield _handle("foreign", f"path {root}/doc/iri-*\n{html_form}\n{_file('{path}.{kg_lang}.html')}",
                  _serve(facts, "{path}.{kg_lang}.html", _BOTH, language, where, foreign))  # fmt: skip
    yield _handle("page", f"{documents}\n{html_form}\n{_file('{path}.{kg_lang}.html')}",
                  _serve(facts, "{path}.{kg_lang}.html", _BOTH, language, where, page))  # fmt: skip
    yield _handle("graph", f"{documents}\n{_file('{path}.{kg_form}')}",
                  _serve(facts, "{path}.{kg_form}", _BOTH, where, graph))  # fmt: skip
    yield _handle("gone", f"{documents}\n{_file('{path}.gone.problem')}", "vars kg_gone {path}\nerror 410")
    unknown = f'{documents}\nexpression `{{kg_form}} == "unknown"`\n{_file("{path}.ttl")}'
    yield _handle("unknown", unknown, "error 415")
    yield _handle("other", f"{documents}\n{_file('{path}.ttl')}", "error 406")
    odd = f"@odd_there {_file(root + '/{re.odd.1}.ttl')}\nerror @odd_there 415\nerror 404"
    yield _handle("odd", rf"path_regexp odd ^{root}/(doc/.+)\.[A-Za-z0-9]+$", odd)
    yield _handle("rest_page", f"{html_form}\n{_file('{path}.{kg_lang}.html')}",
                  _serve(facts, "{path}.{kg_lang}.html", _BOTH, language))  # fmt: skip
    yield _handle("rest_graph", f"not path {root}/id/*\n{_file('{path}.{kg_form}')}",
                  _serve(facts, "{path}.{kg_form}", _BOTH))  # fmt: skip
    yield _handle("rest_other", _file("{path}.{kg_lang}.html"),
                  _serve(facts, "{path}.{kg_lang}.html", _BOTH, language))  # fmt: skip


def _things(facts: Facts) -> Iterator[str]:
    """Yield what leads from the IRI of a thing, with or without a suffix, to its document."""
    root, ends = facts.root, f"(?:html|{suffixes()})"
    below = ["id/(.+)"]
    if facts.direct:
        below.append(f"((?:{'|'.join(map(re.escape, facts.direct))})/.+)")
    for place, pattern in enumerate(below):
        for name, suffix in ((f"thing{place}", ""), (f"suffixed{place}", rf"\.{ends}")):
            stem = f"{root}/doc/{{re.{name}.1}}"
            there = f"@{name}_there {_file(f'{stem}.ttl', f'{stem}.gone.problem')}"
            lead = f"redir @{name}_there {root}/doc/{{kg_path}}{{kg_query}} 303"
            # Not exclusive: where nothing is there, what comes after may know.
            yield f"@{name} path_regexp {name} ^{root}/{pattern}{suffix}$"
            yield f"route @{name} {_block(f'{there}{chr(10)}{lead}')}"


def _errors(facts: Facts) -> str:
    root = facts.root
    body = f"""\
{_BOTH}
vars kg_status {{err.status_code}}
@gone_page {{
	expression `{{kg_error}} == "html" && {{err.status_code}} == 410`
	file {{vars.kg_gone}}.gone.{{kg_lang}}.html
}}
handle @gone_page {{
	rewrite * {{vars.kg_gone}}.gone.{{kg_lang}}.html
	header Content-Type "text/html; charset=utf-8"
	file_server {{
		status 410
	}}
}}
@gone_problem {{
	expression `{{err.status_code}} == 410`
	file {{vars.kg_gone}}.gone.problem
}}
handle @gone_problem {{
	rewrite * {{vars.kg_gone}}.gone.problem
	header Content-Type application/problem+json
	file_server {{
		status 410
	}}
}}
@no_queries path {root}/sparql
@page expression `{{kg_error}} == "html"`
handle @page {{
	header Content-Language {{kg_lang}}
	header Content-Type "text/html; charset=utf-8"
	rewrite @no_queries {root}/errors/sparql.{{kg_lang}}.html
	@statuses_page not path {root}/errors/*
	rewrite @statuses_page {root}/errors/{{err.status_code}}.{{kg_lang}}.html
	file_server {{
		status {{err.status_code}}
	}}
}}
handle {{
	header Content-Type application/problem+json
	rewrite @no_queries {root}/errors/sparql.problem
	@statuses not path {root}/errors/*
	rewrite @statuses {root}/errors/{{err.status_code}}.problem
	file_server {{
		status {{err.status_code}}
	}}
}}"""
    return "handle_errors {\n" + indent(body, "\t") + "\n}"
