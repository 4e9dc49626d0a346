"""What the tests of faults counted: each adds a line to a file, `make test-faults` prints the sums.

`lost` are records that the destination does not hold as the warehouse wants them and that nothing
lists as refused or held, `doubled` those that it was told twice where once was right, and
`wrongly_contacted` those that it holds although nobody may reach them, or nobody wanted them there.
"""

import json
import os
import sys
from collections import Counter
from pathlib import Path

NAMES = ("records", "faults", "lost", "doubled", "wrongly_contacted")


def count(**figures: int) -> None:
    """Add the figures of one test, and fail when anything was lost, doubled or wrong."""
    assert set(figures) <= set(NAMES)
    if path := os.environ.get("FAULT_FIGURES"):
        with Path(path).open("a") as file:
            file.write(json.dumps(figures) + "\n")
    bad = {name: figures.get(name, 0) for name in NAMES[2:] if figures.get(name)}
    assert not bad, bad


def main(path: str) -> None:
    """Print the sums."""
    sums: Counter[str] = Counter(dict.fromkeys(NAMES, 0))
    for line in Path(path).read_text().splitlines():
        sums.update(json.loads(line))
    print(", ".join(f"{sums[name]:,} {name.replace('_', ' ')}" for name in NAMES))


if __name__ == "__main__":
    main(sys.argv[1])
