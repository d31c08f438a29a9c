"""Structured log events: counts, durations and ids; never a person or an enterprise.

Quiet until a program says where events go (``events_to``).  Jobs and the store log; what is pure
does not.  An event holds counts, days, durations, ids of runs and draws, and codes of errors; never
a person, an enterprise or the text of an error, which may quote both.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager, suppress
from functools import wraps
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TextIO, TypeVar

import msgspec

from xhcredit.domain.clock import machine_moment, stopwatch
from xhcredit.domain.disk import disk_error
from xhcredit.errors import XhcreditError

if TYPE_CHECKING:  # it takes a fifth of a second to load: only who logs waits for it
    from structlog.typing import FilteringBoundLogger

_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")

#: loggers of the programs that run in this process; the latest is the one that hears of events
_loggers: list[FilteringBoundLogger] = []
_JSON = msgspec.json.Encoder(enc_hook=str)
_FRAMES = 8  #: of a trace, the innermost


def json_text(line: object, **_: object) -> str:
    """An event as one line of JSON."""
    return _JSON.encode(line).decode()


def json_lines(stream: TextIO, **fields: object) -> FilteringBoundLogger:
    """A logger that writes one JSON object per line; ``fields`` stand in each of them."""
    import structlog  # takes a fifth of a second: only who logs waits for it

    logger: FilteringBoundLogger = structlog.wrap_logger(
        structlog.WriteLogger(stream),
        processors=[
            structlog.processors.add_log_level,
            _with_timestamp,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(json_text),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(0),
    ).bind(**fields)  # bound once: binding at every line costs as much as the line
    return logger


def timestamp() -> str:
    """The moment as lines bear it: UTC, with its offset."""
    return machine_moment().isoformat(timespec="microseconds")


def _with_timestamp(_: object, __: str, line: MutableMapping[str, object]) -> Mapping[str, object]:
    """The line with timestamp, level and event first."""
    leading_fields = {
        "timestamp": timestamp(),
        "level": line.pop("level"),
        "event": line.pop("event"),
    }
    return {**leading_fields, **line}


@contextmanager
def events_to(logger: FilteringBoundLogger) -> Iterator[None]:
    """Let the events of this process go to a structlog logger, meanwhile."""
    _loggers.append(logger)
    try:
        yield
    finally:  # this very one: loggers with the same fields are equal
        _loggers[:] = [known_logger for known_logger in _loggers if known_logger is not logger]


def event(name: str, /, *, level: str = "info", **fields: object) -> None:
    """Log an event, if anybody listens; a log that cannot be written stops no work."""
    if _loggers:
        with suppress(OSError):
            try:
                getattr(_loggers[-1], level)(name, **fields)
            except ValueError as error:
                if "closed file" not in str(error):
                    raise


@contextmanager
def log_duration(
    name: str, /, *, refusal: str = "error", **fields: object
) -> Iterator[dict[str, object]]:
    """Log ``name`` and how long it took when the work within is done, or that it failed.

    Args:
        name: ``<subject>.<what was done>``.  What ends otherwise is ``<subject>.failed`` with the
            code of the error, and ``name`` as its ``step``.
        refusal: level of a failure that a person can act on (``XhcreditError``).
        fields: what is known before.

    Yields:
        Fields, to which the work adds its counts.
    """
    elapsed, counts = stopwatch(), dict(fields)
    try:
        yield counts
    except BaseException as error:
        level = refusal if isinstance(error, XhcreditError) else "error"
        failure_fields = {**fields, **failure(error), "seconds": elapsed()}
        failure_event = f"{name.partition('.')[0]}.failed"
        event(failure_event, level=level, step=name, **failure_fields)
        raise
    event(name, level="info", **counts, seconds=elapsed())


def log_call(
    name: str,
    counts: Callable[[Any], Mapping[str, object]] = lambda _: {},
    *,
    ids: Sequence[str] = (),
    refusal: str = "error",
) -> Callable[[Callable[_Given, _Result]], Callable[_Given, _Result]]:
    """Decorator that logs a call with its duration, as ``log_duration`` does.

    Args:
        name: the event when it is done.
        counts: reads fields from the function's result.
        ids: arguments of the function that are fields too; only when it is done, for then they are
            ids of the store and not whatever somebody typed.
        refusal: level of a failure that a person can act on.
    """

    def decorate(function: Callable[_Given, _Result]) -> Callable[_Given, _Result]:
        call_signature = signature(function)

        @wraps(function)
        def wrapper(*args: _Given.args, **kwargs: _Given.kwargs) -> _Result:
            with log_duration(name, refusal=refusal) as fields:
                result = function(*args, **kwargs)
                arguments = call_signature.bind(*args, **kwargs).arguments
                fields |= {argument: arguments[argument] for argument in ids}
                fields |= counts(result)
            return result

        return wrapper

    return decorate


def failure(error: BaseException) -> dict[str, object]:
    """Fields of a failure: the error code, or the trace of an unexpected error.

    Its text is left out, since it may quote a row; so are the values in its trace.
    """
    known_error = error if isinstance(error, XhcreditError) else disk_error(error)
    if known_error is not None:
        return {"error": known_error.code}
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    trace = [f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in frames]
    return {"error": type(error).__name__, "trace": trace}
