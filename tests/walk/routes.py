"""Each GET route of the service: what it takes to see it, for which records, and as what."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from fastapi import FastAPI
from xhcredit_serving.auth import permissions
from xhcredit_serving.console.restoration.candidates import apply_address
from xhcredit_serving.console.shell import assets
from xhcredit_serving.draws.files import INTERNAL

from tests.walk.api_records import (
    dead_records,
    keys_records,
    readers_records,
    releases_records,
    rule_pages,
    runs_records,
    subscriptions_records,
    views_records,
)
from tests.walk.cases import applications, case_steps, first_of
from tests.walk.records import (
    Inventory,
    Record,
    day,
    each,
    enterprises,
    first,
    in_json,
    named,
    place,
    scored,
)

SHEET, PDF, TEXT, PAGE, JSON = "xlsx", "pdf", "text", "html", "json"


@dataclass(frozen=True)
class Entry:
    """How a route is walked."""

    permission: str | None  #: None: anybody, logged in or not
    records: Callable[[Inventory], Iterable[Record]]
    media: str = PAGE


def gets(app: FastAPI) -> Iterator[str]:
    """The GET routes of an application, as patterns."""
    for route in app.routes:
        contexts = getattr(
            route, "effective_route_contexts", lambda route_path=route: [route_path]
        )()
        yield from (c.path for c in contexts if "GET" in (c.methods or ()))


def _of_draw(row):
    return (row["id"],)


def _of_joint(row):
    return (row["joint_id"],)


def _everybodys(_):
    return ""


def _internal(inventory):
    """The two internal files of each draw that was drawn."""
    for row in inventory.drawn:
        for name in INTERNAL:
            address = f"/console/draws/{row['id']}/files/{name}"
            yield Record(address, (row["id"],), 200, row["bureau"])


def _published(inventory):
    return [d for d in inventory.draws if d["state"] == "published"]


def _published_file(name):
    def records(inventory):
        for row in _published(inventory):
            yield Record(f"/v1/public/draws/{row['id']}/{name}", (row["id"],), 200, "")

    return records


def _records_json(inventory):
    for row in inventory.drawn:
        yield Record(f"/v1/public/draws/{row['id']}/record.json", (row["id"],), 200, "")


def _estimates(inventory):
    """What results say; nothing before there are any."""
    for row in inventory.drawn:
        known = bool(inventory.store.draws.get(row["id"])["results"])
        facts = ("violations",) if known else ()
        yield Record(f"/v1/draws/{row['id']}/estimate", facts, 200 if known else 404, row["bureau"])


def _apply(inventory):
    """The form for each record that can be restored, or could once something is done."""
    for row in inventory.restorable:
        yield Record(apply_address(row), (row.code,), 200, "")


def _questions(inventory):
    """Every page of the calculator, and its answer for one record of each kind."""
    del inventory
    question_path = "/console/restoration/question"
    for step in ("kind", "authority", "penalty", "ground", "days", "done"):
        for kind in ("penalty", "abnormal_listing", "serious_listing"):
            yield Record(f"{question_path}?step={step}&kind={kind}", (), 200, "")
    yield Record(f"{question_path}?{_ANSWERED}", ("2026-05-10",), 200, "")


_ANSWERED = (
    "from=done&kind=penalty&authority=samr&field=food&procedure=ordinary&penalty_kinds=fine"
    "&decided_on=2026-05-10&duties_done_on=2026-06-01&pledge=yes&harm_remains=no"
)


def _halves(inventory):
    year = int(day(inventory)[:4])
    return (f"{year}H1", f"{year - 1}H2", f"{year}H2")


def _reports(path):
    def records(inventory):
        for half in _halves(inventory):
            yield Record(f"{path}?half={half}", (half[:4],), 200, "")

    return records


def _watchlist(path):
    """The list without filters and with each filter, by values that the district has."""

    def records(inventory):
        row = inventory.listed[0]
        yield Record(path, (row["code"],), 200, "")
        for query in (
            f"tier={row['tier']}",
            f"text={row['code'][:8]}",
            f"street={row['street']}",
            "moved=worse",
            "moved=better",
            "moved=new",
            "alerted=true",
            "sort=-composite",
            "sort=code",
            "sort=moved",
        ):
            yield Record(f"{path}?{query}", (), 200, "")

    return records


def _alert_filters(path):
    def records(inventory):
        row = inventory.alerts[0] if inventory.alerts else None
        yield Record(path, (str(row["code"]),) if row and row["code"] else (), 200, "")
        for query in ("overdue=true", "colour=red", "state=closed", "state=detected"):
            yield Record(f"{path}?{query}", (), 200, "")

    return records


def _static(inventory):
    del inventory
    for name in assets._TYPES:
        yield Record(f"{assets.PREFIX}{name}", (), 200, "")


S, C, R, D = (
    permissions.SCORES,
    permissions.CATALOGUE,
    permissions.RESTORATION_READ,
    permissions.DRAWS_READ,
)
A, M = permissions.ALERTS_READ, permissions.MODELS_READ
DRAW, LEDGER = "/console/draws/{row[id]}", "/v1/draws/{row[id]}"
CODE = "/v1/enterprises/{code}"

#: everything that the file or an explanation tells of an enterprise
ENTERPRISES: dict[str, Entry] = {
    "/console/enterprises/{code}": Entry(
        S, enterprises("/console/enterprises/{code}", facts=scored, old=200)
    ),
    "/console/enterprises/{code}/drawer": Entry(
        S, enterprises("/console/enterprises/{code}/drawer", facts=scored, old=200)
    ),
    f"{CODE}/cluster": Entry(A, enterprises(f"{CODE}/cluster", facts=named), JSON),
    f"{CODE}/explanation": Entry(S, enterprises(f"{CODE}/explanation", facts=in_json), JSON),
    f"{CODE}/file": Entry(S, enterprises(f"{CODE}/file", facts=in_json, old=200), JSON),
    f"{CODE}/history": Entry(S, enterprises(f"{CODE}/history", facts=in_json, old=200), JSON),
    f"{CODE}/readers": Entry(permissions.AUDIT, readers_records, JSON),
    f"{CODE}/score": Entry(S, enterprises(f"{CODE}/score", facts=in_json), JSON),
}
OTHERS: dict[str, Entry] = {
    "/console/accounts": Entry(permissions.ACCOUNTS, place("/console/accounts", "walk.viewer")),
    "/console/alerts": Entry(A, _alert_filters("/console/alerts")),
    "/console/alerts/{alert}": Entry(
        A, each("/console/alerts/{row[id]}", "alerts", lambda r: (str(r["id"]), r["code"] or ""))
    ),
    "/console/audit": Entry(permissions.AUDIT, place("/console/audit", "user:")),
    "/console/draws": Entry(D, place("/console/draws", first("draws", "id"))),
    "/console/draws-checks": Entry(D, place("/console/draws-checks", first("checks", "id"))),
    "/console/draws-checks/{check}": Entry(
        D, each("/console/draws-checks/{row[id]}", "checks", lambda r: (r["id"], r["code"]))
    ),
    "/console/draws-joint": Entry(D, place("/console/draws-joint", first("joint", "joint_id"))),
    "/console/draws-joint/{joint}": Entry(
        D, each("/console/draws-joint/{row[joint_id]}", "joint", _of_joint, _everybodys)
    ),
    "/console/draws/{draw}": Entry(D, each(DRAW, "draws", _of_draw)),
    "/console/draws/{draw}/ceremony": Entry(
        permissions.DRAWS_RUN, each(f"{DRAW}/ceremony", "draws", _of_draw)
    ),
    "/console/draws/{draw}/files/{name}": Entry(permissions.DRAWS_RUN, _internal, ""),
    "/console/login": Entry(None, place("/console/login")),
    "/console/models": Entry(M, place("/console/models", first("candidates", "name"))),
    "/console/models/{candidate}": Entry(
        M, each("/console/models/{row[id]}", "candidates", lambda r: (r["name"],), _everybodys)
    ),
    "/console/password": Entry("", place("/console/password", "10")),
    "/console/public/verify": Entry(None, place("/console/public/verify", "verify_draw.py")),
    "/console/quality": Entry(C, place("/console/quality", day)),
    "/console/report": Entry(A, _reports("/console/report")),
    "/console/report.pdf": Entry(A, _reports("/console/report.pdf"), PDF),
    "/console/report.xlsx": Entry(A, _reports("/console/report.xlsx"), SHEET),
    "/console/restoration": Entry(R, place("/console/restoration")),
    "/console/restoration.xlsx": Entry(R, place("/console/restoration.xlsx"), SHEET),
    "/console/restoration/applications": Entry(R, place("/console/restoration/applications", day)),
    "/console/restoration/applications/{application}": Entry(
        R,
        each(
            "/console/restoration/applications/{row[id]}",
            "applications",
            lambda r: (r["code"],),
            lambda r: r["bureau"],
        ),
    ),
    "/console/restoration/apply": Entry(permissions.RESTORATION_FILE, _apply),
    "/console/restoration/question": Entry(R, _questions),
    "/console/rules": Entry(C, place("/console/rules", "tiers.cutoffs")),
    "/console/rules/{rule_id}": Entry(C, rule_pages("/console/rules/{rule}")),
    "/console/watchlist": Entry(S, _watchlist("/console/watchlist")),
    "/console/watchlist.pdf": Entry(
        S, place("/console/watchlist.pdf?tier=D", lambda h: h.listed[0]["code"]), PDF
    ),
    "/console/watchlist.xlsx": Entry(
        S, place("/console/watchlist.xlsx", lambda h: h.listed[0]["code"]), SHEET
    ),
    "/docs": Entry(None, place("/docs", "swagger"), TEXT),
    "/docs/start.js": Entry(None, place("/docs/start.js", "openapi.json"), TEXT),
    "/docs/{name}": Entry(None, place("/docs/swagger-ui.css", "swagger"), TEXT),
    "/openapi.json": Entry(None, place("/openapi.json", "/v1/runs"), JSON),
    "/console/static/{name:path}": Entry(None, _static, ""),
    "/healthz": Entry(None, place("/healthz", "alive"), JSON),
    "/metrics": Entry(C, place("/metrics", "xhcredit_http_answers"), TEXT),
    "/readyz": Entry(None, place("/readyz", "ready"), JSON),
    "/v1/accounts": Entry(permissions.ACCOUNTS, place("/v1/accounts", "walk.viewer"), JSON),
    "/v1/accounts/{login}": Entry(
        permissions.ACCOUNTS, place("/v1/accounts/walk.viewer", "walk.viewer"), JSON
    ),
    "/v1/activity": Entry(permissions.AUDIT, place("/v1/activity", "user:"), JSON),
    "/v1/activity/head": Entry(permissions.AUDIT, place("/v1/activity/head", "digest"), JSON),
    "/v1/alert-triggers": Entry(A, place("/v1/alert-triggers", "precision"), JSON),
    "/v1/alerts": Entry(A, _alert_filters("/v1/alerts"), JSON),
    "/v1/alerts.xlsx": Entry(A, _alert_filters("/v1/alerts.xlsx"), SHEET),
    "/v1/alerts/{number}": Entry(
        A, each("/v1/alerts/{row[id]}", "alerts", lambda r: (r["trigger"], r["code"] or "")), JSON
    ),
    "/v1/changes": Entry(S, place("/v1/changes", "next"), JSON),
    "/v1/draws": Entry(D, place("/v1/draws", first("draws", "id")), JSON),
    "/v1/draws/{draw}": Entry(D, each(LEDGER, "draws", _of_draw), JSON),
    "/v1/draws/{draw}/estimate": Entry(D, _estimates, JSON),
    "/v1/draws/{draw}/frame.csv": Entry(
        permissions.DRAWS_RUN,
        each(f"{LEDGER}/frame.csv", "draws", lambda _: ("code,stratum",)),
        TEXT,
    ),
    "/v1/draws/{draw}/internal_list.xlsx": Entry(
        permissions.DRAWS_RUN, each(f"{LEDGER}/internal_list.xlsx", "drawn", _of_draw), SHEET
    ),
    "/v1/draws/{draw}/notices.pdf": Entry(
        permissions.DRAWS_RUN, each(f"{LEDGER}/notices.pdf", "drawn", _of_draw), PDF
    ),
    "/v1/joint-draws": Entry(D, place("/v1/joint-draws", first("joint", "joint_id")), JSON),
    "/v1/joint-draws/{joint}": Entry(
        D, each("/v1/joint-draws/{row[joint_id]}", "joint", _of_joint, _everybodys), JSON
    ),
    "/v1/keys": Entry(permissions.ACCOUNTS, place("/v1/keys", first("keys", "name")), JSON),
    "/v1/keys/{prefix}": Entry(permissions.ACCOUNTS, keys_records, JSON),
    "/v1/metadata": Entry(C, place("/v1/metadata", "tiers"), JSON),
    "/v1/models": Entry(M, place("/v1/models", first("candidates", "name")), JSON),
    "/v1/model-switches": Entry(M, place("/v1/model-switches", "switches"), JSON),
    "/v1/models/{number}": Entry(
        M, each("/v1/models/{row[id]}", "candidates", lambda r: (r["name"],), _everybodys), JSON
    ),
    "/v1/models/{number}/moves": Entry(
        M, each("/v1/models/{row[id]}/moves", "candidates", lambda _: ("moves",), _everybodys), JSON
    ),
    "/v1/plans": Entry(D, place("/v1/plans", first("plans", "id")), JSON),
    "/v1/plans/{plan}": Entry(
        D, each("/v1/plans/{row.id}", "plans", lambda r: (r.id, r.title), lambda r: r.bureau), JSON
    ),
    "/v1/public/draws/{draw}/commitment.json": Entry(
        None,
        each("/v1/public/draws/{row[id]}/commitment.json", "draws", _of_draw, _everybodys),
        JSON,
    ),
    "/v1/public/draws/{draw}/public_list.csv": Entry(
        None, _published_file("public_list.csv"), TEXT
    ),
    "/v1/public/draws/{draw}/public_list.pdf": Entry(None, _published_file("public_list.pdf"), PDF),
    "/v1/public/draws/{draw}/public_list.xlsx": Entry(
        None, _published_file("public_list.xlsx"), SHEET
    ),
    "/v1/public/draws/{draw}/record.json": Entry(None, _records_json, JSON),
    "/v1/public/joint-draws/{joint}/joint.json": Entry(
        None,
        each("/v1/public/joint-draws/{row[joint_id]}/joint.json", "joint", _of_joint, _everybodys),
        JSON,
    ),
    "/v1/public/verify_draw.py": Entry(None, place("/v1/public/verify_draw.py", "def main"), TEXT),
    "/v1/releases": Entry(C, place("/v1/releases", "digest"), JSON),
    "/v1/releases/{digest}": Entry(C, releases_records, JSON),
    "/v1/restoration/applications": Entry(
        R, place("/v1/restoration/applications", first_of("restoration")), JSON
    ),
    "/v1/restoration/applications/{number}": Entry(R, applications("restoration"), JSON),
    "/v1/restoration/applications/{number}/steps/{step}": Entry(R, case_steps("restoration"), JSON),
    "/v1/restoration/objections": Entry(
        R, place("/v1/restoration/objections", first_of("objection")), JSON
    ),
    "/v1/restoration/objections/{number}": Entry(R, applications("objection"), JSON),
    "/v1/restoration/objections/{number}/steps/{step}": Entry(R, case_steps("objection"), JSON),
    "/v1/restoration/restorable-records": Entry(
        R, place("/v1/restoration/restorable-records", "records"), JSON
    ),
    "/v1/restoration/restorable-records.xlsx": Entry(
        R, place("/v1/restoration/restorable-records.xlsx"), SHEET
    ),
    "/v1/rules": Entry(C, place("/v1/rules", "tiers.cutoffs"), JSON),
    "/v1/rules/{rule_id}": Entry(C, rule_pages("/v1/rules/{rule}"), JSON),
    "/v1/runs": Entry(C, place("/v1/runs", day), JSON),
    "/v1/runs/{run}": Entry(C, runs_records, JSON),
    "/v1/session": Entry("", place("/v1/session", "csrf"), JSON),
    "/v1/subscriptions": Entry(
        permissions.ACCOUNTS, place("/v1/subscriptions", first("subscriptions", "name")), JSON
    ),
    "/v1/subscriptions/{number}": Entry(permissions.ACCOUNTS, subscriptions_records, JSON),
    "/v1/subscriptions/{number}/dead-messages": Entry(permissions.ACCOUNTS, dead_records, JSON),
    "/v1/triggered-checks": Entry(D, place("/v1/triggered-checks", first("checks", "id")), JSON),
    "/v1/triggered-checks/{check}": Entry(
        D, each("/v1/triggered-checks/{row[id]}", "checks", lambda r: (r["id"], r["code"])), JSON
    ),
    "/v1/trust-list": Entry(permissions.DRAWS_RUN, place("/v1/trust-list", day), JSON),
    "/v1/trust-list.csv": Entry(permissions.DRAWS_RUN, place("/v1/trust-list.csv", "code,"), TEXT),
    "/v1/trust-list.xlsx": Entry(permissions.DRAWS_RUN, place("/v1/trust-list.xlsx"), SHEET),
    "/v1/views": Entry(S, place("/v1/views", "views"), JSON),
    "/v1/views/{name:path}": Entry(S, views_records, JSON),
    "/v1/watchlist": Entry(S, _watchlist("/v1/watchlist"), JSON),
    "/v1/watchlist.csv": Entry(S, place("/v1/watchlist.csv", lambda h: h.listed[0]["code"]), TEXT),
    "/v1/watchlist.pdf": Entry(S, place("/v1/watchlist.pdf"), PDF),
    "/v1/watchlist.xlsx": Entry(
        S, place("/v1/watchlist.xlsx", lambda h: h.listed[0]["code"]), SHEET
    ),
}
#: what anybody on the computer of the service may read, where a walk comes from
OPEN_HERE = ("/metrics",)
#: what leads elsewhere: to the login, or to the first page that one may see
LEADING = ("/", "/console", "/console/")
ROUTES = ENTERPRISES | OTHERS
