"""`kg serve`: from a folder to a site on a port, and back to nothing when it is told to stop."""

from __future__ import annotations

import asyncio
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import Thread
from urllib.parse import quote

import click
import uvloop
from flask import Blueprint, Flask

from endpoint import completions, sparql, views
from endpoint import settings as settings_table
from endpoint.app import create_app
from endpoint.limits import limits_of
from endpoint.settings import Settings
from endpoint.shell import Bounds, Shell
from endpoint.site import Published, Site
from endpoint.watch import Desk, Stamp, Watcher, blueprint_of, stamp
from endpoint.wire import Connection, Wire
from kg.cli import BASE, PATHS, QUIET, SNAPSHOTS, built, read_source
from kg.errors import InvalidDataError, KgError, SnapshotError
from kg.index import Index
from kg.query import Limits, Pool
from kg.snapshot import Home, Snapshot, home_of

_LOOK_SECONDS = 2.0
_BACKLOG = 1024
_STOP_SECONDS = 3
_NICE = 10


class PortTakenError(KgError):
    """The address to listen on cannot be had."""


@click.command("serve")
@PATHS
@click.option("--port", type=int, help="Port to listen on.  [default: 8000]")
@click.option("--host", help="Address to listen on; 0.0.0.0 for all.  [default: 127.0.0.1]")
@BASE
@SNAPSHOTS
@click.option("--watch", is_flag=True, help="Check and show what is saved; open pages follow.")
@click.option("--behind-proxy", is_flag=True, help="Believe the last address in X-Forwarded-For.")
@click.option("--show-settings", is_flag=True, help="Print the settings and stop.")
@QUIET
def command(
    paths: tuple[Path, ...],
    port: int | None,
    host: str | None,
    base: str | None,
    snapshots: Path | None,
    watch: bool,
    behind_proxy: bool,
    show_settings: bool,
    quiet: bool,
) -> None:
    """Check a dataset, freeze it, and serve it as pages, linked data and SPARQL until stopped."""
    settings = settings_table.load({"host": host, "port": port})
    if show_settings:
        click.echo(settings_table.show(settings))
        return
    claim(settings)
    source = read_source(paths, base)
    home = home_of(source, snapshots)
    if not watch:
        snapshot, _ = built(source, snapshots, quiet=quiet)
        serve(settings, snapshot, home, behind_proxy=behind_proxy, quiet=quiet)
        return
    settings = replace(settings, cache_seconds=0)
    roots = paths or ((source.root,) if source.root else ())
    seen: Stamp = stamp(roots)
    try:
        snapshot, _ = built(source, snapshots, quiet=quiet)
    except InvalidDataError:
        before = home.current()
        if before is None:
            raise
        snapshot, seen = before, {}

    def watcher(site: Site) -> Watcher:
        desk = Desk(home, lambda shown: show(site, shown), lambda: start_build(roots, base, home))
        return Watcher(roots, lambda: read_source(paths, base), desk, seen=seen)

    serve(settings, snapshot, home, behind_proxy=behind_proxy, quiet=quiet, watcher=watcher)


