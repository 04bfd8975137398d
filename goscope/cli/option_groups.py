"""Options that several commands share: declared once, as the fields of a dataclass."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import fields
from typing import Any, get_type_hints

_Command = Callable[..., None]


def with_options(group: type[Any]) -> Callable[[_Command], _Command]:
    """Gives a command the options of a group, in place of the parameter that takes them all.

    The group is a dataclass with a field ``name: Annotated[type, typer.Option(...)] = default`` per option.
    The command declares one parameter of that type; typer sees the options in its place.
    """

    def decorate(command: _Command) -> _Command:
        declared = _parameters(command)
        taker = next(one.name for one in declared if one.annotation is group)
        options = _options(group)

        @functools.wraps(command)
        def called(**given: Any) -> None:
            asked = group(**{one.name: given.pop(one.name) for one in options})
            command(**given, **{taker: asked})

        shown = []
        for one in declared:
            shown += options if one.name == taker else [one.replace(kind=_BY_NAME)]
        called.__annotations__ = {one.name: one.annotation for one in shown}
        called.__signature__ = inspect.Signature(shown)  # type: ignore[attr-defined]
        return called

    return decorate


_BY_NAME = inspect.Parameter.KEYWORD_ONLY


def _parameters(command: _Command) -> list[inspect.Parameter]:
    """The parameters of a command, their types no longer as text."""
    types = get_type_hints(command, include_extras=True)
    found = inspect.signature(command).parameters.values()
    return [one.replace(annotation=types[one.name]) for one in found]


def _options(group: type[Any]) -> list[inspect.Parameter]:
    types = get_type_hints(group, include_extras=True)
    return [
        inspect.Parameter(one.name, _BY_NAME, default=one.default, annotation=types[one.name])
        for one in fields(group)
    ]
