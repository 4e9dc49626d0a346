"""Write docs/triggers.md: what every trigger means, its cases and the SQL it compiles to."""

import argparse
import re
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from scripts.dbt_runner import PROJECT, invoke_dbt

PAGE = PROJECT / "docs" / "triggers.md"
MACROS = PROJECT / "macros" / "triggers"
CASES = PROJECT / "tests" / "triggers"
AS_OF = "2026-06-30T00:00:00Z"
# What the cases ask the CRM for.
VARIABLES = {"crm_properties": {"contact": ["buying_role"]}}
BETWEEN = "\n-- next\n"


@dataclass(frozen=True)
class Case:
    """One row of a trigger's table: the call, the traits as SQL, and what must come out."""

    call: str
    traits: str
    result: str
    why: str


@dataclass(frozen=True)
class BadCall:
    """One call that must stop the parse, and words of the error."""

    call: str
    says: str


def rows(text: str, heading: str) -> list[list[str]]:
    """The cells of the table whose header begins with `heading`, without backquotes."""
    found = re.search(rf"^\| {heading} \|.*\n\|[-|]+\n((?:\|.*\n?)*)", text, re.MULTILINE)
    return [
        [cell.strip().strip("`") for cell in line.strip("|").split(" | ")]
        for line in (found.group(1).splitlines() if found else [])
    ]


def cases_of(trigger: str) -> tuple[list[Case], list[BadCall]]:
    """The good and the bad calls in tests/triggers/<trigger>.md."""
    text = (CASES / f"{trigger}.md").read_text()
    return (
        [Case(*cells) for cells in rows(text, "call")],
        [BadCall(*cells) for cells in rows(text, "bad call")],
    )


def triggers() -> list[str]:
    """The names of all triggers."""
    return sorted(path.stem for path in MACROS.glob("*.sql"))


def compile_calls(calls: Iterable[str], *, as_of: str = AS_OF) -> dict[str, str]:
    """The SQL that each trigger call compiles to, as of one instant.

    Raises DbtFailed when a call is refused.
    """
    wanted = list(dict.fromkeys(calls))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        result = invoke_dbt(
            "compile",
            "--inline",
            BETWEEN.join(f"{{{{ {call} }}}}" for call in wanted),
            warehouse=folder / "warehouse.duckdb",
            target_path=folder / "target",
            profiles_dir=folder,
            variables={**VARIABLES, "as_of": as_of, "raw_path": str(folder / "raw")},
        )
    compiled = result.results[0].node.compiled_code.split(BETWEEN.strip())
    return dict(zip(wanted, (sql.strip() for sql in compiled), strict=True))


def signature(trigger: str) -> str:
    """How the macro is declared, such as `did(behavior, at_least=1, within_days='ever')`."""
    declared = re.search(r"{% macro (\w+\(.*?\)) -?%}", (MACROS / f"{trigger}.sql").read_text())
    return declared.group(1)


def meaning(trigger: str) -> str:
    """The first paragraph above the macro, as one line."""
    header = re.search(r"{#\s*(.*?)\n\s*\n", (MACROS / f"{trigger}.sql").read_text(), re.DOTALL)
    return " ".join(header.group(1).split())


def page() -> str:
    """The whole page as Markdown."""
    found = {trigger: cases_of(trigger) for trigger in triggers()}
    compiled = compile_calls(case.call for cases, _ in found.values() for case in cases)
    parts = [
        "# Triggers",
        "",
        "Macros that turn traits into one boolean, never null. What the words mean exactly is in "
        "[semantics](semantics.md). A bad argument stops the parse and says what to write instead.",
        "",
        f"Compiled as of `{AS_OF}`. `make trigger-docs` writes this page from `macros/triggers` "
        "and the tables of cases in `tests/triggers`, which the tests run.",
    ]
    for trigger, (cases, bad_calls) in found.items():
        parts += ["", f"## {trigger}", "", meaning(trigger), "", f"`{signature(trigger)}`"]
        for call in dict.fromkeys(case.call for case in cases):
            parts += ["", f"`{call}` compiles to", "", "```sql", compiled[call], "```", ""]
            parts += ["| traits | result | why |", "|---|---|---|"]
            parts += [
                f"| `{case.traits}` | {case.result} | {case.why} |"
                for case in cases
                if case.call == call
            ]
        refused = {}
        for bad in bad_calls:
            refused.setdefault(bad.call, []).append(f"`{bad.says}`")
        parts += ["", "| refused | because |", "|---|---|"]
        parts += [f"| `{call}` | … {', … '.join(says)} |" for call, says in refused.items()]
    return "\n".join(parts) + "\n"


def main(argv: list[str] | None = None) -> int:
    """Write the page; returns 0."""
    argparse.ArgumentParser(prog="python -m dev.trigger_docs", description=__doc__).parse_args(argv)
    PAGE.write_text(page())
    print(PAGE.relative_to(PROJECT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
