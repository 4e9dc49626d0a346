"""Write the files of `files` to S3, Google Cloud Storage, Azure, SFTP or any store fsspec knows.

Contract, from fsspec's public documentation (filesystem-spec.readthedocs.io, "API Reference"):
`fsspec.core.url_to_fs` finds the file system behind an address such as `s3://bucket/folder`, and
says with an ImportError which package it lacks (s3fs, gcsfs, adlfs, paramiko). `put_file` copies a
local file; an object in S3, Google Cloud Storage or Azure appears whole or not at all. Elsewhere
the file is copied under a hidden name and renamed. `info` gives the size, which has to be that of
the file here before anything counts as delivered.

Credentials are where each store looks for them (AWS_ACCESS_KEY_ID, GOOGLE_APPLICATION_CREDENTIALS,
a profile, the machine's role), or in STORAGE_OPTIONS, a JSON object of what fsspec takes for this
store: {"host": …, "username": …, "password": …} for SFTP.
"""

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import fsspec

from ..destination import Call, Finding, NoAnswer
from ..errors import ConfigError
from .files import Files

WHOLE = {"s3", "s3a", "gs", "gcs", "abfs", "az", "adl"}  # objects appear whole


class Storage(Files):
    """Files in one folder of a store."""

    name = "storage"
    options: ClassVar[Mapping[str, Any]] = {
        **{name: value for name, value in Files.options.items() if name != "folder"},
        "address": "",
    }

    def __init__(self, options: Mapping[str, Any], environ: Mapping[str, str]) -> None:
        super().__init__(options, environ)
        self.place = self.option["address"].rstrip("/")
        try:
            self.access = json.loads(environ.get("STORAGE_OPTIONS") or "{}")
        except ValueError:
            raise ConfigError("STORAGE_OPTIONS must be a JSON object.") from None
        self.opened: tuple[Any, str] | None = None

    @property
    def account(self) -> str:
        """The address without what is secret in it."""
        scheme, _, rest = self.place.partition("://")
        return f"{scheme}://{rest.rpartition('@')[2]}"

    def whose(self, call: Call) -> str:
        """Return where the files go."""
        return f"folder {self.account}"

    def check(self) -> None:
        """Raise ConfigError when there is no address, or nothing that opens it."""
        if "://" not in self.place:
            raise ConfigError("Set the option address of storage, such as s3://bucket/folder.")
        self.check_format()
        self.store()

    def store(self) -> tuple[Any, str]:
        """Return the file system and the folder in it; raises ConfigError."""
        if self.opened is None:
            try:
                self.opened = fsspec.core.url_to_fs(self.place, **self.access)
            except ImportError as problem:
                raise ConfigError(f"{self.account}: {problem}") from None
            except (ValueError, TypeError) as problem:
                raise ConfigError(
                    f"{self.account} cannot be opened ({type(problem).__name__}); check the "
                    "address and STORAGE_OPTIONS."
                ) from None
        return self.opened

    def listed(self) -> list[str]:
        """Return the names of the files that are in the folder; raises ConfigError."""
        files, folder = self.store()
        try:
            return [str(path).rpartition("/")[2] for path in files.ls(folder, detail=False)]
        except FileNotFoundError:
            return []
        except Exception as problem:  # as below
            raise ConfigError(
                f"{self.account} cannot be listed ({type(problem).__name__})."
            ) from None

    def appear(self, name: str, write: Callable[[Path], None]) -> str:
        """Write a file here, copy it there, look at its size there; returns its SHA-256."""
        files, folder = self.store()
        with tempfile.TemporaryDirectory() as local:
            path = Path(local) / name
            write(path)
            digest, size = hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_size
            try:
                files.makedirs(folder, exist_ok=True)
                if self.place.partition("://")[0] in WHOLE:
                    files.put_file(str(path), f"{folder}/{name}")
                else:
                    files.put_file(str(path), f"{folder}/.{name}")
                    files.mv(f"{folder}/.{name}", f"{folder}/{name}")
                there = files.info(f"{folder}/{name}")["size"]
            except (PermissionError, FileNotFoundError) as problem:
                raise ConfigError(
                    f"{self.account} cannot be written ({type(problem).__name__})."
                ) from None
            except Exception as problem:  # every store has errors of its own, with secrets in them
                raise NoAnswer(f"{name} was not copied ({type(problem).__name__})") from None
        if there != size:
            raise NoAnswer(f"{there} of {size} bytes of {name} arrived")
        return digest

    def doctor(
        self, call: Call, fields: Mapping[str, str], *, create: bool = False
    ) -> Iterator[Finding]:
        """Look at the store; nothing is written."""
        files, folder = self.store()
        try:
            files.exists(folder)
            yield Finding("store", True, self.account)
        except Exception as problem:  # as above
            yield Finding("store", False, f"it does not answer ({type(problem).__name__})")
        yield from self.look_at_columns(fields)
