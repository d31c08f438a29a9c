"""The world is what WORLD.md says: shares, rates, delays, and a truth that causes what is seen."""

import json

import duckdb
import numpy as np
import pytest

from data.sample.world.layout import LAYOUTS
from xhcredit.ingest.schema import directory


def query(sql: str) -> list[tuple]:
    return duckdb.sql(sql).fetchall()


def single_value(sql: str) -> float:
    return query(sql)[0][0]


@pytest.fixture(scope="module")
def visits_sql(large) -> str:
    """Inspections with the truth about them, as SQL."""
    return f"""(
        SELECT i.检查方式 form, i.检查领域 field, i.是否发现问题 = '是' found, i.入样概率 odds,
               v.p_violation p, n.severity,
               i.归集时间 - i.检查日期 AS delay
        FROM '{large}/exports/inspections.parquet' i
        JOIN '{large}/truth/visits.parquet' v ON v.inspection_no = i.检查编号
        JOIN '{large}/truth/inspectors.parquet' n ON n.inspector = v.inspector)"""


def test_about_ten_events_per_enterprise(large):
    rows = json.loads((large / "truth" / "world.json").read_text(encoding="utf-8"))["rows"]
    register = rows.pop("enterprise")
    del rows["supervision"]  # who supervises is no event

    assert 9.5 < sum(rows.values()) / register < 11.5


@pytest.mark.parametrize("name", list(LAYOUTS))
def test_no_two_rows_have_the_same_key(name, large):
    layout = LAYOUTS[name]
    key = ", ".join(f'"{layout.header(column)}"' for column in directory()[name].key)
    file = f"{large}/exports/{layout.file}.parquet"

    assert query(f"SELECT {key} FROM '{file}' GROUP BY ALL HAVING count(*) > 1") == []


def test_penalties_are_rare_and_skewed(large):
    per = np.array(
        [
            n
            for _, n in query(f"""
            SELECT code, count(*) FROM (
                SELECT 统一社会信用代码 code FROM '{large}/exports/penalties.parquet')
            GROUP BY code""")
        ]
    )
    years = single_value(f"SELECT count(*) / 4 FROM '{large}/truth/risk.parquet'")

    assert 0.06 < per.sum() / years < 0.11
    assert per.max() >= 8


def test_fields_have_their_shares_and_elderly_care_is_nonprofit(large):
    members = {
        name: single_value(f"SELECT count(DISTINCT code) FROM '{large}/truth/risk_{name}.parquet'")
        / 40_000
        for name in ("food", "elderly_care", "construction")
    }
    prefixes = query(
        f"SELECT DISTINCT left(code, 2) FROM '{large}/truth/risk_elderly_care.parquet'"
    )

    assert members == pytest.approx({"food": 0.35, "elderly_care": 0.015, "construction": 0.06})
    assert prefixes == [("52",)]


def test_observed_classes_lie_in_the_published_ranges(large):
    share = dict(
        query(f"""
            SELECT observed_class, count(*) / sum(count(*)) OVER ()
            FROM '{large}/truth/risk.parquet'
            WHERE quarter >= '2023Q1' AND observed_class IS NOT NULL GROUP BY 1""")
    )

    assert 0.65 <= share["A"] <= 0.75
    assert 0.17 <= share["B"] <= 0.27
    assert 0.04 <= share["C"] <= 0.08
    assert 0.01 <= share["D"] <= 0.03


def test_violations_drift_over_the_years_as_in_beijing(large):
    level = dict(
        query(f"""
            SELECT left(quarter, 4), avg(p_violation) FROM '{large}/truth/risk.parquet'
            GROUP BY 1""")
    )

    assert level["2022"] < level["2021"] < level["2023"] < level["2025"]
    assert level["2021"] == pytest.approx(0.023, abs=0.004)


