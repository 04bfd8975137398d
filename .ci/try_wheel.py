"""Run an installed goscope as a user would: ``python try_wheel.py FIXTURES``, outside the checkout."""

from __future__ import annotations

import gzip
import importlib.util
import json
import subprocess
import sys
from pathlib import Path

GOSCOPE = Path(sys.executable).with_name("goscope")


def main(fixtures: Path) -> None:
    """Run the checks; the first that fails ends the program."""
    for name in ("pytest", "hypothesis", "ruff", "mypy"):
        check(importlib.util.find_spec(name) is None, f"{name} is not installed")
    spec = importlib.util.find_spec("goscope")
    check(spec is not None and "site-packages" in str(spec.origin), "goscope comes from its wheel")
    captures = fixtures / "captures" / "go1.27"

    healthy = str(next((captures / "cpu_matched").glob("stderr.log*")))
    done = goscope("analyze", healthy)
    check(done.returncode == 0 and "healthy" in done.stdout, "a healthy program: exit 0")

    done = goscope("analyze", healthy, "--format", "json")
    diagnosis = json.loads(done.stdout)
    check(done.returncode == 0, "JSON: exit 0")
    check(diagnosis["schema"] == "goscope.diagnosis/1", "JSON names its schema")
    check(diagnosis["verdicts"]["scheduler"]["state"] == "healthy", "JSON: the verdict is healthy")
    (read,) = diagnosis["inputs"]
    check(
        read["records"]["sched"] > 0 and not read["unparsed"]["count"], "JSON: all lines are read"
    )

    dumps = [str(next((captures / "leak_receiver").glob(f"dump-{n}.txt*"))) for n in (1, 2, 3)]
    done = goscope("analyze", *dumps, "--format", "json")
    diagnosis = json.loads(done.stdout)
    check(done.returncode == 0, "a leaking program: exit 0, as no --fail-on is given")
    check(diagnosis["verdicts"]["goroutines"]["state"] == "leak", "JSON: the verdict is leak")
    done = goscope("analyze", *dumps, "--fail-on", "critical")
    check(done.returncode == 1, "a leaking program with --fail-on critical: exit 1")

    content = Path(dumps[0]).read_bytes()
    text = gzip.decompress(content) if dumps[0].endswith(".gz") else content
    done = goscope("analyze", "-", "--format", "json", stdin=text)
    check(done.returncode == 0 and bool(json.loads(done.stdout)), "standard input: exit 0")

    Path("notes.txt").write_text("nothing that Go prints\n", encoding="utf-8")
    for arguments, status, what in (
        (["analyze", "notes.txt"], 3, "nothing recognised: exit 3"),
        (["analyze", "missing.log"], 4, "a missing file: exit 4"),
        (["analyze", "--no-such-option"], 2, "wrong usage: exit 2"),
    ):
        done = goscope(*arguments)
        check(done.returncode == status, what)
        check(bool(done.stderr.strip()), f"{what}, and says why")
        check("Traceback" not in done.stderr, f"{what}, without a traceback")
    check(goscope("--help").returncode == 0, "--help: exit 0")


def goscope(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[str]:
    """One run of the installed command."""
    done = subprocess.run([str(GOSCOPE), *arguments], check=False, capture_output=True, input=stdin)
    return subprocess.CompletedProcess(
        done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
    )


def check(holds: bool, what: str) -> None:
    """Print what holds, or end with what does not."""
    if not holds:
        sys.exit(f"try_wheel: not so: {what}")
    print(f"ok  {what}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
