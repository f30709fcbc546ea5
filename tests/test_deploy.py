"""Facts about docs/deploy.md: its blocks are run as they stand, but for names, ports and certificates."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from endpoint.doctor import examine
from endpoint.doctor.check import FAILED, NOT_APPLICABLE
from endpoint.doctor.client import Client
from endpoint.doctor.command import table
from endpoint.doctor.deployment import Deployment
from endpoint.export.rules import Facts, w3id
from endpoint.settings import SETTINGS

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


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("villages")
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
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
def nginx_proxy(folder: Path, tls: Path, upstream: int) -> Iterator[str]:
    program, port, plain = nginx(), free_port(), free_port()
    text = block("nginx").replace("127.0.0.1:8000", f"127.0.0.1:{upstream}")
    text = text.replace("listen 443 ssl", f"listen 127.0.0.1:{port} ssl").replace(
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
    assert (wrong, absent) == ({}, set())


def test_the_guide_has_the_table_of_checks() -> None:
    assert table() in GUIDE.read_text("utf-8")


def test_the_guide_has_the_rules_for_w3id_that_are_written() -> None:
    facts = Facts("", "https://ex.org/", (), (), (), {}, "", "nb")
    written = [line for line in w3id(facts).splitlines() if not line.startswith("#")]
    assert block("apacheconf w3id").replace("https://data.example.org", "SITE").splitlines() == written


def test_every_setting_of_the_unit_exists() -> None:
    names = {row.env for row in SETTINGS} | {"KG_SNAPSHOTS"}
    assert set(re.findall(r"\bKG_[A-Z_]+\b", GUIDE.read_text("utf-8"))) <= names


def test_the_unit_is_one_that_systemd_understands() -> None:
    sections = re.findall(r"^\[(\w+)\]$", block("ini"), re.MULTILINE)
    lines = [line for line in block("ini").splitlines() if line and not line.startswith(("#", "["))]
    assert sections == ["Unit", "Service", "Install"]
    assert all(re.fullmatch(r"[A-Za-z]+=.*", line) for line in lines)
    assert "MemoryMax=3G" in lines
