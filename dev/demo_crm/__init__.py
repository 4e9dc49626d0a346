"""A small local CRM that follows HubSpot's documented contract, for demos and tests."""

from .server import DEFAULT_TOKEN, DemoCrm, start

__all__ = ["DEFAULT_TOKEN", "DemoCrm", "start"]
