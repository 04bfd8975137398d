"""Makes untrusted text harmless for a terminal.

Everything that was read is hostile: names, labels and log lines may hold escape sequences, control
characters or text that changes direction. They are shown, not obeyed.
"""

from __future__ import annotations

import re
import unicodedata

from goscope.redaction import without_credentials

_CUT = 300
_BEYOND = 600  # a credential that starts before the cut is seen whole
#: What systems of continuous integration take for a command wherever a job prints it: ``##[...]``,
#: ``##vso[...]`` and ``##teamcity[...]`` anywhere in a line (GitHub Actions, Azure Pipelines, TeamCity),
#: ``::...`` where a line starts, or where a long one is folded (actions/runner, ActionCommand).
_COMMAND = re.compile(
    r"(?i):(?=:(?:error|warning|notice|debug|echo|group|endgroup|add-|remove-|set-|save-|stop-|internal-))|#(?=#\w*\[)"
)


def safe(text: str, *, longest: int = _CUT) -> str:
    """The text on one line, without credentials, control characters as escapes, and not too long."""
    text = without_credentials(text[: longest + _BEYOND])
    if len(text) > longest:
        text = text[: longest - 3] + "..."
    if "::" in text or "##" in text:
        text = _COMMAND.sub(lambda found: f"\\x{ord(found[0]):02x}", text)
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_visible, text))


def _visible(character: str) -> str:
    if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp"):
        code = ord(character)
        return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
    return character
