"""OpenAPI examples and header parameters."""

from __future__ import annotations

from typing import Any

CODE = "91310115MA1K3CUM7M"
PURPOSE_WORDS = (
    "查询事由，随操作日志留存；非 ASCII 字符请用 UTF-8 或百分号编码 / why you ask; kept in the "
    "activity chain; UTF-8, or percent-encoded"
)
_REASON = {
    "score": "general",
    "indicator": "penalties_24m",
    "zh": "近24个月行政处罚次数",
    "en": "administrative penalties in the last 24 months",
    "value": 1.0,
    "points_lost": 21.5,
}
SCORE = {
    "code": CODE,
    "name": "上海示例餐饮管理有限公司",
    "as_of": "2026-06-30",
    "run": 12,
    "release": "expert",
    "composite": 742.31,
    "tier": "B",
    "decided_by": "tiers.cutoffs",
    "general": 742.31,
    "x": {"x_food": {"score": 731.2, "grade": "B"}},
    "national_evaluation": None,
    "reasons": [_REASON],
    "bureau": "区市场监管局",
    "bureaus": ["区市场监管局", "区消防救援支队"],
    "street": "香樟街道",
    "previous_tier": "A",
    "mark": "内部参考：仅用于配置监管资源，不是信用评价，不得公开",
}
_RUN = {"run": 12, "as_of": "2026-06-30", "published_at": "2026-06-30T18:20:05.000000Z"}
HISTORY = {
    "code": CODE,
    "runs": [
        {
            **_RUN,
            "tier": "B",
            "composite": 742.31,
            "general": 742.31,
            "x": {},
            "etag": "9f…",
            "moved": -21.5,
            "rest": 0.0,
            "moved_by": [
                {
                    "score": "general",
                    "indicator": "penalties_24m",
                    "composite": -21.5,
                    "zh": "近24个月行政处罚次数",
                    "en": "administrative penalties, last 24 months",
                }
            ],
        }
    ],
}
_READ_EVENT = {
    "counts": True,
    "indicators": [
        {
            "indicator": "penalties_24m",
            "zh": "近24个月行政处罚次数",
            "en": "penalties, last 24 months",
            "enters": ["general"],
        }
    ],
    "why_none": [],
}
_UNREAD_EVENT = {
    "counts": False,
    "indicators": [],
    "why_none": [{"reason": "procedure", "zh": "处罚程序为“简易程序”", "en": "procedure: summary"}],
}
EXPLAIN = {
    "run": 12,
    "code": CODE,
    "composite": 742.31,
    "tier": "B",
    "decided_by": "tiers.cutoffs",
    "scores": [{"score": "general", "points": 742.31, "weight": 1.0, "indicators": []}],
    "events": [
        {"table": "penalty", "occurred_on": "2026-01-05", "source_file": "处罚.csv", **_READ_EVENT},
        {
            "table": "penalty",
            "occurred_on": "2025-11-02",
            "source_file": "处罚.csv",
            **_UNREAD_EVENT,
        },
    ],
}
BATCH = {"run": 12, "scores": [SCORE], "not_found": ["91310000000000000X"]}
RUN = {**_RUN, "enterprises": 120000, "tiers": {"A": 61000, "B": 41000, "C": 14000, "D": 4000}}
RULES = {
    "as_of": "2027-04-01", "digest": "…",
    "ending": [{
        "rule": "restoration.samr.small_fine",
        "zh": "上海市市场监督管理局关于较低数额罚款标准的规定有效期至 2027-06-30",
        "en": "ends by its own terms, last day 2027-06-30",
    }],
}  # fmt: skip
RULE = {
    "id": "scores.scale",
    "name_zh": "评分刻度",
    "unit": "分",
    "value": {"base": 600},
    "effective_from": "2026-01-01",
    "verification": "V1",
    "confirmed": False,
    "in_service": True,
    "source": {"title": "…", "number": "…", "article": "…", "published_on": "2026-01-01"},
}
WATCHLIST = {
    "run": 12,
    "total": 4000,
    "enterprises": [
        {
            "code": CODE,
            "name": "上海示例餐饮管理有限公司",
            "bureau": "区市场监管局",
            "bureaus": ["区市场监管局", "区消防救援支队"],
            "street": "香樟街道",
            "kind": "company",
            "size": "micro",
            "tier": "D",
            "previous_tier": "C",
            "composite": 402.5,
            "moved": -61.2,
            "general": 402.5,
            "x": {},
            "alerts": {"open": 1, "colour": "orange", "triggers": ["licence_expiry"]},
        }
    ],
    "next": "eyJydW4iOjEyLC4uLn0",
}


