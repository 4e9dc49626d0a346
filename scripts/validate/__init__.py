"""Quality checks where data enters (raw files) and leaves (marts), judged by Great Expectations."""

from scripts.validate.bounds import Bounds, Limit, project_settings
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
    "project_settings",
    "validate",
]
