"""A district with at least one record of every kind, made by the jobs that officers use."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import yaml
from starlette.testclient import TestClient
from xhcredit_serving.app import create_app
from xhcredit_serving.service import Settings

from tests.demo_store import DEMO_ADDRESS
from tests.serving.visitors import again, visitor
from xhcredit.domain.clock import machine_moment
from xhcredit.ingest.schema import directory
from xhcredit.jobs.alerts.back_test import back_test, store_back_tests
from xhcredit.jobs.alerts.nightly_update import update_alerts
from xhcredit.jobs.models.promotion import submit_candidate
from xhcredit.jobs.night.publish import publish
from xhcredit.jobs.night.run import run_night
from xhcredit.jobs.restoration.candidates import find_restorable
from xhcredit.jobs.scoring.model import model_on
from xhcredit.jobs.warehouse.ingest import run_ingest
from xhcredit.rules.rulebook import Rulebook
from xhcredit.scores.release import load_release
from xhcredit.store.core.transactions import Act
from xhcredit.store.models.candidates import Submission
from xhcredit.store.store import Store

SAMPLE = Path(__file__).parents[2] / "data" / "sample"
NIGHTS = (date(2026, 5, 31), date(2026, 6, 30))
MORNING = datetime(2026, 7, 1, 0, 30, tzinfo=UTC)
PLAN = yaml.safe_load((SAMPLE / "draw" / "plan.yaml").read_text(encoding="utf-8"))
RATIOS = {"A": "0.02", "B": "0.05", "C": "0.2", "D": "1"}
OFFICIAL = {"official": "王某", "role": "信用监管科科长", "reason": "材料齐全"}
ROLES = ("draw_officer", "restoration_officer", "model_manager")


@dataclass(frozen=True)
class District:
    """Where the data of a district is, and the moment at which it is looked at.

    None is the moment at which the store's own clock stands: that of a demo.
    """

    warehouse: Path
    store: Path
    moment: datetime | None

    @classmethod
    def within(cls, folder: Path) -> District:
        """What ``build`` left in a folder, on the evening after the last day of work."""
        return cls(folder / "warehouse", folder / "store.db", MORNING + timedelta(days=1, hours=8))


class Clock:
    """A clock that goes on by a millisecond whenever it is asked, and by days when it is told."""

    def __init__(self, moment: datetime) -> None:
        self._moment, self._asked = moment, count(1)

    def __call__(self) -> datetime:
        return self._moment + timedelta(milliseconds=next(self._asked))

    def forward(self, **by: int) -> None:
        self._moment += timedelta(**by)


@contextmanager
def served(district: District, clock: Clock | None = None) -> Iterator[TestClient]:
    """A client of the service over a district, on its computer; ``client.store`` is its store."""
    if clock is None and district.moment is not None:
        clock = Clock(district.moment)
    log = io.StringIO()
    with Store.open(str(district.store), clock=clock or machine_moment) as store:
        app = create_app(store, Settings(warehouse=district.warehouse, log=log))
        this_computer = ("127.0.0.1", 50_000)
        with TestClient(
            app, DEMO_ADDRESS, raise_server_exceptions=False, client=this_computer
        ) as client:
            client.store, client.log, client.clock = store, log, clock
            app.state.service.explainer.champions.look()
            yield client


def build(folder: Path, exports: Path, nights: int = len(NIGHTS)) -> District:
    """Ingest, score and publish the last nights, raise alerts, and let officers work.

    What they find at inspections comes into the data after the last night, as on any day.
    """
    district, book = District.within(folder), Rulebook.load()
    run_ingest(str(exports), SAMPLE / "mappings", district.warehouse, today=NIGHTS[-1])
    days = NIGHTS[-nights:]
    with Store.open(str(district.store), clock=lambda: MORNING) as store:
        for day in days:
            _publish(district, store, folder, day)
        data_digest, proofs = back_test(district.warehouse, book, days[-1], release=load_release())
        store_back_tests(
            store, Act("setup", "alert.prove", "back-test"), days[-1], data_digest, proofs
        )
        for day in days:
            update_alerts(
                district.warehouse, store, book, day, Act("night", "alert.update", "night")
            )
    with served(district, Clock(MORNING)) as client:
        _work(client, district)
    return district


def _publish(district: District, store: Store, folder: Path, day: date) -> None:
    release = load_release()
    model = model_on(Rulebook.load(), release, day)
    run_night(district.warehouse, folder / f"{day}", model)
    publish(folder / f"{day}", store, actor="night", release=release.as_data())


def generated(folder: Path, enterprises: int, seed: int) -> Path:
    """Exports of a district that the sample's generator makes."""
    order = [sys.executable, SAMPLE / "generate.py", "--no-truth", "--out", folder / "made"]
    size = ["--enterprises", str(enterprises), "--seed", str(seed)]
    subprocess.run([*order, *size], check=True, capture_output=True)
    return folder / "made" / "exports"


