"""Facts about docs/deploy.md: its blocks are run as they stand, but for names, ports and certificates."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from endpoint.doctor import examine
from endpoint.doctor.check import FAILED, NOT_APPLICABLE, PASSED
from endpoint.doctor.client import Client
from endpoint.doctor.command import chosen, table
from endpoint.doctor.deployment import Deployment
from endpoint.export.rules import Facts, w3id
from endpoint.serve import command
from endpoint.settings import SETTINGS
from kg import source
from kg.findings import Report
from kg.snapshot import Home

from .conftest import ROOT
from .serving import Served, free_port, served
from .test_endpoint_doctor import FILES
from .webservers import apache, caddy, nginx, running

pytestmark = pytest.mark.xdist_group("doctor")
GUIDE = ROOT / "docs/deploy.md"
Proxy = Callable[[Path, Path, int], AbstractContextManager[str]]
HOST = "data.example.org"
MODULES = "ssl proxy proxy_http headers authn_core authz_core mpm_event mime setenvif socache_shmcb".split()


def block(language: str) -> str:
    """Give the first block of the guide in a language."""
    found = re.search(rf"^```{language}\n(.*?)^```", GUIDE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    assert found, language
    return found[1]


def write(folder: Path) -> None:
    """Write the dataset of a few villages."""
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("villages")
    write(folder)
    with served(folder, base=False) as running:
        yield running


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with fullchain.pem and privkey.pem for 127.0.0.1."""
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("tls")
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"]
    files = ["-keyout", str(folder / "privkey.pem"), "-out", str(folder / "fullchain.pem")]
    words = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
    ]
    subprocess.run([*words, *subject, *files], check=True, capture_output=True)
    folder.chmod(0o755)
    (folder / "privkey.pem").chmod(0o644)
    return folder


@contextmanager
def nginx_proxy(
    folder: Path, tls: Path, upstream: int, turned: Callable[[str], str] = lambda block: block
) -> Iterator[str]:
    program, port, plain = nginx(), free_port(), free_port()
    text = turned(block("nginx")).replace("127.0.0.1:8000", f"127.0.0.1:{upstream}")
    text = text.replace("listen 443 ", f"listen 127.0.0.1:{port} ").replace(
        "listen 80;", f"listen 127.0.0.1:{plain};"
    )
    text = text.replace(f"/etc/letsencrypt/live/{HOST}", str(tls)).replace(
        f"server_name {HOST}", "server_name localhost"
    )
    (folder / "kg.conf").write_text(text, "utf-8")
    places = "".join(
        f"{name}_temp_path {folder}/{name};\n"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off; master_process off; pid {folder}/pid; error_log {folder}/errors;\n"
        "events { worker_connections 128; }\n"
        f"http {{ access_log off;\n{places}include {folder}/kg.conf;\n}}\n"
    )
    with running([program, "-c", str(folder / "nginx.conf"), "-p", str(folder)], port, {}):
        yield f"https://127.0.0.1:{port}/"


@contextmanager
def apache_proxy(folder: Path, tls: Path, upstream: int) -> Iterator[str]:
    (program, modules, environment), port = apache(), free_port()
    names = [name for name in MODULES if (modules / f"mod_{name}.so").is_file()]
    loaded = "\n".join(f"LoadModule {name}_module {modules}/mod_{name}.so" for name in names)
    text = (
        block("apacheconf")
        .replace("127.0.0.1:8000", f"127.0.0.1:{upstream}")
        .replace("*:443", f"127.0.0.1:{port}")
    )
    text = text.replace(f"/etc/letsencrypt/live/{HOST}", str(tls)).replace(
        f"ServerName {HOST}", "ServerName localhost"
    )
    user = "User www-data\nGroup www-data\n" if os.geteuid() == 0 else ""
    (folder / "httpd.conf").write_text(
        f"ServerRoot {folder}\n{loaded}\nPidFile {folder}/pid\nErrorLog {folder}/errors\n"
        f"ServerName localhost\n{user}Listen 127.0.0.1:{port}\n"
        f"TypesConfig /dev/null\nDocumentRoot {folder}\n{text}"
    )
    with running([program, "-DFOREGROUND", "-f", str(folder / "httpd.conf")], port, environment):
        yield f"https://127.0.0.1:{port}/"


@contextmanager
def caddy_proxy(folder: Path, tls: Path, upstream: int) -> Iterator[str]:
    program, port = caddy(), free_port()
    text = block("caddyfile").replace("127.0.0.1:8000", f"127.0.0.1:{upstream}")
    mine = f"https://127.0.0.1:{port} {{\n\ttls {tls}/fullchain.pem {tls}/privkey.pem"
    text = "{\n\tadmin off\n\tauto_https disable_redirects\n}\n" + text.replace(f"{HOST} {{", mine)
    (folder / "Caddyfile").write_text(text, "utf-8")
    environment = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    with running(
        [program, "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"], port, environment
    ):
        yield f"https://127.0.0.1:{port}/"


