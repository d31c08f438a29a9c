"""Accounts from the shell, as the operator uses them."""

import re

from typer.testing import CliRunner
from xhcredit_serving.access.operator_commands import create_first_accounts
from xhcredit_serving.main import cli

from xhcredit.errors import BadInput, TwoPersons
from xhcredit.store.store import Store


def test_the_first_start_shows_three_passwords_once(tmp_path, capsys):
    with Store.open(str(tmp_path / "s.db")) as store:
        create_first_accounts(store)
        shown = capsys.readouterr().out
        create_first_accounts(store)
        grants_by_login = {p["login"]: p["grants"] for p in store.access.list_users()}

    assert grants_by_login == {
        "auditor": [("auditor", "")],
        "secadmin": [("security_admin", "")],
        "sysadmin": [("system_admin", "")],
    }
    assert len(re.findall(r": ([a-z2-9]{5}-){3}[a-z2-9]{5}$", shown, flags=re.MULTILINE)) == 3
    assert capsys.readouterr().out == ""


def test_people_are_made_granted_and_shut_out_by_command(tmp_path):
    store_option = ("--store", str(tmp_path / "s.db"))

    def call(*words, why="test"):
        return CliRunner().invoke(cli, [*words, *(("--why", why) if why else ()), *store_option])

    assert re.match("([a-z2-9]{5}-){3}", call("new-user", "zhang", "张三").output)
    assert call("grant", "zhang", "viewer", "--bureau", "应急局").exit_code == 0
    assert isinstance(call("grant", "zhang", "auditor").exception, TwoPersons)
    assert isinstance(call("grant", "zhang", "king").exception, BadInput)
    unknown = call("grant", "zhang", "viewer", "--bureau", "应急居").exception
    assert isinstance(unknown, BadInput)
    assert 'did you mean "应急局"?' in str(unknown)
    key = call("new-key", "平台", "--bureau", "应急居", "--role", "viewer").exception
    assert 'did you mean "应急局"?' in str(key)
    assert isinstance(call("new-user", "Zhang!", "x").exception, BadInput)
    assert "viewer@示例区应急管理局\topen" in call("users", why="").output
    assert call("disable-user", "zhang").exit_code == 0
    assert "\tdisabled" in call("users", why="").output
    assert call("enable-user", "zhang").exit_code == 0
    assert len(call("reset-password", "zhang").output.strip()) == 23
    assert call("take", "zhang", "viewer", "--bureau", "应急局").exit_code == 0
    assert "\t-\topen" in call("users", why="").output
