"""Who supervises an enterprise on a day, as known then; and whom its officers are told of."""

from datetime import date, timedelta

import pytest

from tests.serving.district import CODES, deliver
from xhcredit.errors import UnknownEnterprise
from xhcredit.jobs.night.publish import publish
from xhcredit.jobs.night.run import run_night
from xhcredit.jobs.scoring.model import model_on
from xhcredit.jobs.warehouse.clustered_store import open_event_columns
from xhcredit.jobs.warehouse.supervision import bureaus_on, listings_on, supervised_codes
from xhcredit.rules.rulebook import Rulebook
from xhcredit.scores.release import load_release
from xhcredit.store.store import Store
from xhcredit.store.watchlist import WatchlistQuery

MARKET, FIRE, HEALTH, CIVIL = (
    "示例区市场监督管理局", "示例区消防救援支队", "示例区卫生健康委员会", "示例区民政局",
)  # fmt: skip
SINCE, KNOWN, UNTIL, END_KNOWN = (
    date(2024, 3, 1), date(2024, 3, 5), date(2024, 6, 1), date(2024, 6, 10),
)  # fmt: skip
SHOP, SCHOOL, NEW, NOBODYS = CODES[:4]
RULES = Rulebook.load()
EVE = timedelta(days=1)


def relation(code, bureau, field="every", **days):
    return {
        "code": code, "bureau": bureau, "field": field,
        "occurred_on": SINCE, "known_on": KNOWN, **days,
    }  # fmt: skip


def warehouse_of(folder, *relations):
    """Four enterprises: two have a leading bureau in the register."""
    leading = {SHOP: MARKET, SCHOOL: CIVIL, NEW: None, NOBODYS: None}
    register = [
        {"code": code, "name": f"{bureau}的企业", "known_on": date(2020, 1, 1), "bureau": bureau}
        for code, bureau in leading.items()
    ]
    deliver(folder, {"enterprise": register, "supervision": list(relations)}, "one")
    return folder


def bureaus(warehouse, day, field=""):
    """Bureaus of each enterprise on a day, by code; those without any left out."""
    columns = open_event_columns(warehouse)
    texts = bureaus_on(warehouse, columns, day, field).to_pylist()
    codes = [code.decode() for code in columns.codes]
    return {code: text for code, text in zip(codes, texts, strict=True) if text}


ENDED = {"ended_on": UNTIL, "ended_known_on": END_KNOWN}
REGISTER_ONLY = {SHOP: f";{MARKET};", SCHOOL: f";{CIVIL};"}
#: a relation of a shop, a day, and who supervises the shop then
DAYS = [
    (relation(SHOP, FIRE), SINCE - EVE, f";{MARKET};"),
    (relation(SHOP, FIRE), KNOWN - EVE, f";{MARKET};"),  # holds, but nobody knows
    (relation(SHOP, FIRE), KNOWN, f";{FIRE};"),
    (relation(SHOP, FIRE, known_on=SINCE - EVE), SINCE - EVE, None),  # known, but not yet
    (relation(SHOP, FIRE, **ENDED), UNTIL - EVE, f";{FIRE};"),
    (relation(SHOP, FIRE, **ENDED), END_KNOWN - EVE, f";{FIRE};"),
    (relation(SHOP, FIRE, **ENDED), END_KNOWN, None),
    (relation(SHOP, FIRE, ended_on=END_KNOWN, ended_known_on=UNTIL), UNTIL, f";{FIRE};"),
    (relation(SHOP, FIRE, ended_on=END_KNOWN, ended_known_on=UNTIL), END_KNOWN, None),
    (relation(SHOP, FIRE, withdrawn_on=UNTIL, withdrawn_why="corrected"), UNTIL - EVE, f";{FIRE};"),
    (relation(SHOP, FIRE, withdrawn_on=UNTIL, withdrawn_why="corrected"), UNTIL, f";{MARKET};"),
]


@pytest.mark.parametrize(("row", "day", "expected"), DAYS)
def test_a_relation_holds_from_its_first_day_until_it_ends_as_known_then(
    tmp_path, row, day, expected
):
    assert bureaus(warehouse_of(tmp_path, row), day).get(SHOP) == expected


def test_without_the_table_the_registers_bureau_supervises_in_every_field(tmp_path):
    warehouse = warehouse_of(tmp_path)

    assert bureaus(warehouse, KNOWN) == REGISTER_ONLY
    assert bureaus(warehouse, date(2019, 12, 31)) == {}
    assert supervised_codes(warehouse, MARKET, ["fire"], KNOWN) == {SHOP}
    assert supervised_codes(warehouse, FIRE, ["fire"], KNOWN) == frozenset()


def test_what_came_in_after_a_night_does_not_count_in_it(tmp_path):
    warehouse = warehouse_of(tmp_path)
    columns = open_event_columns(warehouse)
    deliver(warehouse, {"supervision": [relation(NEW, FIRE)]}, "two")

    assert FIRE not in str(bureaus_on(warehouse, columns, KNOWN).to_pylist())
    assert bureaus(warehouse, KNOWN)[NEW] == f";{FIRE};"


