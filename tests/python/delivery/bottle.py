"""Start a real BottleCRM for a test, and act in it as a rep would.

    with BottleServer(tmp_path) as crm:
        plugin = BottleCRM(crm.options, crm.environ)
        ...
        crm.edit_as_rep(crm.lead("u1")["id"], status="closed")

The product runs in an environment of its own, since it needs Python 3.12:

    python3.12 -m venv .venv-bottlecrm
    .venv-bottlecrm/bin/pip install --require-hashes -r requirements-bottlecrm.txt

Without it the tests are skipped. BOTTLECRM_PYTHON names another interpreter that has it.
"""

import json
import os
import secrets
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[3]
SERVER = Path(__file__).with_name("bottle_server.py")


def find_python() -> Path:
    """Return the interpreter that has BottleCRM; skips the test when there is none."""
    python = Path(os.environ.get("BOTTLECRM_PYTHON") or ROOT / ".venv-bottlecrm/bin/python")
    if not python.exists():
        pytest.skip(
            f"BottleCRM is not installed: there is no {python}. It needs Python 3.12 or later and "
            "requirements-bottlecrm.txt; see tests/python/delivery/bottle.py."
        )
    code = "import importlib.metadata as m; m.version('django-crm')"
    asked = subprocess.run([python, "-c", code], capture_output=True, check=False)
    if asked.returncode:
        pytest.skip(f"BottleCRM is not installed: {python} does not have django-crm.")
    return python


class BottleServer:
    """A BottleCRM with one organisation, an administrator, a rep and a lead webhook.

    It starts in about four seconds, with an empty database in `folder`, which must be new. Without
    `posts_per_minute` its own limit holds: 120 posts a minute to the webhook.
    """

    url: str
    token: str  # of the administrator
    rep_token: str
    rep_id: str
    intake: str  # id of the webhook; new leads are assigned to the rep
    intake_key: str

    def __init__(self, folder: Path, *, posts_per_minute: int | None = 100_000) -> None:
        self.folder, self.posts_per_minute = folder, posts_per_minute

    def __enter__(self) -> "BottleServer":
        python = find_python()
        environ = {
            "PATH": os.environ["PATH"],
            "SECRET_KEY": secrets.token_urlsafe(48),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHON_DOTENV_DISABLED": "1",
        }
        if self.posts_per_minute:
            environ["LEAD_INTAKE_THROTTLE_MINUTE"] = f"{self.posts_per_minute}/min"
            environ["LEAD_INTAKE_THROTTLE_DAY"] = f"{self.posts_per_minute * 1440}/day"
        errors = self.folder / "server.err"
        with errors.open("w") as log:
            self.process = subprocess.Popen(
                [python, SERVER],
                cwd=self.folder,
                env=environ,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        line = self.process.stdout.readline()
        if not line:
            self.stop()
            raise RuntimeError(f"BottleCRM did not start:\n{errors.read_text()[-3000:]}")
        for name, value in json.loads(line).items():
            setattr(self, name, value)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End the process; it is waited for, and killed when it does not end by itself."""
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    @property
    def options(self) -> dict[str, Any]:
        """Options of the plug-in for this server, as fast as it can."""
        return {"intake": self.intake, "posts_per_minute": self.posts_per_minute or 120}

    @property
    def environ(self) -> dict[str, str]:
        """Environment of the plug-in for this server."""
        return {
            "BOTTLECRM_BASE_URL": self.url,
            "BOTTLECRM_TOKEN": self.token,
            "BOTTLECRM_INTAKE_KEY": self.intake_key,
        }

    def call(self, method: str, path: str, *, token: str | None = None, **arguments: Any) -> Any:
        """Make one request to the CRM's API, as the administrator by default; returns the JSON."""
        headers = {"Authorization": f"Bearer {token or self.token}"}
        response = httpx.request(method, self.url + path, headers=headers, timeout=60, **arguments)
        assert response.status_code < 300, f"{response.status_code} {response.text[:300]}"
        return response.json() if response.content else None

    def add_custom_field(self, key: str, kind: str = "text", *, target: str = "Lead") -> None:
        """Define a custom field: text, textarea, number, checkbox or date."""
        body = {"target_model": target, "key": key, "label": key, "field_type": kind}
        self.call("POST", "/api/custom-fields/", json=body)

    def leads(self) -> list[dict[str, Any]]:
        """Return every lead that is not converted, open and closed."""
        body = self.call("GET", "/api/leads/", params={"limit": 10_000})
        return body["open_leads"]["open_leads"] + body["close_leads"]["close_leads"]

    def lead(self, external_id: str) -> dict[str, Any] | None:
        """Return the one lead that our webhook stored with this id."""
        source = f"intake:{self.intake}"
        ours = [lead for lead in self.leads() if lead["external_source"] == source]
        found = [lead for lead in ours if lead["external_id"] == external_id]
        assert len(found) < 2, f"{len(found)} leads have the external id {external_id}"
        return found[0] if found else None

    def add_lead(self, **fields: Any) -> str:
        """Type a lead in as a rep; returns its id."""
        body = {**fields, "assigned_to": [self.rep_id]}
        return self.call("POST", "/api/leads/", token=self.rep_token, json=body)["id"]

    def edit_as_rep(self, lead: str, **fields: Any) -> None:
        """Change a lead as a rep; status may be assigned, in process, recycled, closed, converted.

        Custom fields go in `custom_fields={key: value}`.
        """
        self.call("PATCH", f"/api/leads/{lead}/", token=self.rep_token, json=fields)

    def delete_lead(self, lead: str) -> None:
        """Delete a lead as the administrator."""
        self.call("DELETE", f"/api/leads/{lead}/")
