"""Programs with very many goroutines: asked with care, by what the programs themselves notice of it."""

from __future__ import annotations

import json
import statistics
from collections import Counter
from urllib.request import urlopen

from tests.cli.running import goscope
from tests.live.go_program import needs_go, serving

pytestmark = needs_go
CROWD = 100_000
#: The longest time, in microseconds, that the default capture may stop a program.
BAR = 5_000
ROUNDS = 5


def ask(port: int, what: str) -> str:
    with urlopen(f"http://localhost:{port}/{what}", timeout=60) as answer:
        return str(answer.read().decode())


def pauses(port: int) -> Counter[int]:
    """How often all goroutines were stopped, by microseconds (runtime/metrics)."""
    return Counter({int(start): count for start, count in json.loads(ask(port, "pauses")).items()})


def latest(port: int) -> int:
    """By how many microseconds the program's ticker was late, at worst since it was last asked."""
    return int(ask(port, "longest"))


def test_a_crowd_is_counted_and_hardly_stopped() -> None:
    """The default capture stops 100,000 goroutines for less than 5 ms, and a dump for much longer.

    The runtime tells how long it stopped all goroutines, and the program's own ticker how late it was.
    On a machine that is busy with other things a ticker is late anyway: by how much, captures of a
    small program tell in the same rounds. What a capture causes shows in every round, noise in some.
    """
    late: list[int] = []
    late_anyway: list[int] = []
    stopped = []
    with serving("-n", str(CROWD), "-for", "5m") as port, serving("-for", "5m") as small:
        for _ in range(ROUNDS):
            for other, noted in ((small, late_anyway), (port, late)):
                latest(port)
                before = pauses(port)
                done = goscope(f"localhost:{other}", "--interval", "200ms", "-f", "json")
                noted.append(latest(port))
                assert done.returncode == 0, done.stderr
            stopped.append(max(pauses(port) - before, default=0))
        before = pauses(port)
        dumped = goscope(
            f"localhost:{port}", "--full", "--snapshots", "1", "--no-leak-profile", "-q"
        )
        assert dumped.returncode == 0
        assert max(pauses(port) - before) > 4 * BAR  # so it is seen when one is stopped
        assert latest(port) > 4 * BAR
    assert "goroutines: counts instead of dumps" in done.stderr
    inputs = json.loads(done.stdout)["inputs"]
    assert not any("goroutineleak" in i["name"] or "debug=2" in i["name"] for i in inputs)
    (counts,) = (i for i in inputs if "/goroutine?" in i["name"])  # the crowd stands still
    assert counts["records"]["profiles"] == 1
    (hot,) = (f for f in json.loads(done.stdout)["findings"] if f["rule"] == "leak-hot-site")
    assert hot["goroutines"]["count"] == CROWD
    assert statistics.median(stopped) < BAR, stopped
    if min(late_anyway) < BAR / 5:  # else the machine itself is late, and nothing can be told
        assert min(late) < BAR, (late, late_anyway)


def test_a_crowd_that_grows_is_counted_each_time() -> None:
    with serving("-n", "6000", "-grow") as port:
        done = goscope(f"localhost:{port}", "--interval", "500ms", "-f", "json")
    assert done.returncode == 0
    counted = [i for i in json.loads(done.stdout)["inputs"] if "/goroutine?debug=1" in i["name"]]
    assert len(counted) == 3
