"""Checks where data enters (raw tables) and leaves (marts), judged by Great Expectations."""

from scripts.validate.bounds import Bounds, Limit
from scripts.validate.report import CheckResult, Report, SuiteResult
from scripts.validate.run import SCOPES, validate
from scripts.validate.setup_errors import ValidationSetupError

__all__ = [
    "SCOPES",
    "Bounds",
    "CheckResult",
    "Limit",
    "Report",
    "SuiteResult",
    "ValidationSetupError",
    "validate",
]
