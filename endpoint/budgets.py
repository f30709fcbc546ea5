"""How much query time one client may use: a bucket of seconds each, filled at a steady rate."""

from __future__ import annotations

import ipaddress
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

_MOST_CLIENTS = 10_000
_IPV6_NETWORK = 64


@dataclass(slots=True)
class _Bucket:
    seconds: float
    filled: float


class Budgets:
    """Query seconds of each client: `rate` seconds are added each second, up to `burst`.

    >>> clock = iter([0.0, 0.0, 1.0]).__next__
    >>> budgets = Budgets(rate=0.5, burst=4.0, clock=clock)
    >>> budgets.wait("192.0.2.1"), budgets.charge("192.0.2.1", 6.0), budgets.wait("192.0.2.1")
    (0, None, 4)
    """

    def __init__(
        self, rate: float = 1.0, burst: float = 120.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Set the rate, the size of a bucket, and the clock."""
        self.rate = rate
        self.burst = burst
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def wait(self, client: str) -> int:
        """Give the whole seconds that a client must wait before its next query; 0 for none."""
        with self._lock:
            seconds = self._bucket(client).seconds
        return 0 if seconds > 0 else max(1, math.floor(-seconds / self.rate) + 1)

    def charge(self, client: str, seconds: float) -> None:
        """Take the time that a query took from its client's bucket, which may go below zero."""
        with self._lock:
            self._bucket(client).seconds -= seconds

    def _bucket(self, client: str) -> _Bucket:
        now = self._clock()
        bucket = self._buckets.setdefault(client, _Bucket(self.burst, now))
        self._buckets.move_to_end(client)
        if len(self._buckets) > _MOST_CLIENTS:
            self._buckets.popitem(last=False)
        bucket.seconds = min(self.burst, bucket.seconds + (now - bucket.filled) * self.rate)
        bucket.filled = now
        return bucket


@lru_cache(maxsize=4096)
def client_of(address: str | None) -> str:
    """Give the name that a client's budget is kept under: its address, or its network in IPv6.

    >>> client_of("2001:db8:1:2:3:4:5:6")
    '2001:db8:1:2::/64'
    """
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return address or "unknown"
    if found.version == 4:
        return str(found)
    return str(ipaddress.ip_network((found, _IPV6_NETWORK), strict=False))
