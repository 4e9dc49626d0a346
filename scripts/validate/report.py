"""What a validation found, and how it is written to disk."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

Severity = Literal["critical", "warning"]
Status = Literal["ok", "warn", "fail"]

EXIT_OK = 0
EXIT_SETUP = 2
EXIT_CRITICAL = 4


@dataclass(frozen=True)
class CheckResult:
    """One check: what it means in plain words, what was seen, and the verdict.

    `severity` is that of the bound which broke; while nothing broke, the hardest it could be.
    """

    name: str
    meaning: str
    severity: Severity
    status: Status
    observed: str


@dataclass(frozen=True)
class SuiteResult:
    """All checks of one table; `sampled_rows` is None when every row was looked at."""

    name: str
    side: Literal["inputs", "outputs"]
    as_of: str
    rows: int
    sampled_rows: int | None
    checks: tuple[CheckResult, ...]

    @property
    def status(self) -> Status:
        """The worst status among the checks."""
        found = {check.status for check in self.checks}
        return "fail" if "fail" in found else "warn" if "warn" in found else "ok"


@dataclass(frozen=True)
class Report:
    """Everything one run of `validate` found."""

    as_of: str
    scope: str
    suites: tuple[SuiteResult, ...]
    baseline_as_of: str | None = None
    builds: dict[str, str] = field(default_factory=dict)  # table → fingerprint of what was checked

    @property
    def success(self) -> bool:
        """True when no critical check failed, so that the push may run."""
        return not self.critical_failures

    @property
    def critical_failures(self) -> list[str]:
        """One readable sentence per failed critical check."""
        return _sentences(self.as_dict()["suites"], status="fail")

    @property
    def warnings(self) -> list[str]:
        """One readable sentence per warning."""
        return _sentences(self.as_dict()["suites"], status="warn")

    @property
    def exit_code(self) -> int:
        """What the command returns: 0, or 4 when a critical check failed."""
        return EXIT_OK if self.success else EXIT_CRITICAL

    def as_dict(self) -> dict[str, Any]:
        """The report in the shape of `validation.json`."""
        suites = [
            {**asdict(suite), "status": suite.status, "checks": [asdict(c) for c in suite.checks]}
            for suite in self.suites
        ]
        return _document(as_of=self.as_of, scope=self.scope, suites=suites, builds=self.builds)

    def write(self, path: Path) -> None:
        """Write `validation.json` in one step, so that no reader ever sees half of it.

        A run over one side keeps the newest results of the other: a later look at the inputs
        must not wipe out that the outputs had failed.
        """
        document = self.as_dict()
        if self.scope != "all":
            kept = [s for s in _suites_in(path) if s.get("side") != self.scope]
            outputs_as_of = {s.get("as_of") for s in kept if s.get("side") == "outputs"}
            document = _document(
                as_of=next(iter(outputs_as_of), None) or self.as_of,
                scope=self.scope,
                suites=sorted(document["suites"] + kept, key=lambda s: s["side"]),
                builds=self.builds or _held(path).get("builds", {}),
            )
        write_json(path, document)


def write_json(path: Path, document: Any) -> None:
    """Replace a JSON file atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".draft")
    draft.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    draft.replace(path)


def instant_text(instant: datetime) -> str:
    """A naive UTC instant as ISO 8601 text: 2026-06-30T00:00:00Z."""
    return instant.isoformat() + "Z"


def _document(
    *, as_of: str, scope: str, suites: list[dict[str, Any]], builds: dict[str, str]
) -> dict[str, Any]:
    failures = _sentences(suites, status="fail")
    return {
        "success": not failures,
        "as_of": as_of,
        "scope": scope,
        "critical_failures": failures,
        "warnings": _sentences(suites, status="warn"),
        "builds": builds,
        "suites": suites,
    }


def _sentences(suites: Iterable[dict[str, Any]], *, status: Status) -> list[str]:
    return [
        f"{suite['name']} {check['name']}: expected {check['meaning']}; found {check['observed']}"
        for suite in suites
        for check in suite["checks"]
        if check["status"] == status
    ]


def _suites_in(path: Path) -> list[dict[str, Any]]:
    try:
        return list(_held(path)["suites"])
    except (KeyError, TypeError):
        return []


def _held(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
