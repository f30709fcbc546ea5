"""Real web servers for tests of the exported site, each on a loopback port until a block ends."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.serving import free_port

PLACE = "/srv/kg/www"
_NGINX = """\
daemon off;
master_process off;
pid {folder}/pid;
error_log {folder}/errors;
events {{ worker_connections 128; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
}}
"""
_APACHE = """\
ServerRoot {folder}
{modules}
PidFile {folder}/pid
ErrorLog {folder}/errors
ServerName 127.0.0.1:{port}
UseCanonicalName On
Listen 127.0.0.1:{port}
{user}
TypesConfig /dev/null
DocumentRoot {www}
LimitRequestLine 32768
<Directory {www}>
    AllowOverride All
    Require all granted
</Directory>
"""
_MODULES = (
    "mpm_event",
    "authn_core",
    "authz_core",
    "dir",
    "mime",
    "env",
    "setenvif",
    "rewrite",
    "headers",
    "deflate",
    "filter",
)


def nginx() -> str:
    """Give nginx's path, or skip."""
    found = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if not found:
        pytest.skip("nginx is not installed")
    return found


def apache() -> tuple[str, Path, Mapping[str, str]]:
    """Give Apache's path, the folder of its modules and what its environment needs, or skip.

    `KG_APACHE` may name the usr/ of an unpacked Debian package.
    """
    usr = Path(os.environ.get("KG_APACHE", "/usr"))
    program, modules = usr / "sbin/apache2", usr / "lib/apache2/modules"
    if not program.is_file() or not modules.is_dir():
        pytest.skip("Apache is not installed (apache2, or KG_APACHE)")
    libraries = next(iter(sorted((usr / "lib").glob("*-linux-gnu"))), usr / "lib")
    return str(program), modules, {"LD_LIBRARY_PATH": str(libraries)} if usr != Path("/usr") else {}


def caddy() -> str:
    """Give Caddy's path, or skip."""
    found = os.environ.get("KG_CADDY") or shutil.which("caddy")
    if not found:
        pytest.skip("Caddy is not installed (caddy, or KG_CADDY)")
    return found


@contextmanager
def nginx_server(export: Path, folder: Path) -> Iterator[str]:
    """Serve an export by nginx until the block ends; give the address."""
    program, port = nginx(), free_port()
    rules = (export / "nginx.conf").read_text("utf-8").replace(PLACE, str(export / "www"))
    (folder / "site.conf").write_text(rules.replace("listen 80;", f"listen 127.0.0.1:{port};"), "utf-8")
    (folder / "nginx.conf").write_text(_NGINX.format(folder=folder), "utf-8")
    with running([program, "-c", str(folder / "nginx.conf"), "-p", str(folder)], port, {}):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def apache_server(export: Path, folder: Path) -> Iterator[str]:
    """Serve an export by Apache until the block ends; give the address."""
    (program, modules, environment), port = apache(), free_port()
    loaded = "\n".join(f"LoadModule {name}_module {modules}/mod_{name}.so" for name in _MODULES)
    user = "User www-data\nGroup www-data" if os.geteuid() == 0 else ""
    text = _APACHE.format(folder=folder, modules=loaded, port=port, www=export / "www", user=user)
    (folder / "httpd.conf").write_text(text, "utf-8")
    if os.geteuid() == 0:
        for parent in (export / "www", *(export / "www").parents):
            if parent.stat().st_uid == 0 and str(parent).startswith("/tmp"):
                parent.chmod(parent.stat().st_mode | 0o011)
    with running([program, "-DFOREGROUND", "-f", str(folder / "httpd.conf")], port, environment):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def caddy_server(export: Path, folder: Path) -> Iterator[str]:
    """Serve an export by Caddy until the block ends; give the address."""
    program, port = caddy(), free_port()
    rules = (export / "Caddyfile").read_text("utf-8").replace(PLACE, str(export / "www"))
    (folder / "Caddyfile").write_text(rules.replace(":80 {", f"http://127.0.0.1:{port} {{"), "utf-8")
    environment = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    words = [program, "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]
    with running(words, port, environment):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def running(words: list[str], port: int, environment: Mapping[str, str]) -> Iterator[None]:
    """Run a server until the block ends, once it listens on a port."""
    process = subprocess.Popen(
        words, env={**os.environ, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    assert process.stderr is not None
    try:
        for _ in range(200):
            if process.poll() is not None:
                raise AssertionError(process.stderr.read().decode())
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
            except OSError:
                time.sleep(0.05)
            else:
                break
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)
        process.stderr.close()
