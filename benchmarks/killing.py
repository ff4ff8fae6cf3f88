"""Stop a process at its n-th write to disk, before or after it happens, with ptrace (Linux, x86-64)."""

from __future__ import annotations

import ctypes
import os
import platform
import signal
import sys
from collections.abc import Callable

# write, pwrite64, fsync, fdatasync, ftruncate, rename, unlink, renameat, unlinkat
CALLS = frozenset({1, 18, 74, 75, 77, 82, 87, 263, 264})
_TRACEME, _PEEKUSER, _SYSCALL, _SETOPTIONS = 0, 3, 24, 0x4200
_ORIG_RAX = 15 * 8
_GOOD = 1  # option: mark stops at system calls


def possible() -> bool:
    """Whether this machine can do it."""
    return sys.platform == "linux" and platform.machine() == "x86_64"


def run(work: Callable[[], None], *, stop_at: int | None, after: bool) -> int:
    """Run `work` in a forked child; kill it at its `stop_at`-th disk call (from 1).

    Parameters
    ----------
    stop_at
        None: let it end.
    after
        Kill when the call has happened, instead of before it does.

    Returns
    -------
    int
        Disk calls seen.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.restype = ctypes.c_long
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    child = os.fork()
    if child == 0:
        code = 1
        try:
            libc.ptrace(_TRACEME, 0, None, None)
            os.kill(os.getpid(), signal.SIGSTOP)
            work()
            code = 0
        finally:
            os._exit(code)
    os.waitpid(child, 0)
    libc.ptrace(_SETOPTIONS, child, None, _GOOD)
    seen, entering, pass_on = 0, True, 0
    while True:
        libc.ptrace(_SYSCALL, child, None, pass_on)
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status) or os.WIFSIGNALED(status):
            if stop_at is None and status != 0:
                raise RuntimeError(f"the child ended with {status}")
            return seen
        pass_on = 0
        if os.WSTOPSIG(status) != signal.SIGTRAP | 0x80:
            pass_on = os.WSTOPSIG(status)
            continue
        call = libc.ptrace(_PEEKUSER, child, _ORIG_RAX, None)
        if call in CALLS:
            seen += entering
            if seen == stop_at and entering != after:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
                return seen
        entering = not entering
