"""What the system tells of the CPU that a program got, in both hierarchies of cgroups."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from goscope.sources.live import cpu_use
from goscope.sources.live.cpu_use import CpuMeter, CpuUse

V2 = "usage_usec 9\nuser_usec 5\nsystem_usec 4\nnr_periods {periods}\nnr_throttled {throttled}\nthrottled_usec 7\n"
V1 = "nr_periods {periods}\nnr_throttled {throttled}\nthrottled_time 7000\n"


@pytest.fixture(params=["v2", "v1", "v1 in a container"])
def folder(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a cgroup with a quota of half a CPU."""
    membership = {
        "v2": "0::/shop.slice/web.scope\n",
        "v1": "7:memory:/shop\n4:cpu,cpuacct:/shop\n0::/\n",
        "v1 in a container": "7:memory:/docker/1f\n4:cpu,cpuacct:/docker/1f\n0::/\n",
    }[request.param]
    own = {
        "v2": "shop.slice/web.scope",
        "v1": "cpu,cpuacct/shop",
        "v1 in a container": "cpu,cpuacct",
    }
    place = tmp_path / "fs" / own[request.param]
    place.mkdir(parents=True)
    if request.param == "v2":
        (place / "cpu.max").write_text("50000 100000\n")
    else:
        (place / "cpu.cfs_quota_us").write_text("50000\n")
        (place / "cpu.cfs_period_us").write_text("100000\n")
    (place / "cpu.stat").write_text(
        (V2 if request.param == "v2" else V1).format(periods=100, throttled=10)
    )
    known = {"/proc/self/cgroup": membership}
    read = cpu_use._text
    monkeypatch.setattr(cpu_use, "_HIERARCHIES", tmp_path / "fs")
    monkeypatch.setattr(cpu_use, "_text", lambda path: known.get(str(path)) or read(path))
    return place


def test_only_what_was_counted_since_the_start_counts(folder: Path) -> None:
    meter = CpuMeter()
    stat = folder / "cpu.stat"
    text = stat.read_text()
    stat.write_text(
        text.replace("nr_periods 100", "nr_periods 160").replace(
            "nr_throttled 10", "nr_throttled 40"
        )
    )
    use = meter.read()
    assert (use.periods, use.throttled, use.quota) == (60, 30, 0.5)
    assert use.throttled_share == 0.5


def test_without_a_quota_nothing_is_withheld(folder: Path) -> None:
    for name, none in (("cpu.max", "max 100000\n"), ("cpu.cfs_quota_us", "-1\n")):
        if (folder / name).exists():
            (folder / name).write_text(none)
    use = CpuMeter().read()
    assert (use.quota, use.throttled_share) == (0.0, 0.0)


def test_a_system_that_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpu_use, "_text", lambda _: "")
    meter = CpuMeter()
    time.sleep(0.01)
    use = meter.read()
    assert use == CpuUse(use.wall_s, use.used_s, cpus=use.cpus)
    assert use.wall_s >= 0.01
    assert use.cpus >= 1
