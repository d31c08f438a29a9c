"""Unified social credit codes (统一社会信用代码).

```python
import xhcredit

assert xhcredit.check_code(" 91310115ma1k3cum7m").valid
print(xhcredit.check_code("91310115MA1K3CUM7X").problem)
```
"""

from __future__ import annotations

from dataclasses import dataclass

from xhcredit.domain.codes import normalised, problem_with


@dataclass(frozen=True)
class CodeCheck:
    """A checked code: ``code`` as it is written properly, and its ``problem`` (empty if none)."""

    code: str
    problem: str

    @property
    def valid(self) -> bool:
        """Whether length, characters and both check digits are right."""
        return not self.problem


def check_code(text: str) -> CodeCheck:
    """Check a unified social credit code; a wrong one is an answer, not an error.

    Full-width characters, lower case and blanks around are put right first. Both check digits are
    counted: character 17 (GB 11714) and character 18 (GB 32100). Whether an enterprise has the code
    is not looked up.

    Args:
        text: 18 characters.

    Returns:
        A ``CodeCheck``: ``code``, ``valid``, ``problem`` (in words).
    """
    code = normalised(text)
    return CodeCheck(code, problem_with(code) or "")
