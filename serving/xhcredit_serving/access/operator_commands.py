"""Account commands of the shell: the first accounts, and the operator's recovery.

The shell's user may do anything to the store's file anyway; so what they do here is only kept apart
by names in the activity chain, and by the same rules about administrators.
"""

from __future__ import annotations

import getpass
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xhcredit.domain.clock import beijing_time
from xhcredit.errors import BadInput
from xhcredit_serving.auth.permissions import ROLES

if TYPE_CHECKING:  # loaded only to do something, so that --help is quick
    from xhcredit.store.core.transactions import Act
    from xhcredit.store.store import Store

Address = Annotated[
    str,
    typer.Option(
        "--store", envvar="XHCREDIT_STORE", help="SQLite file, or postgresql://user@host/name."
    ),
]
Login = Annotated[str, typer.Argument(help="Lower-case letters, digits, dot, dash, underscore.")]
Why = Annotated[str, typer.Option(help="Why; kept in the activity chain.")]
Role = Annotated[str, typer.Argument(help=f"One of: {', '.join(ROLES)}.")]
Bureau = Annotated[str, typer.Option(help="For which bureau; empty is the whole district.")]
Rules = Annotated[
    Path | None,
    typer.Option(
        envvar="XHCREDIT_RULES", help="Folder with the district's own rules: its list of bureaus."
    ),
]
STORE = "out/store.db"
#: who is there at first: login, name, role
FIRST_ACCOUNTS = (
    ("secadmin", "安全管理员", "security_admin"),
    ("sysadmin", "系统管理员", "system_admin"),
    ("auditor", "安全审计员", "auditor"),
)
_HINTS = """他们都看不到企业。为办事人员开户 / none of them sees enterprises; let an officer in:
  xhcredit-serve new-user wang 王芳 --why 开户
  xhcredit-serve grant wang viewer --why 授权"""


def register(cli: typer.Typer) -> None:
    """Add the commands to the program."""
    for name, command in (
        ("new-user", new_user),
        ("grant", grant),
        ("take", revoke_role),
        ("users", users),
        ("reset-password", reset_password),
        ("disable-user", disable_user),
        ("enable-user", enable_user),
    ):
        cli.command(name)(command)


def create_first_accounts(store: Store) -> None:
    """Create the three administrators if there are no accounts; print their one-time passwords."""
    if store.access.list_users():
        return
    lines = [
        "首批账户，一次性口令仅显示一次，首次登录须更换 / first accounts, passwords shown once:"
    ]
    for login, name, role in FIRST_ACCOUNTS:
        password = _add_account(store, login, name, "first start of the service")
        store.access.grant(_act("account.grant", "first start of the service"), login, role, "")
        lines.append(f"{login} ({name}, {role}): {password}")
    lines.append(_HINTS)
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def new_user(
    login: Login,
    name: Annotated[str, typer.Argument(help="Who it is.")],
    why: Why,
    store: Address = STORE,
) -> None:
    """Add a person, who may do nothing yet, and show a one-time password once."""

    from xhcredit_serving.access.schemas import LOGIN  # only this command waits for it

    if not re.fullmatch(LOGIN, login):
        raise BadInput(f'"{login}" is no login; use 2 to 32 of a–z 0–9 . _ -, a letter first')
    with _open_store(store) as open_store:
        sys.stdout.write(_add_account(open_store, login, name, why) + "\n")


def grant(
    login: Login,
    role: Role,
    why: Why,
    bureau: Bureau = "",
    rules: Rules = None,
    store: Address = STORE,
) -> None:
    """Give somebody a role for a bureau; the three administrators stay apart."""
    with _open_store(store) as open_store:
        name = bureau_of_district(open_store, bureau, rules)
        open_store.access.grant(_act("account.grant", why), login, _checked_role(role), name)


def revoke_role(
    login: Login,
    role: Role,
    why: Why,
    bureau: Bureau = "",
    rules: Rules = None,
    store: Address = STORE,
) -> None:
    """Take a role for a bureau from somebody; their sessions end."""
    from xhcredit.rules.official_names import bureau_to_revoke  # only this command waits for it
    from xhcredit.rules.rulebook import Rulebook  # only this command waits for it

    with _open_store(store) as open_store:
        bureaus = frozenset(bureau for _, bureau in open_store.access.get_user(login)["grants"])
        today = open_store.clock.today()
        name = bureau_to_revoke(Rulebook.load(rules), bureau, today, bureaus)
        open_store.access.grant(
            _act("account.take", why), login, _checked_role(role), name, take=True
        )


def users(store: Address = STORE) -> None:
    """List people, what they may do, and whether they are locked or shut out."""
    with _open_store(store) as open_store:
        for row in open_store.access.list_users():
            role_text = (
                ", ".join(f"{role}@{bureau or '*'}" for role, bureau in row["grants"]) or "-"
            )
            state = "disabled" if row["disabled_at"] else _lock_text(row["locked_until"])
            state_text = state if row["disabled_at"] or row["locked_until"] else "open"
            sys.stdout.write(f"{row['login']}\t{row['name']}\t{role_text}\t{state_text}\n")


def _lock_text(until: str | None) -> str:
    return f"locked until {beijing_time(until)} Beijing time" if until else ""


def reset_password(login: Login, why: Why, store: Address = STORE) -> None:
    """Give somebody a new one-time password and show it once; also lifts a lock."""
    from xhcredit_serving.auth.passwords import (  # only this command waits for it
        first_password,
        hash_blocking,
    )

    password = first_password()
    with _open_store(store) as open_store:
        open_store.access.reset_user(_act("account.reset", why), login, hash_blocking(password))
    sys.stdout.write(password + "\n")


def disable_user(login: Login, why: Why, store: Address = STORE) -> None:
    """Shut somebody out at once; nothing is deleted."""
    from xhcredit.store.core.hash_chain import format_moment  # only this command waits for it

    with _open_store(store) as open_store:
        disabled_at = format_moment(open_store.writer.clock())
        open_store.access.disable_user(_act("account.shut", why), login, disabled_at)


def enable_user(login: Login, why: Why, store: Address = STORE) -> None:
    """Let somebody in again."""
    with _open_store(store) as open_store:
        open_store.access.disable_user(_act("account.shut", why), login, None)


def bureau_of_district(store: Store, text: str, rules: Path | None) -> str:
    """Official name of a bureau today; what means the whole district stays as it is.

    Raises:
        BadInput: the district's list has no such bureau; the nearest is named.
    """
    from xhcredit.rules.official_names import official_bureau  # only this command waits for it
    from xhcredit.rules.rulebook import Rulebook  # only this command waits for it
    from xhcredit_serving.auth.authentication import (  # only this command waits for it
        WHOLE_DISTRICT,
    )

    if text in WHOLE_DISTRICT:
        return text
    return official_bureau(Rulebook.load(rules), text, store.clock.today())


def _open_store(address: str) -> Store:
    from xhcredit.store.store import Store  # only this command waits for it

    return Store.open(address)


def _act(action: str, why: str) -> Act:
    from xhcredit.store.core.transactions import Act  # only this command waits for it

    return Act(getpass.getuser(), action, why)


def _add_account(store: Store, login: str, name: str, why: str) -> str:
    """Add an account and return its one-time password."""
    from xhcredit_serving.auth.passwords import (  # only this command waits for it
        first_password,
        hash_blocking,
    )

    password = first_password()
    store.access.add_user(_act("account.new", why), login, name, hash_blocking(password))
    return password


def _checked_role(role: str) -> str:
    if role not in ROLES:
        raise BadInput(f'there is no role "{role}"; choose from {", ".join(ROLES)}')
    return role
