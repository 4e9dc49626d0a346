"""Find the plug-ins: our own in their folder, those of other packages by their entry point."""

import importlib
import pkgutil
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from . import destinations
from .destination import Destination
from .errors import ConfigError

GROUP = "audience_engine.destinations"


@cache
def own() -> dict[str, type[Destination]]:
    """The destinations of our own folder by name."""
    found = {}
    for module in pkgutil.iter_modules(destinations.__path__):
        held = importlib.import_module(f"{destinations.__name__}.{module.name}")
        kinds = [kind for kind in vars(held).values() if is_plug_in(kind)]
        found |= {kind.name: kind for kind in kinds if kind.__module__ == held.__name__}
    return dict(sorted(found.items()))


def installed() -> dict[str, EntryPoint]:
    """The destinations that installed packages bring, by name."""
    return {point.name: point for point in entry_points(group=GROUP)}


def known() -> list[str]:
    """The names of all destinations."""
    return sorted({*own(), *installed()})


def plug_in(name: str) -> type[Destination]:
    """Return the class of a destination; raises ConfigError for a name that nobody brings.

    No package can take the place of one of ours: secrets would go to whoever wrote it.
    """
    brought = installed().get(name)
    if name in own():
        if brought:
            raise ConfigError(f"{brought.value} must not be named {name}: that is one of ours.")
        return own()[name]
    if brought is None:
        raise ConfigError(f"There is no destination {name!r}; choose one of {known()}.")
    try:
        found = brought.load()
    except Exception as problem:
        raise ConfigError(
            f"The destination {name} ({brought.value}) cannot be loaded: {problem}"
        ) from None
    if not is_plug_in(found) or found.name != name:
        raise ConfigError(f"{brought.value} is no Destination with the name {name}.")
    return found


def is_plug_in(kind: object) -> bool:
    """Whether something is a destination that can be used; bases have no name."""
    return isinstance(kind, type) and issubclass(kind, Destination) and hasattr(kind, "name")
