"""A real JupyterLab and a real Chromium for the tests and the README's pictures."""

from __future__ import annotations

import ast
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[1]
WINDOW = {"width": 1280, "height": 720}
_ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_SETTINGS = {
    # what JupyterLab would otherwise ask or fetch on its first start
    "@jupyterlab/apputils-extension/notification.jupyterlab-settings": {
        "fetchNews": "false",
        "checkForUpdates": False,
    },
    # cells out of sight stay on the page, so that they can be read
    "@jupyterlab/notebook-extension/tracker.jupyterlab-settings": {"windowingMode": "none"},
}


def chromium() -> str:
    """Where Chromium is; empty when it is not installed."""
    places = ("/usr/bin/chromium", shutil.which("chromium"), shutil.which("chromium-browser"))
    return next((place for place in places if place and Path(place).exists()), "")


MISSING = "no Chromium on this machine: run `make system` as root, then test again"
NO_GRID = (
    "the target grid is not bundled, so no planner's screen can be walked through: run `make grid` "
    "where npm can be reached (it says what is missing), then test again"
)


def needs_grid() -> None:
    """Skip, saying what to do, where the grid's front end could not be built."""
    import pytest

    from salesforecast.widgets.target_grid import built

    if not built():
        pytest.skip(NO_GRID)


_open: list[Any] = []


@contextmanager
def open_browser() -> Iterator[Any]:
    """A headless Chromium; each of its contexts is a browser of its own to a server.

    The one that is open already is used again: a process has one Playwright.
    """
    from playwright.sync_api import sync_playwright

    if _open:
        yield _open[-1]
        return
    with sync_playwright() as playwright:
        _open.append(playwright.chromium.launch(executable_path=chromium(), args=_ARGUMENTS))
        try:
            yield _open[-1]
        finally:
            _open.pop().close()


@contextmanager
def open_page() -> Iterator[Any]:
    """A fresh page of a headless Chromium, 1280 × 720."""
    with open_browser() as browser:
        page = browser.new_page(viewport=WINDOW)
        try:
            yield page
        finally:
            page.close()


def working_copy(folder: Path) -> Path:
    """Copy the notebooks into `folder` beside a link to the data; returns their folder."""
    notebooks = folder / "notebooks"
    shutil.copytree(REPOSITORY / "notebooks", notebooks)
    (folder / "data").symlink_to(REPOSITORY / "data", target_is_directory=True)
    return notebooks


@dataclass(frozen=True)
class Lab:
    """A JupyterLab server on the loopback interface, and the folder it works in."""

    port: int
    token: str
    folder: Path
    runtime: Path

    def url(self, notebook: str) -> str:
        """Address that opens `notebook` (a path below the folder), and no other one beside it."""
        workspace = secrets.token_hex(4)
        place = f"http://127.0.0.1:{self.port}/lab/workspaces/{workspace}/tree"
        return f"{place}/{notebook}?token={self.token}"

    def kernel(self, notebook: str) -> dict[str, Any]:
        """What the server knows of an open notebook's kernel; empty when it has none yet."""
        listing = f"http://127.0.0.1:{self.port}/api/sessions?token={self.token}"
        with urllib.request.urlopen(listing, timeout=20) as answer:
            kernels = {each["path"]: each["kernel"] for each in json.load(answer)}
        return kernels.get(notebook, {})

    def ask(self, notebook: str, expression: str) -> Any:
        """What the kernel of an open notebook says to a Python expression whose value is JSON."""
        from jupyter_client import BlockingKernelClient

        connection = self.runtime / f"kernel-{self.kernel(notebook)['id']}.json"
        client = BlockingKernelClient(connection_file=str(connection))
        client.load_connection_file()
        client.start_channels()
        try:
            code = f"__import__('json').dumps({expression})"
            reply = client.execute_interactive(
                "", user_expressions={"answer": code}, store_history=False, timeout=60
            )
        finally:
            client.stop_channels()
        said = reply["content"]["user_expressions"]["answer"]
        if said["status"] != "ok":
            raise ValueError(f"the kernel could not say {expression!r}: {said}")
        return json.loads(ast.literal_eval(said["data"]["text/plain"]))


