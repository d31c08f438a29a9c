"""Request and example bodies of models."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from xhcredit_serving.http import examples

_TEXT = r"^[^\x00]*$"

EXAMPLE_STATE: dict[str, Any] = {"candidate": 3, "step": 4, "state": "approved"}
EXAMPLE_SHADOW = {**EXAMPLE_STATE, "state": "shadowed", "moved": 118}
EXAMPLE_TIER_MOVE = {
    "candidate": 3, "step": 5, "code": examples.CODE, "name": "上海示例餐饮管理有限公司",
    "bureau": "区市场监管局", "tier_before": "B", "tier_after": "C",
    "composite_before": 651.2, "composite_after": 598.4, "activity": 911,
}  # fmt: skip
EXAMPLE_SWITCH = {
    "id": 1, "digest": "5b…", "replaces": "9c…", "from_day": "2026-07-01", "candidate": 3,
    "act": "switch", "recorded_at": "2026-06-30T09:00:00.000000Z", "actor": "li",
    "reason": "季度更新", "activity": 912,
}  # fmt: skip
EXAMPLE_CANDIDATE = {
    "id": 3, "digest": "5b…", "name": "boosted-general", "score": "general", "model": "boosted",
    "evaluation": {"metrics": {"auc": 0.81}, "compared": {"auc": [0.81, 0.78, {"low": 0.01}]}},
    "gates": [{"gate": "calibrated", "open": True, "zh": "校准斜率 1.02", "en": "slope 1.02"}],
    "steps": [], "state": "approved", "activity": 900,
}  # fmt: skip


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Reason(_Body):
    """Why."""

    reason: Annotated[str, Field(min_length=1, max_length=500, pattern=_TEXT, examples=["已核对"])]


class Switch(_Body):
    """From which as-of day on."""

    from_day: Annotated[date, Field(examples=["2026-07-01"])]


def parse_day(text: str) -> date:
    """Stored day as a date."""
    return date.fromisoformat(text)