def test_a_bureau_is_of_its_fields_only(tmp_path):
    warehouse = warehouse_of(
        tmp_path,
        relation(SHOP, MARKET, "food"),
        relation(SHOP, FIRE, "fire"),
        relation(NEW, MARKET, "general"),
        relation(NEW, MARKET, "food", **ENDED),
    )

    assert bureaus(warehouse, KNOWN)[SHOP] == f";{MARKET};{FIRE};"
    assert bureaus(warehouse, KNOWN, "food") == {SHOP: f";{MARKET};", NEW: f";{MARKET};"}
    assert supervised_codes(warehouse, MARKET, ["food"], KNOWN) == {SHOP, NEW}
    assert supervised_codes(warehouse, MARKET, ["food"], END_KNOWN) == {SHOP}
    assert supervised_codes(warehouse, MARKET, ["fire"], KNOWN) == frozenset()
    assert supervised_codes(warehouse, CIVIL, ["food", "fire"], KNOWN) == {SCHOOL}


def test_where_no_bureau_is_known_nobody_is_left_out_for_want_of_one(tmp_path):
    deliver(tmp_path, {"enterprise": [{"code": SHOP, "known_on": KNOWN, "bureau": None}]}, "one")

    assert supervised_codes(tmp_path, MARKET, ["food"], KNOWN) is None


@pytest.fixture
def published(tmp_path):
    """A store with a night in which a shop has three bureaus."""
    warehouse = warehouse_of(
        tmp_path / "warehouse", *(relation(SHOP, bureau) for bureau in (MARKET, FIRE, HEALTH))
    )
    run_night(warehouse, tmp_path / "night", model_on(RULES, load_release(), KNOWN))
    with Store.open(str(tmp_path / "store.db")) as store:
        publish(tmp_path / "night", store, actor="night")
        yield store


@pytest.mark.parametrize("bureau", [MARKET, FIRE, HEALTH])
def test_officers_of_each_bureau_are_told_of_the_shop(published, bureau):
    within = frozenset({bureau})
    page = published.watchlist.page(WatchlistQuery(within=within), 10)

    assert published.reader.current_answer(SHOP, within)
    assert list(published.reader.answers_by_code([SHOP, SCHOOL], within)) == [SHOP]
    assert len(published.reader.history(SHOP, within=within)) == 1
    assert [(row["code"], row["bureau"]) for row in page.rows] == [(SHOP, MARKET)]
    assert page.rows[0]["bureaus"] == sorted([MARKET, FIRE, HEALTH])
    assert page.total == 1


def test_officers_of_a_fourth_bureau_are_not(published):
    within = frozenset({CIVIL, "示例区消防", "", "卫生"})

    with pytest.raises(UnknownEnterprise, match="is not in the run"):
        published.reader.current_answer(SHOP, within)
    with pytest.raises(UnknownEnterprise, match="no published run has"):
        published.reader.history(SHOP, within=within)
    assert published.reader.answers_by_code([SHOP], within) == {}
    page = published.watchlist.page(WatchlistQuery(within=within), 10)
    assert [row["code"] for row in page.rows] == [SCHOOL]
    assert published.watchlist.page(WatchlistQuery(bureau=(FIRE,), within=within), 10).total == 0


def listings(folder, day, **rows_by_table):
    """Lists that the shop is on, by what was delivered."""
    deliver(folder, {"enterprise": [_SHOP_ROW], **rows_by_table}, "one")
    columns = open_event_columns(folder)
    return listings_on(folder, columns, day).to_pylist()


_SHOP_ROW = {"code": SHOP, "name": "店", "known_on": date(2020, 1, 1), "bureau": MARKET}
_LISTED = {"code": SHOP, "occurred_on": SINCE, "known_on": KNOWN}
_ABNORMAL = {**_LISTED, "ground": "unreachable"}


@pytest.mark.parametrize(
    ("row", "day", "expected"),
    [
        (_ABNORMAL, KNOWN - EVE, ""),
        (_ABNORMAL, KNOWN, ";abnormal_listing;"),
        (_ABNORMAL | ENDED, END_KNOWN - EVE, ";abnormal_listing;"),
        (_ABNORMAL | ENDED, END_KNOWN, ""),
        (_ABNORMAL | {"withdrawn_on": UNTIL, "withdrawn_why": "corrected"}, UNTIL, ""),
    ],
)
def test_a_listing_holds_from_when_it_is_known_until_its_end_is(tmp_path, row, day, expected):
    assert listings(tmp_path, day, abnormal_listing=[row]) == [expected]


def test_every_list_is_named_once_in_order(tmp_path):
    lists = listings(
        tmp_path,
        KNOWN,
        abnormal_listing=[_ABNORMAL, _ABNORMAL | {"ground": "concealment"}],
        serious_listing=[_LISTED | {"list_kind": "tax"}],
        judicial=[
            _LISTED | {"case_no": "1", "kind": "dishonest_debtor"},
            _LISTED | {"case_no": "2", "kind": "judgment_debtor"},
        ],
    )

    assert lists == [";abnormal_listing;dishonest_debtor;serious_listing.tax;"]
