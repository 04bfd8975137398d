"""Takes credentials out of text that is shown or sent to others.

Dumps, labels and log lines hold URLs with a password, headers printed with ``%v``, tokens in panic values.
They are replaced by ``***`` in what is shown; the tables keep the input as it is. Not every secret can be
recognised: a bare password looks like any word.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

_HIDDEN = "***"
# The userinfo of a URL: a user name, and mostly a password, which may hold an @ of its own.
_USERINFO = re.compile(r"//[^/?#\s]{1,500}@")
# Between a name and its value, as Go, JSON and shells write it.
_OPEN = r"[\"'\\]{0,2}\s{0,3}[:=]\s{0,3}\[?[\"'\\]{0,2}"
_HEADER = re.compile(
    r"(?i)\b((?:proxy-)?authorization|(?:set-)?cookie|x-[a-z-]{0,30}(?:token|key|secret|signature))"
    rf"({_OPEN})[^\r\n\"'\]}}]{{1,4000}}"
)
_SETTING = re.compile(
    r"(?i)((?:\b|[a-z_-])(?:passw(?:or)?d|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key"
    r"|credentials?|signature))"
    # in quotation marks it ends where they do
    rf"((?>{_OPEN}))(?!\*\*\*)(?:(?<=\")(?=\S)(?:[^\"\\\r\n]|\\(?!\")){{1,4000}}|[^\s\"',;&\])}}]{{1,4000}})"
)
_BEARER = re.compile(
    r"(?i)\b(bearer|basic)\s{1,3}(?=[a-z._~+/-]{0,200}[0-9=])[a-z0-9._~+/=-]{6,4000}"
)
#: What is a secret by its looks alone: JSON web tokens; keys of AWS, GitHub, GitLab, Slack, Stripe, Google.
_BY_LOOKS = re.compile(
    r"\beyJ[\w-]{8,2000}\.[\w-]{8,4000}(?:\.[\w-]{0,2000})?"
    r"|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bgh[pousr]_\w{20,255}|\bgithub_pat_\w{20,255}|\bglpat-[\w-]{20,100}"
    r"|\bxox[a-z]-[\w-]{10,200}|\b[sr]k_(?:live|test)_\w{10,200}|\bAIza[\w-]{30,60}"
)
#: Text without any of these holds no secret that is recognised; the search takes a microsecond.
_SIGNS = (
    "@", "authori", "cookie", "passw", "passphrase", "pwd", "secret", "token", "key", "credential",
    "signature", "bearer", "basic", "eyj", "akia", "asia", "ghp_", "gho_", "ghu_", "ghs_", "ghr_",
    "github_pat", "glpat", "xox", "k_live", "k_test", "aiza",
)  # fmt: skip


def without_credentials(text: str) -> str:
    """The text with ``***`` for what looks like a password, a token or a key."""
    small = text.lower()
    if not any(sign in small for sign in _SIGNS):
        return text
    text = _USERINFO.sub("//", text)
    text = _HEADER.sub(rf"\1\2{_HIDDEN}", text)
    text = _BEARER.sub(rf"\1 {_HIDDEN}", text)
    text = _BY_LOOKS.sub(_HIDDEN, text)
    return _SETTING.sub(rf"\1\2{_HIDDEN}", text)


def labels_without_credentials(labels: Mapping[str, str]) -> dict[str, str]:
    """Labels without credentials; what is called like a secret has all of its value hidden."""
    return {
        name: _HIDDEN if _announces_secret(name) else without_credentials(value)
        for name, value in labels.items()
    }


@lru_cache(maxsize=1024)  # many goroutines, few names
def _announces_secret(name: str) -> bool:
    text = f"{name}=x"
    return without_credentials(text) != text
