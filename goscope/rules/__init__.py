"""One file per problem. A rule is a pure function from a capture to findings.

A module of this package that defines ``RULE`` is a rule; nothing else registers it. Its name is the
problem, its docstring the documentation that ``goscope explain`` and ``goscope rules`` print.
"""

from __future__ import annotations

import functools

from goscope.discovery import modules_of
from goscope.rules.rule import Rule


@functools.cache
def all_rules() -> tuple[Rule, ...]:
    """Every rule, in the order of their module names."""
    return tuple(m.RULE for m in modules_of(__name__, __path__) if hasattr(m, "RULE"))
