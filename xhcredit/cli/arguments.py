"""What options stand for: a day, the model of a day, an open store."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from xhcredit.cli.clock import today
from xhcredit.errors import BadInput

if TYPE_CHECKING:  # a command that needs neither model nor store does not wait for their imports
    from xhcredit.jobs.scoring.model import Model
    from xhcredit.rules.rulebook import Rulebook
    from xhcredit.scores.release import Release
    from xhcredit.store.store import Store

#: days after it are typing mistakes; terms that begin on it must end before the calendar of Python
LAST_DAY = date(2199, 12, 31)


def day_from_text(text: str) -> date:
    """Read a day as a person types it; empty is today (only the shell knows what day it is).

    Raises:
        BadInput: no such day, or one with which nothing can be computed.
    """
    if not text:
        return today()
    try:
        day = datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a day has no time zone
    except ValueError:
        raise BadInput(f'"{text}" is not a day; write it as 2026-06-30') from None
    if day > LAST_DAY:
        raise BadInput(f"{day} is beyond {LAST_DAY}, the last day that is computed; correct it")
    return day


def model_for(as_of: str, release: Path | None, rules: Path | None, store: str = "") -> Model:
    """Compile the release and the rules of a day that is not in the future.

    Without a release, the champion of ``store`` scores; without either, the expert tables.

    Raises:
        BadInput: the day has not come; nobody can know its facts.
    """
    from xhcredit.jobs.scoring.model import model_on  # only who needs it waits
    from xhcredit.scores.release import load_release  # only who needs it waits
    from xhcredit.scores.rulebook import load_rulebook  # only who needs it waits

    day = day_from_text(as_of)
    if day > today():
        raise BadInput(f"{day} has not come; choose {today()} or an earlier as-of day")
    rulebook = load_rulebook(rules)
    if store and release is None:
        return model_on(rulebook, _champion(store, rulebook, day), day)
    return model_on(rulebook, load_release(release, rulebook), day)


def _champion(store: str, rules: Rulebook, day: date) -> Release:
    """Champion release of a day in the store; None if the store does not exist yet."""
    from xhcredit.jobs.models.promotion import champion_release  # only who needs it waits
    from xhcredit.store.store import Store  # only who needs it waits

    with Store.open(store) as opened_store:
        return champion_release(opened_store, rules, day)


def open_store(address: str, digest: str = "sha256") -> Store:
    """Open the store that a person named."""
    from xhcredit.store.store import Store  # only who needs it waits

    return Store.open(address, algorithm=digest)


def existing_store(address: str) -> Store:
    """Open a store that must be there already: a slip of the pen makes no new one."""
    require_store(address)
    return open_store(address)


def require_store(address: str) -> None:
    """Refuse an address where no store is.

    Raises:
        BadInput: there is none.
    """
    if "://" not in address and not Path(address).exists():
        raise BadInput(f'there is no store at "{address}"; give --store, or publish a night first')


def read_file_bytes(file: Path) -> bytes:
    """A file's content.

    Raises:
        BadInput: it cannot be read.
    """
    try:
        return file.read_bytes()
    except OSError as error:
        raise BadInput(f'cannot read "{file}": {error.strerror}; name an existing file') from None
