"""The process that workers are forked from: one thread, the store in memory if it fits, nothing else.

It is started afresh (`python -m kg.query.zygote FD SETTINGS`), never forked from a process with threads, and
lives until the other end of its socket is closed.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any

from pyoxigraph import RdfFormat, Store, parse

from kg.query import formats, worker
from kg.query.rewrite import Statistics, count

_STACK = 16 * 2**20


def main(descriptor: int, settings: Mapping[str, Any]) -> None:
    """Fork workers on demand until the socket closes; then take them along."""
    control = socket.socket(fileno=descriptor)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    store = _loaded(settings["store"]) if settings["in_memory"] else None
    _warm(store or Store())
    statistics = count(store) if store is not None else None
    try:
        worker.send(control, {"ready": os.getpid()})
    except BrokenPipeError:  # the server ended while the store was loading
        return
    children: set[int] = set()
    try:
        _serve(control, store, statistics, settings, children)
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)
        for child in children:
            os.waitpid(child, 0)


def _serve(
    control: socket.socket,
    store: Store | None,
    statistics: Statistics | None,
    settings: Mapping[str, Any],
    children: set[int],
) -> None:
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 1, 1)
        if not message:
            return
        if message == b"f":
            child = _fork(control, descriptors[0], store, statistics, settings)
            children.add(child)
            worker.send(control, {"pid": child})
        else:
            child = worker.receive(control).head["pid"]
            _, status = os.waitpid(child, 0)
            children.discard(child)
            worker.send(control, {"signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0})


def _fork(
    control: socket.socket,
    descriptor: int,
    store: Store | None,
    statistics: Statistics | None,
    settings: Mapping[str, Any],
) -> int:
    child = os.fork()
    if child:
        os.close(descriptor)
        return child
    try:
        control.close()
        channel = socket.socket(fileno=descriptor)
        worker.isolate()
        opened = store if store is not None else Store.read_only(settings["store"])
        _in_fresh_memory(lambda: _work(opened, channel, statistics, settings["memory"]))
    finally:
        os._exit(0)


def _in_fresh_memory(work: Callable[[], None]) -> None:
    """Work in a second thread, which gets memory of its own from the allocator.

    The first thread would take the gaps between what the zygote has loaded, and each page that it writes
    to for the first time must be copied: a small query took five times as long.
    """
    threading.stack_size(_STACK)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def _work(store: Store, channel: socket.socket, statistics: Statistics | None, memory: int) -> None:
    _warm(store)
    worker.limit_memory(memory)
    worker.answer_all(store, channel, statistics)


def _warm(store: Store) -> None:
    """Run one query, so that no worker has to pay for what a first query sets up."""
    for fmt in formats.RESULT_FORMATS:
        if fmt.kind == formats.RESULTS:
            worker.answer(store, {"text": "SELECT * { ?s ?p ?o } LIMIT 1", "default": [], "named": [],
                                  "base": None, "format": fmt.name, "cap": 1_000_000})  # fmt: skip


def _loaded(path: str) -> Store:
    """Read a store from disk into memory, blank nodes keeping their names.

    The disk is read by a child: an opened disk store has threads, and what forks must have none.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.close(reading)
            with os.fdopen(writing, "wb") as sink:
                Store.read_only(path).dump(sink, RdfFormat.N_QUADS)
            os._exit(0)
        finally:
            os._exit(1)
    os.close(writing)
    store = Store()
    with os.fdopen(reading, "rb") as source:
        store.bulk_extend(parse(source, RdfFormat.N_QUADS))
    _, status = os.waitpid(child, 0)
    if status:
        raise SystemExit(f"{path}: the store cannot be read.")
    return store


if __name__ == "__main__":
    main(int(sys.argv[1]), json.loads(sys.argv[2]))
