"""Alive, ready, measured, described; and the program itself over a real socket."""

import re
import signal
import subprocess
import sys
from contextlib import contextmanager

import httpx2
import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner
from xhcredit_serving.main import cli

from tests.serving.district import CODES, PURPOSE, logged, served
from tests.walks import ROOT
from xhcredit.errors import UnknownRecord


def test_alive_and_ready(client):
    del client.headers["Authorization"]

    assert client.get("/healthz").json() == {"alive": True}
    assert client.get("/readyz").json() == {
        "ready": True,
        "store": True,
        "run": True,
        "disk": True,
        "tasks": True,
    }


def test_before_the_first_night_it_is_not_ready(tmp_path):
    with served(str(tmp_path / "new.db")) as client:
        answer = client.get("/readyz")

    assert (answer.status_code, answer.json()["run"]) == (503, False)


def test_measurements_are_shown_with_a_key_or_on_this_computer(client):
    client.get(f"/v1/enterprises/{CODES[0]}/score")
    with_key = client.get("/metrics").text
    del client.headers["Authorization"]

    assert 'route="/v1/enterprises/{code}/score"' in with_key
    assert "xhcredit_current_run 1.0" in with_key
    assert CODES[0] not in with_key
    assert client.get("/metrics").status_code == 401
    local_client = TestClient(client.app, client=("127.0.0.1", 5000))
    assert local_client.get("/metrics").status_code == 200
    assert local_client.get("/metrics", headers={"X-Forwarded-For": "10.0.0.1"}).status_code == 401


def test_the_log_tells_each_request_in_one_line(client):
    client.get(f"/v1/enterprises/{CODES[0]}/score")
    client.get("/wp-login.php")
    score, stranger = logged(client)

    assert (score["route"], score["status"]) == ("/v1/enterprises/{code}/score", 200)
    assert score["actor"].startswith("key:")
    assert stranger["route"] == "other"


def test_the_description_needs_no_network(client):
    page = client.get("/docs")
    named = re.findall(r'(?:src|href)="([^"]+)"', page.text)

    assert "://" not in page.text + client.get("/docs/start.js").text
    assert len(named) == 5
    for name in named:
        assert client.get(f"/{name}").status_code == 200, name
    assert "default-src 'self'" in page.headers["content-security-policy"]


def test_the_description_is_in_both_languages_with_examples(client):
    described = client.get("/openapi.json").json()

    for path, item in described["paths"].items():
        for operation in item.values():
            text = operation["summary"] + operation["description"]
            assert re.search("[一-鿿]", text), path
            assert re.search("[a-z]{3}", text), path
            [success] = [r for s, r in operation["responses"].items() if s.startswith("2")]
            for media_type, body in success.get("content", {}).items():
                is_file = body["schema"].get("format") == "binary" or media_type == "text/csv"
                assert is_file or "$ref" in body["schema"] or "example" in body, path
            open_to_all = path.startswith("/v1/public/") or operation["operationId"] == "log_in"
            assert bool(operation.get("security")) != open_to_all, path
            assert "application/problem+json" in operation["responses"]["401"]["content"]


@contextmanager
def started(*options):
    """The real program; its first line of output with an address, and what came before."""
    command = [sys.executable, "-m", "xhcredit_serving.main", *options]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.terminate()


def lines_until(process, wanted):
    printed_lines = []
    for line in process.stdout:
        printed_lines.append(line.strip())
        if re.search(wanted, line):
            break
    return printed_lines


def test_the_program_serves_and_lets_nobody_in_by_default(file):
    key_words = ("new-key", "平台", "--bureau", "", "--why", "联调", "--role", "viewer")
    with started("--store", str(file), "--port", "0") as process:
        lines = lines_until(process, "http://")
        assert not any("xhc_" in line for line in lines)
        assert sum("admin" in line or "auditor" in line for line in lines) == 3
        key = call(*key_words, "--store", str(file)).output.strip()
        address = re.search(r"http://[\d.:]+", lines[-1])[0]
        head = {"Authorization": f"Bearer {key}", "X-Purpose": PURPOSE.encode()}
        with httpx2.Client(base_url=address, headers=head, trust_env=False, timeout=60) as client:
            score = client.get(f"/v1/enterprises/{CODES[0]}/score")
            assert (score.status_code, score.json()["run"]) == (200, 1)
            assert "server" not in score.headers
            assert client.get("/metrics", headers={"Authorization": ""}).status_code == 200
    assert process.returncode == -signal.SIGTERM  # after all answers were given


def test_several_workers_are_measured_together(file):
    with started("--store", str(file), "--port", "0", "--workers", "2") as process:
        address = re.search(r"http://[\d.:]+", lines_until(process, "http://")[-1])[0]
        for _ in range(20):  # each over a connection of its own, so that both are asked
            assert httpx2.get(f"{address}/healthz", trust_env=False, timeout=60).status_code == 200
        metrics_text = httpx2.get(f"{address}/metrics", trust_env=False, timeout=60).text

    assert 'xhcredit_http_answers_total{route="/healthz",status="200"} 20.0' in metrics_text
    assert "xhcredit_current_run 1.0" in metrics_text


def call(*words):
    return CliRunner().invoke(cli, words)


@pytest.mark.parametrize("command", [[], ["new-key"], ["revoke-key"]])
def test_the_program_explains_itself(command):
    assert "--store" in plain(call(*command, "--help").output)


def plain(text):
    """What stands there, without colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def test_keys_are_made_and_revoked_by_command(tmp_path):
    store_option = ("--store", str(tmp_path / "s.db"))
    key_words = ("new-key", "平台", "--bureau", "应急局", "--why", "联调", *store_option, "--role")
    new_key_outcome, wrong = call(*key_words, "viewer"), call(*key_words, "king")
    prefix = new_key_outcome.output.split("_")[1]

    assert new_key_outcome.output.startswith("xhc_")
    assert 'no role "king"' in str(wrong.exception)
    assert call("revoke-key", prefix, "--why", "停用", *store_option).exit_code == 0
    assert isinstance(
        call("revoke-key", prefix, "--why", "停用", *store_option).exception, UnknownRecord
    )
