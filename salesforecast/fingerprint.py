"""What a result depends on, as hashes: files, the tables that a file names, and software."""

from __future__ import annotations

import hashlib
import platform
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

DATABASE = "sql:"  # a path that begins so names a table in a database
_VERSIONS = ("salesforecast", "pandas", "numpy", "scipy", "statsmodels")


def sha256(path: Path) -> str:
    """Hash of a file's content; empty when it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def tables(toml: Path) -> list[Path]:
    """Files that the `path` entries of a TOML file name: a file, a pattern or a folder each."""
    found: list[Path] = []
    for text in _texts(_content(toml), "path"):
        path = toml.parent / text
        if path.is_dir():
            found += [p for p in path.iterdir() if p.is_file()]
        elif path.exists():
            found.append(path)
        elif not Path(text).is_absolute():
            found += [p for p in toml.parent.glob(text) if p.is_file()]
    return sorted(found)


def databases(toml: Path) -> list[str]:
    """Variables of the environment that hold the addresses of a TOML file's databases.

    What a database holds is known by reading it only: no hash of files tells that it changed.
    """
    named = (
        text.split(":") for text in _texts(_content(toml), "path") if text.startswith(DATABASE)
    )
    return sorted({parts[1] for parts in named})


def _content(toml: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(toml.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return {}  # the job says what is wrong with it


def _texts(content: object, wanted: str) -> Iterator[str]:
    """Every text under a key `wanted`, at any depth."""
    if isinstance(content, list):
        for part in content:
            yield from _texts(part, wanted)
    elif isinstance(content, dict):
        for key, part in content.items():
            if key == wanted and isinstance(part, str):
                yield part
            else:
                yield from _texts(part, wanted)


def code() -> str:
    """Hash of this package's source: a change of ours is a reason to run again."""
    package = Path(__file__).parent
    digest = hashlib.sha256()
    files = (p for p in package.rglob("*") if p.is_file() and "__pycache__" not in p.parts)
    for path in sorted(files):
        digest.update(path.relative_to(package).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()


def software() -> dict[str, str]:
    """Versions of what computes, our own source by its hash."""
    found = {"python": platform.python_version(), "code": code()}
    for name in _VERSIONS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found
