"""JSON responses with rounded numbers."""

from __future__ import annotations

from starlette.responses import JSONResponse

from xhcredit.domain.number_format import rounded

#: headers of answers about persons and enterprises: no cache keeps them
NO_STORE = {"Cache-Control": "no-store"}


class RoundedJSON(JSONResponse):
    """A JSON answer; every number in it is rounded by the name of its field."""

    def render(self, content: object) -> bytes:
        """The answer's bytes."""
        return super().render(rounded(content))
