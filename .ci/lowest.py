"""Print the lowest versions that pyproject.toml allows, as constraints for pip: ``python lowest.py``."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))[
    "project"
]
for wanted in project["dependencies"]:
    found = re.match(r"([A-Za-z0-9_.-]+)>=([0-9.]+)", wanted)
    if found is None:
        raise SystemExit(f"{wanted}: has no lowest version")
    print(f"{found[1]}=={found[2]}")
