"""Documents as JSON text that may be shown to anybody, wherever it is printed."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

from goscope.redaction import without_credentials


def json_text(document: Mapping[str, Any]) -> str:
    """The document as JSON, without credentials in its texts, with a line end."""
    page = io.StringIO()  # dumps() would keep a list of all words until the end
    json.dump(_shareable(document), page, ensure_ascii=True, indent=2)
    # Both are the same text to a reader of JSON. A job that prints ##[...] or ##vso[...] gives
    # a command, and DEL is the one control character that JSON has no escape for.
    return page.getvalue().replace("##", r"\u0023\u0023").replace("\x7f", r"\u007f") + "\n"


def data(value: Any) -> Any:
    """A value as JSON has it: dataclasses as objects of their fields, tuples as lists."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple | list):
        return [data(one) for one in value]
    if is_dataclass(value):
        return {field.name: data(getattr(value, field.name)) for field in fields(value)}
    return value


def named(value: Any, names: str) -> dict[str, Any]:
    """Some attributes of a value, as an object in this order."""
    return {name: data(getattr(value, name)) for name in names.split()}


def _shareable(value: Any) -> Any:
    """The same without credentials in its texts."""
    if isinstance(value, str):
        return without_credentials(value)
    if isinstance(value, dict):
        return {name: _shareable(one) for name, one in value.items()}
    return [_shareable(one) for one in value] if isinstance(value, list) else value
