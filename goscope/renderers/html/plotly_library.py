"""plotly.js inside the page, compressed.

plotly.js 3 and 4 are about 5 MB, too much for a page that is sent around. Compressed and in base 64 they are
2 MB; the browser decompresses them with DecompressionStream (``assets/start.js``), which Chrome has since
version 80, Safari since 16.4 and Firefox since 113.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class Library:
    """The compressed script in base 64, and the hash that lets the browser run it."""

    text: str
    sha256: str


@cache
def library() -> Library:
    """plotly.js of the installed plotly package."""
    from plotly.offline import get_plotlyjs

    script = parsed_at_once(get_plotlyjs()).encode()
    archive = gzip.compress(script, 9, mtime=0)
    return Library(base64.b64encode(archive).decode(), sha256(script))


_OPENING = '(typeof self !== "undefined" ? self : this, () => {'
_CLOSING = "return Plotly;\n}));"


def parsed_at_once(script: str) -> str:
    """The script with its whole in parentheses, which tells V8 that it is called at once.

    Else V8 reads its 5 MB twice: once to find the end of the function, and again when that is called.
    A script of another form stays as it is.
    """
    opening, closing = script.find(_OPENING), script.rstrip().endswith(_CLOSING)
    if opening < 0 or not closing or script.count(_OPENING) > 1:
        return script
    inside = opening + _OPENING.index("() => {")
    end = script.rindex("}));")
    return f"{script[:inside]}({script[inside : end + 1]}){script[end + 1 :]}"


def sha256(script: bytes) -> str:
    """The hash of a script as a Content-Security-Policy names it."""
    return base64.b64encode(hashlib.sha256(script).digest()).decode()
