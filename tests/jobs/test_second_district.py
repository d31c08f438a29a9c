"""Another district, with bureaus and streets of its own: from delivery to watchlist and frame."""

from datetime import date

import pytest
from typer.testing import CliRunner
from xhcredit_serving.main import cli

from tests.jobs.draws.test_draw import PEOPLE, PLAN
from tests.rules.files import district_list
from tests.serving.district import CODES, headers, served
from tests.serving.visitors import hashed
from xhcredit.draws.frame import decoded
from xhcredit.errors import BadInput
from xhcredit.jobs.draws import steps
from xhcredit.jobs.night.publish import publish
from xhcredit.jobs.night.run import run_night
from xhcredit.jobs.scoring.model import model_on
from xhcredit.jobs.warehouse.ingest import district_names, run_ingest
from xhcredit.rules.official_names import BUREAUS, STREETS
from xhcredit.rules.rulebook import Rulebook
from xhcredit.scores.release import load_release
from xhcredit.store.core.transactions import Act
from xhcredit.store.store import Store

MARKET, FIRE, HEALTH, CITY = (
    "徐汇区市场监督管理局", "徐汇区消防救援支队", "徐汇区卫生健康委员会", "徐汇区城管执法局",
)  # fmt: skip
OWN_BUREAUS = (
    f"{{{MARKET}: [市场监管局, 区市场监管局], {FIRE}: [消防], {HEALTH}: [卫健委], {CITY}: [城管]}}"
)
OWN_STREETS = "{徐家汇街道: [徐家汇, 徐家汇街道办], 田林街道: [田林]}"
SHOP, OFFICE, BAR, FLAT = CODES[:4]
REGISTER = f"""代码,名称,归集日,主管部门,街镇
{SHOP},甲饭店,2020-01-06,市场监管局,徐家汇
{OFFICE},乙公司,2020-01-06,区市场监管局,徐家汇街道办
{BAR},丙酒吧,2020-01-06,{MARKET},田林
{FLAT},丁公寓,2020-01-06,,田林街道
"""
SUPERVISION = f"""代码,部门,领域,起,归集,止
{SHOP},区市场监管局,一般,2021-01-01,2021-01-05,
{SHOP},消防,消防,2021-01-01,2021-01-05,
{SHOP},卫健委,卫生,2021-01-01,2021-01-05,
{BAR},消防,消防,2021-01-01,2021-01-05,
{BAR},城管,城市管理,2021-01-01,2021-01-05,2024-01-01
"""
MAPPINGS = {
    "register": """
mapping: register
files: register*
tables:
  - table: enterprise
    columns: {code: 代码, name: 名称, known_on: 归集日, bureau: 主管部门, street: 街镇}
""",
    "supervision": """
mapping: supervision
files: supervision*
tables:
  - table: supervision
    columns: {code: 代码, bureau: 部门, field: 领域, occurred_on: 起, known_on: 归集, ended_on: 止}
""",
}
DAY, TODAY, FILED = date(2025, 3, 31), date(2025, 4, 1), date(2025, 3, 1)


@pytest.fixture(scope="module")
def district(tmp_path_factory):
    """Folder of a district whose night of a day is published."""
    folder = tmp_path_factory.mktemp("xuhui")
    own = district_list(folder / "rules", BUREAUS, OWN_BUREAUS)
    district_list(own, STREETS, OWN_STREETS)
    for name, content in (("register", REGISTER), ("supervision", SUPERVISION)):
        for part, text in (("in", content), ("mappings", MAPPINGS[name])):
            (folder / part).mkdir(exist_ok=True)
            ending = "csv" if part == "in" else "yaml"
            (folder / part / f"{name}.{ending}").write_text(text, encoding="utf-8")
    rules = Rulebook.load(own)
    names = district_names(rules, TODAY)
    warehouse = folder / "warehouse"
    report = run_ingest(
        str(folder / "in"), folder / "mappings", warehouse, today=TODAY, names=names
    )
    assert [note for file in report.files for note in file.notes] == []
    run_night(warehouse, folder / "night", model_on(rules, load_release(), DAY))
    with Store.open(str(folder / "store.db")) as store:
        publish(folder / "night", store, actor="night")
    return folder


def command(district, *words):
    options = ("--why", "test", "--store", str(district / "store.db"))
    return CliRunner().invoke(cli, [*words, "--rules", str(district / "rules"), *options])


@pytest.mark.parametrize(
    ("bureau", "codes"),
    [
        ("区市场监管局", {SHOP, OFFICE}),  # the bar has the table, which does not name it
        ("消防", {SHOP, BAR}),
        ("卫健委", {SHOP}),
        ("城管", set()),  # no longer since 2024
        ("", {SHOP, OFFICE, BAR, FLAT}),
    ],
)
def test_a_key_of_a_bureau_sees_what_it_supervises(district, bureau, codes):
    key = command(district, "new-key", "平台", "--bureau", bureau, "--role", "viewer")
    assert key.exit_code == 0, key.exception
    with served(str(district / "store.db"), rules=district / "rules") as client:
        client.headers.update(headers(key.output.strip()))
        rows = client.get("/v1/watchlist").json()["enterprises"]

    assert {row["code"] for row in rows} == codes
    streets = {row["code"]: row["street"] for row in rows}
    assert set(streets.values()) <= {"徐家汇街道", "田林街道"}


def test_a_grant_is_kept_by_the_official_name_and_another_districts_bureau_is_refused(district):
    with Store.open(str(district / "store.db")) as store:
        store.access.add_user(Act("admin", "account.new", "x"), "zhang", "张三", hashed("x"))
    refused = command(district, "grant", "zhang", "viewer", "--bureau", "示例区市场监督管理局")

    assert isinstance(refused.exception, BadInput)
    assert f'did you mean "{MARKET}"?' in str(refused.exception)
    assert command(district, "grant", "zhang", "viewer", "--bureau", "卫健委").exit_code == 0
    with Store.open(str(district / "store.db")) as store:
        assert store.access.get_user("zhang")["grants"] == [("viewer", HEALTH)]


@pytest.mark.parametrize(
    ("bureau", "fields", "items", "codes"),
    [("市场监管局", ["general"], ["disclosure"], {SHOP, OFFICE})],
)
def test_a_plan_frames_what_its_bureau_supervises_in_its_field(
    district, bureau, fields, items, codes
):
    rules = Rulebook.load(district / "rules")
    plan = PLAN | {"bureau": bureau, "fields": fields, "items": items}
    people = steps.People(PEOPLE.encode(), b"inspector,code,reason\n")
    request = steps.FreezeRequest(PLAN["id"], "d1", DAY, people)
    with Store.open(str(district / "store.db")) as store:
        act = Act("wang", "draw.plan", "test")
        steps.file_plan(store, act, plan, rules, FILED)
        steps.freeze(store, act, district / "warehouse", rules, request)
        frame_codes, _ = decoded(store.draws.file("d1", "frame.csv")).columns()
        (filed,) = store.draws.list_plans()

    assert set(frame_codes) == codes
    assert filed.bureau == MARKET
