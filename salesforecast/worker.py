"""Work in a process of its own: it can be stopped whatever it does, and dies with who started it.

`supervise("module", request, ...)` starts `python -m salesforecast.worker`, which calls
`module.work(request, tell)`; requests, lines of progress and results travel as JSON lines. The one who
waits is another process than the one that works, so a deadline holds even where the work hangs.
"""

from __future__ import annotations

import errno
import importlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, TextIO

from salesforecast import errors
from salesforecast.errors import DeadlineError, EngineError, SalesforecastError

DISK = (
    errno.ENOSPC,
    errno.EROFS,
    errno.EIO,
    errno.EDQUOT if hasattr(errno, "EDQUOT") else errno.ENOSPC,
)
_LONGEST_TAIL = 2000  # characters of what a dead worker said last
_PATIENCE = 10.0  # seconds for a killed process to be gone


def supervise(
    module: str,
    request: Mapping[str, Any],
    *,
    deadline: float,
    progress: Callable[[str], None],
) -> dict[str, Any]:
    """Let `module.work` answer `request` in a process of its own, and return the answer.

    Parameters
    ----------
    request
        What JSON can hold.
    deadline
        Moment of `time.monotonic()` at which the work is stopped, with every process it started.
    progress
        Called with each line that the work tells.

    Raises
    ------
    DeadlineError
        If the work was stopped.
    EngineError
        If its process died.
    SalesforecastError
        What the work raised, in its own words.
    """
    with _process() as process:
        assert process.stdin and process.stdout and process.stderr
        lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        tail: list[str] = []
        threading.Thread(target=_pump, args=(process.stdout, lines.put), daemon=True).start()
        drain = threading.Thread(target=_pump, args=(process.stderr, _keep(tail)), daemon=True)
        drain.start()
        with suppress(BrokenPipeError):  # said below: the process has died
            process.stdin.write(json.dumps({"module": module, "request": request}) + "\n")
            process.stdin.flush()
        while True:
            try:
                line = lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise _late() from None
            if line is None:
                drain.join(timeout=_PATIENCE)
                raise _died(process, "".join(tail))
            told = json.loads(line)
            if "line" in told:
                progress(told["line"])
            elif "error" in told:
                raise raised(told["error"])
            else:
                return dict(told["answer"])


def described(error: SalesforecastError) -> dict[str, Any]:
    """An error as JSON can carry it; `raised` makes it again."""
    return {
        "kind": type(error).__name__,
        "what": error.what,
        "where": error.where,
        "fix": error.fix,
        "findings": [vars(finding) for finding in getattr(error, "findings", ())],
    }


def raised(told: Mapping[str, Any]) -> SalesforecastError:
    """The error that `described` told of."""
    kind = getattr(errors, told["kind"], SalesforecastError)
    error: SalesforecastError = kind(told["what"], where=told["where"], fix=told["fix"])
    if isinstance(error, errors.DataError):
        error.findings = tuple(errors.Finding(**finding) for finding in told.get("findings", ()))
    return error


@contextmanager
def _process() -> Iterator[subprocess.Popen[str]]:
    """The worker's process; when the block ends, it and all that it started have ended too."""
    process = subprocess.Popen(
        [sys.executable, "-X", "utf8", "-m", "salesforecast.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
        env={**os.environ, "PYTHONUTF8": "1"},
        start_new_session=True,  # Ctrl-C reaches the one who waits, and he ends the work
    )
    ended = False
    with _stopped_as_by_hand():
        try:
            yield process
            ended = True
        finally:
            if not ended:
                _end(process)
            assert process.stdin and process.stdout and process.stderr
            with suppress(BrokenPipeError):
                process.stdin.close()
            process.wait(timeout=_PATIENCE)


@contextmanager
def _stopped_as_by_hand() -> Iterator[None]:
    """A polite end (SIGTERM: systemd, a shutdown) tidies up as Ctrl-C does."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _end(process: subprocess.Popen[str]) -> None:
    """Kill the worker, its kernel, and what they started; kernels of a dead worker as well."""
    import psutil

    doomed: list[psutil.Process] = []
    with suppress(psutil.NoSuchProcess):
        worker = psutil.Process(process.pid)
        worker.suspend()  # starts nothing new while we look
        doomed = [*worker.children(recursive=True), worker]
    for other in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if other not in doomed and other.environ().get("JPY_PARENT_PID") == str(process.pid):
                doomed += [*other.children(recursive=True), other]
    for one in doomed:
        with suppress(psutil.NoSuchProcess):
            one.kill()
    psutil.wait_procs(doomed, timeout=_PATIENCE)


def _pump(source: TextIO, put: Callable[[str | None], None]) -> None:
    with suppress(ValueError):  # closed while reading: nobody listens any more
        for line in source:
            put(line)
    put(None)


def _keep(tail: list[str]) -> Callable[[str | None], None]:
    def put(line: str | None) -> None:
        tail.append(line or "")
        if len(tail) > 100:
            del tail[0]

    return put


def _late() -> DeadlineError:
    return DeadlineError(
        "the run was stopped at its deadline.",
        where="the process that worked, with its kernel",
        fix="allow more time with --deadline, or give it less data.",
    )


def _died(process: subprocess.Popen[str], tail: str) -> EngineError:
    try:
        code: object = process.wait(timeout=_PATIENCE)
    except subprocess.TimeoutExpired:
        code = "no exit code"
    said = tail.strip()[-_LONGEST_TAIL:].splitlines()
    return EngineError(
        "the process that worked died.",
        where=f"it ended with {code}{': ' + said[-1] if said else ''}",
        fix="free memory and try again; `salesforecast doctor` checks the kernel.",
    )


def main() -> int:
    """Answer the one request on standard input; end at once when its sender is gone."""
    words, sys.stdout = sys.stdout, sys.stderr  # what libraries print is no answer
    given = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_sender, daemon=True).start()
    lock = threading.Lock()

    def say(told: Mapping[str, Any]) -> None:
        with lock:
            words.write(json.dumps(told) + "\n")
            words.flush()

    try:
        work = importlib.import_module(given["module"]).work
        say({"answer": work(given["request"], lambda line: say({"line": line}))})
    except SalesforecastError as error:
        say({"error": described(error)})
    except OSError as error:
        say({"error": described(_of_system(error))})
    except Exception as error:  # noqa: BLE001 - the last place where a bug can be put in words
        say({"error": described(_bug(error))})
    return 0


def _of_system(error: OSError) -> SalesforecastError:
    """A disk that refuses is an engine that fails; any other complaint of the system a bug."""
    return disk_refused(str(error)) if error.errno in DISK else _bug(error)


def disk_refused(told: str) -> EngineError:
    """The error about a disk that takes nothing more."""
    return EngineError(
        "the disk refused.",
        where=told,
        fix="free space or ask for the right to write; what was published is as it was.",
    )


def _bug(error: Exception) -> SalesforecastError:
    import traceback

    frame = traceback.extract_tb(error.__traceback__)[-1]
    return SalesforecastError(
        f"{type(error).__name__}: {error}",
        where=f"{frame.filename}:{frame.lineno}",
        fix="this is a bug of ours: please report it with the command that you gave.",
    )


def _end_with_sender() -> None:
    """Wait for the end of standard input: then nobody waits for us, and no kernel may stay."""
    while os.read(0, 1):  # not through `sys.stdin`: its lock would outlive us
        pass
    import psutil

    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            child.kill()
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
