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
APPROVERS = "SALESFORECAST_APPROVERS"  # names as a JSON list
_ROLE = "may_approve"  # table of the links' file: who approves
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
    approvers
        Who approves what others hand in; nobody named: whoever did not hand it in.
    """

    path: Path
    tokens: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    approvers: frozenset[str] = frozenset()

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
        roles = known.pop(_ROLE, {})
        if not isinstance(roles, dict):
            raise _unreadable(path, f"'{_ROLE}' is no table")
        wrong = [name for name, token in known.items() if not isinstance(token, str) or not token]
        if wrong:
            raise _unreadable(path, f"'{wrong[0]}' has no token")
        approvers = frozenset(name for name, may in roles.items() if may is True and name in known)
        return cls(path, MappingProxyType(known), approvers)

    def invite(self, name: str, *, role: str = "") -> Links:
        """The links with one for `name`; who has one keeps it. With role `approver` he approves.

        Raises
        ------
        ParameterError
            If the name is empty or has characters that no name has.
        """
        shown = name.strip()
        if not shown or not shown.isprintable() or len(shown) > 80 or shown == _ROLE:
            raise ParameterError(
                f"'{name}' is no planner's name.",
                where="the planner's link",
                fix="give a name of 1 to 80 printable characters.",
            )
        tokens = {shown: secrets.token_urlsafe(24), **self.tokens}
        ordered = {name: tokens[name] for name in (*self.tokens, shown)}
        approvers = self.approvers | ({shown} if role == "approver" else set())
        return Links(self.path, MappingProxyType(ordered), approvers)

    def write(self) -> None:
        """Write the file, readable by its owner only."""
        import json

        lines = [f"{json.dumps(name)} = {json.dumps(token)}" for name, token in self.tokens.items()]
        if self.approvers:
            lines += [f"\n[{_ROLE}]", *(f"{json.dumps(n)} = true" for n in sorted(self.approvers))]
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


def may_approve(name: str, submitter: str) -> bool:
    """Whether `name` decides on what `submitter` handed in.

    Who is named an approver decides. Where nobody is named, whoever did not hand it in himself
    decides in the app; in a notebook of one's own everybody does.
    """
    import json

    named = json.loads(os.environ.get(APPROVERS) or "[]")
    if named:
        return name in named
    return bool(name) and (not served() or name != submitter)
