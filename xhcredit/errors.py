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
