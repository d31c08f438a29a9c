"""Description of an indicator, for ``features list`` and ``features show``."""

from __future__ import annotations

from xhcredit.engine.compile import inputs_of
from xhcredit.engine.spec import Feature
from xhcredit.features.declare import last_months
from xhcredit.rules.rulebook import Rulebook

_WORDS = {
    "basic": "基础属性",
    "dynamic": "动态信息",
    "supervision": "监管信息",
    "relation": "关联关系",
    "social": "社会评价",
    "riskier": "越大风险越高",
    "safer": "越大风险越低",
    "none": "无方向",
    "score": "可入评分",
    "rule": "仅供规则",
    "warning": "仅供预警",
    "display": "仅供展示",
}


def describe(feature: Feature, rules: Rulebook) -> dict[str, str]:
    """Everything about an indicator that a reader may ask, as text; ``rules`` name the fields.

    ``dimension``, ``direction``, ``use`` and ``window`` have a Chinese twin (``window_zh``);
    ``definition_text`` is what is computed, ``reads`` the indicators it is made of (empty if none).
    """
    choices = {"dimension": feature.dimension, "direction": feature.direction, "use": feature.use}
    return {
        "id": feature.id,
        "zh": feature.zh,
        "en": feature.en,
        **choices,
        **{f"{key}_zh": dimension_zh(value, rules) for key, value in choices.items()},
        "unit": feature.unit,
        "window": last_months(feature.window)[1] if feature.window else "any time",
        "window_zh": last_months(feature.window)[0] if feature.window else "不限",
        "missing": feature.missing,
        "source": feature.source,
        "how": definition_text(feature),
        "reads": ", ".join(inputs_of(feature)),
    }


def dimension_zh(dimension: str, rules: Rulebook) -> str:
    """A dimension (or supervised field) in Chinese; an unknown one as it is."""
    field = rules.field(f"x_{dimension}")
    return field.names.name_zh if field else _WORDS.get(dimension, dimension)


def definition_text(feature: Feature) -> str:
    """Definition of a feature in the declaration language, on one line.

    >>> from xhcredit.features.registry import feature
    >>> definition_text(feature("capital_decreases_36m"))
    "count of registration_change where (kind == 'capital_decrease')"
    """
    if feature.aggregate == "derived":
        return feature.derive
    if feature.aggregate == "neighbours":
        return f"sum of {feature.of} over others with the same {feature.relation}"
    half_life = f" (half-life {feature.half_life} days)" if feature.half_life else ""
    value = f" {feature.value}" if feature.value else ""
    where = f" where {feature.where}" if feature.where else ""
    return f"{feature.aggregate}{half_life}{value} of {feature.table}{where}"
