"""The protobuf messages of pprof profiles, for the ``protobuf`` package.

The facts are those of the published ``profile.proto`` (package perftools.profiles, in google/pprof);
names, numbers and types are the wire format that every profile has. The descriptor is built from the
list below when the first profile is read, so that no compiler of ``.proto`` files is needed.

Strings are declared as bytes, which is the same on the wire: Go writes labels as the program set them,
valid UTF-8 or not, and a protobuf string that is not valid makes the whole message unreadable.
"""

from __future__ import annotations

import functools
from typing import Any

#: Message: fields as (name, number, type); ``*`` marks a repeated field.
_MESSAGES: dict[str, tuple[tuple[str, int, str], ...]] = {
    "Profile": (
        ("sample_type", 1, "*ValueType"),
        ("sample", 2, "*Sample"),
        ("mapping", 3, "*Mapping"),
        ("location", 4, "*Location"),
        ("function", 5, "*Function"),
        ("string_table", 6, "*bytes"),
        ("drop_frames", 7, "int64"),
        ("keep_frames", 8, "int64"),
        ("time_nanos", 9, "int64"),
        ("duration_nanos", 10, "int64"),
        ("period_type", 11, "ValueType"),
        ("period", 12, "int64"),
        ("comment", 13, "*int64"),
        ("default_sample_type", 14, "int64"),
        ("doc_url", 15, "int64"),
    ),
    "ValueType": (("type", 1, "int64"), ("unit", 2, "int64")),
    "Sample": (("location_id", 1, "*uint64"), ("value", 2, "*int64"), ("label", 3, "*Label")),
    "Label": (
        ("key", 1, "int64"),
        ("str", 2, "int64"),
        ("num", 3, "int64"),
        ("num_unit", 4, "int64"),
    ),
    "Mapping": (
        ("id", 1, "uint64"),
        ("memory_start", 2, "uint64"),
        ("memory_limit", 3, "uint64"),
        ("file_offset", 4, "uint64"),
        ("filename", 5, "int64"),
        ("build_id", 6, "int64"),
        ("has_functions", 7, "bool"),
        ("has_filenames", 8, "bool"),
        ("has_line_numbers", 9, "bool"),
        ("has_inline_frames", 10, "bool"),
    ),
    "Location": (
        ("id", 1, "uint64"),
        ("mapping_id", 2, "uint64"),
        ("address", 3, "uint64"),
        ("line", 4, "*Line"),
        ("is_folded", 5, "bool"),
    ),
    "Line": (("function_id", 1, "uint64"), ("line", 2, "int64"), ("column", 3, "int64")),
    "Function": (
        ("id", 1, "uint64"),
        ("name", 2, "int64"),
        ("system_name", 3, "int64"),
        ("filename", 4, "int64"),
        ("start_line", 5, "int64"),
    ),
}


class NotAProfile(ValueError):
    """The bytes are no message of this schema."""


def parse_profile(data: bytes) -> Any:
    """The ``Profile`` message of uncompressed bytes.

    Raises:
        NotAProfile: they are none; cut or damaged bytes usually are none.
    """
    from google.protobuf.message import DecodeError

    try:
        return _profile_class().FromString(data)
    except (DecodeError, RecursionError, RuntimeError, ValueError) as error:
        raise NotAProfile("not a protobuf message of this sort") from error


def new_profile() -> Any:
    """An empty ``Profile`` message, to be filled and written."""
    return _profile_class()()


@functools.cache
def _profile_class() -> Any:
    from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
    from google.protobuf.descriptor_pool import DescriptorPool
    from google.protobuf.message_factory import GetMessageClass

    package = "perftools.profiles"
    file = FileDescriptorProto(name="profile.proto", package=package, syntax="proto3")
    for message, fields in _MESSAGES.items():
        made = file.message_type.add(name=message)
        for name, number, kind in fields:
            plain = kind.removeprefix("*")
            repeated = plain != kind
            field = made.field.add(
                name=name,
                number=number,
                label=FieldDescriptorProto.LABEL_REPEATED
                if repeated
                else FieldDescriptorProto.LABEL_OPTIONAL,
            )
            if plain in _MESSAGES:
                field.type = FieldDescriptorProto.TYPE_MESSAGE
                field.type_name = f".{package}.{plain}"
            else:
                field.type = FieldDescriptorProto.Type.Value(f"TYPE_{plain.upper()}")
    pool = DescriptorPool()
    pool.Add(file)
    return GetMessageClass(pool.FindMessageTypeByName(f"{package}.Profile"))