_FACT = {
    "column": "amount_yuan", "zh": "罚没金额（元）", "en": "amount fined and confiscated",
    "value": "5000.00", "said": None,
}  # fmt: skip
_NEIGHBOUR = {
    "code": CODE, "name": "徐汇云锦饭店", "street": "香樟街道", "tier": "B", "bureau": "市场监管局",
    "bureaus": ["市场监管局"],
}  # fmt: skip
FILE = {
    "run": 12,
    "code": CODE,
    "as_of": "2026-06-30",
    "register": {"known_on": "2020-01-06", "facts": [_FACT], "source_file": "register.csv"},
    "result": {"composite": 742.31, "tier": "B", "decided_by": "tiers.cutoffs", "scores": []},
    "rules": [{"id": "tiers.caps", "zh": "…", "tier": "D", "applies": False}],
    "inspections_this_year": [
        {
            "field": "general",
            "zh": "一般",
            "counting": 2,
            "exempt": 1,
            "total": 3,
            "most": 2,
            "most_in_all": 4,
            "reached": True,
            "unusual": False,
            "departments": [],
        }
    ],
    "events": [
        {
            "table": "penalty",
            "zh": "行政处罚",
            "occurred_on": "2026-01-05",
            "known_on": "2026-01-09",
            "facts": [_FACT],
            "source_file": "处罚.csv",
            "source_row": 7,
            **_READ_EVENT,
        }
    ],
    "relations": [{"kind": "address", "zh": "住所", "count": 3, "neighbours": [_NEIGHBOUR]}],
    "history": [{**_RUN, "tier": "B", "composite": 742.31}],
}
SUPPOSED_CHANGES = {
    "add": [
        {
            "table": "penalty",
            "values": {
                "doc_no": "假设1号", "procedure": "ordinary", "penalty_kinds": "fine",
                "amount_yuan": 5000,
            },
        }
    ],
    "withdraw": [{"table": "penalty", "key": {"doc_no": "沪市监处〔2025〕8号"}}],
}  # fmt: skip
_SCORE_SIDE = {"composite": 742.31, "tier": "B", "scores": {"general": 742.31}}
WHAT_IF = {
    "run": 12,
    "code": CODE,
    "before": _SCORE_SIDE,
    "after": {**_SCORE_SIDE, "composite": 720.81},
    "change": {"composite": -21.5, "tier": ["B", "B"], "indicators": [{**_REASON}]},
}


def json_example(example: object) -> dict[str, Any]:
    """A good answer with its example."""
    body = {"schema": {"type": "object"}, "example": example}
    return {"description": "成功 / done", "content": {"application/json": body}}


def header_parameter(name: str, words: str, *, required: bool = True) -> dict[str, Any]:
    """OpenAPI header parameter."""
    schema = {"type": "string", "minLength": 1, "maxLength": 200}
    return {
        "name": name,
        "in": "header",
        "required": required,
        "description": words,
        "schema": schema,
    }


def purpose_parameters() -> dict[str, Any]:
    """OpenAPI parameters of a read of enterprises (``X-Purpose``)."""
    return {"parameters": [header_parameter("X-Purpose", PURPOSE_WORDS)]}


def code_parameter() -> dict[str, Any]:
    """The code in the address."""
    words = "统一社会信用代码 / unified social credit code"
    schema = {"type": "string", "minLength": 1, "maxLength": 64}
    return {
        "name": "code",
        "in": "path",
        "required": True,
        "description": words,
        "schema": schema,
        "example": CODE,
    }


def written_by_person(*, with_key: bool = True) -> dict[str, Any]:
    """What OpenAPI says of a change by a person besides its own parameters."""
    header_parameters = [
        header_parameter("X-Purpose", "办理事由，随操作日志留存 / why; kept in the activity chain"),
        header_parameter("X-CSRF-Token", "会话令牌，见 /v1/session / the session's token"),
    ]
    key_description = "幂等键：重试不会重复办理 / the same request again does nothing"
    return {
        "parameters": [
            *header_parameters,
            header_parameter("Idempotency-Key", key_description, required=False),
        ]
        if with_key
        else header_parameters
    }


def file_answer(*media_types: str) -> dict[str, Any]:
    """What OpenAPI says of an answer that is a file of one of these types."""
    content = {name: {"schema": _file_schema(name)} for name in media_types}
    return {"description": "文件 / the file", "content": content}


def _file_schema(media_type: str) -> dict[str, str]:
    # A client reads CSV as the text that it is; all else is bytes.
    is_text = media_type.startswith("text/")
    return {"type": "string"} if is_text else {"type": "string", "format": "binary"}
