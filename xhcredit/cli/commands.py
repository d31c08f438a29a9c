"""Commands of the shell by name, and where each is written."""

from __future__ import annotations

from xhcredit.cli.lazy import Target

_DRAW = """
双随机抽查 Double-random draws: right odds by tier, nobody hand-picked, anyone can draw again.

The order cannot be changed: `plan` → `freeze` (commitment, to be published) → `seed` (from the
announced outside source) → `run` → `export`, `verify`.  Whoever is stopped in between goes on with
the same command.
"""
_MODELS = """
评分卡升级 Which release scores: nothing is promoted by eye, or by one person.

`xhcredit-train submit` judges a run by the gates and submits it; then `approve` (two officers,
neither of whom submitted it) → `shadow` (who would move, one by one) → `switch --from DAY`.
`rollback` is one command.
"""

#: where each command is (``Target``); the order is that of --help
COMMANDS: dict[str, Target] = {
    "ingest": "xhcredit.cli.night.ingest:ingest",
    "quality": "xhcredit.cli.night.ingest:quality",
    "score": "xhcredit.cli.score:score",
    "explain": "xhcredit.cli.enterprise.explain:explain",
    "demo": "xhcredit.cli.demo:demo",
    "publish": "xhcredit.cli.night.publish:publish",
    "release": (
        "评分卡 The points tables that score.",
        {
            "sql": "xhcredit.cli.catalogue:release_as_sql",
        },
    ),
    "features": (
        "指标 What is measured of an enterprise.",
        {
            "list": "xhcredit.cli.catalogue:list_features",
            "check": "xhcredit.cli.catalogue:check_features",
            "show": "xhcredit.cli.catalogue:show_feature",
        },
    ),
    "rules": (
        "规则 What the law says on a day, and how sure that is.",
        {
            "show": "xhcredit.cli.catalogue:show_rules",
            "page": "xhcredit.cli.catalogue:rules_page",
            "check": "xhcredit.cli.catalogue:check_rules",
        },
    ),
    "restoration": (
        "信用修复 Credit restoration: may a record be restored, and when?",
        {
            "assess": "xhcredit.cli.restoration.commands:assess_command",
            "list": "xhcredit.cli.restoration.candidates:list_command",
            "what-if": "xhcredit.cli.restoration.candidates:what_if_command",
            "notice": "xhcredit.cli.restoration.candidates:notice_command",
            "apply": "xhcredit.cli.restoration.applications:apply",
            "accept": "xhcredit.cli.restoration.applications:restoration_accept",
            "return": "xhcredit.cli.restoration.applications:restoration_return",
            "refile": "xhcredit.cli.restoration.applications:restoration_refile",
            "classify": "xhcredit.cli.restoration.applications:restoration_classify",
            "publish": "xhcredit.cli.restoration.applications:restoration_publish",
            "resume": "xhcredit.cli.restoration.applications:restoration_resume",
            "withdraw": "xhcredit.cli.restoration.applications:restoration_withdraw",
            "decide": "xhcredit.cli.restoration.applications:decide",
            "revoke": "xhcredit.cli.restoration.applications:revoke",
            "applications": "xhcredit.cli.restoration.application_lists:applications",
            "grants": "xhcredit.cli.restoration.application_lists:grants",
            "objection": (
                "异议 Objections: file, mark, forward, uphold, reject, withdraw, list.",
                {
                    "file": "xhcredit.cli.restoration.applications:objection",
                    "mark": "xhcredit.cli.restoration.applications:objection_mark",
                    "forward": "xhcredit.cli.restoration.applications:objection_forward",
                    "uphold": "xhcredit.cli.restoration.applications:objection_uphold",
                    "reject": "xhcredit.cli.restoration.applications:objection_reject",
                    "withdraw": "xhcredit.cli.restoration.applications:objection_withdraw",
                    "list": "xhcredit.cli.restoration.application_lists:objection_list",
                },
            ),
        },
    ),
    "draw": (
        _DRAW,
        {
            "plan": "xhcredit.cli.draws.commands:plan",
            "freeze": "xhcredit.cli.draws.commands:freeze",
            "seed": "xhcredit.cli.draws.commands:seed",
            "run": "xhcredit.cli.draws.commands:run",
            "replace": "xhcredit.cli.draws.commands:replace",
            "show": "xhcredit.cli.draws.commands:show",
            "export": "xhcredit.cli.draws.commands:export",
            "verify": "xhcredit.cli.draws.verify_and_results:verify",
            "results": "xhcredit.cli.draws.verify_and_results:results",
            "publish": "xhcredit.cli.draws.verify_and_results:publish",
            "lists": "xhcredit.cli.draws.verify_and_results:lists",
            "estimate": "xhcredit.cli.draws.verify_and_results:estimate",
            "joint": "xhcredit.cli.draws.joint:joint",
            "joint-verify": "xhcredit.cli.draws.joint:joint_verify",
            "trigger": "xhcredit.cli.draws.triggered_checks:trigger",
            "triggered": "xhcredit.cli.draws.triggered_checks:triggered",
            "trigger-close": "xhcredit.cli.draws.triggered_checks:close",
            "trigger-off": "xhcredit.cli.draws.triggered_checks:off",
            "trust": "xhcredit.cli.draws.trust_list:trust",
        },
    ),
    "alerts": (
        "风险预警 Early warning: who needs attention, and is it followed up?",
        {
            "run": "xhcredit.cli.alerts.commands:run_command",
            "backtest": "xhcredit.cli.alerts.commands:backtest_command",
            "precision": "xhcredit.cli.alerts.commands:precision_command",
            "clusters": "xhcredit.cli.alerts.commands:clusters_command",
            "list": "xhcredit.cli.alerts.follow_up:list_command",
            "show": "xhcredit.cli.alerts.follow_up:show_command",
            "issue": "xhcredit.cli.alerts.follow_up:issue_command",
            "verify": "xhcredit.cli.alerts.follow_up:verify_command",
            "dispose": "xhcredit.cli.alerts.follow_up:dispose_command",
            "close": "xhcredit.cli.alerts.follow_up:close_command",
            "act": "xhcredit.cli.alerts.follow_up:act_command",
        },
    ),
    "audit": (
        "活动记录链 the chain of who did what, when, why.",
        {
            "verify": "xhcredit.cli.access.audit:verify",
            "head": "xhcredit.cli.access.audit:head",
            "export": "xhcredit.cli.access.audit:export",
        },
    ),
    "store": (
        "存储 the store: save, bring back, check, switch.",
        {
            "backup": "xhcredit.cli.access.store:backup",
            "restore": "xhcredit.cli.access.store:restore",
            "migrate": "xhcredit.cli.access.store:migrate",
            "check": "xhcredit.cli.access.store:check",
            "runs": "xhcredit.cli.access.store:runs",
            "switch": "xhcredit.cli.access.store:switch",
            "retention": "xhcredit.cli.access.store:retention",
            "prune": "xhcredit.cli.access.store:prune",
        },
    ),
    "deliver": (
        "消息推送 tell other systems of tier changes and alerts (signed webhooks).",
        "xhcredit.cli.delivery.commands:deliver",
    ),
    "models": (
        _MODELS,
        {
            "list": "xhcredit.cli.models.commands:list_",
            "show": "xhcredit.cli.models.commands:show",
            "approve": "xhcredit.cli.models.commands:approve",
            "refuse": "xhcredit.cli.models.commands:refuse",
            "shadow": "xhcredit.cli.models.commands:shadow",
            "switch": "xhcredit.cli.models.commands:switch",
            "rollback": "xhcredit.cli.models.commands:rollback",
        },
    ),
}