@pytest.mark.parametrize("proxy", [nginx_proxy, apache_proxy, caddy_proxy], ids=["nginx", "apache", "caddy"])
def test_the_doctor_finds_nothing_wrong_behind_the_proxy_of_the_guide(
    server: Served, certificate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, proxy: Proxy
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate / "fullchain.pem"))
    with proxy(tmp_path, certificate, server.port) as address, Client() as client:
        outcomes = list(examine(Deployment(address, client)))
    wrong = {outcome.check.name: outcome.remarks for outcome in outcomes if outcome.state == FAILED}
    absent = {outcome.check.name for outcome in outcomes if outcome.state == NOT_APPLICABLE}
    assert (wrong, absent) == ({}, {"public-address"})


class Resolver(Client):
    """A client to whom one name means a port of this machine."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self.netloc = urlsplit(address).netloc

    def _connection(self, scheme: str, netloc: str) -> http.client.HTTPConnection:
        if (scheme, netloc) not in self._connections:
            super()._connection(scheme, self.netloc)
            self._connections[scheme, netloc] = self._connections.pop((scheme, self.netloc))
        return self._connections[scheme, netloc]


def plain(block: str) -> str:
    """The same without TLS."""
    first = block.partition("server {\n    listen 80")[0].replace("443 ssl;", "443 ;")
    return re.sub(r"ssl_certificate.*;|add_header Strict.*;", "", first)


BELOW = (
    ("https", "left on", lambda block: block),
    ("https", "taken off", lambda block: block.replace("proxy_pass http://kg;", "proxy_pass http://kg/;")),
    ("http", "left on", plain),
)


@pytest.mark.parametrize(
    ("scheme", "turned"), [row[::2] for row in BELOW], ids=["-".join(row[:2]) for row in BELOW]
)
def test_below_a_path_too_every_link_and_header_is_the_public_one(
    certificate: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    scheme: str,
    turned: Callable[[str], str],
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate / "fullchain.pem"))
    public = f"{scheme}://{HOST}/kg/"
    write(tmp_path / "data")
    below = {"KG_ROOT_PATH": "/kg", "KG_PUBLIC_URL": public}

    def both(block: str) -> str:
        return turned(block).replace("location / {", "location /kg/ {")

    with (
        served(tmp_path / "data", base=False, environment=below) as running,
        nginx_proxy(tmp_path, certificate, running.port, both) as address,
        Resolver(address) as client,
    ):
        outcomes = list(examine(Deployment(public, client)))
    found = {
        outcome.check.name: (outcome.state, outcome.remarks)
        for outcome in outcomes
        if outcome.state != PASSED
    }
    assert found == (
        {} if scheme == "https" else {"https-kept": (NOT_APPLICABLE, ("the address is not https",))}
    )


def added(line: str) -> Callable[[str], str]:
    return lambda block: block.replace("proxy_http_version 1.1;", f"proxy_http_version 1.1;\n        {line}")


def instead(old: str, new: str) -> Callable[[str], str]:
    return lambda block: block.replace(old, new)


def before(location: str) -> Callable[[str], str]:
    return instead("location / {", f"{location}\n    location / {{")


def one_copy(block: str) -> str:
    kept = "proxy_cache kg; proxy_cache_key $request_uri; proxy_cache_valid 1m; proxy_ignore_headers Vary;"
    return "proxy_cache_path CACHE keys_zone=kg:1m;\n" + added(kept)(block)


BROKEN: tuple[tuple[str, Callable[[str], str], set[str]], ...] = (
    ("drops Vary", added("proxy_hide_header Vary;"), {"vary", "packing", "sparql-caching"}),
    ("strips ETag", added("proxy_hide_header ETag;"), {"etag-strong", "dumps-conditional"}),
    ("redirects to http", added("proxy_redirect / http://$http_host/;"),
     {"https-kept", "own-host-only", "thing-redirects", "thing-suffix", "withdrawn"}),
    ("has error pages of its own", added("proxy_intercept_errors on; error_page 404 406 410 415 /oops;"),
     {"unknown-thing", "unacceptable", "unknown-suffix", "withdrawn", "cross-origin", "security-headers",
      "sparql-bad-requests"}),
    ("takes short queries only", instead("buffers 4 32k;", "buffers 4 2k;"), {"sparql-long-queries"}),
    ("takes small bodies only", instead("size 1m;", "size 8k;"), {"sparql-long-queries"}),
    ("adds CORS once more", added("add_header Access-Control-Allow-Origin * always;"),
     {"cross-origin", "preflight", "https-kept", "sparql-cross-origin"}),
    ("answers OPTIONS", added("if ($request_method = OPTIONS) { return 405; }"),
     {"preflight", "sparql-cross-origin"}),
    ("takes short headers only", instead("buffer_size 16k;", "buffer_size 1k; proxy_busy_buffers_size 16k;"),
     {"gateway", "void", "catalogue", "dumps-answer", "dumps-checksums", "dumps-conditional",
      "dumps-packed-once", "dumps-ranges"}),
    ("has files of its own by suffix", before("location ~ [.]nt$ { root /nowhere; }"),
     {"forms-by-address", "content-location", "dumps-answer", "dumps-conditional", "dumps-ranges",
      "links-answer"}),
    ("keeps /.well-known/ to itself", before("location /.well-known/ { root /nowhere; }"),
     {"api-catalog", "void"}),
    ("keeps one copy for all", one_copy,
     {"accept-parameters", "forms-by-accept", "graph-names-thing", "quality-orders", "quality-zero",
      "unacceptable"}),
)  # fmt: skip


@pytest.mark.parametrize(("turned", "names"), [row[1:] for row in BROKEN], ids=[row[0] for row in BROKEN])
def test_an_nginx_that_is_not_set_up_well_is_found_out(
    server: Served, certificate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    turned: Callable[[str], str], names: set[str],
) -> None:  # fmt: skip
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate / "fullchain.pem"))

    def both(block: str) -> str:
        spoiled = turned(block).replace("CACHE", str(tmp_path / "cache"))
        assert spoiled != block
        return spoiled

    with nginx_proxy(tmp_path, certificate, server.port, both) as address, Client() as client:
        found = {
            outcome.check.name for outcome in examine(Deployment(address, client)) if outcome.state == FAILED
        }
    assert names <= found
    assert names == found or {"unacceptable", "gateway"} & names, found


def test_a_site_that_does_not_know_its_address_is_told(tmp_path: Path) -> None:
    write(tmp_path / "data")
    with (
        served(tmp_path / "data", base=False) as running,
        Resolver(running.address) as client,
    ):
        outcomes = examine(Deployment(f"http://{HOST}/", client), chosen(("public-address",), ()))
        remarks = [remark for outcome in outcomes for remark in outcome.remarks]
    assert remarks == [
        f"https://ex.org/{name}, in robots.txt or the sitemap, is not below http://{HOST}/."
        for name in ("sitemap/site.xml", "sitemap.xml")
    ]


def test_the_guide_has_the_table_of_checks() -> None:
    assert table() in GUIDE.read_text("utf-8")


def test_the_guide_has_the_rules_for_w3id_that_are_written() -> None:
    facts = Facts("", "https://ex.org/", (), (), (), {}, "", "nb")
    written = [line for line in w3id(facts).splitlines() if not line.startswith("#")]
    assert block("apacheconf w3id").replace("https://data.example.org", "SITE").splitlines() == written


def test_every_setting_of_the_unit_exists() -> None:
    names = {row.env for row in SETTINGS} | {"KG_SNAPSHOTS"}
    assert set(re.findall(r"\bKG_[A-Z_]+\b", GUIDE.read_text("utf-8"))) <= names


def script(name: str, folder: Path, backup: Path) -> None:
    """Run a block of shell with other folders."""
    text = block(f"sh {name}").replace("/var/lib/kg", str(folder)).replace("/backup/kg", str(backup))
    subprocess.run(["sh", "-eu", "-c", text], check=True, env={**os.environ, "ID": backup.name})


def test_going_back_and_copying_back_are_as_the_guide_has_them(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    ids = []
    for name in ("a", "b"):
        write(tmp_path / name)
        (tmp_path / name / "data/village/new.ttl").write_text(
            f'<https://ex.org/id/x/{name}> <http://www.w3.org/2000/01/rdf-schema#label> "{name}" .\n'
        )
        snapshot = home.build(source.read([tmp_path / name]), Report())
        home.publish(snapshot)
        ids.append(snapshot.id)
    script("rollback", home.path, tmp_path / ids[0])
    if shutil.which("rsync"):
        script("backup", home.path, tmp_path / "backup")
        home = Home(tmp_path / "backup")
    current = home.current()
    assert current is not None
    assert (current.id, {found.id for found in home.all()}) == (ids[0], set(ids))


def test_the_container_starts_what_there_is() -> None:
    told = block("dockerfile")
    words = json.loads(told.partition("\nCMD ")[2])
    assert words[:2] == ["kg", "serve"]
    assert {word for word in words if word.startswith("--")} <= {
        name for option in command.params for name in option.opts
    }
    assert set(re.findall(r"(KG_\w+)=", told)) <= {row.env for row in SETTINGS} | {"KG_SNAPSHOTS"}


def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd is not installed")
    text = block("ini").replace("/opt/kg/bin/kg", sys.executable).replace("User=kg", "User=root")
    (tmp_path / "kg.service").write_text(text)
    words = ["systemd-analyze", "verify", "--man=no", str(tmp_path / "kg.service")]
    told = subprocess.run(words, capture_output=True, text=True).stderr
    assert [line for line in told.splitlines() if "kg.service" in line] == []


def test_the_unit_is_one_that_systemd_understands() -> None:
    sections = re.findall(r"^\[(\w+)\]$", block("ini"), re.MULTILINE)
    lines = [line for line in block("ini").splitlines() if line and not line.startswith(("#", "["))]
    assert sections == ["Unit", "Service", "Install"]
    assert all(re.fullmatch(r"[A-Za-z]+=.*", line) for line in lines)
    assert "MemoryMax=3G" in lines