def claim(settings: Settings) -> None:
    """Find out whether the port can be had. Raises PortTakenError."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise PortTakenError(
                f"Port {settings.port} of {settings.host} cannot be used: {error.strerror}.",
                hint=f"Try --port {settings.port + 1}.",
            ) from error


def bounds_of(settings: Settings, limits: Limits) -> Bounds:
    """Give the bounds of requests that an operator has set."""
    return Bounds(
        body=settings.body_bytes,
        queue_seconds=settings.queue_seconds,
        page_threads=settings.threads,
        query_places=limits.places,
    )


def blueprints() -> Sequence[Blueprint]:
    """Give the parts of the site."""
    return (views.blueprint, sparql.blueprint, completions.blueprint)


def serve(
    settings: Settings,
    snapshot: Snapshot,
    home: Home | None = None,
    *,
    behind_proxy: bool = False,
    quiet: bool = False,
    ready: Callable[[], None] = lambda: None,
    watcher: Callable[[Site], Watcher] | None = None,
) -> None:
    """Serve a snapshot, and whichever is published in its home later, until SIGINT or SIGTERM.

    With a watcher, that alone says when there is a new snapshot.
    """
    limits = limits_of(settings)
    if watcher:  # what is shown changes with each save: to load it into memory would never pay
        limits = replace(limits, store_in_memory=0)
    site = Site(settings, Published(snapshot, Index(snapshot.index)), home=home)
    watching = watcher(site) if watcher else None
    more = (blueprint_of(watching),) if watching else ()
    app = create_app(site, (*more, *blueprints()))
    warming = Thread(target=_warm, args=(app,), name="warm-up")
    warming.start()
    with Pool(snapshot.store, limits, prefixes=snapshot.config.prefixes) as site.pool:
        warming.join()
        shell = Shell(app, site, bounds_of(settings, limits), behind_proxy=behind_proxy)
        if not quiet:
            _greet(settings, snapshot)
        if watching:
            site.watched = True
            watching.start()
        try:
            uvloop.run(_listen(shell, settings, site, None if watching else home, ready))
        finally:
            if watching:
                watching.stop()
            shell.close()


def _warm(app: Flask) -> None:
    """Make what all pages share, while the processes for queries start."""
    with suppress(Exception):
        app.test_client().get("/about", headers={"Accept": "text/html"})


async def _listen(
    shell: Shell, settings: Settings, site: Site, home: Home | None, ready: Callable[[], None]
) -> None:
    loop = asyncio.get_running_loop()
    wire = Wire(shell)
    _have_files(2 * wire.bounds.connections)
    server = await loop.create_server(
        lambda: Connection(wire), settings.host, settings.port, backlog=_BACKLOG, reuse_address=True
    )
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    others = [asyncio.ensure_future(_tick(wire))]
    others += [asyncio.ensure_future(_watch(site, home))] if home else []
    loop.call_soon(ready)
    await stopped.wait()
    server.close()
    if site.pool is not None:  # the clients of running queries would keep the server waiting
        loop.run_in_executor(None, site.pool.close)
    await wire.close(_STOP_SECONDS)
    for task in others:
        task.cancel()


def _have_files(count: int) -> None:
    """Let this process have so many open files, if it may: each connection is one."""
    least, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if least < count <= most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, most))


async def _tick(wire: Wire) -> None:
    while True:
        await asyncio.sleep(1)
        wire.tick()


async def _watch(site: Site, home: Home) -> None:
    """Let the site follow the snapshot that is published in its home."""
    while True:
        await asyncio.sleep(_LOOK_SECONDS)
        with suppress(SnapshotError, OSError):
            await asyncio.get_running_loop().run_in_executor(None, follow, site, home)


def follow(site: Site, home: Home) -> bool:
    """Switch the site to the snapshot published in its home, if that is another one; tell whether it was."""
    current = home.current()
    if current is None or current.id == site.published.snapshot.id:
        return False
    switch(site, current)
    return True


def switch(site: Site, snapshot: Snapshot) -> None:
    """Let the site show a snapshot from now on."""
    if site.pool is not None:
        site.pool.switch(snapshot.store)
    site.switch(Published(snapshot, Index(snapshot.index)))


def show(site: Site, snapshot: Snapshot) -> None:
    """Let the site show what its author waits for: pages at once, queries when there are processes for it."""
    site.switch(Published(snapshot, Index(snapshot.index)))
    if site.pool is not None:
        site.pool.switch(snapshot.store)


def start_build(paths: Sequence[Path], base: str | None, home: Home) -> subprocess.Popen[bytes]:
    """Start to build and publish what lies below some paths, by a process that gives way to others."""
    program = f"import os, sys; os.nice({_NICE}); from kg.cli import main; main()"
    options = ["--snapshots", str(home.path), "--quiet", *(["--base", base] if base else [])]
    command = [sys.executable, "-c", program, "build", *options, "--", *map(str, paths)]
    return subprocess.Popen(command, stderr=subprocess.DEVNULL)  # noqa: S603


def _greet(settings: Settings, snapshot: Snapshot) -> None:
    host = "localhost" if settings.host in ("127.0.0.1", "0.0.0.0", "::1") else settings.host  # noqa: S104
    address = f"http://{host}:{settings.port}{settings.root_path}"
    count = quote("SELECT ?class (COUNT(?x) AS ?n) { ?x a ?class } GROUP BY ?class ORDER BY DESC(?n)")
    click.echo(f"Serving snapshot {snapshot.id[:12]}, {snapshot.quads} quads, at {address}/")
    click.echo("Try:")
    click.echo(f"  {address}/")
    click.echo(f"  {address}/sparql")
    click.echo(f"  curl -H 'Accept: text/csv' '{address}/sparql?query={count}'")


def application(site: Site) -> Flask:
    """Give the plain WSGI application, for any other server."""
    return create_app(site, tuple(blueprints()))
