"""The shell teaches, answers, and refuses in one sentence with an exit code per kind of error."""

from __future__ import annotations

import duckdb
import pytest

from tests.cli.shell import inside, xhcredit
from xhcredit import __version__
from xhcredit.errors import BadCode, BadDeclaration, BadInput, BadRule, NothingKnown
from xhcredit.features.registry import features
from xhcredit.rules.rulebook import Rulebook

#: a code whose last character should be Y
WRONG_CODE = "91310104MA1FR0XX0X"


def refusal(*words):
    """What a refused call says: one line on standard error, nothing on standard output."""
    outcome = xhcredit(*words)

    assert outcome.out == ""
    assert outcome.err.count("\n") == 1, outcome.err
    return outcome


def test_help_teaches_the_way_from_exports_to_reasons():
    outcome = xhcredit("--help")

    assert outcome.exit_code == 0
    steps = ["xhcredit demo", "xhcredit ingest", "xhcredit score", "xhcredit explain"]
    places = [outcome.words.find(step) for step in steps]
    assert -1 < places[0] < places[1] < places[2] < places[3]
    assert "Exit codes: 0 done" in outcome.words


def test_without_words_it_shows_the_help():
    outcome = xhcredit()

    assert outcome.exit_code == 2
    assert "xhcredit ingest" in outcome.words


def test_the_version_is_that_of_the_package():
    assert xhcredit("--version").out == f"xhcredit {__version__}\n"


def test_a_mistyped_command_is_told_the_nearest_one():
    outcome = xhcredit("explian")

    assert outcome.exit_code == 2
    assert "Did you mean 'explain'?" in outcome.err
    assert "Traceback" not in outcome.err


def test_all_features_are_listed_as_json():
    rows = xhcredit("features", "list", "--json").json

    assert [r["id"] for r in rows] == list(features())


def test_the_list_for_people_shows_every_id_whole():
    outcome = xhcredit("features", "list")

    assert [i for i in features() if i not in outcome.out] == []


def test_a_feature_is_shown_with_its_meaning_and_its_sql():
    outcome = xhcredit("features", "show", "penalties_24m", "--sql")

    assert outcome.exit_code == 0
    assert "近24个月行政处罚次数" in outcome.out
    assert "上海市优化营商环境条例" in outcome.out
    sql = outcome.out[outcome.out.index("SELECT") :]
    assert sql.startswith("SELECT code, ")
    assert sql.count("\n") == 1


def test_an_unknown_feature_is_refused_in_one_line():
    outcome = refusal("features", "show", "penalties_7m")

    assert outcome.exit_code == BadDeclaration.exit_code
    assert outcome.err.startswith('bad_declaration: no feature "penalties_7m"; see')


def test_the_rules_of_a_day_come_with_digest_source_and_mark():
    rules_of_day = xhcredit("rules", "show", "--as-of", "2026-06-30", "--json").json

    assert rules_of_day["digest"] == Rulebook.load().digest
    by_id = {r["id"]: r for r in rules_of_day["rules"]}
    assert by_id["tiers.cutoffs"]["verification"]["id"] == "proposal"
    assert by_id["scores.x_caps"]["source"]["number"] == "国办发〔2026〕8号"
    assert all(r["in_force"] and not r["status"]["confirmed"] for r in rules_of_day["rules"])


def test_a_rule_for_people_is_shown_with_its_whole_source():
    outcome = xhcredit("rules", "show", "tiers.cutoffs", "--as-of", "2026-06-30")

    assert "待法制核" in outcome.out
    assert "A: 650" in outcome.words or "A: 6" in outcome.words
    assert "…" not in outcome.out


def test_before_the_first_rule_nothing_is_in_force():
    outcome = xhcredit("rules", "show", "--as-of", "2010-01-01")

    assert outcome.exit_code == 0
    assert "rules in force (0)" in outcome.out


def test_one_rule_before_its_first_day_says_when_it_begins():
    rule = xhcredit("rules", "show", "tiers.cutoffs", "--as-of", "2010-01-01", "--json").json

    assert not rule["in_force"]
    assert "the first day in force is 2017-10-01" in rule["why"]


def test_the_check_of_rules_says_what_needs_a_lawyer():
    check_report = xhcredit("rules", "check", "--as-of", "2026-06-30", "--json").json

    assert check_report["rules"] == len(Rulebook.load().rules)
    assert {"unconfirmed"} <= {f["kind"] for f in check_report["findings"]}


def test_an_unknown_rule_is_told_the_nearest_ones():
    outcome = refusal("rules", "show", "tiers.cutof")

    assert outcome.exit_code == BadRule.exit_code
    assert "did you mean tiers.cutoffs" in outcome.err


def test_a_name_like_no_rule_is_told_where_to_look():
    outcome = refusal("rules", "show", "nosuch")

    assert outcome.exit_code == BadRule.exit_code
    assert outcome.err == 'bad_rule: no rule "nosuch" in the rulebook; see: xhcredit rules show\n'


def test_scoring_nothing_says_what_to_do_first(tmp_path):
    outcome = refusal("score", "--warehouse", tmp_path, "--out", tmp_path / "out", "--json")

    assert outcome.exit_code == NothingKnown.exit_code == 17
    assert 'holds no ingested data; run "xhcredit ingest" first' in outcome.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("day", ["2023-2-30", "30.06.2026", "soon"])
def test_a_day_that_is_none_is_refused(day):
    outcome = refusal("score", "--as-of", day)

    assert outcome.exit_code == BadInput.exit_code
    assert outcome.err == f'bad_input: "{day}" is not a day; write it as 2026-06-30\n'


@pytest.mark.parametrize("words", [("restoration", "list"), ("rules", "show"), ("rules", "check")])
@pytest.mark.parametrize("day", ["2200-01-01", "9999-12-31"])
def test_a_day_with_which_nothing_can_be_computed_is_refused(words, day):
    outcome = inside(*words, "--as-of", day)

    assert outcome.exit_code == BadInput.exit_code
    assert outcome.err == (
        f"bad_input: {day} is beyond 2199-12-31, the last day that is computed; correct it\n"
    )


def test_a_code_with_a_wrong_check_digit_is_told_the_right_one():
    outcome = refusal("explain", WRONG_CODE)

    assert outcome.exit_code == BadCode.exit_code
    assert "check digit is 'X' but should be 'Y'" in outcome.err


def test_a_release_that_is_not_there_is_refused(tmp_path):
    outcome = refusal("score", "--release", tmp_path / "none.json", "--warehouse", tmp_path)

    assert outcome.exit_code == BadDeclaration.exit_code
    assert "cannot be read as a release" in outcome.err


def test_a_file_that_is_no_mapping_is_refused(tmp_path):
    source, mapping = tmp_path / "a.csv", tmp_path / "m.yaml"
    source.write_text("code\n", encoding="utf-8")
    mapping.write_text("mapping: [\n", encoding="utf-8")

    outcome = refusal("ingest", source, "--mapping", mapping, "--into", tmp_path / "w", "--json")

    assert outcome.err.startswith("bad_mapping: ")


def test_the_scores_of_a_day_as_sql_run_on_another_database():
    outcome = inside("release", "sql", "--as-of", "2026-06-30", "--table", "register")
    columns = ", ".join(f'CAST(NULL AS DOUBLE) AS "{name}"' for name in features())
    with duckdb.connect() as con:
        con.execute(f"CREATE TABLE register AS SELECT {columns}")
        scored = con.sql(outcome.out).df()

    assert 0 < scored["composite"][0] == scored["general"][0] <= 1000
    assert scored["x_food"].isna().all()
