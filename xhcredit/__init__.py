"""xhcredit: 1+X enterprise credit grading and supervision scoring for a district regulator.

The names of ``__all__`` are the public Python API (docs/python-api.md); what lies below may change.
They are imported when first used, so that ``import xhcredit`` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from xhcredit.errors import XhcreditError

if TYPE_CHECKING:
    from xhcredit.api.alerts import alerts_between
    from xhcredit.api.codes import CodeCheck, check_code
    from xhcredit.api.draws import (
        DrawEstimates,
        DrawnList,
        DrawVerification,
        FrozenDraw,
        estimate_draw,
        freeze_draw,
        run_draw,
        verify_draw,
    )
    from xhcredit.api.restoration import Assessment, assess_restoration
    from xhcredit.api.rules import (
        LastDay,
        Rulebook,
        add_working_days,
        load_rules,
        rules_in_force,
        tier_of_score,
    )
    from xhcredit.api.scoring import (
        Explanation,
        Release,
        ScoredDay,
        explain_enterprise,
        feature_catalogue,
        feature_table,
        load_release,
        score_enterprises,
    )
    from xhcredit.api.warehouse import IngestReport, OpenWarehouse, ingest_folder, open_warehouse

__version__ = "0.1.0"
__all__ = [
    "Assessment",
    "CodeCheck",
    "DrawEstimates",
    "DrawVerification",
    "DrawnList",
    "Explanation",
    "FrozenDraw",
    "IngestReport",
    "LastDay",
    "OpenWarehouse",
    "Release",
    "Rulebook",
    "ScoredDay",
    "XhcreditError",
    "__version__",
    "add_working_days",
    "alerts_between",
    "assess_restoration",
    "check_code",
    "estimate_draw",
    "explain_enterprise",
    "feature_catalogue",
    "feature_table",
    "freeze_draw",
    "ingest_folder",
    "load_release",
    "load_rules",
    "open_warehouse",
    "rules_in_force",
    "run_draw",
    "score_enterprises",
    "tier_of_score",
    "verify_draw",
]

#: public names by the module below ``xhcredit.api`` that has them
_NAMES = {
    "alerts": "alerts_between",
    "codes": "CodeCheck check_code",
    "draws": "DrawEstimates DrawVerification DrawnList FrozenDraw "
    "estimate_draw freeze_draw run_draw verify_draw",
    "restoration": "Assessment assess_restoration",
    "rules": "LastDay Rulebook add_working_days load_rules rules_in_force tier_of_score",
    "scoring": "Explanation Release ScoredDay "
    "explain_enterprise feature_catalogue feature_table load_release score_enterprises",
    "warehouse": "IngestReport OpenWarehouse ingest_folder open_warehouse",
}

if not TYPE_CHECKING:  # a type checker knows the names above, and refuses any other

    def __getattr__(name: str) -> Any:
        """Public name, imported when it is first used (PEP 562).

        Raises:
            AttributeError: it is no public name.
        """
        for module, names in _NAMES.items():
            if name in names.split():
                globals()[name] = getattr(import_module(f"xhcredit.api.{module}"), name)
                return globals()[name]
        raise AttributeError(f'module "xhcredit" has no public name "{name}"; see dir(xhcredit)')

    def __dir__() -> list[str]:
        """Public names, and what was imported besides."""
        return sorted({*globals(), *__all__})
