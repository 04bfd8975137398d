"""Makes untrusted text harmless for a terminal.

Everything that was read is hostile: names, labels and log lines may hold escape sequences, control
characters or text that changes direction. They are shown, not obeyed.
"""

from __future__ import annotations

import re
import unicodedata

_CUT = 300
# The userinfo of a URL: a user name, and mostly a password.
_USERINFO = re.compile(r"//[^/?#\s@]{1,500}@")


def safe(text: str, *, longest: int = _CUT) -> str:
    """The text on one line, control and formatting characters written as escapes, and not too long."""
    if len(text) > longest:
        text = text[: longest - 3] + "..."
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_visible, text))


def shareable(text: str, *, longest: int = _CUT) -> str:
    """The same for reports that are sent to others: no user name or password of a URL either."""
    return safe(_USERINFO.sub("//", text[: longest + 600]), longest=longest)


def _visible(character: str) -> str:
    if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp"):
        code = ord(character)
        return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
    return character
