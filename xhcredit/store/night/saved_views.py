"""Saved views: filters of the watchlist under a name, private or shared in a bureau."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Select, and_, func, insert, or_, select

from xhcredit.errors import UnknownRecord, WrongState
from xhcredit.store.core.database import Database
from xhcredit.store.core.transactions import Act, Tx, Writer
from xhcredit.store.night.saved_views_tables import saved_views

EVERYBODY, NOBODY = "*", ""
#: views of one owner; a menu of more is of no use
MAX_VIEWS = 50


class View(NamedTuple):
    """Saved view; ``bureau`` says with whom it is shared (see ``saved_views``)."""

    owner: str
    name: str
    query: str
    bureau: str


@dataclass(frozen=True)
class Views:
    """Reads and writes saved views; nothing is ever changed, versions are added."""

    database: Database
    writer: Writer

    def save(self, act: Act, view: View) -> None:
        """Save a view; one of the same owner and name is replaced.

        Raises:
            WrongState: its owner has as many as there may be.
        """

        def work(tx: Tx) -> None:
            view_names = {v.name for v in _views_of_owner(tx, view.owner)}
            if view.name not in view_names and len(view_names) >= MAX_VIEWS:
                raise WrongState(f"there are {MAX_VIEWS} saved views already; remove one first")
            _add_version(tx, view, is_removed=False)
            tx.audit(name=view.name, query=view.query, shared_with=view.bureau)

        self.writer.act(act, work)

    def drop(self, act: Act, owner: str, name: str) -> View:
        """Take a view out of the menu; returns what it was.

        Raises:
            UnknownRecord: the owner has none of this name.
        """

        def work(tx: Tx) -> dict[str, str]:
            view = next((v for v in _views_of_owner(tx, owner) if v.name == name), None)
            if view is None:
                raise UnknownRecord(f'you have no saved view "{name}"; list them to find its name')
            _add_version(tx, view, is_removed=True)
            tx.audit(name=name)
            return view._asdict()

        return View(**self.writer.act(act, work))

    def visible_to(self, owner: str, bureau: str) -> list[View]:
        """Own views, and those that others share with a bureau (empty: with any), by name."""
        c = saved_views.c
        is_shared = c.bureau != NOBODY if not bureau else c.bureau.in_([EVERYBODY, bureau])
        with self.database.reading() as con:
            rows = con.execute(_newest_versions().where(or_(c.owner == owner, is_shared))).all()
        return sorted((View(*row) for row in rows), key=lambda v: (v.name, v.owner))


def _newest_versions() -> Select[Any]:
    """The last version of each view that is not gone."""
    c = saved_views.c
    newest = select(c.owner, c.name, func.max(c.version).label("version"))
    newest_versions = newest.group_by(c.owner, c.name).subquery()
    same_version = and_(
        c.owner == newest_versions.c.owner,
        c.name == newest_versions.c.name,
        c.version == newest_versions.c.version,
    )
    statement = select(c.owner, c.name, c.query, c.bureau).join(newest_versions, same_version)
    return statement.where(c.gone == 0)


def _views_of_owner(tx: Tx, owner: str) -> list[View]:
    rows = tx.con.execute(_newest_versions().where(saved_views.c.owner == owner)).all()
    return [View(*row) for row in rows]


def _add_version(tx: Tx, view: View, *, is_removed: bool) -> None:
    """Add a version."""
    c = saved_views.c
    last_version = select(func.max(c.version)).where(c.owner == view.owner, c.name == view.name)
    version = (tx.con.scalar(last_version) or 0) + 1
    row = {**view._asdict(), "version": version, "gone": int(is_removed), "activity": tx.seq}
    tx.con.execute(insert(saved_views), row)