@contextmanager
def start_lab(folder: Path) -> Iterator[Lab]:
    """JupyterLab on a free loopback port with `folder` as its root; ended by its process id."""
    private = folder / ".jupyter"
    for name, values in _SETTINGS.items():
        settings = private / "lab" / "user-settings" / name
        settings.parent.mkdir(parents=True, exist_ok=True)
        settings.write_text(json.dumps(values), "utf-8")
    lab = Lab(_free_port(), secrets.token_hex(16), folder, private / "runtime")
    environment = os.environ | {
        "JUPYTER_CONFIG_DIR": str(private),
        "JUPYTER_DATA_DIR": str(private / "data"),
        "JUPYTER_RUNTIME_DIR": str(lab.runtime),
        "JUPYTERLAB_SETTINGS_DIR": str(private / "lab" / "user-settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(private / "lab" / "workspaces"),
        "JUPYTER_TOKEN": lab.token,  # by the environment: a command line can be read by others
        "PYTHONPATH": str(REPOSITORY),
        "OMP_NUM_THREADS": "1",
    }
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    command += ["--ServerApp.ip=127.0.0.1", f"--ServerApp.port={lab.port}"]
    command += ["--ServerApp.port_retries=0", f"--ServerApp.root_dir={folder}"]
    private.mkdir(exist_ok=True)
    with (private / "server.log").open("wb") as log:
        server = subprocess.Popen(
            command, env=environment, cwd=folder, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            _wait_until_up(server, lab, private / "server.log")
            yield lab
        finally:
            server.terminate()
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait(10)


@dataclass(frozen=True)
class App:
    """The planner's app on the loopback interface: a link for each planner, and the store."""

    links: dict[str, str]
    outputs: Path
    log: Path

    @property
    def store(self) -> Path:
        """Where plans are kept."""
        return self.outputs / "plans.db"


@contextmanager
def start_app(
    folder: Path, *planners: str, warm: int = 2, options: tuple[str, ...] = ()
) -> Iterator[App]:
    """`salesforecast app` on a free port, kept in `folder`; ended by its process id."""
    outputs, log = folder / "outputs", folder / "app.log"
    command = [
        sys.executable,
        "-m",
        "salesforecast",
        "app",
        "--no-browser",
        "--outputs",
        str(outputs),
    ]
    command += ["--port", str(_free_port()), "--warm", str(warm), *options]
    for name in planners:
        command += ["--for", name]
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"}
    environment.pop("SALESFORECAST_STORE", None)
    with log.open("wb") as errors:
        server = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True
        )
        try:
            assert server.stdout is not None
            lines = [server.stdout.readline() for _ in planners]
            if not all(lines):
                raise RuntimeError(f"the app did not start:\n{log.read_text('utf-8')[-2000:]}")
            links = dict(line.strip().split(": ", 1) for line in lines)
            yield App(links, outputs, log)
        finally:
            server.terminate()
            try:
                server.wait(30)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait(10)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _wait_until_up(server: subprocess.Popen[bytes], lab: Lab, log: Path) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        if server.poll() is not None:
            break
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{lab.port}/api?token={lab.token}", timeout=5)
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
        else:
            return
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text('utf-8')[-2000:]}")


def until(holds: Callable[[], object], *, seconds: float = 30.0) -> bool:
    """Whether `holds()` comes true within some seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.1)
    return False


def run_all_cells(page: Any, lab: Lab, notebook: str) -> None:
    """Open a notebook in the lab and run every cell by the menu, as a planner would."""
    page.goto(lab.url(notebook))
    page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=90_000)
    ready = until(lambda: lab.kernel(notebook).get("execution_state") == "idle", seconds=90)
    if not ready:
        raise RuntimeError(f"no kernel for {notebook}: {lab.kernel(notebook)}")
    page.get_by_text("| Idle").wait_for(timeout=90_000)
    page.locator(".lm-MenuBar-itemLabel", has_text="Run").first.click()
    page.locator(".lm-Menu-itemLabel", has_text="Run All Cells").first.click()
