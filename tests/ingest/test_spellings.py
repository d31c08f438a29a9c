"""Bureaus and streets: one name each, however departments write them."""

from datetime import date

from xhcredit.ingest.quality import summarise
from xhcredit.ingest.warehouse import Warehouse

from .tools import A, B, C, code, ingest, query

LISTS = {
    "district.bureaus": {
        "徐汇区市场监督管理局": "徐汇区市场监督管理局",
        "市场监管局": "徐汇区市场监督管理局",
        "区市场监管局": "徐汇区市场监督管理局",
    },
    "district.streets": {"徐家汇街道": "徐家汇街道", "徐家汇": "徐家汇街道"},
}
D = code(4)
REGISTER = {
    "mapping": "register",
    "files": "register*",
    "tables": [
        {
            "table": "enterprise",
            "columns": {
                "code": "代码", "name": "名称", "known_on": "归集日",
                "bureau": "主管部门", "street": "街镇",
            },
        }
    ],
}  # fmt: skip
SUPERVISION = {
    "mapping": "supervision",
    "files": "supervision*",
    "tables": [
        {
            "table": "supervision",
            "columns": {
                "code": "代码", "bureau": "部门", "field": "领域", "occurred_on": "起",
                "known_on": "归集", "ended_on": "止",
            },
        }
    ],
}  # fmt: skip
ROWS = (
    f"{A},甲,2020-01-01,市场监管局,徐家汇",
    f"{B},乙,2020-01-01,徐汇区市场监督管理局,徐家汇街道",
    f"{C},丙,2020-01-01,徐汇市监局,龙华",
    f"{D},丁,2020-01-01,,",
)


def write(folder, name, *lines):
    folder.mkdir(exist_ok=True)
    (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def ingest_register(tmp_path, lists):
    write(tmp_path / "in", "register.csv", "代码,名称,归集日,主管部门,街镇", *ROWS)
    return ingest(tmp_path, REGISTER, names=lists).files[0]


def places(tmp_path):
    return query(tmp_path, "SELECT bureau, street FROM enterprise ORDER BY code")


def test_every_spelling_becomes_the_official_name_and_others_stay(tmp_path):
    report = ingest_register(tmp_path, LISTS)

    official = ("徐汇区市场监督管理局", "徐家汇街道")
    assert places(tmp_path) == [official, official, ("徐汇市监局", "龙华"), (None, None)]
    assert report.rows_quarantined == 0


def test_names_that_no_list_has_are_counted_in_the_quality_report(tmp_path):
    ingest_register(tmp_path, LISTS)
    (source,) = summarise(Warehouse(tmp_path / "warehouse"))["sources"]

    street_note, bureau_note = source["notes"]
    assert bureau_note.startswith(
        "enterprise.bureau: 1 rows name 1 主管部门 that district.bureaus does not list: "
        '"徐汇市监局" 1'
    )
    assert "add them to district.bureaus" in bureau_note
    assert street_note.startswith("enterprise.street: 1 rows name 1 所属街镇")


def test_without_lists_texts_stay_as_they_are_and_nothing_is_noted(tmp_path):
    report = ingest_register(tmp_path, None)

    assert places(tmp_path)[0] == ("市场监管局", "徐家汇")
    assert report.notes == ()


def test_the_same_file_is_read_anew_when_its_list_has_changed(tmp_path):
    ingest_register(tmp_path, LISTS)
    bureaus = LISTS["district.bureaus"]
    extended = LISTS | {
        "district.bureaus": bureaus | {"徐汇市监局": "徐汇区市场监督管理局"},
    }

    assert ingest_register(tmp_path, LISTS).status == "unchanged"
    assert ingest_register(tmp_path, extended).status == "entered"
    assert places(tmp_path)[2] == ("徐汇区市场监督管理局", "龙华")


def test_two_spellings_of_a_bureau_are_one_supervision(tmp_path):
    write(tmp_path / "in", "register.csv", "代码,名称,归集日,主管部门,街镇", *ROWS)
    write(
        tmp_path / "in",
        "supervision.csv",
        "代码,部门,领域,起,归集,止",
        f"{A},市场监管局,食品,2021-01-01,2021-01-05,",
        f"{B},区市场监管局,全部领域,2021-01-01,2021-01-05,2022-01-01",
        f"{B},无此局,消防,2021-01-01,2021-01-05,",
    )
    _, report = ingest(tmp_path, REGISTER, SUPERVISION, names=LISTS).files

    rows = query(
        tmp_path,
        "SELECT bureau, field, occurred_on, ended_on FROM supervision ORDER BY code, bureau DESC",
    )
    day, last = date(2021, 1, 1), date(2022, 1, 1)
    assert rows == [
        ("徐汇区市场监督管理局", "food", day, None),
        ("无此局", "fire", day, None),
        ("徐汇区市场监督管理局", "every", day, last),
    ]
    assert "supervision.bureau: 1 rows name 1 监管部门" in report.notes[0]
