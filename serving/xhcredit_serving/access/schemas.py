"""Bodies of accounts, keys, sessions and the audit log: requests and answers."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from xhcredit.domain.rows import closed_row
from xhcredit.store.access.rows import ActivityEntry, ApiKey
from xhcredit_serving.http.field_types import Bureau, EncodableText, Name, Role
from xhcredit_serving.http.paging import After, Cursor

LOGIN = "^[a-z][a-z0-9._-]{1,31}$"
MAX_DAYS = 400  #: for which a key is good
MAX_ENTRIES = 500  #: of one page of the audit log
Login = Annotated[EncodableText, Field(min_length=1, max_length=64, examples=["zhang.san"])]
Password = Annotated[EncodableText, Field(min_length=1, max_length=128)]
Code = Annotated[str, Field(pattern="^[0-9]{6}$", examples=["492039"])]
#: a login in an answer
LoginName = Annotated[str, Field(examples=["zhang.san"])]
Moment = Annotated[str, Field(examples=["2026-06-30T08:00:00.000000Z"])]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewAccount(_Body):
    """Request: a new account."""

    login: Annotated[str, Field(pattern=LOGIN, examples=["zhang.san"])]
    name: Name


class Grant(_Body):
    """A role for a bureau."""

    role: Role
    bureau: Bureau


class AccountDisabling(_Body):
    """Request: disable or enable an account."""

    disabled: bool


class Identity(_Body):
    """Request: OIDC identity of an account, the value of the identifying claim."""

    subject: Annotated[EncodableText, Field(min_length=1, max_length=255)] | None


class NewKey(_Body):
    """A key to be made."""

    name: Name
    bureau: Bureau
    roles: Annotated[list[Role], Field(min_length=1, max_length=5)]
    days: Annotated[int, Field(ge=1, le=MAX_DAYS)] = 365


class Credentials(_Body):
    """Request: login credentials."""

    login: Login
    password: Password
    code: Code | None = None


class PasswordChange(_Body):
    """A new password."""

    old: Password
    new: Password


class OneTimeCode(_Body):
    """A one-time code."""

    code: Code


class ReaderFilters(_Body):
    """Which page of who looked at an enterprise."""

    after: After = ""
    limit: Annotated[int, Field(ge=1, le=MAX_ENTRIES)] = 100


class ActivityFilters(ReaderFilters):
    """Which entries."""

    actor: Annotated[str, Field(max_length=100, pattern=r"^[^\x00]*$")] = ""
    action: Annotated[str, Field(max_length=100, pattern=r"^[^\x00]*$")] = ""
    code: Annotated[str, Field(max_length=64)] = ""
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None


@closed_row
class HeldGrant(TypedDict):
    """A role that an account has for a bureau."""

    role: Annotated[str, Field(examples=["inspector"])]
    bureau: Annotated[
        str,
        Field(description="部门；空为全区 / empty: the whole district", examples=["市场监管局"]),
    ]


@closed_row
class Account(TypedDict):
    """An account, without secrets."""

    login: LoginName
    name: Annotated[str, Field(examples=["张三"])]
    grants: list[HeldGrant]
    has_totp: Annotated[bool, Field(description="已启用动态口令 / one-time codes are set up")]
    must_change: Annotated[bool, Field(description="须更换口令 / a new password is due")]
    locked_until: str | None
    disabled_at: str | None
    external: Annotated[
        str | None, Field(description="统一身份 / identity at the provider: issuer|subject")
    ]


@closed_row
class AccountPage(TypedDict):
    """A page of accounts."""

    accounts: list[Account]
    next: Cursor


@closed_row
class FirstPassword(TypedDict):
    """A one-time password, shown once."""

    login: LoginName
    password: str


@closed_row
class ApiKeyPage(TypedDict):
    """A page of API keys."""

    keys: list[ApiKey]
    next: Cursor


@closed_row
class ApiKeyMade(TypedDict):
    """A new API key, shown once."""

    prefix: Annotated[str, Field(examples=["1a2b3c4d"])]
    key: Annotated[str, Field(examples=["xhc_1a2b3c4d_…"])]


@closed_row
class CurrentSession(TypedDict):
    """Who is logged in, what they may do, and until when."""

    login: LoginName
    name: Annotated[str, Field(examples=["张三"])]
    grants: list[HeldGrant]
    may: Annotated[list[str], Field(examples=[["enterprises:read"]])]
    how: Annotated[
        str,
        Field(description="登录方式 / password, totp (both), oidc or demo", examples=["totp"]),
    ]
    must_change: Annotated[bool, Field(description="须更换口令 / a new password is due")]
    has_totp: bool
    csrf: Annotated[str, Field(description="随修改类请求送出 / send it as X-CSRF-Token")]
    opened_at: Moment
    idle_until: Moment
    ends_at: Moment


@closed_row
class LoggedOut(TypedDict):
    """The session ended."""

    logged_out: Literal[True]


@closed_row
class PasswordChanged(TypedDict):
    """The password is another one."""

    changed: Literal[True]


@closed_row
class TotpSecret(TypedDict):
    """A secret for one-time codes, shown once."""

    secret: str
    uri: Annotated[str, Field(examples=["otpauth://totp/…"])]


@closed_row
class TotpState(TypedDict):
    """Whether logins of the account need a one-time code."""

    has_totp: bool


@closed_row
class ActivityPage(TypedDict):
    """A page of the audit log."""

    entries: list[ActivityEntry]
    next: Cursor


@closed_row
class EnterpriseReader(TypedDict):
    """Who looked at an enterprise or acted on it, when and why."""

    seq: Annotated[int, Field(description="编号 / number in the chain", examples=[4711])]
    recorded_at: Moment
    actor: Annotated[str, Field(examples=["user:zhang.san"])]
    bureau: str
    purpose: str
    action: Annotated[str, Field(examples=["enterprise.score"])]


@closed_row
class ReaderPage(TypedDict):
    """A page of who looked at an enterprise."""

    readers: list[EnterpriseReader]
    next: Cursor


@closed_row
class ActivityHead(TypedDict):
    """The last entry of the chain; 0 and an empty text before the first."""

    seq: Annotated[int, Field(examples=[4711])]
    digest: str


@closed_row
class ChainVerdict(TypedDict):
    """What a walk over a part of the chain found."""

    whole: bool
    entries: Annotated[int, Field(description="校验条数 / entries looked at", examples=[4711])]
    first: Annotated[int, Field(description="起始编号 / where it began", examples=[1])]
    last: Annotated[int, Field(description="末条编号 / the last one looked at", examples=[4711])]
    next_first: Annotated[
        int | None, Field(description="继续时的 first / first of the next walk; null: the end")
    ]
    broken_at: Annotated[int | None, Field(description="首处不符 / the first that does not fit")]
    why: str | None
