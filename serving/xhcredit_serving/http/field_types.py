"""Types of fields that several endpoints take: texts, bureaus, roles, enterprise codes."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Path
from pydantic import AfterValidator, Field

from xhcredit.domain.codes import normalised, problem_with
from xhcredit_serving.http import examples
from xhcredit_serving.http.problems import WrongCodes


def encodable_text(text: str) -> str:
    """A text that can be written as UTF-8: JSON can also hold halves of characters."""
    if not text.isascii() and any("\ud800" <= c <= "\udfff" for c in text):
        raise ValueError("holds half a character; write whole ones")
    return text


EncodableText = Annotated[str, AfterValidator(encodable_text)]
Name = Annotated[EncodableText, Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]+$")]
Bureau = Annotated[
    EncodableText,
    Field(
        max_length=64,
        # Without 、, by which Caller.bureau joins several bureaus in the audit log.
        pattern=r"^[^\x00-\x1f\x7f、]*$",
        description="部门；空为全区 / bureau; empty: the whole district",
        examples=["市场监管局"],
    ),
]
Role = Literal[
    "viewer", "inspector", "draw_officer", "restoration_officer", "model_manager",
    "system_admin", "security_admin", "auditor",
]  # fmt: skip
CodeInPath = Annotated[
    str,
    Path(description="统一社会信用代码 / unified social credit code", examples=[examples.CODE]),
]


def validated_code(code_text: str) -> str:
    """A code as it is written; full-width and lower-case characters are taken too.

    Raises:
        WrongCodes: with what is wrong.
    """
    code = normalised(code_text)
    if problem_with(code) is not None:
        raise WrongCodes({"code": code[:64]})
    return code
