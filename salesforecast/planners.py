"""Who plans here: the personal links of the app, and who sits before a kernel."""

from __future__ import annotations

import os
import secrets
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from salesforecast.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping

CLAIMS, KERNEL = "SALESFORECAST_CLAIMS", "VOILA_KERNEL_ID"
_HEAD = (
    "# Personal links of the planner's app: who opens one acts under its name.\n"
    "# Keep this file to yourself. Delete a line to withdraw a link; it takes effect at once.\n"
)


@dataclass(frozen=True)
class Links:
    """Who may open the planner's app: a secret token for each planner, in a private file.

    Parameters
    ----------
    path
        The file: TOML, `name = "token"`, readable by its owner only.
    tokens
        Planner's name to the token of the link.
    """

    path: Path
    tokens: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def read(cls, path: str | Path) -> Links:
        """Read the file; there are no links if there is no file.

        Raises
        ------
        ParameterError
            If the file is not as `write` leaves it.
        """
        path = Path(path)
        try:
            known = tomllib.loads(path.read_text("utf-8"))
        except FileNotFoundError:
            return cls(path)
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise _unreadable(path, str(error)) from error
        wrong = [name for name, token in known.items() if not isinstance(token, str) or not token]
        if wrong:
            raise _unreadable(path, f"'{wrong[0]}' has no token")
        return cls(path, MappingProxyType(known))

    def invite(self, name: str) -> Links:
        """The links with one for `name`; who has one keeps it.

        Raises
        ------
        ParameterError
            If the name is empty or has characters that no name has.
        """
        shown = name.strip()
        if not shown or not shown.isprintable() or len(shown) > 80:
            raise ParameterError(
                f"'{name}' is no planner's name.",
                where="the planner's link",
                fix="give a name of 1 to 80 printable characters.",
            )
        if shown in self.tokens:
            return self
        tokens = {**self.tokens, shown: secrets.token_urlsafe(24)}
        return Links(self.path, MappingProxyType(tokens))

    def write(self) -> None:
        """Write the file, readable by its owner only."""
        import json

        lines = [f"{json.dumps(name)} = {json.dumps(token)}" for name, token in self.tokens.items()]
        self.path.parent.mkdir(parents=True, exist_ok=True)
        beside = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(_HEAD + "\n".join(lines) + "\n")
        beside.replace(self.path)

    def name_of(self, token: str) -> str:
        """Whose link carries `token`; empty if nobody's does."""
        given = token.encode()
        found = [
            name
            for name, known in self.tokens.items()
            if secrets.compare_digest(known.encode(), given)
        ]
        return found[0] if found else ""


def _unreadable(path: Path, why: str) -> ParameterError:
    return ParameterError(
        "the planners' links cannot be read.",
        where=f"{path}: {why}",
        fix='mend it (`"Name" = "token"` a line), or delete it and invite the planners again.',
    )


def claim(folder: str | Path, kernel: str, name: str) -> bool:
    """Note that `name` sits before `kernel`; False if somebody else does.

    The first to come has the kernel for good.
    """
    path = Path(folder) / kernel
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text("utf-8") == name
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(name)
    return True


def served() -> bool:
    """Whether this kernel belongs to the planner's app."""
    return CLAIMS in os.environ


def planner() -> str:
    """Who sits before this kernel: the holder of the link in the app, the user elsewhere.

    Empty in a kernel of the app that nobody has opened yet.
    """
    if not served():
        from salesforecast.planning.store import who

        return who()
    path = Path(os.environ[CLAIMS]) / os.environ.get(KERNEL, "")
    return path.read_text("utf-8") if path.is_file() else ""
