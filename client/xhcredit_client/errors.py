"""Errors of the API client: problems (RFC 9457) and an unreachable service."""

from __future__ import annotations

from xhcredit_client.types import Answer


class Problem(Exception):
    """The service refused (RFC 9457): ``code`` is stable, titles are Chinese and English.

    ``advice`` says what to do, in both languages; ``instance`` names the request in the service's
    log; ``faults`` are wrong fields, one by one.
    """

    def __init__(self, body: Answer) -> None:
        """Hold the fields of the problem document."""
        self.code = str(body.get("code", "unknown"))
        self.status = int(body.get("status", 0))
        self.title = str(body.get("title", ""))
        self.title_en = str(body.get("title_en", ""))
        self.detail = str(body.get("detail", ""))
        self.advice = str(body.get("advice", ""))
        self.advice_en = str(body.get("advice_en", ""))
        self.instance = str(body.get("instance", ""))
        self.faults = list(body.get("errors", []))
        super().__init__(f"{self.code} ({self.status}): {self.detail} [{self.instance}]")


class Unreachable(Exception):
    """The service did not answer, or was busy, after all tries; the same again may work later."""
