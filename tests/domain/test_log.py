"""Events: quiet unless somebody listens, measured, and without what an error quotes."""

import io
import json

import pytest
import structlog

from xhcredit.domain.clock import stopwatch
from xhcredit.domain.log import event, events_to, json_lines, log_call, log_duration
from xhcredit.errors import BadInput


class Heard:
    """A program that listens; its lines, read back."""

    def __init__(self, **fields) -> None:
        self.text = io.StringIO()
        self.logger = json_lines(self.text, **fields)

    @property
    def lines(self):
        return [json.loads(line) for line in self.text.getvalue().splitlines()]

    @property
    def names(self):
        return [line["event"] for line in self.lines]


@log_call("sum.made", lambda total: {"total": total}, ids=["name"])
def added(name, *numbers):
    """Sum of numbers."""
    return sum(numbers)


def test_what_a_function_does_is_an_event_with_its_counts_and_ids():
    heard = Heard(command="test")
    with events_to(heard.logger):
        assert added("mine", 1, 2) == 3
    [line] = heard.lines

    assert line.pop("timestamp").endswith("+00:00")
    assert line.pop("seconds") >= 0
    assert line == {
        "level": "info",
        "event": "sum.made",
        "command": "test",
        "name": "mine",
        "total": 3,
    }
    assert added.__doc__ == "Sum of numbers."


def test_who_does_not_listen_hears_nothing(capsys):
    heard = Heard()
    event("before.all", number=1)
    with events_to(heard.logger):
        event("meanwhile", number=2)
    event("after.all", number=3)

    assert heard.names == ["meanwhile"]
    assert capsys.readouterr() == ("", "")


def test_of_several_programs_in_one_process_the_latest_hears_whoever_ends_first():
    first, second = Heard(), Heard()
    first_handler, two = events_to(first.logger), events_to(second.logger)
    first_handler.__enter__()
    event("a")
    two.__enter__()
    event("b")
    first_handler.__exit__(None, None, None)
    event("c")
    two.__exit__(None, None, None)
    event("d")

    assert (first.names, second.names) == (["a"], ["b", "c"])


def test_the_end_of_a_program_ends_no_other_that_logs_the_same_fields():
    """Two services with empty fields: their loggers are equal, and not the same."""
    outer, inner = Heard(), Heard()
    assert outer.logger == inner.logger
    with events_to(outer.logger):
        with events_to(inner.logger):
            event("within")
        event("after")

    assert (outer.names, inner.names) == (["after"], ["within"])


def test_a_log_that_was_closed_stops_no_work():
    heard = Heard()
    heard.text.close()
    with events_to(heard.logger):
        assert added("mine", 1, 2) == 3


def test_settings_that_a_host_program_makes_for_its_own_log_silence_no_event():
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    try:
        heard = Heard()
        with events_to(heard.logger):
            event("small", level="debug")
    finally:
        structlog.reset_defaults()

    assert heard.names == ["small"]


def failing(error):
    with log_duration("rows.counted", refusal="warning", mapping="m") as counts:
        counts["rows"] = 5
        raise error


@pytest.mark.parametrize(
    ("error", "code", "level"),
    [
        (BadInput('row of "张三"'), "bad_input", "warning"),
        (OSError(28, "no room", "张三"), "disk_full", "error"),
        (ValueError("张三"), "ValueError", "error"),
        (KeyboardInterrupt("张三"), "KeyboardInterrupt", "error"),
        (ExceptionGroup("张三", [KeyError("张三")]), "ExceptionGroup", "error"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_failure_tells_its_step_and_code_and_passes_on(error, code, level):
    heard = Heard()
    with events_to(heard.logger), pytest.raises(type(error), match="张三"):
        failing(error)
    [line] = heard.lines

    assert (line["event"], line["step"], line["error"]) == ("rows.failed", "rows.counted", code)
    assert (line["level"], line["mapping"]) == (level, "m")
    assert ("trace" in line) == (code == type(error).__name__)
    assert "张三" not in heard.text.getvalue()


class Broken(io.StringIO):
    """A stream on a disk that is full."""

    def write(self, text):
        raise OSError(28, "no room")


def test_a_log_that_cannot_be_written_stops_no_work():
    with events_to(json_lines(Broken())):
        assert added("mine", 1) == 1


def test_a_stopwatch_goes_forward():
    elapsed = stopwatch()
    first = elapsed()

    assert 0 <= first <= elapsed()
