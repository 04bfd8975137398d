"""plotly.js inside the page: compressed, as text that needs no escaping.

plotly.js 3 and 4 are about 5 MB, too much for a page that is sent around. Compressed they are 1.5 MB; the
browser unpacks them (``assets/unpack.js``). Base 85 instead of base 64 saves 120 kB of the rest.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
from dataclasses import dataclass
from functools import cache

import numpy as np

#: That of RFC 1924, with what means something in HTML exchanged.
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%.()*+-;,=:?@^_`{|}~"


@dataclass(frozen=True, slots=True)
class Library:
    """The compressed script, how long the archive is, and the hash that lets the browser run it."""

    text: str
    size: int
    sha256: str


@cache
def library() -> Library:
    """plotly.js of the installed plotly package."""
    from plotly.offline import get_plotlyjs

    script = parsed_at_once(get_plotlyjs()).encode()
    archive = gzip.compress(script, 9, mtime=0)
    return Library(encoded(archive), len(archive), sha256(script))


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


def encoded(data: bytes) -> str:
    """Bytes in base 85: five letters for four bytes, zeros behind the end."""
    words = np.frombuffer(data + b"\0" * (-len(data) % 4), ">u4").astype(np.int64)
    digits = np.empty((len(words), 5), np.uint8)
    for place in range(4, -1, -1):
        words, digits[:, place] = words // 85, words % 85
    letters = np.frombuffer(ALPHABET.encode(), np.uint8)
    return letters[digits].tobytes().decode()
