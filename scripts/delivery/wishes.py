"""Keep what a person asks of a DuckDB ledger while a push holds it: a file of lines beside it.

Whoever holds the ledger next, or holds it now and ends, does what is asked.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import filelock

from .ledger import Ledger
from .locks import is_postgres
from .people import append_private


def wish(address: str, asked: dict[str, Any]) -> None:
    """Write down what `fulfil` is to do: `sync`, `action` and `ids` of Ledger.settle_dead."""
    with held(address) as file:
        append_private(file, json.dumps(asked) + "\n")


def fulfil(ledger: Ledger) -> None:
    """Do what was asked of this ledger's sync; what concerns others stays for them."""
    if ledger.address is None or is_postgres(ledger.address) or not place(ledger.address).exists():
        return
    with held(ledger.address) as file:
        asked = list(whole_wishes(file))
        for line in asked:
            if line["sync"] == ledger.sync:
                ledger.settle_dead(line["action"], line["ids"])
        draft = file.with_name(f"{file.name}.part")
        draft.unlink(missing_ok=True)
        others = [line for line in asked if line["sync"] != ledger.sync]
        if others:  # whole in its place, or as it was: nobody's wish gets lost on the way
            append_private(draft, "".join(json.dumps(line) + "\n" for line in others))
            draft.replace(file)
        else:
            file.unlink()


def whole_wishes(file: Path) -> Iterator[dict[str, Any]]:
    """Yield what is asked; a line that a crash tore is none, for nobody was told that it holds."""
    for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
        with suppress(ValueError):
            asked = json.loads(line)
            if isinstance(asked, dict) and {"sync", "action", "ids"} <= set(asked):
                yield asked


def place(address: str) -> Path:
    """Return where the wishes of a ledger are."""
    return Path(f"{address}.asked")


@contextmanager
def held(address: str) -> Iterator[Path]:
    """Yield the file of wishes, for one process at a time."""
    with filelock.FileLock(f"{place(address)}.lock", mode=0o600):
        yield place(address)
