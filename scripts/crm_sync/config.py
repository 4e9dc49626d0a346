"""Read the settings of a push from sync.yml, the command line and the environment."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import yaml

from .destination import Destination
from .errors import ConfigError
from .hubspot import HubSpot

NAME = re.compile(r"[a-z][a-z0-9_]*")
# The key itself, and the ledger's own columns.
RESERVED = {"email", "record_key", "remote_id", "batch_id", "operation", "state", "reason"}
RESERVED |= {"acked_at", "delivered_at", "refused_at", "position", "changed", "verb", "is_doubtful"}

# A further destination is one more file beside hubspot.py and one more line here.
DESTINATIONS = {"hubspot": HubSpot}

DEFAULT_FIELDS = {
    "primary_segment": "audience_primary_segment",
    "segments": "audience_segments",
    "segment_count": "audience_segment_count",
    "engagement_score": "audience_engagement_score",
    "lifecycle_stage": "audience_lifecycle_stage",
    "last_engaged_at": "audience_last_engaged_at",
    "pricing_page_views_30d": "audience_pricing_page_views_30d",
}


@dataclass(frozen=True)
class Settings:
    """Everything a push needs to know; `fields` maps our columns to remote properties."""

    destination: Destination
    warehouse: Path = Path("data/warehouse.duckdb")
    ledger: Path = Path("data/ledger.duckdb")
    source: str = "activation.crm_contacts"
    key: str = "email"
    fields: dict[str, str] = field(default_factory=lambda: dict(DEFAULT_FIELDS))
    max_remove_share: float = 0.2
    workers: int = 4
    max_tries: int = 6
    backoff_seconds: float = 0.5
    longest_wait_seconds: float = 120.0
    timeout_seconds: float = 30.0

    @property
    def sync(self) -> str:
        """The name under which the ledger keeps this destination's records."""
        return f"{self.destination.name}:{self.destination.account}"

    @property
    def properties(self) -> list[str]:
        """The remote properties that this push owns."""
        return list(self.fields.values())


# What sync.yml may set besides the destination and its own options.
OPTIONS = {one.name: one.type for one in fields(Settings) if one.name != "destination"}


def load_settings(
    config: Path | None = None, *, environ: Mapping[str, str] | None = None, **overrides: Any
) -> Settings:
    """Return the settings: defaults, then sync.yml, then `overrides` that are not None.

    Without `config`, `sync.yml` in the current folder is read when there is one. The environment
    gives secrets, and AUDIENCE_WAREHOUSE gives the warehouse. Raises ConfigError.
    """
    environ = os.environ if environ is None else environ
    path = config or Path("sync.yml")
    if config is not None and not path.exists():
        raise ConfigError(f"There is no file {path}; copy sync.example.yml to it.")
    values: dict[str, Any] = read_yaml(path) if path.exists() else {}
    if environ.get("AUDIENCE_WAREHOUSE"):
        values["warehouse"] = environ["AUDIENCE_WAREHOUSE"]
    values |= {name: value for name, value in overrides.items() if value is not None}
    name = values.pop("destination", "hubspot")
    options = values.pop("destination_options", None) or {}
    unknown = sorted(set(values) - set(OPTIONS))
    if unknown:
        choices = sorted([*OPTIONS, "destination", "destination_options"])
        raise ConfigError(
            f"{path} does not know {unknown}; it knows {choices}. Secrets belong in the "
            "environment, never in this file."
        )
    if name not in DESTINATIONS:
        raise ConfigError(f"There is no destination {name!r}; choose one of {list(DESTINATIONS)}.")
    settings = Settings(destination=DESTINATIONS[name].from_options(options, environ))
    return check(
        replace(settings, **{name: convert(name, value) for name, value in values.items()})
    )


def read_yaml(path: Path) -> dict[str, Any]:
    """Return the mapping in a YAML file; an empty file is an empty mapping."""
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, yaml.YAMLError) as problem:
        raise ConfigError(f"{path} cannot be read: {problem}") from None
    if not isinstance(found, dict):
        raise ConfigError(f"{path} must be a mapping of settings; see sync.example.yml.")
    return found


def convert(name: str, value: Any) -> Any:
    """Return a setting in its own type."""
    kind = OPTIONS[name]
    try:
        return kind(value) if kind in (Path, str, int, float) else dict(value)
    except (TypeError, ValueError):
        raise ConfigError(f"The setting {name} cannot be {value!r}.") from None


def check(settings: Settings) -> Settings:
    """Return the settings when they make sense; raises ConfigError otherwise."""
    names = list(settings.fields) + settings.properties
    wrong = [name for name in names if not NAME.fullmatch(str(name))]
    if wrong or not settings.fields:
        raise ConfigError(f"fields must map columns to property names; these are wrong: {wrong}.")
    twice = len(set(settings.properties)) < len(settings.fields)
    if twice or RESERVED & set(settings.properties):
        raise ConfigError(f"fields may use a property once, and none of {sorted(RESERVED)}.")
    if not re.fullmatch(r"\w+\.\w+", settings.source):
        raise ConfigError(f"source must be schema.table, not {settings.source!r}.")
    if not 0 <= settings.max_remove_share <= 1:
        raise ConfigError("max_remove_share is a share between 0 and 1.")
    if min(settings.workers, settings.max_tries) < 1:
        raise ConfigError("workers and max_tries must be at least 1.")
    return settings
