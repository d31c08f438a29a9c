"""The closed loop: every order but the right one is refused, and two persons where it is grave."""

import re
from dataclasses import asdict, replace
from datetime import date

import pytest

from xhcredit.alerts.workflow import (
    BY_NIGHT,
    CLOSED_STATES,
    STATES,
    TRANSITIONS,
    AlertAction,
    Standing,
    is_due_unknown,
    is_overdue,
    is_provisional,
    next_state,
    redated,
    standing_after,
)
from xhcredit.domain.calendar import calendar_of
from xhcredit.errors import BadInput, TwoPersons, WrongState
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.alerts import Flow

DAY = date(2026, 6, 30)
DECEMBER = date(2026, 12, 30)  #: terms that begin then end beyond the last notice
OFF = [date(2027, 1, 1), date(2027, 1, 4)]  #: what a notice of 2027 might say
LATEST = date(2100, 12, 31)
RULE = Rulebook.load().value("alerts.flow", Flow, as_of=DAY)
DAYS = Rulebook.load().calendar
DETAILS = {
    "issue": {"owner": "张三"},
    "verify": {"verdict": "true", "evidence": "现场照片"},
    "dispose": {"measure": "guide"},
    "feed_back": {"result": "已整改"},
    "snooze": {"until": "2026-07-10"},
    "merge": {"into": 2},
}


class Case:
    """An alert that is followed up."""

    def __init__(self, colour="yellow") -> None:
        self.standing = Standing("detected", colour)
        self.steps = [{"act": "detect", "actor": "night", "details": {}, "colour": colour}]

    def do(self, act, who="a", on=DAY, reason="核查", **details):
        doing = AlertAction(act, on, who, reason, {**DETAILS.get(act, {}), **details})
        self.standing = standing_after(self.standing, self.steps, doing, RULE, DAYS)
        self.steps.append(
            {"act": act, "actor": who, "details": doing.details, "colour": self.standing.colour}
        )
        return self

    def all(self, *acts, who="a"):
        for act in acts:
            self.do(act, who)
        return self


def test_the_whole_loop_with_its_days():
    case = Case().all("screen", "issue")
    assert asdict(case.standing) == {
        "state": "issued",
        "colour": "yellow",
        "owner": "张三",
        "due_on": "2026-07-14",
        "snoozed_until": "",
    }
    assert case.all("verify", "dispose", "feed_back", "close").standing.state == "closed"


def test_a_term_beyond_the_notices_has_a_provisional_day():
    """Holidays of the next year are published late in this one: alerts of December go on."""
    case = Case().do("screen", on=DECEMBER).do("issue", on=DECEMBER)
    issued = asdict(case.standing)

    assert (issued["due_on"], is_provisional(issued, DAYS)) == ("2027-01-14", True)
    assert not is_due_unknown(issued)
    assert is_overdue(issued, date(2027, 1, 15))
    assert not is_provisional(asdict(Case().all("screen", "issue").standing), DAYS)
    over = case.all("verify", "dispose", "feed_back", "close").standing
    assert not is_provisional(asdict(over), DAYS)


def test_a_term_that_the_calendar_does_not_reach_stops_no_work_and_is_told_as_unknown():
    case = Case().do("screen", on=LATEST).do("issue", on=LATEST)
    unknown = asdict(case.standing)

    assert (unknown["state"], unknown["due_on"], is_due_unknown(unknown)) == ("issued", "", True)
    assert not is_overdue(unknown, LATEST)
    assert not is_provisional(unknown, DAYS)
    assert not is_due_unknown(asdict(Standing("detected", "blue")))


def test_a_notice_that_is_added_moves_the_due_day_by_the_terms_of_its_step():
    case = Case().do("screen", on=DECEMBER).do("issue", on=DECEMBER)
    steps = [{**s, "done_on": DECEMBER.isoformat()} for s in case.steps]
    added = calendar_of({2026: ((), ()), 2027: (OFF, ())}, lambda _: (), 2100)

    moved = redated(case.standing, steps, lambda _: RULE, added)

    assert moved == replace(case.standing, due_on="2027-01-15")
    assert redated(case.standing, steps, lambda _: RULE, DAYS) is None
    assert redated(Standing("detected", "blue"), steps[:1], lambda _: RULE, added) is None
    lost = replace(case.standing, due_on="")
    assert redated(lost, steps, lambda _: RULE, DAYS) == case.standing


