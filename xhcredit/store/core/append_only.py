"""Append-only guards: database triggers, restored after every migration."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator

from sqlalchemy import Connection, inspect, text

_HEAD = "(SELECT max(seq) FROM activity)"

#: table, what is refused, when (SQL over OLD or NEW), what the database then says
_Guard = tuple[str, str, str, str]
#: tables of which no row is ever changed or taken away
_APPEND_ONLY = (
    "activity", "runs", "releases", "applications", "application_steps",
    "alerts", "alert_steps", "alert_nights", "alert_proofs",
    "plans", "draws", "draw_steps", "draw_files", "draw_seeds", "draw_results", "draw_replacements",
    "joint_draws", "joint_members", "triggered_checks", "triggered_steps",
    "saved_views", "candidates", "candidate_steps", "tier_moves", "champions", "demo_clock",
)  # fmt: skip
#: tables whose rows are steps of something, numbered from one, and the column that names it
_STEPS_OF = {
    "application_steps": "application", "alert_steps": "alert", "draw_steps": "draw",
    "triggered_steps": "id", "candidate_steps": "candidate",
}  # fmt: skip
#: what holds for one table alone
_SPECIAL: tuple[_Guard, ...] = (
    (
        "activity",
        "INSERT",
        # Held by the database as well: an entry that is inserted past this program cannot fork
        # the chain.
        f"NEW.seq <> coalesce({_HEAD}, 0) + 1 OR NEW.previous <> "
        f"coalesce((SELECT digest FROM activity WHERE seq = {_HEAD}), '')",
        "a chain: an entry must follow its head",
    ),
    # Only changes are refused: retention deletes keys once their time is over.
    ("idempotency", "UPDATE", "", "append-only until its time is over"),
    ("changes", "UPDATE", "", "append-only until its time is over"),
    (
        "changes",
        "DELETE",
        # Numbers go on from the last one: without it, readers would take new changes for old ones.
        "OLD.id = (SELECT max(id) FROM changes)",
        "append-only: the last change stays",
    ),
    ("snapshots", "UPDATE", "", "append-only"),
    (
        "snapshots",
        "DELETE",
        # Rows go in before their run does: until it is published, those of a night cut off may
        # be cleared.
        "EXISTS (SELECT 1 FROM runs WHERE run = OLD.run)",
        "append-only once its run is published",
    ),
    (
        "snapshots",
        "INSERT",
        "EXISTS (SELECT 1 FROM runs WHERE run = NEW.run)",
        "append-only once its run is published",
    ),
    (
        "demo_clock",
        "INSERT",
        "(NOT EXISTS (SELECT 1 FROM demo_clock) AND EXISTS (SELECT 1 FROM activity)) OR "
        "NEW.step <> (SELECT count(*) FROM demo_clock) + 1 OR "
        "NEW.moment < (SELECT max(moment) FROM demo_clock) OR "
        "NEW.moment < (SELECT max(recorded_at) FROM activity)",
        "begun when a store is made and only moves forward: no store becomes a demo store later",
    ),
)
_GUARDS: tuple[_Guard, ...] = (
    *_SPECIAL,
    *(
        (table, event, "", "append-only")
        for table in _APPEND_ONLY
        for event in ("UPDATE", "DELETE")
    ),
    *(
        (
            table,
            "INSERT",
            # The count is the number of the last step, because no step is ever deleted.
            f"NEW.step <> (SELECT count(*) FROM {table} WHERE {of} = NEW.{of}) + 1",
            "append-only: a step must follow the last one",
        )
        for table, of in _STEPS_OF.items()
    ),
)
#: PostgreSQL can empty a table without deleting a row
_NEVER_EMPTIED = (*_APPEND_ONLY, "changes", "idempotency", "snapshots")


def _trigger_name(table: str, event: str) -> str:
    return f"keep_{table}_{event.lower()}"


def _expected_guards(con: Connection) -> list[_Guard]:
    """The guards of this database; of tables that its version does not have yet there are none."""
    all_guards = _GUARDS
    if con.dialect.name == "postgresql":
        all_guards += tuple((table, "TRUNCATE", "", "append-only") for table in _NEVER_EMPTIED)
    table_names = set(inspect(con).get_table_names())
    return [guard for guard in all_guards if guard[0] in table_names]


def guard_names(con: Connection) -> frozenset[str]:
    """The triggers that must be there."""
    return frozenset(_trigger_name(table, event) for table, event, _, _ in _expected_guards(con))


def missing_guards(con: Connection) -> list[str]:
    """Triggers that are not there, or not as they were made, or switched off."""
    # Compared by source, not by name: a trigger of the right name that refuses nothing is a
    # missing one.
    expected_guards, present_sources = _expected_guards(con), _present_triggers(con)
    if con.dialect.name == "sqlite":
        expected_sources = {
            _created_trigger_name(sql): sql for sql in _sqlite_statements(expected_guards)
        }
    else:
        expected_sources = {
            _trigger_name(t, w): _function_body(t, w, condition, message)
            for t, w, condition, message in expected_guards
        }
    return sorted(n for n, source in expected_sources.items() if present_sources.get(n) != source)


def removed_guards(con: Connection) -> list[str]:
    """Triggers that the last migration put in place and that are not there any more.

    For a store that is about to be upgraded: what this program wants beyond them is new, and no
    sign that anybody took something away.  An upgrade cannot tell an older wording from a changed
    one, so only names are compared.
    """
    statement = text(
        "SELECT payload FROM activity WHERE action IN ('store.migrate', 'store.restore_guards') "
        "ORDER BY seq DESC LIMIT 1"
    )
    if not inspect(con).has_table("activity"):
        return []
    payload = json.loads(con.execute(statement).scalar() or "{}")
    return sorted(set(payload.get("guards", ())) - _present_triggers(con).keys())


def _present_triggers(con: Connection) -> dict[str, str]:
    """The triggers that work now, by name: the statement or the function body of each."""
    rows = con.execute(text(_TRIGGERS_SQLITE if con.dialect.name == "sqlite" else _TRIGGERS))
    return {name: source for name, source in rows}


_TRIGGERS_SQLITE = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
# tgenabled 'A' (always): a trigger that sleeps in a replica's session counts as switched off.
_TRIGGERS = (
    "SELECT t.tgname, p.prosrc FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid "
    "JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace "
    "WHERE NOT t.tgisinternal AND t.tgenabled = 'A' AND n.nspname = current_schema()"
)


def restore_guards(con: Connection) -> list[str]:
    """Put every trigger in place and return those that were missing."""
    missing_names, expected_guards = missing_guards(con), _expected_guards(con)
    on_sqlite = con.dialect.name == "sqlite"
    create_statements = _sqlite_statements if on_sqlite else _postgresql_statements
    # All are made anew, not only the missing ones: a changed trigger still has its name.
    for sql in (
        (*_drop_statements(expected_guards, on_sqlite), *create_statements(expected_guards))
        if missing_names
        else ()
    ):
        con.exec_driver_sql(sql)
    return missing_names


def drop_guards(con: Connection) -> None:
    """Take every guard away until ``restore_guards``, within the transaction of a migration.

    SQLite makes a table anew to change it, which fails while a trigger of another one names it.
    """
    if _present_triggers(con):
        for sql in _drop_statements(_expected_guards(con), con.dialect.name == "sqlite"):
            con.exec_driver_sql(sql)


def _drop_statements(guards: Iterable[_Guard], on_sqlite: bool) -> Iterator[str]:
    for table, event, _, _ in guards:
        on_clause = "" if on_sqlite else f" ON {table}"
        yield f"DROP TRIGGER IF EXISTS {_trigger_name(table, event)}{on_clause}"


def _created_trigger_name(sql: str) -> str:
    """The name of the trigger that a statement makes."""
    match = re.match(r"CREATE TRIGGER (\w+)", sql)
    return match[1] if match else ""


def _sqlite_statements(guards: Iterable[_Guard]) -> Iterator[str]:
    for table, event, trigger_condition, message in guards:
        when_clause = f" WHEN {trigger_condition}" if trigger_condition else ""
        yield (
            f"CREATE TRIGGER {_trigger_name(table, event)} BEFORE {event} ON {table} FOR EACH ROW"
            f"{when_clause} BEGIN SELECT RAISE(ABORT, '{table} is {message}'); END"
        )


def _function_body(table: str, event: str, condition: str, message: str) -> str:
    """The body of the function behind a trigger of PostgreSQL."""
    raise_statement = (
        f"RAISE EXCEPTION '{table} is {message}' USING ERRCODE = 'restrict_violation';"
    )
    # A BEFORE trigger that returns NULL drops the row in silence, and on DELETE there is no
    # NEW.
    returned_row = "OLD" if event == "DELETE" else "NEW"
    if not condition:
        return f"BEGIN {raise_statement} END"
    return f"BEGIN IF {condition} THEN {raise_statement} END IF; RETURN {returned_row}; END"


def _postgresql_statements(guards: Iterable[_Guard]) -> Iterator[str]:
    """Functions and triggers; ALWAYS, so that a replica's session does not switch them off."""
    for table, event, condition, message in guards:
        name = _trigger_name(table, event)
        row_level = "STATEMENT" if event == "TRUNCATE" else "ROW"
        body = _function_body(table, event, condition, message)
        yield (
            f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $${body}$$"
        )
        yield (
            f"CREATE TRIGGER {name} BEFORE {event} ON {table} "
            f"FOR EACH {row_level} EXECUTE FUNCTION {name}()"
        )
        yield f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}"
