"""Whatever is sent, as declared or not: no 5xx, and no answer that the description leaves out."""

import os

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import booleans
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.serving.district import CODES, headers, new_key
from tests.serving.visitors import person, visitor

OPERATIONS = [
    "get_score", "list_history", "get_explanation", "get_enterprise_file", "batch_scores",
    "run_what_if", "list_watchlist",
    "download_watchlist_csv", "download_watchlist_xlsx", "download_watchlist_pdf", "list_views",
    "get_view", "save_view", "remove_view", "list_runs", "get_run", "list_releases",
    "get_release", "list_rules", "get_rule", "get_metadata", "list_changes",
]  # fmt: skip
#: operations of people who are logged in, and those whose every call hashes a password
PERSONS = [
    "log_in", "get_session", "log_out", "change_password", "enrol_totp", "confirm_totp",
    "remove_totp", "list_accounts", "get_account", "create_account", "add_grant", "revoke_grant",
    "set_account_disabled", "reset_password", "set_identity", "list_keys", "get_key",
    "create_key", "revoke_key", "list_subscriptions", "get_subscription",
    "create_subscription", "rotate_subscription", "end_subscription", "list_dead_messages",
    "replay_subscription",
]  # fmt: skip
AUDITED = ["list_activity", "list_readers", "get_activity_head", "verify_activity"]
#: fuzzed in test_restoration_fuzz
RESTORATION = [
    "assess_described_record",
    "draft_restoration_notice",
    "assess_stored_record",
    "score_without_record",
    "list_restorable_records",
    "download_restorable_records_xlsx",
    *(
        pattern.format(noun)
        for noun in ("application", "objection")
        for pattern in ("file_{}", "list_{}s", "get_{}", "take_{}_step", "get_{}_step")
    ),
]
#: fuzzed in test_draws
DRAWS = [
    "file_plan", "list_plans", "get_plan", "list_draws", "get_draw", "freeze_draw", "enter_seed",
    "run_draw", "replace_inspector", "enter_results", "get_draw_estimate", "download_frame_csv",
    "download_commitment_json", "download_record_json", "download_verify_draw_py",
    "create_joint_draw", "list_joint_draws", "get_joint_draw", "download_joint_json",
    "open_check", "list_checks", "get_check", "close_check", "cancel_check",
    "list_trusted_enterprises", "download_trust_list_csv", "download_trust_list_xlsx",
    "download_internal_list_xlsx", "download_notices_pdf", "publish_draw",
    "download_public_list_csv", "download_public_list_xlsx", "download_public_list_pdf",
]  # fmt: skip
#: fuzzed in test_alerts
ALERTS = [
    "list_alerts", "get_alert", "list_alert_triggers", "act_on_alerts", "download_alerts_xlsx",
    "get_enterprise_cluster",
]  # fmt: skip
#: fuzzed in test_models
MODELS = [
    "list_candidates", "get_candidate", "list_switches", "list_tier_moves", "approve_candidate",
    "refuse_candidate", "shadow_candidate", "switch_champion", "roll_back_champion",
]  # fmt: skip
SLOW = {"log_in", "change_password", "create_account"}
#: a check digit cannot be said in a schema, so "valid data was refused" is no fault here
CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance,
    response_schema_conformance,
]  # fmt: skip
KNOWN = {"code": CODES[0], "run": 1, "rule_id": "scores.scale", "login": "fuzzed"}
QUIET = settings(
    max_examples=50,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def described(steady):
    """The operations by id."""
    person(steady, "fuzzed", ("viewer", ""))
    schema = schemathesis.openapi.from_asgi("/openapi.json", steady.app)
    operations = (operation_outcome.ok() for operation_outcome in schema.get_all_operations())
    return {op.definition.raw["operationId"]: op for op in operations}


def test_no_operation_is_left_out(described):
    fuzzed = {*OPERATIONS, *PERSONS, *AUDITED, *RESTORATION, *ALERTS, *DRAWS, *MODELS}

    assert set(described) == fuzzed


def hold(described, name, mode, examples, sent):
    """Ask an operation whatever fits (or does not fit) its description, with some headers.

    ``XHCREDIT_FUZZ=500`` asks each one so often instead, and differently at every run; those that
    hash a password, a twentieth of that.
    """
    example_count = int(os.environ.get("XHCREDIT_FUZZ", "0")) // (20 if name in SLOW else 1)

    @settings(QUIET, max_examples=example_count or examples, derandomize=not example_count)
    @given(case=described[name].as_strategy(generation_mode=mode), known=booleans())
    def holds(case, known):
        case.headers = {**(case.headers or {}), **sent}
        if known:
            case.headers["X-Purpose"] = "fuzz"
            case.path_parameters = {k: KNOWN.get(k, v) for k, v in case.path_parameters.items()}
        case.call_and_validate(checks=CHECKS)

    holds()


MODES = pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda m: m.value)


@MODES
@pytest.mark.parametrize("name", OPERATIONS)
def test_every_answer_is_as_described(described, steady, name, mode):
    hold(described, name, mode, 50, {"Authorization": steady.headers["authorization"]})


@MODES
@pytest.mark.parametrize("name", AUDITED)
def test_every_answer_to_an_auditor_is_as_described(described, steady, name, mode):
    key = headers(new_key(steady.store, ["auditor"]), purpose=None)
    hold(described, name, mode, 20, key)


@MODES
@pytest.mark.parametrize("name", PERSONS)
def test_every_answer_to_a_person_is_as_described(described, steady, name, mode):
    login = f"{name}.{mode.value}".replace("_", "-")
    person_client = visitor(steady, login, ("security_admin", ""))
    sent = {
        "Cookie": f"xhcredit={person_client.cookies['xhcredit']}",
        "X-CSRF-Token": person_client.headers["X-CSRF-Token"],
    }
    hold(described, name, mode, 5 if name in SLOW else 20, sent)
