"""F04, F05: malicious inputs, and secrets in what a run leaves."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.bench import row
from tests.attacks import ATTACKS

PASSWORD = "hunter@22-Tr0ub4dor"
IN_ADDRESS = "hunter%4022-Tr0ub4dor"
TOKEN = "tok-51Ab9fE0"


def attacked(place: Path) -> list[dict[str, Any]]:
    """Every attack of `tests/attacks.py`."""
    held = []
    for at, (name, attack) in enumerate(ATTACKS.items()):
        (folder := place / str(at)).mkdir()
        if not attack(folder):
            held.append(name)
    good = len(ATTACKS) - len(held)
    what = "malicious inputs refused or neutralised" + (
        f" (not: {', '.join(held)})" if held else ""
    )
    return [
        row(
            "F04",
            what,
            f"{good} of {len(ATTACKS)}",
            "inputs",
            aim=">= 50, all",
            met=not held and good >= 50,
        )
    ]


def leaked(place: Path) -> list[dict[str, Any]]:
    """Runs on PostgreSQL with a password: one good, one refused, one whose server is gone."""
    from benchmarks.postgres import Server
    from benchmarks.runs_nights import JOB, ORGANISATION, deliver
    from tests.operations.servers import webhook

    server, said = Server(), b""
    command = [sys.executable, "-m", "salesforecast", "run", "job.toml", "--json"]
    (place / "organisation.toml").write_text(ORGANISATION)
    notice = (
        '\n[[notice]]\nkind = "slack"\naddress = "CHAT"\non = ["success", "warning", "failure"]\n'
    )
    (place / "job.toml").write_text(JOB + notice)
    codes = []
    try:
        address = server.database("sales")
        with webhook() as (chat, got):
            env = {
                **os.environ,
                "SALES_DATABASE": address.replace("planner@", f"planner:{IN_ADDRESS}@"),
                "CHAT": chat.replace("hunter22", TOKEN),
            }
            for days, gone in ((800, False), (300, False), (300, True)):
                if gone:
                    server.stop()
                else:
                    deliver(address, days=days)
                done = subprocess.run(command, cwd=place, env=env, capture_output=True)
                codes.append(done.returncode)
                said += done.stdout + done.stderr
            said += repr([body for _, body in got]).encode()
    finally:
        server.remove()
    files = [path for path in (place / "outputs").rglob("*") if path.is_file()]
    everything = [said, *(path.read_bytes() for path in files)]
    secrets = [PASSWORD.encode(), IN_ADDRESS.encode(), TOKEN.encode()]
    found = sum(secret in data for data in everything for secret in secrets)
    what = f"secrets found in {len(files)} files, the terminal and {len(got)} notices of three runs (exits {codes})"
    met = found == 0 and codes == [0, 3, 5] and len(got) == 3
    return [row("F05", what, found, "secrets", aim=0, met=met)]
