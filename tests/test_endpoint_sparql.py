"""Facts about the SPARQL service beyond the W3C suite, against a running server."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from urllib.parse import quote

import brotli  # type: ignore[import-untyped]
import pytest
import zstandard

from endpoint.sparql import problem_of
from kg.query import (
    NotPageable,
    NotRepresentable,
    PoolBusy,
    QueryCancelled,
    QueryError,
    QueryMemory,
    QueryRefused,
    QueryTimeout,
    ResultTooLarge,
)
from tests.serving import Reply, Served, served

pytestmark = pytest.mark.xdist_group("sparql")
DATA = r"""
@prefix : <http://x/> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
:a :plain "a, \"b\"\n<&>" ; :language "Lønset"@nb ; :node [] .
:b :control "\u0001" .
:c :percent "100%25+" .
:d :formula "=HYPERLINK(1)" .
""" + "\n".join(f":n{i} :number {i} ." for i in range(200))
RESULTS_JSON = "application/sparql-results+json"
PLAIN = "SELECT ?o { <http://x/a> <http://x/plain> ?o }"
WRONG = 'SELECT ("2010-02-30"^^<http://www.w3.org/2001/XMLSchema#date> AS ?o) {}'
CROSS = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"


XML = '<?xml version="1.0"?><sparql xmlns="http://www.w3.org/2005/sparql-results#">'


def one_row(row: str) -> str:
    return f'{{"head":{{"vars":["o"]}},"results":{{"bindings":[{row}]}}}}'


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("sparql")
    (folder / "data.ttl").write_text(DATA)
    with served(folder / "data.ttl", environment={"KG_QUERY_TIMEOUT": "2"}) as running:
        yield running


def get(server: Served, query: str, accept: str | None = None, **more: str) -> Reply:
    parameters = "&".join(f"{quote(name)}={quote(value)}" for name, value in {"query": query, **more}.items())
    return server.ask("GET", f"/sparql?{parameters}", headers={"Accept": accept} if accept else {})


def problem(reply: Reply) -> tuple[int, str]:
    document = json.loads(reply.body)
    assert reply.headers["content-type"] == "application/problem+json"
    assert document["status"] == reply.status
    return reply.status, document["type"].rpartition("#")[2]


@pytest.mark.parametrize(
    ("query", "accept", "body"),
    [
        (PLAIN, RESULTS_JSON, one_row('{"o":{"type":"literal","value":"a, \\"b\\"\\n<&>"}}')),
        (PLAIN, "text/csv", 'o\r\n"a, ""b""\n<&>"\r\n'),
        (PLAIN, "text/tab-separated-values", '?o\n"a, \\"b\\"\\n<&>"\n'),
        (PLAIN, "application/sparql-results+xml",
         XML + '<head><variable name="o"/></head><results><result><binding name="o"><literal>'
         "a, &quot;b&quot;\n&lt;&amp;&gt;</literal></binding></result></results></sparql>"),
        ("SELECT ?o { <http://x/a> <http://x/language> ?o }", RESULTS_JSON,
         one_row('{"o":{"type":"literal","value":"Lønset","xml:lang":"nb"}}')),
        (WRONG, "text/tab-separated-values",
         '?o\n"2010-02-30"^^<http://www.w3.org/2001/XMLSchema#date>\n'),
        ("SELECT ?o { <http://x/d> <http://x/formula> ?o }", "text/csv", "o\r\n=HYPERLINK(1)\r\n"),
        ("SELECT ?x ?y {}", "text/csv", "x,y\r\n,\r\n"),
        ("SELECT ?x { ?x <http://x/nothing> 1 }", "text/csv", "x\r\n"),
        ("SELECT ?o { ?o <http://x/nothing> 1 }", RESULTS_JSON, one_row("")),
        ("ASK {}", RESULTS_JSON, '{"head":{},"boolean":true}'),
        ("ASK {}", "application/sparql-results+xml",
         XML + "<head></head><boolean>true</boolean></sparql>"),
        ("ASK {}", "text/csv", "true"),
        ("ASK {}", "text/tab-separated-values", "true"),
        ("CONSTRUCT WHERE { <http://x/n7> ?p ?o }", "application/n-triples",
         '<http://x/n7> <http://x/number> "7"^^<http://www.w3.org/2001/XMLSchema#integer> .\n'),
    ],
)  # fmt: skip
def test_results_are_written_as_their_specifications_say(
    server: Served, query: str, accept: str, body: str
) -> None:
    reply = get(server, query, accept)
    assert (reply.status, reply.body.decode()) == (200, body)
    assert reply.headers["content-type"].partition(";")[0] == accept
    assert reply.headers["content-length"] == str(len(body.encode()))


def test_a_spreadsheet_runs_nothing_of_what_it_is_given(server: Served) -> None:
    values = '"=1+1" "+47 73" "-x" "@SUM(A1)" "\\t=1" "=\\"a\\",1" "\uff1d1" "a=b" -5 -1.5 "" "x,y"'
    query = f"SELECT ?o {{ VALUES ?o {{ {values} }} }}"
    reply = get(server, query, format="spreadsheet")
    assert reply.body.decode("utf-8-sig").split("\r\n") == [
        "o", "'=1+1", "'+47 73", "'-x", "'@SUM(A1)", "'\t=1", '"\'=""a"",1"', "'\uff1d1", "a=b", "-5", "-1.5",
        "", '"x,y"', "",
    ]  # fmt: skip
    assert reply.headers["content-type"] == "text/csv; charset=utf-8"
    assert reply.headers["content-disposition"] == 'attachment; filename="result.sheet.csv"'
    assert b"\r\n=1+1\r\n" in get(server, query, "text/csv").body


def test_blank_nodes_have_labels_in_every_format(server: Served) -> None:
    query = "SELECT ?o { <http://x/a> <http://x/node> ?o }"
    assert json.loads(get(server, query).body)["results"]["bindings"][0]["o"]["type"] == "bnode"
    assert get(server, query, "text/csv").body.startswith(b"o\r\n_:")


@pytest.mark.parametrize(
    ("accept", "given"),
    [
        (None, RESULTS_JSON),
        ("*/*", RESULTS_JSON),
        ("nonsense", RESULTS_JSON),
        ("application/json", RESULTS_JSON),
        ("text/csv;q=0.5, application/sparql-results+xml;q=0.6", "application/sparql-results+xml"),
        ("application/sparql-results+json;q=0, */*", "application/sparql-results+xml"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html"),
    ],
)
def test_accept_decides_the_format_of_rows(server: Served, accept: str | None, given: str) -> None:
    reply = get(server, PLAIN, accept)
    assert (reply.status, reply.headers["content-type"].partition(";")[0]) == (200, given)
    assert "accept" in reply.headers["vary"].lower()


def test_triples_come_as_turtle_unless_something_else_is_asked_for(server: Served) -> None:
    assert get(server, "DESCRIBE <http://x/c>").headers["content-type"] == "text/turtle; charset=utf-8"
    reply = get(server, "DESCRIBE <http://x/c>", "application/ld+json")
    assert reply.headers["content-type"] == "application/ld+json"


@pytest.mark.parametrize(("query", "some"), [(PLAIN, RESULTS_JSON), ("DESCRIBE <http://x/c>", "text/turtle")])
def test_what_is_not_to_be_had_is_406_with_a_list(server: Served, query: str, some: str) -> None:
    reply = get(server, query, "image/png")
    assert problem(reply) == (406, "not-acceptable")
    assert some in {row["type"] for row in json.loads(reply.body)["available"]}
    assert problem(get(server, query, format="docx")) == (406, "not-acceptable")


def test_format_stands_for_accept(server: Served) -> None:
    assert get(server, "ASK {}", "image/png", format="csv").body == b"true"


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("xml", "application/rdf+xml"),
        ("rdf xml", "application/rdf+xml"),
        ("json", "application/ld+json"),
        ("json-ld", "application/ld+json"),
        ("text/turtle", "text/turtle"),
        ("nt", "application/n-triples"),
    ],
)
def test_formats_of_triples_have_the_names_that_libraries_use(server: Served, name: str, given: str) -> None:
    reply = get(server, "DESCRIBE <http://x/c>", format=name)
    assert reply.headers["content-type"].partition(";")[0] == given


def test_an_unescaped_plus_is_understood(server: Served) -> None:
    reply = server.ask("GET", "/sparql?query=ASK{}&format=application/sparql-results+xml")
    assert reply.headers["content-type"] == "application/sparql-results+xml"


def test_characters_that_xml_cannot_hold_are_refused_in_xml(server: Served) -> None:
    query = "SELECT ?o { <http://x/b> ?p ?o }"
    assert problem(get(server, query, "application/sparql-results+xml")) == (406, "not-serialisable")
    assert get(server, query).body.endswith(b'"value":"\\u0001"}}]}}')
    construct = "CONSTRUCT WHERE { <http://x/b> ?p ?o }"
    assert problem(get(server, construct, "application/rdf+xml")) == (406, "not-serialisable")


def ask_three_ways(server: Served, query: bytes, escaped: bytes) -> list[Reply]:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    return [
        server.ask("GET", "/sparql?query=" + escaped.decode("ascii")),
        server.ask("POST", "/sparql", b"query=" + escaped, form),
        server.ask("POST", "/sparql", query, {"Content-Type": "application/sparql-query; charset=UTF-8"}),
    ]


@pytest.mark.parametrize("text", ["100%25+", "Lønset 村", "a b", "&=;?"])
def test_text_arrives_as_it_was_sent_in_all_three_forms(server: Served, text: str) -> None:
    query = f'SELECT ("{text}" AS ?o) {{}}'.encode()
    bodies = {reply.body.decode() for reply in ask_three_ways(server, query, quote(query, safe="").encode())}
    assert bodies == {one_row(f'{{"o":{{"type":"literal","value":"{text}"}}}}')}


def test_bytes_that_are_not_utf_8_are_400_in_all_three_forms(server: Served) -> None:
    query = b'ASK { ?s ?p "\xe5" }'
    replies = ask_three_ways(server, query, quote(query, safe="").encode())
    assert [problem(reply) for reply in replies] == [(400, "bad-request")] * 3


def test_an_escape_that_is_none_is_400(server: Served) -> None:
    assert problem(server.ask("GET", "/sparql?query=ASK{}%zz")) == (400, "bad-request")


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "application/sparql-query; charset=iso-8859-1"},
        {"Content-Type": "application/sparql-query", "Content-Encoding": "gzip"},
        {"Content-Type": "text/plain"},
        {"Content-Type": "multipart/form-data; boundary=x"},
    ],
)
def test_bodies_in_other_forms_are_415(server: Served, headers: dict[str, str]) -> None:
    reply = server.ask("POST", "/sparql", b"ASK {}", headers)
    assert problem(reply) == (415, "unsupported-media-type")


def test_graphs_are_named_by_parameters_and_never_fetched(server: Served) -> None:
    count = "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"
    absent = get(server, count, "text/csv", **{"default-graph-uri": "file:///etc/passwd"})
    assert (absent.status, absent.body) == (200, b"n\r\n0\r\n")
    from_file = get(server, "SELECT (COUNT(*) AS ?n) FROM <file:///etc/passwd> { ?s ?p ?o }", "text/csv")
    assert from_file.body == b"n\r\n0\r\n"
    graph = quote(f"{server.address}graph/data", safe="")
    twice = server.ask(
        "GET", f"/sparql?query={quote(count)}&default-graph-uri={graph}&default-graph-uri={graph}"
    )
    assert json.loads(twice.body)["results"]["bindings"][0]["n"]["value"] == "206"
    assert problem(get(server, count, **{"named-graph-uri": "not an iri"})) == (400, "bad-request")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT * { SERVICE <http://127.0.0.1/> {} }", (403, "query-refused")),
        ("LOAD <http://127.0.0.1/>", (403, "query-refused")),
        ("DELETE WHERE { ?s ?p ?o }", (403, "query-refused")),
        ("SELECT * " + "{" * 60 + "}" * 60, (422, "query-too-complex")),
        ("SELECT * {", (400, "query-syntax")),
        ("SELECT (<http://x/f>(1) AS ?y) {}", (400, "query-syntax")),
        (CROSS, (504, "query-timeout")),
        ("", (200, "")),
    ],
)
def test_each_failure_has_its_own_status(server: Served, query: str, expected: tuple[int, str]) -> None:
    reply = get(server, query)
    assert expected[0] == reply.status if not expected[1] else problem(reply) == expected


@pytest.mark.parametrize(
    ("failure", "status", "retry"),
    [
        (QueryMemory(1), 507, None),
        (QueryTimeout(1), 504, None),
        (PoolBusy(3), 503, "3"),
        (QueryCancelled(), 503, "1"),
        (ResultTooLarge(1), 413, None),
        (NotRepresentable("x"), 406, None),
        (NotPageable("x"), 422, None),
        (QueryRefused("x", reason="complex"), 422, None),
    ],
)
def test_what_ends_a_query_is_one_status_and_says_when_to_come_back(
    failure: QueryError, status: int, retry: str | None
) -> None:
    found = problem_of(failure)
    assert (found.type.status, found.headers.get("Retry-After")) == (status, retry)


def test_a_client_may_ask_for_less_time_and_not_for_nonsense(server: Served) -> None:
    reply = get(server, CROSS, timeout="0.2")
    assert problem(reply) == (504, "query-timeout")
    assert json.loads(reply.body)["seconds"] == 0.2
    for timeout in ("-1", "0", "soon", "1e9"):
        assert problem(get(server, "ASK {}", timeout=timeout)) == (400, "bad-request")


def test_a_syntax_error_tells_line_column_and_the_nearest_prefix(server: Served) -> None:
    document = json.loads(get(server, "SELECT *\n{ ?s fofa:name ?o }").body)
    assert {key: document[key] for key in ("line", "column", "excerpt", "hint")} == {
        "line": 2,
        "column": 6,
        "excerpt": "{ ?s fofa:name ?o }\n     ^",
        "hint": "Did you mean foaf: <http://xmlns.com/foaf/0.1/>?",
    }


def test_too_long_is_414_in_the_address_and_413_in_the_body(server: Served) -> None:
    assert problem(server.ask("GET", "/sparql?query=" + "a" * 20_000)) == (414, "address-too-long")
    query = {"Content-Type": "application/sparql-query"}
    long = b"SELECT * {} #" + b"x" * 70_000
    assert problem(server.ask("POST", "/sparql", long, query)) == (413, "body-too-large")
    assert problem(server.ask("POST", "/sparql", b"x" * 2_000_000, query)) == (413, "body-too-large")


def test_head_has_the_headers_of_get_and_no_body(server: Served) -> None:
    path = "/sparql?query=" + quote(PLAIN)
    one, other = server.ask("GET", path), server.ask("HEAD", path)
    assert {**one.headers, "date": ""} == {**other.headers, "date": ""}
    assert other.body == b""


def test_options_lets_every_site_ask(server: Served) -> None:
    reply = server.ask("OPTIONS", "/sparql", headers={"Origin": "https://other.example"})
    assert (reply.status, reply.headers["access-control-allow-origin"]) == (204, "*")
    assert reply.headers["access-control-allow-methods"] == "GET, HEAD, OPTIONS, POST"
    assert "access-control-allow-credentials" not in reply.headers


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_other_methods_are_405(server: Served, method: str) -> None:
    reply = server.ask(method, "/sparql?query=ASK%7B%7D")
    assert problem(reply) == (405, "method-not-allowed")
    assert reply.headers["allow"] == "GET, HEAD, OPTIONS, POST"


ROWS = "/sparql?query=" + quote("SELECT * { ?s <http://x/number> ?o } ORDER BY ?o")
DECODERS = {
    "gzip": gzip.decompress,
    "br": brotli.decompress,
    "zstd": lambda body: zstandard.ZstdDecompressor().decompress(body),
}


@pytest.mark.parametrize("coding", list(DECODERS))
def test_answers_are_packed_as_asked_and_each_coding_has_its_tag(server: Served, coding: str) -> None:
    plain = server.ask("GET", ROWS)
    packed = server.ask("GET", ROWS, headers={"Accept-Encoding": coding})
    assert packed.headers["content-encoding"] == coding
    assert DECODERS[coding](packed.body) == plain.body
    assert packed.headers["etag"] == plain.headers["etag"][:-1] + f'-{coding}"'
    assert "accept-encoding" in packed.headers["vary"].lower()
    tagged = {"Accept-Encoding": coding, "If-None-Match": packed.headers["etag"]}
    assert server.ask("GET", ROWS, headers=tagged).status == 304
    assert server.ask("GET", ROWS, headers={"If-None-Match": packed.headers["etag"]}).status == 200
    assert server.ask("GET", ROWS, headers={"If-None-Match": plain.headers["etag"]}).status == 304
    assert server.ask("GET", ROWS, headers={"If-None-Match": f'"x", W/{plain.headers["etag"]}'}).status == 304


def test_what_may_change_is_not_to_be_stored(server: Served) -> None:
    assert get(server, "SELECT (RAND() AS ?x) {}").headers["cache-control"] == "no-store"
    assert "public" in get(server, PLAIN).headers["cache-control"]
    assert get(server, "SELECT (RAND() AS ?x) {}").body != get(server, "SELECT (RAND() AS ?x) {}").body


@pytest.mark.parametrize(
    ("query", "accept"),
    [(PLAIN, None), (PLAIN, "text/html"), ("SELECT", None), (CROSS, None), (PLAIN, "image/png")],
)
def test_each_answer_carries_its_limits_and_its_safety(
    server: Served, query: str, accept: str | None
) -> None:
    headers = get(server, query, accept).headers
    assert headers["x-query-timeout"] == "2"
    assert (headers["x-result-max-bytes"], headers["x-result-max-rows"]) == ("33554432", "1000000")
    assert headers["x-content-type-options"] == "nosniff"
    assert "default-src" in headers["content-security-policy"]


def test_a_browser_gets_a_form_and_the_answer_as_a_table(server: Served) -> None:
    form = server.ask("GET", "/sparql", headers={"Accept": "text/html", "Accept-Language": "nb"})
    assert (form.status, form.headers["content-language"]) == (200, "nb")
    assert b'<textarea id="query"' in form.body
    page = get(server, PLAIN, "text/html").body.decode()
    assert '<th scope="col">o</th>' in page
    assert "a, &#34;b&#34;\n&lt;&amp;&gt;" in page
    assert "<http://x/c>" not in get(server, "DESCRIBE <http://x/c>", "text/html").body.decode()


def test_a_browser_sees_what_is_wrong_under_its_query(server: Served) -> None:
    reply = get(server, "SELECT * { ?s foaf:name ?o }", "text/html")
    assert (reply.status, reply.headers["cache-control"]) == (400, "no-store")
    page = reply.body.decode()
    assert "SELECT * { ?s foaf:name ?o }</textarea>" in page
    assert "PREFIX foaf: &lt;http://xmlns.com/foaf/0.1/&gt;" in page


def test_a_link_never_runs_a_script(server: Served) -> None:
    page = get(server, 'SELECT (IRI("javascript:alert(1)") AS ?x) {}', "text/html").body.decode()
    assert 'href="javascript' not in page
    assert "javascript:alert(1)" in page
