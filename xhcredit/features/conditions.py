"""Filters of events that count: legally delicate, each written once."""

from __future__ import annotations

from xhcredit.ingest.schema import table

_SLIGHT_KINDS = ("warning", "criticism")

#: A penalty that weighs.  Slight ones do not (上海市社会信用条例 art 9(4), 优化营商环境条例
#: art 67): summary procedure, severity minor, or nothing beyond a warning or public criticism.
ADVERSE = (
    "procedure == 'ordinary' and (is_missing(severity) or severity != 'minor') and ("
    + " or ".join(
        f"'{kind}' in penalty_kinds"
        for kind in table("penalty").column("penalty_kinds").value_ids
        if kind not in _SLIGHT_KINDS
    )
    + ")"
)

#: Of adverse penalties, the serious: said so, or of a kind that Order 36 names as serious while
#: the class is not yet derived.
SERIOUS = (
    "(severity == 'serious' or (is_missing(severity) and ("
    "'licence_revocation' in penalty_kinds or 'occupation_ban' in penalty_kinds "
    "or 'closure' in penalty_kinds)))"
)

#: Of adverse penalties, those that stop or narrow business: 行政处罚法 art 9(3) and (4).
#: Detention (art 9(5)) is of a person and leaves the business free.
RESTRICTING = (
    "('suspension' in penalty_kinds or 'licence_revocation' in penalty_kinds "
    "or 'business_restriction' in penalty_kinds or 'occupation_ban' in penalty_kinds "
    "or 'downgrade' in penalty_kinds or 'closure' in penalty_kinds "
    "or 'permit_suspension' in penalty_kinds)"
)

#: An inspection that tells something about conduct.  Nobody met at the registered place is a
#: question, not a fault: trading elsewhere is legal in Shanghai (art 31).
CONCLUSIVE = "result != 'unreachable' and result != 'no_activity'"
FAILED = f"{CONCLUSIVE} and failed"

#: A complaint that counts: found true, or its settlement not honoured; never a serial claimant's.
VERIFIED = (
    "outcome in ('verified', 'mediation_unmet') "
    "and (is_missing(serial_claimant) or serial_claimant == 0)"
)

#: A rectification order that was not met in time; meeting it in time costs nothing.
OVERDUE = "open and due_on < as_of"
LATE = "ended and as_of - age + duration > due_on"

#: A failed sample that concerns safety; flaws of a label are ordered to be corrected (art 37).
UNSAFE_SAMPLE = "failed and (is_missing(hazard) or hazard != 'label')"

#: Registration changes that can unsettle an enterprise.  Moving, widening the scope and raising
#: capital are what healthy enterprises do, and lawful without more (优化营商环境条例 arts 17, 31).
UNSETTLING = (
    "kind in ('name', 'legal_representative', 'shareholder', 'capital_decrease', 'manager', 'type')"
)
