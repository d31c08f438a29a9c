"""Whatever is asked about restoration: no 5xx, and no answer that the description leaves out."""

import json
import shutil
from datetime import date

import pytest
import schemathesis

from tests.serving.district import headers, new_key, served
from tests.serving.http.test_fuzz import MODES, RESTORATION, hold
from xhcredit.jobs.restoration.candidates import find_restorable
from xhcredit.rules.rulebook import Rulebook


@pytest.fixture(scope="module")
def office(published, nights, tmp_path_factory):
    """A service with an application and an objection to be found, and its operations."""
    folder = tmp_path_factory.mktemp("fuzz")
    store = shutil.copy(published, folder / "store.db")
    with served(str(store), warehouse=nights / "warehouse") as client:
        sent = headers(new_key(client.store, ["restoration_officer"]))
        [row, *_] = find_restorable(nights / "warehouse", Rulebook.load(), date(2026, 6, 30))
        filing_body = {"code": row.code, "applicant": row.code, "table": row.table}
        for path in ("applications", "objections"):
            body = filing_body | {"key": json.loads(row.key)}
            filed = client.post(f"/v1/restoration/{path}", json=body, headers=sent)
            assert filed.status_code == 201
        schema = schemathesis.openapi.from_asgi("/openapi.json", client.app)
        operations = (operation_outcome.ok() for operation_outcome in schema.get_all_operations())
        yield {op.definition.raw["operationId"]: op for op in operations}, sent


@MODES
@pytest.mark.parametrize("name", RESTORATION)
def test_every_answer_is_as_described(office, name, mode):
    described, sent = office

    hold(described, name, mode, 15, {"Authorization": sent["Authorization"]})
