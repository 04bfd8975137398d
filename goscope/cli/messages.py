"""What the command line says on standard error."""

from __future__ import annotations

import sys

from goscope.errors import GoscopeError

_LONGEST = 4096


def complain(error: GoscopeError) -> None:
    """One line on stderr; names of inputs are untrusted text, also here."""
    from goscope.renderers.safe_text import safe

    print(f"goscope: {safe(str(error), longest=_LONGEST)}", file=sys.stderr)
