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
MOST = 50


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
            held = {v.name for v in _latest(tx, view.owner)}
            if view.name not in held and len(held) >= MOST:
                raise WrongState(f"there are {MOST} saved views already; remove one first")
            _add(tx, view, gone=False)
            tx.tell(name=view.name, query=view.query, shared_with=view.bureau)

        self.writer.act(act, work)

    def drop(self, act: Act, owner: str, name: str) -> None:
        """Take a view out of the menu.

        Raises:
            UnknownRecord: the owner has none of this name.
        """

        def work(tx: Tx) -> None:
            view = next((v for v in _latest(tx, owner) if v.name == name), None)
            if view is None:
                raise UnknownRecord(f'you have no saved view "{name}"; list them to find its name')
            _add(tx, view, gone=True)
            tx.tell(name=name)

        self.writer.act(act, work)

    def seen_by(self, owner: str, bureau: str) -> list[View]:
        """Own views, and those that others share with a bureau (empty: with any), by name."""
        c = saved_views.c
        shared = c.bureau != NOBODY if not bureau else c.bureau.in_([EVERYBODY, bureau])
        with self.database.reading() as con:
            rows = con.execute(_last().where(or_(c.owner == owner, shared))).all()
        return sorted((View(*row) for row in rows), key=lambda v: (v.name, v.owner))


def _last() -> Select[Any]:
    """The last version of each view that is not gone."""
    c = saved_views.c
    newest = select(c.owner, c.name, func.max(c.version).label("version"))
    newest_of = newest.group_by(c.owner, c.name).subquery()
    same = and_(
        c.owner == newest_of.c.owner, c.name == newest_of.c.name, c.version == newest_of.c.version
    )
    wanted = select(c.owner, c.name, c.query, c.bureau).join(newest_of, same)
    return wanted.where(c.gone == 0)


def _latest(tx: Tx, owner: str) -> list[View]:
    rows = tx.con.execute(_last().where(saved_views.c.owner == owner)).all()
    return [View(*row) for row in rows]


def _add(tx: Tx, view: View, *, gone: bool) -> None:
    """Add a version."""
    c = saved_views.c
    own = select(func.max(c.version)).where(c.owner == view.owner, c.name == view.name)
    version = (tx.con.scalar(own) or 0) + 1
    row = {**view._asdict(), "version": version, "gone": int(gone), "activity": tx.seq}
    tx.con.execute(insert(saved_views), row)
