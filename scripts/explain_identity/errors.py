"""Reasons why a question has no answer yet; each message says what to do."""

from collections.abc import Iterable
from pathlib import Path


class ExplainError(Exception):
    """The question cannot be answered before somebody decides something."""


class UnknownIdentifier(ExplainError):
    """Nobody was ever seen with this identifier."""

    def __init__(self, asked: str, near: Iterable[str]) -> None:
        names = list(near)
        if names:
            advice = "Did you mean one of these?\n" + "\n".join(f"  {name}" for name in names)
        else:
            advice = (
                "Nothing similar is known either. Ask for it as it stands in marts."
                "profile_identifiers, or run `dbt build` if it is newer than the last build."
            )
        super().__init__(f"Nobody is known by {asked}. {advice}")


class AmbiguousIdentifier(ExplainError):
    """The value is an identifier of several types, of different people."""

    def __init__(self, asked: str, names: Iterable[str]) -> None:
        lines = "\n".join(f"  {name}" for name in names)
        super().__init__(f"{asked} may be several people. Ask for one of them:\n{lines}")


class MissingWarehouse(ExplainError):
    """There is no warehouse file to look into."""

    def __init__(self, warehouse: Path) -> None:
        super().__init__(
            f"There is no warehouse at {warehouse}. Run `dbt build` first, or name the file with "
            "--warehouse or AUDIENCE_WAREHOUSE."
        )


class UnreadableWarehouse(ExplainError):
    """The file is there and is no DuckDB database that this version reads."""

    def __init__(self, warehouse: Path, reason: str) -> None:
        super().__init__(
            f"{warehouse} cannot be read: {reason} Name the DuckDB file that `dbt build` writes "
            "with --warehouse or AUDIENCE_WAREHOUSE."
        )


class WarehouseLocked(ExplainError):
    """Another process writes to the warehouse."""

    def __init__(self, warehouse: Path) -> None:
        super().__init__(
            f"Something writes to {warehouse} (a dbt run?). Try again when it is done."
        )


class WarehouseNotBuilt(ExplainError):
    """The warehouse lacks tables of the identity layer."""

    def __init__(self, warehouse: Path, tables: Iterable[str]) -> None:
        super().__init__(
            f"{warehouse} has no {' and no '.join(tables)}. Run `dbt build` to make them."
        )
