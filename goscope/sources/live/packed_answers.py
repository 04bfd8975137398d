"""Decompresses the answer of a server in pieces of bounded size.

httpx decompresses every received chunk at once, and a few hundred bytes may expand to gigabytes.
"""

from __future__ import annotations

from collections.abc import Iterator

from goscope.sources.files.compressed import UnpackLimit, UnreadableData, decompressor_for, unpacked

#: The encodings that goscope accepts or that servers send anyway, with their magic numbers.
_PACKINGS = {"gzip": b"\x1f\x8b", "x-gzip": b"\x1f\x8b", "zstd": b"\x28\xb5\x2f\xfd"}


def unpacked_answer(chunks: Iterator[bytes], packing: str) -> Iterator[bytes]:
    """The answer that comes in these chunks; ``packing`` is its Content-Encoding.

    Raises:
        Unreadable: it is packed in some other way, or damaged; ``{}`` stands for the bytes before.
    """
    packing = packing.strip().lower()
    if packing in ("", "identity"):
        yield from chunks
        return
    make = decompressor_for(_PACKINGS.get(packing, b""))
    if make is None:
        raise UnreadableData(
            "the answer is packed in a way that was not asked for (Content-Encoding)"
        )
    try:
        yield from unpacked(chunks, make, UnpackLimit())
    except UnreadableData:
        raise UnreadableData("the compressed answer is damaged after {} bytes") from None