def test_acts_of_the_night_are_not_offered_to_officers():
    with pytest.raises(WrongState, match=r"now possible: verify, escalate, snooze, merge$"):
        next_state("issued", "screen")


@pytest.mark.parametrize("state", sorted(STATES))
def test_every_other_order_is_refused_and_says_what_is_possible(state):
    for name, move in TRANSITIONS.items():
        if state not in move.states:
            with pytest.raises(WrongState, match=f"it is {state}; now possible: "):
                next_state(state, name)


@pytest.mark.parametrize("colour", ["orange", "red"])
def test_grave_alerts_take_two_persons(colour):
    case = Case(colour).do("screen", "a")
    with pytest.raises(TwoPersons, match='"a" did "screen / escalate" before'):
        case.do("issue", "a")
    case.do("issue", "b").all("verify", "dispose", "feed_back", who="b")
    with pytest.raises(TwoPersons, match='somebody else must do "close"'):
        case.do("close", "b")
    assert case.do("close", "a").standing.state == "closed"


def test_lowering_the_colour_first_does_not_spare_the_second_person():
    case = Case("red").do("screen", "a", colour="yellow")
    assert case.standing.colour == "yellow"
    with pytest.raises(TwoPersons, match="somebody else"):
        case.do("issue", "a")


def test_raising_the_colour_when_issuing_takes_two_as_well():
    with pytest.raises(TwoPersons, match="somebody else"):
        Case("blue").do("screen", "a").do("issue", "a", colour="red")


def test_a_grave_alert_is_not_dismissed_or_merged_by_one():
    for act in ("dismiss", "merge"):
        with pytest.raises(TwoPersons, match='let one do "screen" first'):
            Case("red").do(act, "a")
        with pytest.raises(TwoPersons, match="somebody else"):
            Case("red").do("screen", "a").do(act, "a")


def test_an_escalated_alert_is_issued_anew_one_colour_higher_by_another():
    case = Case("yellow").all("screen", "issue", "escalate")
    assert (case.standing.state, case.standing.colour) == ("escalated", "orange")
    with pytest.raises(TwoPersons, match="somebody else"):
        case.do("issue", "a")
    assert case.do("issue", "b").standing.due_on == "2026-07-07"


def test_what_was_verified_as_true_is_not_closed_without_disposal():
    with pytest.raises(WrongState, match="verified as true"):
        Case().all("screen", "issue", "verify", "close")
    case = Case().all("screen", "issue").do("verify", verdict="false").do("close")
    assert case.standing.state == "closed"


@pytest.mark.parametrize(
    ("acts", "last", "details", "words"),
    [
        (["screen"], "issue", {"owner": " "}, '"issue" without owner; name who follows it up'),
        (
            ["screen"],
            "issue",
            {"colour": "pink"},
            '"pink" is no colour; choose one of: blue, yellow, orange, red',
        ),
        (
            ["screen", "issue"],
            "verify",
            {"verdict": "maybe"},
            '"verify" needs a verdict; choose one of: true, false, cannot_tell',
        ),
        (
            ["screen", "issue"],
            "verify",
            {"evidence": ""},
            '"verify" without evidence; say what was seen or heard, and where',
        ),
        (
            ["screen", "issue", "verify"],
            "dispose",
            {"measure": "hang"},
            '"dispose" needs a measure; choose one of: remind, guide, rectify, triggered_check, '
            "file_case, transfer, none",
        ),
        (
            ["screen", "issue", "verify"],
            "dispose",
            {"measure": "triggered_check"},
            "a triggered check without its code (检查码); give check_code",
        ),
        (
            ["screen", "issue", "verify", "dispose"],
            "feed_back",
            {"result": ""},
            '"feed_back" without result; say what came of it',
        ),
        ([], "snooze", {"until": "soon"}, '"snooze" needs until, a day such as 2026-07-15'),
        (
            [],
            "snooze",
            {"until": "2026-12-31"},
            "until 2026-12-31 is not after 2026-06-30 and by 2026-07-15; choose such a day",
        ),
        ([], "merge", {"into": "2"}, '"merge" needs into, the number of the alert that goes on'),
        ([], "screen", {"reason": " "}, '"screen" without a reason; say why'),
    ],
)
def test_what_an_act_needs_is_asked_for(acts, last, details, words):
    case = Case().all(*acts)
    with pytest.raises(BadInput, match=f"^{re.escape(words)}$"):
        case.do(last, **details)


