"""Every error that xhcredit raises on purpose: what was found, and what to do."""


class XhcreditError(Exception):
    """A caller's mistake or a state of the world that a person can act on.

    ``code`` is stable and may be matched by machines; ``exit_code`` is what the shell returns.
    The message says what was found and what to do, names in quotes.
    """

    code = "xhcredit"
    exit_code = 10


class BadCode(XhcreditError):
    """A unified social credit code has a wrong length, character or check digit."""

    code = "bad_code"
    exit_code = 11


class BadInput(XhcreditError):
    """A file or row that cannot be read as what it claims to be."""

    code = "bad_input"
    exit_code = 12


class BadMapping(XhcreditError):
    """A mapping file names a table, column or value that the directory does not declare."""

    code = "bad_mapping"
    exit_code = 13


class BadDeclaration(XhcreditError):
    """A feature, table or points table is declared in a way that cannot be run."""

    code = "bad_declaration"
    exit_code = 14


class BadRule(XhcreditError):
    """A rule file is refused by the loader."""

    code = "bad_rule"
    exit_code = 15


class RuleNotInForce(XhcreditError):
    """No entry of a rule was in force on the day asked for."""

    code = "rule_not_in_force"
    exit_code = 16


class NothingKnown(XhcreditError):
    """There is nothing to work on: no data, or none known by the as-of day."""

    code = "nothing_known"
    exit_code = 17


class UnknownEnterprise(XhcreditError):
    """The enterprise is not in the register."""

    code = "unknown_enterprise"
    exit_code = 18


class StoreUnavailable(XhcreditError):
    """The database cannot be reached, is busy or has no room; the same again may work later."""

    code = "store_unavailable"
    exit_code = 19


class BadStore(XhcreditError):
    """A store's address, version or content is not what this program works with."""

    code = "bad_store"
    exit_code = 20


class KeyReused(XhcreditError):
    """An idempotency key came again with another request."""

    code = "key_reused"
    exit_code = 21


class ChainBroken(XhcreditError):
    """The activity chain, or what hangs on it, is not as it was written."""

    code = "chain_broken"
    exit_code = 22


class UnknownRecord(XhcreditError):
    """Nothing in the store has this name or number."""

    code = "unknown_record"
    exit_code = 23


class BeyondCalendar(XhcreditError):
    """The table of working days does not reach a day."""

    code = "beyond_calendar"
    exit_code = 24


class WrongApplicant(XhcreditError):
    """Who asks for restoration is not the enterprise of the record."""

    code = "wrong_applicant"
    exit_code = 25


class WrongState(XhcreditError):
    """An act that does not fit the state of what it is done to: decided before, not yet frozen."""

    code = "wrong_state"
    exit_code = 26


class TwoPersons(XhcreditError):
    """An act that needs two different officers was done by one."""

    code = "two_persons"
    exit_code = 27


class LoginRefused(XhcreditError):
    """A login, password or one-time code is wrong, or the account is locked."""

    code = "login_refused"
    exit_code = 28


class BadPlan(XhcreditError):
    """An inspection plan, frame or ratio from which no lawful draw can be made."""

    code = "bad_plan"
    exit_code = 29


class Unstaffable(XhcreditError):
    """Drawn enterprises cannot be given inspectors within the constraints."""

    code = "unstaffable"
    exit_code = 30


class RecordRefuted(XhcreditError):
    """A draw's record does not follow from its frame, commitment and seed."""

    code = "record_refuted"
    exit_code = 31


class BadSample(XhcreditError):
    """A training sample from which no model can be learned or judged."""

    code = "bad_sample"
    exit_code = 32


class GateClosed(XhcreditError):
    """A model does not meet what its promotion asks."""

    code = "gate_closed"
    exit_code = 33


class RegistryUnavailable(XhcreditError):
    """The registry of training runs cannot be reached."""

    code = "registry_unavailable"
    exit_code = 34


class NightRefuted(XhcreditError):
    """What a night carried over is not what computing it anew gives."""

    code = "night_refuted"
    exit_code = 35


class BookLost(XhcreditError):
    """What a run was made from is not in this warehouse, so that nobody can explain it."""

    code = "book_lost"
    exit_code = 36


class OtherNight(XhcreditError):
    """A run was made with other rules or another model than what is here."""

    code = "other_night"
    exit_code = 37


class DiskFull(XhcreditError):
    """A disk, quota or file size leaves no room for what was to be written."""

    code = "disk_full"
    exit_code = 38


class NotWritable(XhcreditError):
    """A file or folder cannot be written or read: no right, read-only, or of another kind."""

    code = "not_writable"
    exit_code = 39


class CursorGone(XhcreditError):
    """Changes after a cursor were removed, since their retention time is over."""

    code = "cursor_gone"
    exit_code = 40
