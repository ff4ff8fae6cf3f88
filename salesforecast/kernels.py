"""A notebook in a kernel, through papermill: the work that a run hands to a process of its own."""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from salesforecast import errors
from salesforecast.errors import EngineError, SalesforecastError
from salesforecast.worker import DISK, disk_refused

STAGE = "stage: "  # a line of a cell's output that starts so is shown while the run works
_ATTEMPTS = 2  # a kernel that did not start (ports, memory) is tried once more


def work(request: Mapping[str, Any], tell: Callable[[str], None]) -> dict[str, Any]:
    """Execute `request["notebook"]` with `request["parameters"]` into `request["output"]`.

    Answers how many kernels were started. `tell` gets one line a stage.

    Raises
    ------
    EngineError
        If the kernel died, or did not start twice.
    SalesforecastError
        What a cell raised: ours word for word, any other as a bug of ours.
    """
    with _quick_import():
        import papermill
    from jupyter_client.kernelspec import NoSuchKernel
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    os.environ.setdefault("JUPYTER_PREFER_ENV_PATH", "1")  # this environment's kernel, no other
    logging.getLogger("papermill").setLevel(logging.CRITICAL)  # its errors reach us as exceptions
    name = Path(request["notebook"]).stem
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            papermill.execute_notebook(
                _plain(request["notebook"]),
                _plain(request["output"]),
                parameters=request["parameters"],
                kernel_name="python3",
                progress_bar=False,
                stdout_file=_Lines(tell),
                extra_arguments=["--IPKernelApp.log_level=CRITICAL"],
                cwd=Path(request["notebook"]).parent,
            )
        except PapermillExecutionError as error:
            raise _from_kernel(error, name) from None
        except NoSuchKernel as error:
            raise _dead(name, error) from error
        except (DeadKernelError, RuntimeError) as error:
            if attempt == _ATTEMPTS or _started(Path(request["output"])):
                raise _dead(name, error) from error
            tell("the kernel did not start: trying once more")
        else:
            return {"kernels": attempt}
    raise AssertionError("a loop that ends by return or raise")


def _started(output: Path) -> bool:
    """Whether a cell of the notebook has begun: then its work may not be done twice."""
    from salesforecast.publishing import read_json

    cells = read_json(output).get("cells", [])
    return any(cell["metadata"].get("papermill", {}).get("start_time") for cell in cells)


def _dead(name: str, error: Exception) -> EngineError:
    return EngineError(
        "the notebook's kernel died or did not start.",
        where=f"job '{name}': {str(error).strip() or type(error).__name__}",
        fix="free memory and try again; `salesforecast doctor` checks the kernel.",
    )


@contextmanager
def _quick_import() -> Iterator[None]:
    """Import papermill without `rfc3987_syntax`, half of its start.

    jsonschema takes that package only to check the format of internationalised addresses,
    which notebooks do not hold, and does without it when it cannot be imported.
    """
    name = "rfc3987_syntax"
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment]  # Python's way to say "not there"
    try:
        yield
    finally:
        del sys.modules[name]


class _Lines:
    """A file that hands on the complete lines that begin with `STAGE`, without that word."""

    def __init__(self, progress: Callable[[str], None]) -> None:
        self._progress, self._rest = progress, ""

    def write(self, text: str) -> None:
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            if line.startswith(STAGE):
                self._progress(line.removeprefix(STAGE))

    def flush(self) -> None:
        """Nothing is held back but an unfinished line."""


def _plain(path: str) -> str:
    """A path for papermill, which reads braces as places for parameters."""
    return path.replace("{", "{{").replace("}", "}}")


def _from_kernel(error: Any, name: str) -> SalesforecastError:
    """The error that a cell raised: ours word for word, any other as a bug of ours."""
    kind = getattr(errors, error.ename, None)
    words = re.fullmatch(r"(.*?)\n  where: (.*?)\n  fix: (.*)", error.evalue, flags=re.DOTALL)
    if words and isinstance(kind, type) and issubclass(kind, SalesforecastError):
        return kind(words[1], where=words[2], fix=words[3])
    system = re.match(r"\[Errno (\d+)\]", error.evalue)
    if system and int(system[1]) in DISK:
        return disk_refused(f"job '{name}': {error.evalue}")
    if error.ename == "MemoryError":
        return _dead(name, error)
    frames = re.findall(r"File (\S+?salesforecast\S+?):(\d+)", _without_colour(error.traceback))
    place = f", {frames[-1][0]}:{frames[-1][1]}" if frames else ""
    return SalesforecastError(
        f"the notebook stopped: {error.ename}: {error.evalue}",
        where=f"job '{name}', cell {error.exec_count}{place}",
        fix="this is a bug of ours: please report it with the notebook that was kept.",
    )


def _without_colour(traceback: list[str]) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(traceback))
