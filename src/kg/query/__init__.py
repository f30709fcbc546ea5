"""How a query runs: refused, or in a process that is killed at its deadline; the answer is whole or none."""

from kg.query.failures import (
    NotPageable,
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
from kg.query.formats import RESULT_FORMATS, ResultFormat
from kg.query.limits import Limits
from kg.query.paging import Page
from kg.query.pool import Answer, Cancellation, Job, Pool, Query

__all__ = [
    "RESULT_FORMATS",
    "Answer",
    "Cancellation",
    "Job",
    "Limits",
    "NotPageable",
    "NotRepresentable",
    "Page",
    "Pool",
    "PoolBusy",
    "Query",
    "QueryCancelled",
    "QueryError",
    "QueryMemory",
    "QueryRefused",
    "QuerySyntaxError",
    "QueryTimeout",
    "ResultFormat",
    "ResultTooLarge",
]
