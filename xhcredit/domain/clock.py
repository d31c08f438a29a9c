"""Clock: moment and day in China (Asia/Shanghai); the only reader of the system clock.

Legal days are days in China, wherever the machine stands and whatever zone it is set to: shell,
jobs and service read the day here and hand it on as ``today`` or ``as_of``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from time import monotonic

#: China has one zone and no summer time since 1992; an offset needs no table of zones installed
CHINA = timezone(timedelta(hours=8), "Asia/Shanghai")

#: reads a moment with its offset
MomentSource = Callable[[], datetime]


def machine_moment() -> datetime:
    """Current moment of the system clock, in UTC."""
    return datetime.now(UTC)


def stopwatch() -> Callable[[], float]:
    """Start a stopwatch; each call gives the elapsed seconds of the monotonic clock."""
    started_at = monotonic()
    return lambda: round(monotonic() - started_at, 3)


@dataclass(frozen=True)
class Clock:
    """Clock of moment and day in China.

    ``source`` reads the moment, in any zone; the machine's unless a caller brings another one.
    """

    source: MomentSource = machine_moment

    def moment(self) -> datetime:
        """The moment, with the offset +08:00."""
        return self.source().astimezone(CHINA)

    def today(self) -> date:
        """The day in China."""
        return self.moment().date()


def china_moment(moment: datetime | str) -> datetime:
    """A moment with the offset +08:00; text is read as ISO 8601, without offset as UTC.

    >>> str(china_moment("2026-11-29T23:29:59.000000Z"))
    '2026-11-30 07:29:59+08:00'

    Raises:
        ValueError: the text is no moment.
    """
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    # Text without an offset is UTC here; read as local time, a moment after 16:00 UTC would
    # fall on the wrong day in China.
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(CHINA)


def china_day(moment: datetime | str) -> date:
    """The day in China of a moment.

    >>> str(china_day("2026-11-29T23:29:59.000000Z"))
    '2026-11-30'
    """
    return china_moment(moment).date()


def day_begins(day: date) -> datetime:
    """The first moment of a day in China.

    >>> str(day_begins(date(2026, 11, 30)).astimezone(UTC))
    '2026-11-29 16:00:00+00:00'
    """
    return datetime.combine(day, time.min, CHINA)


def beijing_time(moment: datetime | str, *, seconds: bool = False) -> str:
    """A moment as people read it: Beijing time to the minute, or to the second.

    >>> beijing_time("2026-11-29T23:29:59.000000Z")
    '2026-11-30 07:29'
    """
    return f"{china_moment(moment):{'%Y-%m-%d %H:%M:%S' if seconds else '%Y-%m-%d %H:%M'}}"