def sparse_exports(folder: Path) -> Path:
    """Exports of 150 enterprises of another seed: one street, no bureau, and empty columns.

    In every third row all columns are empty that need not be filled.
    """
    exports = generated(folder, 150, 7)
    next(exports.glob("supervision.*")).unlink()
    for mapping in sorted((SAMPLE / "mappings").glob("*.yaml")):
        mapping_fields = yaml.safe_load(mapping.read_text(encoding="utf-8"))
        for file in exports.glob(mapping_fields["files"]):
            if file.suffix == ".csv":
                _thin_out(file, mapping_fields["tables"])
    return exports


def _thin_out(file: Path, tables: list[dict[str, Any]]) -> None:
    optional = {header for table in tables for header in _optional(table)}
    text = _decoded(file.read_bytes())
    dialect = csv.Sniffer().sniff(text.splitlines()[0], ",;\t|")
    rows = list(csv.DictReader(io.StringIO(text), dialect=dialect))
    for n, row in enumerate(rows):
        for header in optional & set(row):
            if n % 3 == 0 or header in NOWHERE:
                row[header] = ""
            elif header in ONE_STREET and row[header]:
                row[header] = ONE_STREET[header]
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, rows[0] if rows else [], dialect=dialect)
        writer.writeheader()
        writer.writerows(rows)


