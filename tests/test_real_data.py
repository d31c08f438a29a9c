"""The shipped expert table on real supervision data."""

from datetime import date

from benchmarks.beijing import MAPPINGS, evaluate
from xhcredit.jobs.warehouse.ingest import run_ingest


def test_the_untrained_table_orders_real_failures_better_than_the_plain_rule(real_data, tmp_path):
    """By enterprise, so that who is visited daily does not decide; the whole interval is a gain."""
    for name in ("inspections", "penalties"):
        mapping = MAPPINGS / f"{name}.yaml"
        run_ingest(str(real_data / "beijing"), mapping, tmp_path, today=date(2026, 11, 22))
    first = evaluate(tmp_path)[0]

    assert first["population"] == "enterprises known, any failure"
    assert first["ours"] > first["plain"]
    assert first["gain_95"][0] > 0
