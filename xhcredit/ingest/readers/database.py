"""Read a table of any database that SQLAlchemy reaches, in chunks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from xhcredit.errors import BadInput
from xhcredit.ingest.readers.staged import CHUNK, Staged, StageWriter, checked_header
from xhcredit.ingest.readers.xlsx import cell_text
from xhcredit.ingest.sql_text import read_parquet


def is_database(source: str) -> bool:
    """Whether a source is a database URL and not a path.

    >>> is_database("sqlite:///a.db"), is_database("data/a.csv")
    (True, False)
    """
    return "://" in source


def connect(url: str) -> sa.Engine:
    """Return an engine that can be used, for reading.

    Raises:
        BadInput: the URL is wrong, the driver is not installed, the database does not answer.
    """
    url_text = "the database"
    try:
        parsed = sa.make_url(url)
        url_text = shown_url(parsed)
        _refuse_missing_file(parsed)
        engine = sa.create_engine(parsed)
        # An engine opens nothing by itself: a wrong password shows at the first connection.
        with engine.connect():
            return engine
    except ModuleNotFoundError as error:
        raise BadInput(f'{url_text} needs the driver "{error.name}"; install it') from error
    except SQLAlchemyError as error:
        raise BadInput(
            f"{url_text} cannot be opened ({_reason(error)}); check address, name and password"
        ) from error


def _refuse_missing_file(url: sa.URL) -> None:
    """Refuse a missing SQLite file, which SQLite would create."""
    if url.get_backend_name() == "sqlite" and url.database and not Path(url.database).exists():
        raise BadInput(f'"{url.database}" does not exist; check the path after sqlite:///')


def shown_url(url: sa.URL) -> str:
    """The URL without its password."""
    return url.render_as_string(hide_password=True)


def table_names(engine: sa.Engine) -> list[str]:
    """Tables and views, by name."""
    inspector = sa.inspect(engine)
    return sorted({*inspector.get_table_names(), *inspector.get_view_names()})


def stage_table(engine: sa.Engine, name: str, folder: Path) -> Staged:
    """Copy a table as texts into a Parquet file in ``folder``, ordered by its primary key.

    Row numbers count the rows in this order, from 1.

    Raises:
        BadInput: the table cannot be read.
    """
    source = f"{shown_url(engine.url)}, table {name}"
    try:
        table = sa.Table(name, sa.MetaData(), autoload_with=engine)
        columns = checked_header([c.name for c in table.columns], source)
        target = folder / "source.parquet"
        with StageWriter(target, columns) as writer:
            _copy(engine, table, writer)
    except SQLAlchemyError as error:
        raise BadInput(f'"{source}" cannot be read ({_reason(error)}); check it there') from error
    return Staged(f"SELECT * FROM {read_parquet([target])}", columns)


def _copy(engine: sa.Engine, table: sa.Table, writer: StageWriter) -> None:
    # Unordered, rows may come differently each time: a complaint's row number would be another row.
    select: Any = sa.select(table).order_by(*table.primary_key.columns)
    with engine.connect().execution_options(yield_per=CHUNK) as connection:
        for number, row in enumerate(connection.execute(select), start=1):
            writer.add(number, [cell_text(value) for value in row])


def _reason(error: SQLAlchemyError) -> str:
    """First line of the database error, without SQL and parameters."""
    return str(getattr(error, "orig", None) or error).splitlines()[0]
