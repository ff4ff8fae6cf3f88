"""The grid's front end: bundled from the lock, in every wheel, without an address of a registry."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tools"))
import grid  # noqa: E402

bundled = pytest.mark.skipif(
    not grid.up_to_date(),
    reason="the grid is not bundled: run `make grid` where npm can be reached",
)


def test_the_lock_pins_every_package_and_names_no_registry():
    lock = json.loads((ROOT / "js" / "package-lock.json").read_text("utf-8"))
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert {"node_modules/tabulator-tables", "node_modules/esbuild"} <= packages.keys()
    assert all(entry["integrity"].startswith("sha512-") for entry in packages.values())
    assert not any("resolved" in entry for entry in packages.values())


def test_nothing_that_is_bundled_is_checked_in():
    listed = subprocess.run(["git", "ls-files", "js", "salesforecast/widgets/static"], cwd=ROOT,
                            capture_output=True, text=True, check=False)  # fmt: skip
    if listed.returncode:
        pytest.skip("not a checkout")
    files = listed.stdout.splitlines()
    assert not [name for name in files if "node_modules" in name or "static" in name]


@bundled
def test_a_wheel_contains_the_grid_and_its_licence(tmp_path):
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as inside:
        script = inside.read("salesforecast/widgets/static/target_grid.js").decode()
        notice = inside.read("salesforecast/widgets/static/LICENSE.tabulator").decode()
        names = inside.namelist()
    assert "salesforecast/widgets/static/target_grid.css" in names
    assert not [name for name in names if "node_modules" in name]
    assert "Permission is hereby granted" in notice and "Oli Folkerd" in notice
    assert "https://" not in script


@bundled
def test_an_editable_install_finds_the_bundle():
    from salesforecast.widgets.target_grid import LiveGrid, built

    assert built()
    assert "Tabulator" in str(LiveGrid._esm)
