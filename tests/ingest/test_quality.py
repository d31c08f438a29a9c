"""The page of data quality says what came in, from whom, how fresh, and what did not."""

import json

from xhcredit.ingest.quality import write_quality_page
from xhcredit.ingest.warehouse import Warehouse

from .tools import A, ingest_penalties


def test_the_page_stands_alone_and_tells_the_numbers(tmp_path):
    ingest_penalties(
        tmp_path,
        f"{A},D1,2024-01-02,罚款,",
        f"{A},<b>,2024-01-02,罚款,100",
        "x,y,2024-01-02,罚款,1",
    )
    summary = write_quality_page(
        Warehouse(tmp_path / "warehouse"), tmp_path / "out" / "quality.html"
    )
    page = (tmp_path / "out" / "quality.html").read_text(encoding="utf-8")

    assert summary == json.loads((tmp_path / "out" / "quality.json").read_text(encoding="utf-8"))
    penalty = next(t for t in summary["tables"] if t["table"] == "penalty")
    filled = {c["column"]: c["filled_share"] for c in penalty["columns"]}
    assert (penalty["rows"], penalty["enterprises"]) == (2, 1)
    assert (filled["doc_no"], filled["amount_yuan"], filled["severity"]) == (1.0, 0.5, 0.0)
    assert penalty["last_known_on"] == "2024-01-02"
    assert penalty["delay_days"] == [0.0, 0.0, 0.0]
    assert summary["reasons"] == {"code_length": 1}
    for words in ("行政处罚", "administrative penalty", "penalties.csv", "code_length", "50.0 %"):
        assert words in page
    for outside in ("http:", "https:", "src=", "@import", "url("):
        assert outside not in page


def test_an_empty_warehouse_has_a_page_too(tmp_path):
    summary = write_quality_page(Warehouse(tmp_path / "nothing"), tmp_path / "out" / "quality.html")

    assert summary["tables"] == []
    assert "没有隔离的行" in (tmp_path / "out" / "quality.html").read_text(encoding="utf-8")
