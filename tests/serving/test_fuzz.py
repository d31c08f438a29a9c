"""Whatever is sent, as declared or not: no 5xx, and no answer that the description leaves out."""

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

from tests.serving.district import CODES

OPERATIONS = [
    "score", "history", "explain", "scores_batch", "watchlist", "runs", "run", "releases",
    "release", "rules", "rule", "metadata",
]  # fmt: skip
#: a check digit cannot be said in a schema, so "valid data was refused" is no fault here
CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance,
    response_schema_conformance,
]  # fmt: skip
KNOWN = {"code": CODES[0], "run": 1, "rule_id": "scores.scale"}
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
    schema = schemathesis.openapi.from_asgi("/openapi.json", steady.app)
    found = (made.ok() for made in schema.get_all_operations())
    return {op.definition.raw["operationId"]: op for op in found}


def test_no_operation_is_left_out(described):
    assert set(described) == set(OPERATIONS) - {"explain"}


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda m: m.value)
@pytest.mark.parametrize("name", [n for n in OPERATIONS if n != "explain"])
def test_every_answer_is_as_described(described, steady, name, mode):
    sent = dict(steady.headers)

    @QUIET
    @given(case=described[name].as_strategy(generation_mode=mode), known=booleans())
    def holds(case, known):
        case.headers = {**(case.headers or {}), "Authorization": sent["authorization"]}
        if known:
            case.headers["X-Purpose"] = "fuzz"
            case.path_parameters = {k: KNOWN.get(k, v) for k, v in case.path_parameters.items()}
        case.call_and_validate(checks=CHECKS)

    holds()
