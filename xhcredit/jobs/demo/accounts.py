"""Accounts of the demo: one for each role, two where two persons are needed.

The names are invented.  Nobody logs in with a password: a demo store's login page lets them in.
"""

from __future__ import annotations

from dataclasses import dataclass

from xhcredit.store.access.accounts_and_keys import actor_of
from xhcredit.store.core.transactions import Act
from xhcredit.store.store import Store

MARKET = "示例区市场监督管理局"
CIVIL = "示例区民政局"
BUILDING = "示例区住房和城乡建设管理委员会"
WHOLE_DISTRICT = ""  #: the whole district
#: no password has this hash
_NO_PASSWORD = "!"  # noqa: S105 - no password is the point


@dataclass(frozen=True)
class Person:
    """An account: ``title`` is what they do, in both languages."""

    login: str
    name: str
    role: str
    bureau: str
    zh: str
    en: str

    def act(self, action: str, purpose: str, **payload: object) -> Act:
        """Audit log entry for something this person does."""
        return Act(actor_of(self.login), action, purpose, self.bureau, payload)


PEOPLE: tuple[Person, ...] = (
    Person("lin", "林晓", "viewer", WHOLE_DISTRICT, "区级监管人员", "regulator, whole district"),
    Person("zhou", "周民", "viewer", CIVIL, "民政局监管人员", "regulator, civil affairs"),
    Person("he", "何建", "viewer", BUILDING, "住建委监管人员", "regulator, construction"),
    Person("chen", "陈涛", "inspector", MARKET, "市场监管局检查人员", "inspector"),
    Person("xu", "徐敏", "inspector", CIVIL, "民政局检查人员", "inspector, civil affairs"),
    Person("zhao", "赵启", "draw_officer", WHOLE_DISTRICT, "抽查专员", "draw officer"),
    Person(
        "qian",
        "钱立",
        "draw_officer",
        WHOLE_DISTRICT,
        "抽查专员（第二人）",
        "draw officer, second person",
    ),
    Person(
        "sun", "孙和", "restoration_officer", WHOLE_DISTRICT, "信用修复专员", "restoration officer"
    ),
    Person(
        "wu",
        "吴平",
        "restoration_officer",
        WHOLE_DISTRICT,
        "信用修复审定人",
        "restoration, decides",
    ),
    Person("feng", "冯远", "model_manager", WHOLE_DISTRICT, "模型专员", "model manager"),
    Person(
        "shen", "沈之", "model_manager", WHOLE_DISTRICT, "模型审批人", "model manager, approves"
    ),
    Person(
        "jiang",
        "蒋宁",
        "model_manager",
        WHOLE_DISTRICT,
        "模型审批人（第二人）",
        "approves, second person",
    ),
    Person(
        "sysadmin",
        "系统管理员",
        "system_admin",
        WHOLE_DISTRICT,
        "系统管理员",
        "system administrator",
    ),
    Person(
        "secadmin",
        "安全管理员",
        "security_admin",
        WHOLE_DISTRICT,
        "安全管理员",
        "security administrator",
    ),
    Person("auditor", "安全审计员", "auditor", WHOLE_DISTRICT, "安全审计员", "auditor"),
)
PERSON_BY_LOGIN = {person.login: person for person in PEOPLE}
#: who runs the nights
NIGHT_ACTOR = "night"


def create_accounts(store: Store) -> None:
    """Create the accounts, by the security administrator; the first one by the setup."""
    security_admin = PERSON_BY_LOGIN["secadmin"]
    creation_act = Act("setup", "account.new", "demo store")
    for person in sorted(PEOPLE, key=lambda p: p is not security_admin):
        store.access.add_user(
            creation_act, person.login, person.name, _NO_PASSWORD, must_change=False
        )
        grant_act = Act(creation_act.actor, "account.grant", "demo store")
        store.access.grant(grant_act, person.login, person.role, person.bureau)
        creation_act = security_admin.act("account.new", "demo store")
