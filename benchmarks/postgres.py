"""A throw-away PostgreSQL server on a socket in a temporary folder, for tests and benchmarks."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

MISSING = "PostgreSQL's programs are not here: `make system` installs them"


def programs() -> Path | None:
    """Folder of `initdb` and `postgres`, the newest; None when there is none."""
    found = shutil.which("initdb")
    known = [Path(found).resolve().parent, Path(found).parent] if found else []
    known += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((p for p in known if (p / "initdb").exists() and (p / "postgres").exists()), None)


class Server:
    """One server of its own; `address` is what `Store` takes. Root starts it as `nobody`."""

    def __init__(self) -> None:
        folder = programs()
        if folder is None:
            raise FileNotFoundError(MISSING)
        self._programs = folder
        self.folder = Path(tempfile.mkdtemp(prefix="sfpg"))
        self._owner: int | None = None
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            self._owner = nobody.pw_uid
            os.chown(self.folder, nobody.pw_uid, nobody.pw_gid)
        self._run(
            "initdb",
            "-D",
            str(self.folder / "data"),
            "-U",
            "planner",
            "-A",
            "trust",
            "-N",
            "-E",
            "UTF8",
        )
        self._process: subprocess.Popen[bytes] | None = None
        self.start()
        self.address = f"postgresql://planner@/postgres?host={self.folder}"

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(self._programs / program), *arguments],
            user=self._owner,
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C", "HOME": str(self.folder)},
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stderr[-2000:]}")

    def start(self) -> None:
        """Start it (again) and wait until it answers."""
        log = (self.folder / "log").open("ab")
        self._process = subprocess.Popen(
            [
                *(str(self._programs / "postgres"), "-D", str(self.folder / "data")),
                *("-k", str(self.folder), "-c", "listen_addresses=", "-c", "max_connections=60"),
                *("-c", "fsync=off"),  # processes are killed here, never the machine
            ],
            user=self._owner,
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C", "HOME": str(self.folder)},
            stdout=log,
            stderr=log,
        )
        log.close()
        import psycopg

        until = time.monotonic() + 30
        while True:
            try:
                psycopg.connect(f"host={self.folder} user=planner dbname=postgres").close()
                return
            except psycopg.OperationalError:
                if time.monotonic() > until or self._process.poll() is not None:
                    raise
                time.sleep(0.05)

    def database(self, name: str) -> str:
        """Make an empty database; return its address."""
        import psycopg

        with psycopg.connect(
            f"host={self.folder} user=planner dbname=postgres", autocommit=True
        ) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')  # type: ignore[arg-type]
        return f"postgresql://planner@/{name}?host={self.folder}"

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop it: SIGINT ends connections, SIGQUIT leaves recovery to the next start."""
        if self._process and self._process.poll() is None:
            self._process.send_signal(how)
            self._process.wait(timeout=30)

    def remove(self) -> None:
        """Stop it and take its folder away."""
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)
