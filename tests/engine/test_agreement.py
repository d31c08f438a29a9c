"""Kernel, its plain twin, SQL and the one-enterprise path agree value by value."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.engine.world import CODES, START, connect, world
from xhcredit.engine.cluster import build, load
from xhcredit.engine.compile import compile_features
from xhcredit.engine.jit import has_numba
from xhcredit.engine.one_enterprise import compute_one, day_number
from xhcredit.engine.spec import Feature
from xhcredit.engine.sql import feature_sql

TABLES = ("penalty", "inspection", "abnormal_listing", "complaint", "relation", "permit")


def feature(name: str, aggregate: str, **parts: object) -> Feature:
    """A declaration with only what matters here."""
    words = {"zh": name, "en": name, "source": "test", "missing": "none", "direction": "riskier"}
    base = {"dimension": "supervision", "unit": "count", **words, **parts}
    return Feature(id=name, aggregate=aggregate, **base)  # type: ignore[arg-type]


FINED = "procedure == 'ordinary' and (is_missing(severity) or severity != 'minor')"
FEATURES = [
    feature("n", "count", table="penalty", where=FINED, window="24m"),
    feature("not_slight", "count", table="penalty", where="severity != 'minor'"),
    feature("n_susp", "count", table="penalty", where="'suspension' in penalty_kinds"),
    feature("n_soft", "count", table="penalty", where="only(penalty_kinds, 'warning', 'fine')"),
    feature("sum_yuan", "sum", table="penalty", value="amount_yuan", unit="yuan", window="36m"),
    feature("max_yuan", "max", table="penalty", value="amount_yuan", unit="yuan"),
    feature("min_fen", "min", table="penalty", value="amount_yuan - 5", where="open"),
    feature("mean_yuan", "mean", table="penalty", value="amount_yuan", unit="yuan"),
    feature("fields", "distinct", table="penalty", value="field"),
    feature("last_failed", "last", table="inspection", value="failed"),
    feature("last2_result", "last2", table="inspection", value="result", where="form == 'random'"),
    feature("passes", "streak", table="inspection", value="failed == 0"),
    feature("fails", "streak", table="inspection", value="failed", where="form != 'case'"),
    feature("decay", "decayed", table="inspection", value="failed", half_life=180),
    feature("rechecked", "count", table="inspection", where="recheck_passed == 1", window="12m"),
    feature("since", "days_since", table="inspection", where="failed"),
    feature("first", "days_since_first", table="inspection"),
    feature("listed", "max", table="abnormal_listing", value="duration", where="open"),
    feature("quick", "count", table="abnormal_listing", where="ended and duration < 90"),
    feature("verified", "count", table="complaint", where="outcome == 'verified'", window="400d"),
    feature("expiring", "count", table="permit", where="open and expires_on - as_of < 90"),
    feature("age_days", "attribute", table="enterprise", value="as_of - established_on"),
    feature("revoked", "attribute", table="enterprise", value="status == 'revoked'"),
    feature("capital", "attribute", table="enterprise", value="paid_in_yuan", unit="yuan"),
    feature("share", "derived", derive="(fails + 0.05 * 20) / (first + 20)"),
    feature("ratio", "derived", derive="max_yuan / sum_yuan"),
    feature("worst", "derived", derive="max(coalesce(since, 0), min(n, 3)) * (n >= 1)"),
    feature("near", "neighbours", relation="legal_representative", of="n"),
    feature("near_share", "neighbours", relation="address", of="last_failed", hub_limit=3),
]

seeds = st.integers(0, 2**31)
few = settings(
    max_examples=int(settings.default.max_examples / 4), suppress_health_check=list(HealthCheck)
)


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "numba"])
def kernel(request):
    """The kernel run by Python itself, and compiled."""
    if request.param and not has_numba():
        pytest.skip("numba (extra: fast) is not installed")
    return compile_features(FEATURES, jit=request.param)


def stored(con, folder):
    """Cluster the tables of a connection."""
    build(con, Path(folder) / "store")
    return load(Path(folder) / "store")


def spine_of(seed):
    """Some (code, day) pairs, days before the first event and after the last among them."""
    rng = np.random.default_rng(seed)
    return [
        (CODES[rng.integers(len(CODES))], START + timedelta(days=int(rng.integers(-30, 1000))))
        for _ in range(40)
    ]


@few
@given(seed=seeds)
def test_sql_and_kernel_agree_on_every_value(kernel, seed):
    """The oracle is another language on another engine; not the last digit may differ."""
    con = connect(world(seed, TABLES))
    spine = spine_of(seed)
    with tempfile.TemporaryDirectory() as folder:
        store = stored(con, folder)
        rows = np.array([store.row(code) for code, _ in spine])
        actual = kernel.run(store, rows, np.array([day_number(day) for _, day in spine]))
    expected = by_sql(con, spine)

    for k, f in enumerate(kernel.features):
        np.testing.assert_array_equal(actual[k], expected[f.id], err_msg=f.id)


def by_sql(con, spine):
    """Values by feature id from the oracle; missing is NaN."""
    con.execute("CREATE TABLE spine (pair BIGINT, code VARCHAR, as_of DATE)")
    con.executemany(
        "INSERT INTO spine VALUES (?, ?, ?)", [(i, *pair) for i, pair in enumerate(spine)]
    )
    table = con.sql(feature_sql(FEATURES)).to_arrow_table()
    return {
        name: np.array([np.nan if v is None else v for v in table.column(name).to_pylist()])
        for name in table.column_names
    }


@few
@given(seed=seeds, day=st.integers(0, 1000))
def test_one_enterprise_online_equals_the_night(seed, day):
    """From its own events alone an enterprise gets what the night gave it (but for neighbours)."""
    as_of = START + timedelta(days=day)
    alone = [f for f in FEATURES if f.aggregate != "neighbours"]
    rows_by_table = world(seed, TABLES, events=60)
    with tempfile.TemporaryDirectory() as folder:
        store = stored(connect(rows_by_table), folder)
        night = compile_features(alone).vector(store, range(len(CODES)), day_number(as_of))
    for i, code in enumerate(CODES):
        events = {t: [e for e in rows if e["code"] == code] for t, rows in rows_by_table.items()}
        single = compute_one(alone, events, as_of)
        for name, value in single.items():
            np.testing.assert_equal(value, night[name][i], err_msg=f"{code} {name}")


@given(seed=seeds, day=st.integers(0, 900))
def test_what_becomes_known_later_changes_no_earlier_feature(seed, day):
    """Features of a day are the same computed that day or years after."""
    as_of = START + timedelta(days=day)
    alone = [f for f in FEATURES if f.aggregate != "neighbours"]
    known, later = world(seed, TABLES, events=15), world(seed + 1, TABLES, events=15)
    register = {"enterprise": known["enterprise"][:1]}
    then = register | {t: [e for e in known[t] if e["known_on"] <= as_of] for t in TABLES}
    known_rows = register | {
        t: then[t] + [e for e in later[t] if e["known_on"] > as_of] for t in TABLES
    }
    expected = compute_one(alone, then, as_of)

    np.testing.assert_equal(compute_one(alone, known_rows, as_of), expected)


def test_the_worlds_exercise_every_feature():
    """A comparison of constants would prove nothing: each feature takes several values."""
    values_by_feature = {f.id: set() for f in FEATURES}
    kernel = compile_features(FEATURES)
    days = np.tile(day_number(START) + np.arange(0, 900, 30), len(CODES))
    for seed in range(12):
        with tempfile.TemporaryDirectory() as folder:
            store = stored(connect(world(seed, TABLES)), folder)
            out = kernel.run(store, np.repeat(np.arange(len(CODES)), 30), days)
        for name, values in zip(kernel.ids, out, strict=True):
            values_by_feature[name] |= set(np.unique(values[~np.isnan(values)]))

    assert [name for name, values in values_by_feature.items() if len(values) < 2] == []
