"""Queries run in processes that can be killed: forked ahead, timed, capped, replaced."""

from __future__ import annotations

import asyncio
import json
import math
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from kg.errors import SnapshotError
from kg.query import guard, worker
from kg.query.explain import explain
from kg.query.failures import (
    NotRepresentable,
    PoolBusy,
    QueryCancelled,
    QueryError,
    QueryMemory,
    QueryRefused,
    QuerySyntaxError,
    QueryTimeout,
    ResultTooLarge,
)
from kg.query.formats import ResultFormat
from kg.query.guard import Outline
from kg.query.limits import Limits
from kg.query.paging import Page, cut
from kg.vocab import PREFIXES

PUBLIC = "public"
INTERNAL = "internal"
_SPARE = 1
_MEMORY_PER_DISK_BYTE = 4
_QUICK_TO_LOAD = 24 * 2**20
_LOAD_AFTER = 2.0
"""Seconds before a large store is loaded into memory: the first answers of a new server come before it."""
_NICENESS = 5
_LARGE_ANSWER = 4 * 2**20
_START_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Query:
    """A query and the dataset it asks; graphs named here take the place of FROM and FROM NAMED.

    `plain` has it evaluated as it is written, by no rule of kg.query.rewrite. `page` asks for a part of
    the rows.
    """

    text: str
    default_graphs: tuple[str, ...] = ()
    named_graphs: tuple[str, ...] = ()
    base: str | None = None
    plain: bool = False
    page: Page | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole result: its bytes, the query form, seconds it took, and which store it came from.

    `rows` are counted for pages.
    """

    body: bytes | bytearray
    form: str
    seconds: float
    store: Path
    in_memory: bool
    rows: int | None = None


class Cancellation:
    """A way for one thread to stop the query that another one waits for."""

    def __init__(self) -> None:
        """Begin uncancelled."""
        self._lock = threading.Lock()
        self._process: _Process | None = None
        self.cancelled = False

    def cancel(self) -> None:
        """Stop the query now, or as soon as it begins."""
        with self._lock:
            self.cancelled = True
            if self._process is not None:
                self._process.kill()

    def attach(self, process: _Process | None) -> None:
        """Name the process to kill, or none. Raises QueryCancelled if it is too late to begin."""
        with self._lock:
            self._process = process
            if process is not None and self.cancelled:
                raise QueryCancelled


class _Process:
    """A worker as its user sees it: a socket, and a process id that stays ours until it is buried."""

    def __init__(self, nursery: _Nursery, pid: int, channel: socket.socket) -> None:
        self.nursery = nursery
        self.pid = pid
        self.channel = channel
        self.answered = 0
        self.spent = False

    def kill(self) -> None:
        self.spent = True
        with suppress(ProcessLookupError):
            if self.pid:
                os.kill(self.pid, signal.SIGKILL)

    def yield_to_others(self) -> None:
        """Let shorter queries go first; for good, since only root may take that back."""
        self.spent = True
        with suppress(ProcessLookupError, PermissionError):
            os.setpriority(os.PRIO_PROCESS, self.pid, _NICENESS)

    def bury(self) -> int:
        """Give the signal that ended the process, which must be dying; 0 for none. Once."""
        self.channel.close()
        self.spent, pid, self.pid = True, self.pid, 0
        return self.nursery.bury(pid)


class _Nursery:
    """The zygote as its user sees it: forks workers that answer from one store, in memory or on disk."""

    def __init__(self, store: Path, limits: Limits, *, in_memory: bool) -> None:
        self.store = store
        self.in_memory = in_memory
        self._lock = threading.Lock()
        self._control, theirs = socket.socketpair()
        settings = {"store": str(store), "in_memory": in_memory, "memory": limits.memory}
        environment = {
            "PATH": os.environ.get("PATH", ""),
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
            "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",  # large pages: a fork copies fewer page tables
        }
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", "kg.query.zygote", str(theirs.fileno()), json.dumps(settings)],
                pass_fds=[theirs.fileno()], env=environment, stdin=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
        self._control.settimeout(_START_SECONDS)
        try:
            worker.receive(self._control)
        except (EOFError, OSError) as error:
            self.close()
            raise self._unreadable from error

    @property
    def _unreadable(self) -> SnapshotError:
        return SnapshotError(f"{self.store}: no process could open the store.")

    def fork(self) -> _Process:
        """Give a new worker, ready to answer. Raises SnapshotError."""
        ours, theirs = socket.socketpair()
        try:
            with self._lock, theirs:
                socket.send_fds(self._control, [b"f"], [theirs.fileno()])
                pid = worker.receive(self._control).head["pid"]
        except (EOFError, OSError) as error:
            ours.close()
            raise self._unreadable from error
        process = _Process(self, pid, ours)
        try:
            worker.receive(ours)
        except (EOFError, OSError) as error:
            process.kill()
            process.bury()
            raise self._unreadable from error
        return process

    def bury(self, pid: int) -> int:
        """Wait for the end of a worker; give the signal that ended it. 0 when that is not known."""
        with self._lock, suppress(EOFError, OSError):
            self._control.sendall(b"b")
            worker.send(self._control, {"pid": pid})
            return int(worker.receive(self._control).head["signal"])
        return 0

    def close(self) -> None:
        """End the zygote and all its workers."""
        self._control.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def fits_in_memory(store: Path, limits: Limits) -> bool:
    """Tell whether a store, loaded, is likely to stay within the configured budget."""
    return _disk_bytes(store) * _MEMORY_PER_DISK_BYTE <= limits.store_in_memory


def _disk_bytes(store: Path) -> int:
    return sum(file.stat().st_size for file in store.iterdir() if file.suffix in (".sst", ".log"))


class Job:
    """A query that a worker is busy with. Leaving the `with` block gives the worker back, dead or alive."""

    def __init__(
        self,
        pool: Pool,
        process: _Process,
        text: str,
        outline: Outline,
        seconds: float,
        lane: str,
        cancellation: Cancellation,
    ) -> None:
        """Start the clock."""
        self._pool = pool
        self._process = process
        self._text = text
        self._outline = outline
        self._seconds = seconds
        self._lane = lane
        self._cancellation = cancellation
        self._began = time.monotonic()

    def __enter__(self) -> Job:
        """Give the job itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give worker and place back; a worker that was not waited for is killed."""
        if kind is not None and not issubclass(kind, QueryError):
            self._process.kill()
        self._cancellation.attach(None)
        self._pool._give_back(self._process)
        self._pool._leave(self._lane)

    def wait(self) -> Answer:
        """Give the answer. Raises a QueryError."""
        channel = self._process.channel
        try:
            channel.settimeout(self._patience)
            try:
                start = channel.recv(worker.SMALL)
            except TimeoutError:
                self._process.yield_to_others()
                channel.settimeout(self._left)
                start = channel.recv(worker.SMALL)
            reply = worker.receive(channel, start)
        except TimeoutError:
            raise self._expired() from None
        except (EOFError, ConnectionError):
            raise self._lost() from None
        return self._answer(reply)

    async def wait_async(self) -> Answer:
        """Give the answer, as `wait` does, without holding a thread."""
        channel, loop = self._process.channel, asyncio.get_running_loop()
        try:
            await self._begun(loop)
            channel.settimeout(self._left)
            start = channel.recv(worker.SMALL)
            if worker.is_whole(start):
                reply = worker.receive(channel, start)
            else:
                reply = await loop.run_in_executor(None, worker.receive, channel, start)
        except TimeoutError:
            raise self._expired() from None
        except (EOFError, ConnectionError):
            raise (await loop.run_in_executor(None, self._lost)) from None
        return self._answer(reply)

    async def _begun(self, loop: asyncio.AbstractEventLoop) -> None:
        """Wait for the beginning of the reply. Raises TimeoutError.

        Timers of less than some milliseconds, and those of asyncio.timeout, cost more than a small query.
        """
        begun: asyncio.Future[None] = loop.create_future()
        timers: list[asyncio.TimerHandle] = []

        def lose_patience() -> None:
            self._process.yield_to_others()
            timers.append(loop.call_later(self._left, end, TimeoutError()))

        def end(failure: TimeoutError | None = None) -> None:
            if begun.done():
                return
            if failure is None:
                begun.set_result(None)
            else:
                begun.set_exception(failure)

        timers.append(loop.call_later(self._patience, lose_patience))
        loop.add_reader(self._process.channel, end)
        try:
            await begun
        finally:
            loop.remove_reader(self._process.channel)
            for timer in timers:
                timer.cancel()

    @property
    def _patience(self) -> float:
        return min(self._pool.limits.patience, self._seconds)

    @property
    def _left(self) -> float:
        return max(0.001, self._began + self._seconds - time.monotonic())

    def _expired(self) -> QueryError:
        self._process.kill()
        return QueryTimeout(self._seconds)

    def _lost(self) -> QueryError:
        """Tell why a worker ended: its signal says whether memory or the stack ran out, or we killed it."""
        if self._cancellation.cancelled:
            self._process.spent = True
            return QueryCancelled()
        if self._pool.closed:
            self._process.spent = True
            return PoolBusy(1)
        ended_by = self._process.bury()
        if ended_by == signal.SIGSEGV:
            return QueryRefused(
                "The query is built too deep for the engine to plan.", reason="complex",
                hint="Take some of its nested parts out.",
            )  # fmt: skip
        return QueryMemory(self._pool.limits.memory)

    def _answer(self, reply: worker.Reply) -> Answer:
        taken = time.monotonic() - self._began
        process, limits = self._process, self._pool.limits
        process.answered += 1
        if process.answered >= limits.recycle or len(reply.body) > _LARGE_ANSWER:
            process.spent = True
        if "failure" in reply.head:
            raise self._failure(reply.head)
        form = reply.head["form"]
        if form == "GRAPH":
            form = self._outline.form or "CONSTRUCT"
        store, rows = process.nursery.store, reply.head.get("rows")
        return Answer(reply.body, form, taken, store, process.nursery.in_memory, rows)

    def _failure(self, head: Mapping[str, Any]) -> QueryError:
        match head["failure"]:
            case "size":
                return ResultTooLarge(self._pool.limits.result)
            case "rows":
                return ResultTooLarge(self._pool.limits.rows, "rows")
            case "memory":
                return QueryMemory(self._pool.limits.memory)
            case "syntax":
                return explain(head["message"], self._text, self._outline, self._pool.prefixes)
            case "format":
                return NotRepresentable(head["message"])
        if head["kind"] in ("RuntimeError", "ValueError"):
            return QuerySyntaxError(f"{head['message'].rstrip('.')}.", line=None, column=None)
        return QueryError(head["message"])


class Pool:
    """Runs queries against one store at a time; safe to use from many threads.

    Workers read the store from disk until a copy in memory is ready, if it fits the budget; a small one
    is loaded before the first query. `wait_until_loaded` waits for that.
    """

    def __init__(
        self, store: Path, limits: Limits | None = None, *, prefixes: Mapping[str, str] = PREFIXES
    ) -> None:
        """Start the workers. `prefixes` are those that error hints may name. Raises SnapshotError."""
        self.limits = limits or Limits()
        self.prefixes = prefixes
        self._lock = threading.RLock()
        self._freed = threading.Condition(self._lock)
        self._chores = threading.Condition(self._lock)  # the keeper's own: it need not wake up for each query
        self._idle: deque[_Process] = deque()
        self._free = {PUBLIC: self.limits.places, INTERNAL: self.limits.internal}
        self._dying: deque[_Process] = deque()
        self._living = 0
        self._closed = False
        self._retired: list[_Nursery] = []
        self._users: dict[int, int] = {}
        self._load_pending = False
        self._nursery = self._open(store)
        self._keeper = threading.Thread(target=self._keep, name="query-pool", daemon=True)
        try:
            self._add(self._nursery.fork())  # the keeper forks the others
        except SnapshotError:
            self._nursery.close()
            raise
        self._keeper.start()

    def __enter__(self) -> Pool:
        """Give the pool itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the pool."""
        self.close()

    @property
    def store(self) -> Path:
        """The store that new queries are answered from."""
        return self._nursery.store

    @property
    def closed(self) -> bool:
        """Whether the pool takes no more queries."""
        return self._closed

    @property
    def in_memory(self) -> bool:
        """Whether workers hold the store in memory."""
        return self._nursery.in_memory

    def run(
        self,
        query: Query,
        result: ResultFormat,
        timeout: float | None = None,
        *,
        outline: Outline | None = None,
        lane: str = PUBLIC,
        cancellation: Cancellation | None = None,
    ) -> Answer:
        """Give the whole answer to a query.

        `timeout` may ask for less than the limit, in seconds. `outline` is what guard.inspect gave for
        this text, if the caller has it already. Raises a QueryError: see kg.query.failures.
        """
        options = {"outline": outline, "lane": lane, "cancellation": cancellation}
        with self.start(query, result, timeout, **options) as job:  # type: ignore[arg-type]
            return job.wait()

    def start(
        self,
        query: Query,
        result: ResultFormat,
        timeout: float | None = None,
        *,
        outline: Outline | None = None,
        lane: str = PUBLIC,
        cancellation: Cancellation | None = None,
        patience: float | None = None,
    ) -> Job:
        """Give a query to a worker, and a job to wait for; use it in a `with` block.

        The other arguments are those of `run`; `patience` is how long to wait for a place, in seconds.
        """
        if outline is None:
            outline = guard.inspect(query.text, self.limits)
        patience = self.limits.queue if patience is None else patience
        asked = {
            "text": cut(query.text, query.page) if query.page else query.text,
            "default": query.default_graphs,
            "named": query.named_graphs,
            "base": query.base,
            "format": result.name,
            "cap": self.limits.result,
            "rows": self.limits.rows,
            "paged": query.page is not None,
            "plain": query.plain,
        }
        cancellation = cancellation or Cancellation()
        self._enter(lane, patience)
        try:
            process = self._take(asked, cancellation, patience)
        except BaseException:
            self._leave(lane)
            raise
        seconds = min(timeout or self.limits.seconds, self.limits.seconds)
        return Job(self, process, query.text, outline, seconds, lane, cancellation)

    def switch(self, store: Path) -> None:
        """Answer new queries from another store; queries that run finish on theirs. Raises SnapshotError."""
        nursery = self._open(store)
        self._replace(nursery)

    def wait_until_loaded(self, timeout: float = _START_SECONDS) -> bool:
        """Wait for the copy in memory, if there is to be one; tell whether that is settled."""
        with self._lock:
            return self._freed.wait_for(lambda: not self._load_pending or self._closed, timeout)

    def processes(self) -> tuple[int, ...]:
        """Give the process ids of the idle workers, for tests and status pages."""
        with self._lock:
            return tuple(process.pid for process in self._idle)

    def close(self) -> None:
        """End all workers, running queries with them."""
        with self._lock:
            self._closed = True
            self._freed.notify_all()
            self._chores.notify()
        self._keeper.join(timeout=10)
        for nursery in (*self._retired, self._nursery):
            nursery.close()
        for process in (*self._idle, *self._dying):
            process.channel.close()
        self._idle.clear()
        self._dying.clear()

    # The parts of a run.

    def _enter(self, lane: str, patience: float) -> None:
        with self._lock:
            if not self._freed.wait_for(lambda: self._free[lane] > 0 or self._closed, patience):
                raise PoolBusy(max(1, math.ceil(self.limits.seconds / 4)))
            if self._closed:
                raise PoolBusy(1)
            self._free[lane] -= 1

    def _leave(self, lane: str) -> None:
        with self._lock:
            self._free[lane] += 1
            self._freed.notify_all()

    def _take(self, asked: Mapping[str, Any], cancellation: Cancellation, patience: float) -> _Process:
        """Give an idle worker that has got the query; one that died while idle is passed over."""
        while True:
            with self._lock:
                if not self._freed.wait_for(lambda: self._idle or self._closed, patience):
                    raise PoolBusy(1)
                if self._closed:
                    raise PoolBusy(1)
                process = self._idle.pop()
            try:
                cancellation.attach(process)
                process.channel.settimeout(self.limits.queue)
                worker.send(process.channel, asked)
            except OSError:
                cancellation.attach(None)
                process.kill()
                self._give_back(process)
            except QueryCancelled:
                self._give_back(process)
                raise
            else:
                return process

    def _give_back(self, process: _Process) -> None:
        with self._lock:
            if process.spent or process.nursery is not self._nursery or self._closed:
                self._living -= 1
                self._dying.append(process)
                self._chores.notify()
            else:
                self._idle.append(process)
            self._freed.notify_all()

    # The keeper: a thread that buries, forks and loads, so that no query waits for that.

    @property
    def _wanted(self) -> int:
        return self.limits.places + self.limits.internal + _SPARE

    def _add(self, process: _Process) -> None:
        with self._lock:
            self._users[id(process.nursery)] = self._users.get(id(process.nursery), 0) + 1
            self._living += 1
            self._idle.append(process)
            self._freed.notify_all()

    def _keep(self) -> None:
        while True:
            with self._lock:
                self._chores.wait_for(lambda: self._closed or self._dying or self._living < self._wanted)
                if self._closed:
                    return
                dying = self._dying.popleft() if self._dying else None
                nursery = self._nursery
                short = self._living < self._wanted
            if short:
                self._restock(nursery)
            if dying is not None:
                self._bury(dying)

    def _restock(self, nursery: _Nursery) -> None:
        try:
            self._add(nursery.fork())
        except SnapshotError:
            with self._lock:
                if self._closed or nursery is not self._nursery:
                    return
            with suppress(SnapshotError):
                self._replace(_Nursery(nursery.store, self.limits, in_memory=nursery.in_memory))
            time.sleep(0.1)

    def _bury(self, process: _Process) -> None:
        if process.pid:
            process.kill()
            process.bury()
        with self._lock:
            nursery = process.nursery
            self._users[id(nursery)] -= 1
            unused = nursery in self._retired and not self._users[id(nursery)]
            if unused:
                self._retired.remove(nursery)
                del self._users[id(nursery)]
        if unused:
            nursery.close()

    def _open(self, store: Path) -> _Nursery:
        fits = fits_in_memory(store, self.limits)
        if fits and _disk_bytes(store) > _QUICK_TO_LOAD:
            with self._lock:
                self._load_pending = True
            threading.Thread(target=self._load, args=(store,), name="query-load", daemon=True).start()
            fits = False
        return _Nursery(store, self.limits, in_memory=fits)

    def _load(self, store: Path) -> None:
        """Make a nursery that holds the store in memory, and let it take over from the one on disk."""
        with self._lock:
            self._freed.wait_for(lambda: self._closed, _LOAD_AFTER)
        nursery = None
        with suppress(SnapshotError):
            nursery = _Nursery(store, self.limits, in_memory=True)
        with self._lock:
            wanted = not self._closed and self._nursery.store == store
        if nursery is not None and wanted:
            self._replace(nursery)
        elif nursery is not None:
            nursery.close()
        with self._lock:
            self._load_pending = False
            self._freed.notify_all()

    def _replace(self, nursery: _Nursery) -> None:
        """Let another nursery's workers answer from now on; the old ones go when they are idle."""
        try:
            fresh = [nursery.fork() for _ in range(self._wanted)]
        except SnapshotError:
            nursery.close()
            raise
        with self._lock:
            old, self._nursery = self._nursery, nursery
            self._retired.append(old)
            self._living -= len(self._idle)
            self._dying.extend(self._idle)
            self._idle.clear()
            self._chores.notify()
            for process in fresh:
                self._add(process)