def _decoded(content: bytes) -> str:
    """Departments send UTF-8 or GB 18030."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("gb18030")


#: columns of the register that hold one value, and none
ONE_STREET, NOWHERE = {"所属街镇": "独街街道"}, {"监管部门", "主管部门"}


def _optional(table: dict[str, Any]) -> Iterator[str]:
    """Headers of the columns that may be empty."""
    declared = directory()[table["table"]]
    for column, column_fields in table["columns"].items():
        header = column_fields if isinstance(column_fields, str) else column_fields.get("column")
        needed = declared.column(column).required or column in declared.key
        if header and not needed and column not in ("code", "known_on", "occurred_on"):
            yield header


def _work(client: TestClient, district: District) -> None:
    """What officers do in two days."""
    wang, zhao = (visitor(client, name, *((r, "") for r in ROLES)) for name in ("wang", "zhao"))
    _alerts(wang, zhao)
    _applications(wang, district)
    _candidates(client, wang, zhao)
    _access(visitor(client, "sun", ("security_admin", "")), wang)
    for draw in DRAWS:
        _freeze(wang, draw)
    client.clock.forward(days=1)  # a seed is announced later
    again(client, wang, "wang")
    _draws(wang)
    _checks(client, wang)


def done(answer: Any) -> Any:
    """The body of what must have worked."""
    assert answer.status_code in (200, 201), answer.text[:800]
    return answer.json()


#: acts that lead to each state of an alert; two officers take turns
_TO = {
    "screened": ("screen",),
    "dismissed": ("screen", "dismiss"),
    "issued": ("screen", "issue"),
    "verified": ("screen", "issue", "verify"),
    "disposed": ("screen", "issue", "verify", "dispose"),
    "fed_back": ("screen", "issue", "verify", "dispose", "feed_back"),
    "closed": ("screen", "issue", "verify", "dispose", "feed_back", "close"),
    "escalated": ("screen", "issue", "escalate"),
    "snoozed": ("snooze",),
    "merged": ("screen", "merge"),
}
_DETAILS = {
    "issue": {"owner": "user:zhao"},
    "verify": {"verdict": "true", "evidence": "现场核实"},
    "dispose": {"measure": "guide"},
    "feed_back": {"result": "已整改"},
    "snooze": {"until": "2026-07-10"},
}


def _alerts(wang: TestClient, zhao: TestClient) -> None:
    """An alert in each state; those with nobody to merge into are left as they are."""
    rows = done(wang.get("/v1/alerts?limit=200"))["alerts"]
    twins = _twins(rows)
    free = [r["number"] for r in rows if r["number"] not in twins]
    for (state, acts), number in zip(_TO.items(), free, strict=False):
        if state == "merged" and not twins:
            continue
        chosen = twins[0] if state == "merged" else number
        for turn, act in enumerate(acts):
            details = _DETAILS.get(act, {}) | ({"into": twins[1]} if act == "merge" else {})
            body = {"alerts": [chosen], "act": act, "reason": "核对线索"} | details
            done((wang, zhao)[turn % 2].post("/v1/alerts:act", json=body))


def _twins(rows: list[dict[str, Any]]) -> list[int]:
    """Two open alerts of one subject."""
    count_by_subject: dict[str, int] = {}
    for row in rows:
        if row["subject"] in count_by_subject:
            return [row["number"], count_by_subject[row["subject"]]]
        count_by_subject[row["subject"]] = row["number"]
    return []


#: id, bureau, and how far it gets
DRAWS = {
    "w-open": ("市场监督管理局", {}, ()),
    "w-seeded": ("应急局", {}, ("/seed",)),
    "w-drawn": ("民政局", {}, ("/seed", ":run")),
    "w-each": ("文旅局", {"design": "individual", "pause_rounds": 1}, ("/seed", ":run")),
    "w-done": ("建管委", {}, ("/seed", ":run", "/results", "/publications")),
}


def _freeze(wang: TestClient, draw: str) -> None:
    bureau, besides, _ = DRAWS[draw]
    plan_fields = {
        "id": f"p-{draw}",
        "title": f"综合抽查 {draw}",
        "bureau": bureau,
        "ratios": RATIOS,
    }
    done(wang.post("/v1/plans", json={"plan": _plain(PLAN) | plan_fields | besides}))
    inspectors = (SAMPLE / "draw" / "inspectors.csv").read_text(encoding="utf-8")
    body = {
        "draw": draw,
        "plan": f"p-{draw}",
        "recusals": "inspector,code,reason\n",
        "inspectors": inspectors,
    }
    done(wang.post("/v1/draws", json=body))


def _plain(plan: Mapping[str, Any]) -> Any:
    """The plan as JSON: YAML reads days as days."""
    return json.loads(json.dumps(plan, default=str))


def _draws(wang: TestClient) -> None:
    for draw, (_, _, acts) in DRAWS.items():
        seed = {"value": f"07 11 19 {draw}", "source": PLAN["seed_source"]}
        for act in acts:
            bodies = {"/seed": seed, "/results": act == "/results" and _results(wang, draw)}
            body = bodies.get(act)
            done(wang.post(f"/v1/draws/{draw}{act}", json=body))
    done(wang.post("/v1/joint-draws", json={"joint": "w-joint", "draws": ["w-drawn", "w-done"]}))


def _results(wang: TestClient, draw: str) -> dict[str, str]:
    """What the visits found: every fifth door had something to correct."""
    record = done(wang.get(f"/v1/public/draws/{draw}/record.json"))
    rows = [
        f"{s['code']},{'corrected' if n % 5 == 0 else 'no_problem'},2026-07-02,,"
        for n, s in enumerate(record["selected"])
    ]
    return {"csv": "\n".join(["code,result,inspected_on,item,note", *rows, ""])}


def _checks(client: TestClient, wang: TestClient) -> None:
    """A triggered check in each state."""
    code = done(wang.get("/v1/watchlist?limit=1"))["enterprises"][0]["code"]
    check_body = {"bureau": "市场监督管理局", "code": code, "source": "complaint",
             "reason": "举报已核实", "items": ["disclosure"]}  # fmt: skip
    for check in ("t-open", "t-closed", "t-off"):
        done(wang.post("/v1/triggered-checks", json={"id": check, **check_body}))
    check_result = {"result": "corrected", "inspected_on": str(client.app.state.service.today())}
    done(wang.post("/v1/triggered-checks/t-closed/results", json=check_result))
    done(wang.post("/v1/triggered-checks/t-off:cancel", json={"reason": "投诉人撤回"}))


#: acts that lead to each state of an application
_PATHS: dict[str, dict[str, tuple[str, ...]]] = {
    "applications": {
        "filed": (), "returned": ("return",), "accepted": ("accept",),
        "granted": ("accept", "grant"), "refused": ("accept", "refuse"),
        "published": ("accept", "grant", "publish"),
        "withdrawn": ("withdraw",), "revoked": ("accept", "grant", "revoke"),
        "resumed": ("accept", "grant", "publish", "revoke", "resume"),
    },
    "objections": {
        "filed": (), "marked": ("mark",), "forwarded": ("mark", "forward"),
        "upheld": ("mark", "uphold"), "rejected": ("mark", "reject"), "withdrawn": ("withdraw",),
    },
}  # fmt: skip


def _applications(wang: TestClient, district: District) -> None:
    """An application and an objection in each state, as far as there are records for them."""
    rows = find_restorable(district.warehouse, Rulebook.load(), MORNING.date())
    restorable_now = [r for r in rows if r.state == "now"]
    later = [r for r in rows if r.state != "now"]
    for kind, free in (("applications", iter(restorable_now)), ("objections", iter(later))):
        for (_, acts), row in zip(_PATHS[kind].items(), free, strict=False):
            filing_body = {
                "code": row.code,
                "applicant": row.code,
                "table": row.table,
                "key": json.loads(row.key),
                "reason": "与事实不符",
                "facts": {"pledge": True},
            }
            number = done(wang.post(f"/v1/restoration/{kind}", json=filing_body))["application"]
            for act in acts:
                step_fields = (
                    {"platforms": ["信用中国（上海）"]} if act in ("publish", "resume") else {}
                )
                step_fields |= {"broken_pledge": True} if act == "revoke" else {}
                body = {"act": act, **OFFICIAL, **step_fields}
                done(wang.post(f"/v1/restoration/{kind}/{number}/steps", json=body))


def _candidates(client: TestClient, wang: TestClient, zhao: TestClient) -> None:
    """Candidates: judged, with a closed gate, refused, and one that ran a night of shadow."""
    gate = {"gate": "fair", "open": True, "zh": "没有任何一组明显变差", "en": "nobody is worse off"}
    numbers = {}
    for name, lost in (("judged", 5.0), ("closed", 6.0), ("refused", 7.0), ("shadowed", 60.0)):
        tables = json.loads(json.dumps(load_release().as_data())) | {"release": name}
        for table in tables["tables"]:
            table["base"] -= lost
        evaluation = {"metrics": {"auc": 0.8}} if name != "closed" else {}
        submission = Submission(
            name, "general", "woe", tables, evaluation, ({**gate, "open": name != "closed"},)
        )
        act = Act("modeler", "model.submit", "季度更新")
        submitted = submit_candidate(client.store, act, submission, Rulebook.load(), MORNING.date())
        numbers[name] = submitted["candidate"]
    done(wang.post(f"/v1/models/{numbers['refused']}:refuse", json={"reason": "数据不足"}))
    for officer in (wang, zhao):
        body = {"reason": "已核对"}
        done(officer.post(f"/v1/models/{numbers['shadowed']}:approve", json=body))
    done(wang.post(f"/v1/models/{numbers['shadowed']}:shadow"))


def _access(sun: TestClient, wang: TestClient) -> None:
    """A key, a subscription and a saved view."""
    key = {"name": "区平台", "bureau": "", "roles": ["viewer"], "days": 30}
    done(sun.post("/v1/keys", json=key))
    hook = {"name": "区平台", "url": "https://platform.example.cn/hooks", "bureau": ""}
    done(sun.post("/v1/subscriptions", json=hook))
    done(wang.put("/v1/views/高风险", json={"query": "tier=D", "shared": True}))