def test_what_visits_find_follows_the_true_probability(visits_sql):
    expected, violations = query(f"""
        SELECT sum(1 / (1 + exp(-ln(p / (1 - p)) - severity))), count(*) FILTER (found)
        FROM {visits_sql}""")[0]
    low, high = query(f"""
        SELECT avg(found::INT) FILTER (p < .05), avg(found::INT) FILTER (p > .2)
        FROM {visits_sql}""")[0]

    assert violations == pytest.approx(expected, abs=4 * expected**0.5)
    assert high > 5 * low


def test_severe_inspectors_find_more_at_equal_risk(visits_sql):
    strict, mild = query(f"""
        SELECT sum(found::INT) FILTER (severity > .3) / sum(p) FILTER (severity > .3),
               sum(found::INT) FILTER (severity < -.3) / sum(p) FILTER (severity < -.3)
        FROM {visits_sql}""")[0]

    assert strict > 1.2 > 1 > mild


def test_odds_are_logged_for_drawn_visits_only(visits_sql):
    assert (
        single_value(
            f"SELECT count(*) FROM {visits_sql} WHERE (form = '双随机抽查') != (odds IS NOT NULL)"
        )
        == 0
    )


def test_odds_of_everybody_add_up_to_the_visits_drawn(large, visits_sql):
    expected = single_value(f"SELECT sum(inclusion_probability) FROM '{large}/truth/risk.parquet'")
    drawn = single_value(
        f"SELECT count(*) FROM {visits_sql} WHERE form = '双随机抽查' AND field = '一般'"
    )

    assert drawn == pytest.approx(expected, abs=0.02 * expected + 4 * expected**0.5)


def test_weighting_by_odds_undoes_the_selection(large, visits_sql):
    true = single_value(f"SELECT avg(p_violation) FROM '{large}/truth/risk.parquet'")
    plain, weighted = query(f"""
        SELECT avg(p), sum(p / odds) / sum(1 / odds) FROM {visits_sql}
        WHERE form = '双随机抽查' AND field = '一般'""")[0]

    assert plain > 1.3 * true
    assert weighted == pytest.approx(true, rel=0.05)


def test_delays_have_a_tail_and_nothing_is_known_too_early(visits_sql):
    least, median, most = query(f"SELECT min(delay), median(delay), max(delay) FROM {visits_sql}")[
        0
    ]

    assert least >= 1
    assert 2 <= median <= 20
    assert 60 < most <= 400


def test_the_risk_does_not_know_size_street_or_legal_form(large):
    for column in ("企业规模", "所属街镇", "新产业新业态新模式"):
        means = query(f"""
            SELECT avg(t.risk), count(DISTINCT t.code) FROM '{large}/exports/register.parquet' r
            JOIN '{large}/truth/risk.parquet' t ON t.code = r.统一社会信用代码
            WHERE r.行业门类 = '租赁和商务服务业'
            GROUP BY {column}""")
        overall = np.average([m for m, _ in means], weights=[n for _, n in means])
        assert all(abs(m - overall) < 4 / n**0.5 for m, n in means), column


def test_malicious_complaints_do_not_know_the_risk(large):
    rows = query(f"""
        SELECT c.办理结果, avg(t.risk) FROM '{large}/exports/complaints.parquet' c
        JOIN (SELECT code, avg(risk) risk FROM '{large}/truth/risk.parquet' GROUP BY 1) t
          ON t.code = c.统一社会信用代码
        WHERE c.办理结果 IN ('查实', '认定为恶意') GROUP BY 1""")
    mean = dict(rows)

    assert abs(mean["认定为恶意"]) < 0.25
    assert mean["查实"] > mean["认定为恶意"] + 0.4


def test_about_a_third_of_complaints_are_verified(large):
    share = single_value(f"""
        SELECT avg((办理结果 = '查实')::INT) FROM '{large}/exports/complaints.parquet'""")

    assert 0.25 < share < 0.42


def test_grave_events_happen_where_the_risk_is(large):
    high, low = query(f"""
        SELECT avg(adverse_12m::INT) FILTER (risk > 1), avg(adverse_12m::INT) FILTER (risk < 0)
        FROM '{large}/truth/risk.parquet'""")[0]

    assert high > 4 * low
