"""One file per problem. A rule is a pure function from a capture to findings.

A module of this package, or of one in it, that defines ``RULE`` is a rule; nothing else registers it.
Its name is the problem, its docstring the documentation that ``goscope explain`` and ``goscope rules``
print.
"""

from __future__ import annotations

import functools

from goscope.discovery import modules_defining
from goscope.rules.rule import Rule


@functools.cache
def all_rules() -> tuple[Rule, ...]:
    """Every rule, in the order of their names."""
    found = (m.RULE for m in modules_defining("RULE", __name__, __path__))
    return tuple(sorted(found, key=lambda one: one.name))
