"""OpenAPI examples and header parameters."""

from __future__ import annotations

CODE = "91310115MA1K3CUM7M"
PURPOSE_WORDS = (
    "查询事由，随操作日志留存；非 ASCII 字符请用 UTF-8 或百分号编码 / why you ask; kept in the "
    "activity chain; UTF-8, or percent-encoded"
)
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


def json_example(example: object) -> dict[str, object]:
    """A good answer with its example."""
    body = {"schema": {"type": "object"}, "example": example}
    return {"description": "成功 / done", "content": {"application/json": body}}


def header_parameter(name: str, words: str, *, required: bool = True) -> dict[str, object]:
    """OpenAPI header parameter."""
    schema = {"type": "string", "minLength": 1, "maxLength": 200}
    return {
        "name": name,
        "in": "header",
        "required": required,
        "description": words,
        "schema": schema,
    }


def purpose_parameters() -> dict[str, object]:
    """OpenAPI parameters of a read of enterprises (``X-Purpose``)."""
    return {"parameters": [header_parameter("X-Purpose", PURPOSE_WORDS)]}


def code_parameter() -> dict[str, object]:
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


def written_by_person(*, with_key: bool = True) -> dict[str, object]:
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


def file_answer(*media_types: str) -> dict[str, object]:
    """What OpenAPI says of an answer that is a file of one of these types."""
    content = {name: {"schema": _file_schema(name)} for name in media_types}
    return {"description": "文件 / the file", "content": content}


def _file_schema(media_type: str) -> dict[str, str]:
    # A client reads CSV as the text that it is; all else is bytes.
    is_text = media_type.startswith("text/")
    return {"type": "string"} if is_text else {"type": "string", "format": "binary"}
