"""Short inputs are held whole until their layout is known; here chunks go on as they come."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True, scope="module")
def chunks_go_on() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("goscope.log_wrappers.unwrapper.LONGEST", -1)
        yield
