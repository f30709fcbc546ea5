"""Periods and days as pages state them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

_DAY = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A time as stated: start and end as year, month or day; empty where nothing is said."""

    start: str = ""
    end: str = ""
    approximate: bool = False
    doubt: str = ""


def parse_period(text: str, *, about: Sequence[str] = (), months: Sequence[str] = ()) -> Period | None:
    """Read a stated period, or give None where it cannot be read for certain.

    >>> parse_period("2006 – 2010")
    Period(start='2006', end='2010', approximate=False, doubt='')
    >>> parse_period("2006–").end
    ''
    >>> parse_period("2006/07").end
    '2007'
    >>> parse_period("20012-2015") is None
    True
    """
    words = "|".join(re.escape(word) for word in sorted(about, key=len, reverse=True)) or "(?!)"
    rest, approximated = re.subn(rf"(?<!\w)(?:{words})(?=\s|\d)\s*", "", text.strip().lower())
    rest = re.sub(r"[‐‑–—]", "-", rest).strip(" .")
    short = re.fullmatch(r"(\d{4})\s*([-/])\s*(\d{2})", rest)
    if short:
        return _short_period(short[1], short[2], short[3], approximate=bool(approximated))
    ends = re.split(r"\s*-\s*", rest)
    dates = [_date(part, months) if part else "" for part in ends]
    if len(dates) > 2 or None in dates or not dates[0]:
        return None
    start, end = dates[0], dates[-1] or ""
    if end and end < start[: len(end)]:
        return None
    return Period(start=start, end=end, approximate=bool(approximated))


def _short_period(start: str, sign: str, last: str, *, approximate: bool) -> Period | None:
    end = start[:2] + last
    if end < start or not _year(start):
        return None
    doubt = f"{end}, not month {last} of {start}" if sign == "-" and last <= "12" else ""
    return Period(start=start, end=end, approximate=approximate, doubt=doubt)


def _date(text: str, months: Sequence[str]) -> str | None:
    if re.fullmatch(r"\d{4}", text):
        return _year(text)
    day = _DAY.fullmatch(text)
    if day:
        return _iso(day[3], day[2], day[1])
    named = re.fullmatch(r"(?:(\d{1,2})\.\s*)?(\w+)\s+(\d{4})", text)
    if named and named[2] in months:
        return _iso(named[3], str(list(months).index(named[2]) + 1), named[1])
    return None


def day_in(text: str) -> str | None:
    """Give the first day that a text names as day.month.year, or None.

    >>> day_in("seen on 3.10.2022")
    '2022-10-03'
    """
    day = _DAY.search(text)
    return _iso(day[3], day[2], day[1]) if day else None


def _year(text: str) -> str | None:
    return text if "1900" <= text <= "2100" else None


def _iso(year: str, month: str, day: str | None) -> str | None:
    if not _year(year) or not 1 <= int(month) <= 12:
        return None
    if day is None:
        return f"{year}-{int(month):02}"
    try:
        return date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        return None
