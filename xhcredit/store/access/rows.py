"""Rows of accounts, keys, sessions and the audit log; moments are UTC texts."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, JsonValue
from typing_extensions import TypedDict

from xhcredit.domain.rows import closed_row


class AccountColumns(TypedDict):
    """An account without what opens it; ``grants`` are (role, bureau)."""

    login: str
    name: str
    must_change: int
    failures: int
    locked_until: str | None
    disabled_at: str | None
    password_at: str | None
    external: str | None
    activity: int
    grants: list[tuple[str, str]]


class ListedAccount(AccountColumns):
    """An account as lists show it."""

    has_totp: bool


class StoredAccount(AccountColumns):
    """An account with its secrets, for who checks a login."""

    password_hash: str
    totp_secret: str | None
    totp_pending: str | None
    totp_step: int


@closed_row
class ApiKey(TypedDict):
    """An API key of another system; never the key itself."""

    prefix: Annotated[str, Field(description="前缀 / its beginning", examples=["1a2b3c4d"])]
    name: Annotated[str, Field(examples=["平台"])]
    bureau: Annotated[
        str,
        Field(description="部门；空为全区 / empty: the whole district", examples=["市场监管局"]),
    ]
    roles: Annotated[list[str], Field(examples=[["viewer"]])]
    expires_at: Annotated[str, Field(examples=["2027-06-30T08:00:00.000000Z"])]
    revoked_at: str | None


class SessionRow(TypedDict):
    """A session with what its account says; ``grants`` are (role, bureau)."""

    digest: str
    login: str
    csrf: str
    address: str
    opened_at: str
    seen_at: str
    how: str
    name: str
    must_change: int
    password_at: str | None
    disabled_at: str | None
    has_totp: bool
    grants: frozenset[tuple[str, str]]


class LoginState(TypedDict):
    """A login that was begun at the identity provider."""

    digest: str
    nonce: str
    verifier: str
    begun_at: str


@closed_row
class ActivityEntry(TypedDict):
    """An entry of the audit log, as the chain holds it."""

    seq: Annotated[int, Field(description="编号 / number in the chain", examples=[4711])]
    recorded_at: Annotated[str, Field(examples=["2026-06-30T08:00:00.000000Z"])]
    clock_back_ms: Annotated[
        int,
        Field(description="时钟回拨毫秒数 / by how much the clock was behind the entry before"),
    ]
    actor: Annotated[str, Field(examples=["user:zhang.san"])]
    bureau: Annotated[str, Field(examples=["市场监管局"])]
    purpose: Annotated[str, Field(examples=["日常监管"])]
    action: Annotated[str, Field(examples=["enterprise.score"])]
    # Each action says something else, and entries of earlier versions stay as they were written.
    payload: Annotated[
        dict[str, JsonValue],
        Field(description="随动作而异 / what the action says", examples=[{"run": 12}]),
    ]
    algorithm: Annotated[str, Field(examples=["sha256"])]
    previous: Annotated[str, Field(description="上一条的摘要 / digest of the entry before")]
    digest: str
