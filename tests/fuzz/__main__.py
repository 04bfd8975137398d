"""Sends hostile input through goscope for some minutes and keeps what broke it.

    python -m tests.fuzz --minutes 10 --seed 1 --keep DIR

The same seed makes the same inputs. The exit status is 1 if something broke.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

from tests.fuzz.everything import send
from tests.fuzz.mutants import mutant


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, default=Path("fuzz-findings"))
    options = parser.parse_args()
    end = time.monotonic() + options.minutes * 60
    found: Counter[str] = Counter()
    number = options.seed << 32
    first = number
    while time.monotonic() < end:
        data = mutant(random.Random(number))
        try:
            with tempfile.TemporaryDirectory() as folder:
                send(data, random.Random(number), Path(folder))
        except Exception as error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            what = f"{type(error).__name__} at {Path(place.filename).name}:{place.lineno}"
            if not found[what]:
                options.keep.mkdir(parents=True, exist_ok=True)
                (options.keep / f"{number}.bin").write_bytes(data)
                print(f"{number}: {what}\n{traceback.format_exc()[-1500:]}", flush=True)
            found[what] += 1
        number += 1
    print(f"{number - first} inputs, {sum(found.values())} broke something: {dict(found)}")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