def test_snoozing_ends():
    case = Case().do("snooze").do("snooze")
    with pytest.raises(WrongState, match="snoozed 2 times already"):
        case.do("snooze")


def test_overdue_on_any_day():
    issued = asdict(Case().all("screen", "issue").standing)

    assert [is_overdue(issued, date(2026, 7, d)) for d in (14, 15)] == [False, True]
    asleep = issued | {"snoozed_until": "2026-07-20"}
    assert [is_overdue(asleep, date(2026, 7, d)) for d in (20, 21)] == [False, True]
    assert not is_overdue(issued | {"state": "closed"}, date(2027, 1, 1))
    assert not is_overdue(asdict(Case().standing), date(2027, 1, 1))


#: what may be done in each state, and to which state it leads (states of the act that stays: -)
POSSIBLE = {
    "detected": "screen>screened dismiss>dismissed snooze>- merge>merged expire>expired",
    "screened": "dismiss>dismissed issue>issued snooze>- merge>merged expire>expired",
    "issued": "verify>verified escalate>escalated snooze>- merge>merged redate>-",
    "verified": "dispose>disposed close>closed escalate>escalated snooze>- redate>-",
    "disposed": "feed_back>fed_back escalate>escalated snooze>- redate>-",
    "fed_back": "close>closed escalate>escalated snooze>- redate>-",
    "escalated": "issue>issued",
    "dismissed": "", "closed": "", "merged": "", "expired": "",
}  # fmt: skip


@pytest.mark.parametrize("state", POSSIBLE)
def test_in_each_state_only_these_acts_are_possible_and_lead_there(state):
    expected = dict(pair.split(">") for pair in POSSIBLE[state].split())
    expected = {act: state if to == "-" else to for act, to in expected.items()}

    assert {
        act: next_state(state, act) for act, m in TRANSITIONS.items() if state in m.states
    } == expected
    assert POSSIBLE.keys() == STATES.keys()
    wrong = "issue" if state == "disposed" else "feed_back"
    offered = ", ".join(act for act in expected if act not in BY_NIGHT) or "nothing more"
    with pytest.raises(WrongState, match=f"now possible: {offered}$"):
        next_state(state, wrong)


def test_an_alert_is_over_in_exactly_these_states():
    assert {state for state, acts in POSSIBLE.items() if not acts} == CLOSED_STATES


@pytest.mark.parametrize(
    ("until", "possible"),
    [
        ("2026-06-29", False),
        ("2026-06-30", False),  # until today is no pause
        ("2026-07-01", True),
        ("2026-07-15", True),  # fifteen days, the last one allowed
        ("2026-07-16", False),
    ],
)
def test_snoozing_begins_tomorrow_and_ends_after_fifteen_days(until, possible):
    case = Case()
    if possible:
        assert case.do("snooze", until=until).standing.snoozed_until == until
    else:
        with pytest.raises(BadInput, match="is not after 2026-06-30 and by 2026-07-15"):
            case.do("snooze", until=until)


def test_the_next_act_wakes_an_alert():
    assert Case().do("snooze").do("screen").standing.snoozed_until == ""


WEEK = RULE.model_copy(update={"due_working_days": {"blue": 4, "yellow": 3, "orange": 2, "red": 1}})


