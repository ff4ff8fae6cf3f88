"""Secrets come from the environment only: refused as parameters, masked in whatever is written or said."""

from __future__ import annotations

import html
import json
import os
import re
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from salesforecast.errors import EngineError, ParameterError

MASKED = "***"
_NAME = re.compile(
    r"(^|[_-])pass($|[_-])|passw(or)?d|passphrase|pwd|secret|token|credential|webhook"
    r"|(api|access|private)[_-]?key|密码|口令|密钥",
    re.IGNORECASE,
)
_LOGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^\s/@:]*:([^\s/@]+)@", re.IGNORECASE)
_KEYED = re.compile(
    r"[?&;](?:[a-z_]*(?:key|token|sign|secret|password|pwd))=([^\s&;]{4,})", re.IGNORECASE
)
_NO_SECRETS = ("PWD", "OLDPWD")  # the shell's working directory
_SHORTEST = 4  # a shorter value stands in too many other words to be masked
_PACKED = (".xlsx", ".xlsm", ".zip", ".docx", ".pptx")


def is_secret_name(name: str) -> bool:
    """Whether a parameter or variable of this name holds a secret."""
    return bool(_NAME.search(name))


def holds_credentials(value: object) -> bool:
    """Whether a text is an address with a password or a key in it."""
    return bool(_LOGIN.search(str(value)) or _KEYED.search(str(value)))


def refuse_secrets(parameters: Mapping[str, object], *, where: str) -> None:
    """Refuse parameters that are secrets by their name or value; the value is not repeated.

    Raises
    ------
    ParameterError
        Parameters stand in the executed notebook and in the manifest for everyone to read.
    """
    for name, value in parameters.items():
        if is_secret_name(name) or holds_credentials(value):
            raise ParameterError(
                f"'{hide_credentials(name)}' has no parameter's place: it looks like a secret.",
                where=where,
                fix="set it as a variable of the environment and read it there; parameters are "
                "written into the notebook and the manifest.",
            )


def hide_credentials(text: str) -> str:
    """`text` with the password or key of every address in it masked."""
    for pattern in (_LOGIN, _KEYED):
        text = pattern.sub(lambda found: found[0].replace(found[1], MASKED), text)
    return text


@dataclass(frozen=True)
class Mask:
    """Replaces the secrets of the environment by three stars.

    Parameters
    ----------
    values
        Every way in which a secret may be written, the longest first.
    """

    values: tuple[str, ...]

    @classmethod
    def of(cls, environment: Mapping[str, str] | None = None, extra: Iterable[str] = ()) -> Mask:
        """What to mask: variables with a secret's name or in `extra`, passwords in addresses."""
        environment = os.environ if environment is None else environment
        named = set(extra)
        secrets: set[str] = set()
        for name, value in environment.items():
            found = [*_LOGIN.findall(value), *_KEYED.findall(value)]
            own = is_secret_name(name) and name not in _NO_SECRETS and not _is_place(value)
            if own or (name in named and not found):
                found.append(value)
            secrets.update(found)
        ways = {way for secret in secrets for way in _written(secret.strip())}
        return cls(tuple(sorted(ways, key=lambda way: (-len(way), way))))

    def text(self, text: str) -> str:
        """`text` without secrets."""
        for value in self.values:
            text = text.replace(value, MASKED)
        return text

    def tree(self, content: Any) -> Any:
        """Lists and tables of texts without secrets, as JSON holds them."""
        if isinstance(content, str):
            return self.text(content)
        if isinstance(content, Mapping):
            return {self.text(str(key)): self.tree(part) for key, part in content.items()}
        if isinstance(content, list | tuple):
            return [self.tree(part) for part in content]
        return content

    def found_in(self, folder: Path) -> bool:
        """Whether a file below `folder` holds a secret as it is."""
        files = [path for path in folder.rglob("*") if path.is_file()]
        return any(self._bytes(path.read_bytes()) != path.read_bytes() for path in files)

    def folder(self, folder: Path) -> None:
        """Mask every file below `folder`, members of workbooks included.

        Raises
        ------
        EngineError
            If a binary file holds a secret: it is removed, and the run may not be published.
        """
        if not self.values:
            return
        held = []
        for path in (p for p in folder.rglob("*") if p.is_file() and not p.is_symlink()):
            if path.suffix.lower() in _PACKED and zipfile.is_zipfile(path):
                self._packed(path)
                continue
            data = path.read_bytes()
            masked = self._bytes(data)
            if masked == data:
                continue
            if b"\x00" in data[:4096]:
                path.unlink()
                held.append(path.name)
            else:
                path.write_bytes(masked)
        if held:
            raise EngineError(
                "a result holds a secret of the environment.",
                where=f"{', '.join(held)}, removed",
                fix="let the notebook write no password, token or key.",
            )

    def _bytes(self, data: bytes) -> bytes:
        for value in self.values:
            data = data.replace(value.encode(), MASKED.encode())
        return data

    def _packed(self, path: Path) -> None:
        with zipfile.ZipFile(path) as packed:
            members = [(info, packed.read(info)) for info in packed.infolist()]
        masked = [(info, self._bytes(data)) for info, data in members]
        if masked == members:
            return
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
            for info, data in masked:
                packed.writestr(info, data)


def _is_place(value: str) -> bool:
    """Whether a value is the path of a secret, not the secret: `PASSWORD_FILE=/run/secrets/db`."""
    return value.startswith(("/", "~", ".")) and Path(value).expanduser().exists()


def _written(secret: str) -> set[str]:
    """The ways in which programs write a text: plain, in addresses, JSON, HTML and Python."""
    plain = {secret, unquote(secret)}
    ways = set(plain)
    for text in plain:
        ways |= {quote(text, safe=""), html.escape(text), repr(text)[1:-1]}
        ways |= {json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}
        ways |= {json.dumps(repr(text)[1:-1], ensure_ascii=False)[1:-1]}
    return {way for way in ways if len(way) >= _SHORTEST}