@pytest.mark.parametrize(
    ("colour", "due_on"),
    [  # 30 June 2026 is a Tuesday; nothing but weekends is off
        ("red", "2026-07-01"),
        ("orange", "2026-07-02"),
        ("yellow", "2026-07-03"),
        ("blue", "2026-07-06"),
    ],
)
def test_each_colour_has_its_own_term_in_working_days(colour, due_on):
    steps = [{"act": "screen", "actor": "a", "details": {}, "colour": colour}]
    doing = AlertAction("issue", DAY, "b", "r", DETAILS["issue"])
    standing = standing_after(Standing("screened", colour), steps, doing, WEEK, DAYS)

    assert (standing.due_on, standing.colour) == (due_on, colour)


def test_the_term_begins_anew_with_issuing_verifying_and_disposing_only():
    case, dues = Case(), []
    for act, day in (
        ("screen", 1),
        ("issue", 2),
        ("snooze", 3),
        ("verify", 6),
        ("dispose", 7),
        ("feed_back", 8),
    ):
        case.do(act, on=date(2026, 7, day))
        dues.append(case.standing.due_on)
    # ten working days for yellow, weekends between
    assert dues == ["", "2026-07-16", "2026-07-16", "2026-07-20", "2026-07-21", "2026-07-21"]


def test_the_owner_stays_until_another_is_named():
    case = Case().all("screen", "issue", "verify")
    assert case.standing.owner == "张三"
    assert case.do("escalate").do("issue", "b", owner="李四").standing.owner == "李四"


def test_a_colour_is_changed_by_screening_and_stays_after():
    case = Case("yellow").do("screen", colour="blue")
    assert case.standing.colour == "blue"
    assert case.do("issue").standing.colour == "blue"


@pytest.mark.parametrize("colour", ["blue", "yellow"])
def test_a_slight_alert_takes_one_person(colour):
    case = Case(colour).all("screen", "issue", "verify", "dispose", "feed_back", "close")
    assert case.standing.state == "closed"
    for act in ("dismiss", "merge"):
        assert Case(colour).do(act, "a").standing.state in CLOSED_STATES


def test_disposing_counts_as_the_first_person_of_closing_as_verifying_does():
    case = Case("red").do("screen", "a").do("issue", "b").do("verify", "a").do("dispose", "b")
    case.do("feed_back", "c")
    for who in ("a", "b"):
        with pytest.raises(TwoPersons, match='did "verify / dispose" before; for red somebody'):
            case.do("close", who)
    assert case.do("close", "c").standing.state == "closed"


def test_the_last_verdict_counts():
    case = Case().all("screen", "issue").do("verify", verdict="true").do("escalate")
    case.do("issue", "b").do("verify", "b", verdict="cannot_tell")
    assert case.do("close", "c").standing.state == "closed"


@pytest.mark.parametrize("into", [True, None, "2", 2.0])
def test_an_alert_is_merged_into_the_number_of_another(into):
    with pytest.raises(BadInput, match=r'"merge" needs into, the number of the alert that goes on'):
        Case().do("merge", into=into)
    assert Case().do("merge", into=2).standing.state == "merged"


def test_a_triggered_check_is_named_by_its_code():
    case = Case().all("screen", "issue", "verify")
    assert case.do("dispose", measure="triggered_check", check_code="JC1").standing.due_on


@pytest.mark.parametrize("state", sorted(STATES))
def test_a_term_is_unknown_only_while_somebody_must_act(state):
    under_way = state in ("issued", "verified", "disposed", "fed_back")

    assert is_due_unknown({"state": state, "due_on": ""}) is under_way
    assert not is_due_unknown({"state": state, "due_on": "2026-07-01"})


@pytest.mark.parametrize("state", sorted(STATES))
def test_what_is_over_is_never_overdue(state):
    late = {"state": state, "due_on": "2026-07-01", "snoozed_until": ""}

    assert is_overdue(late, date(2026, 7, 2)) is (state not in CLOSED_STATES)
