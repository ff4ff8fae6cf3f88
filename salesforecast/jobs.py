"""A job is a notebook with a cell of parameters: find it, and check what a caller asks of it."""

from __future__ import annotations

import ast
import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from math import isfinite
from pathlib import Path

from salesforecast.errors import ParameterError
from salesforecast.masking import refuse_secrets

Value = str | int | float | bool
SAID_BY_SCENARIO = ("stretch", "criterion", "seed", "measure")  # never from two places
PATHS = ("organisation", "scenario")  # parameters that name a file of the user's
FOLDER = "folder"  # where the notebook writes; ours to give, not the user's
_TYPES: dict[str, type] = {"str": str, "int": int, "float": float, "bool": bool}
_KIND = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}
_BOOL = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@dataclass(frozen=True)
class Parameter:
    """One line of a notebook's parameters cell: `name: type = default  # help`."""

    name: str
    kind: type
    default: Value
    help: str = ""


@dataclass(frozen=True)
class Job:
    """A notebook that can be run, and what it can be told."""

    name: str
    notebook: Path
    parameters: tuple[Parameter, ...]
    writes: bool  # whether it takes the folder to write its results to

    def settle(self, given: Mapping[str, object]) -> dict[str, Value]:
        """Every parameter's value: `given` where it is valid, the notebook's default elsewhere.

        Paths come out absolute: given ones are relative to the working directory, defaults to
        the notebook's folder. Text is read as the parameter's type (`"0.05"` for a number).

        Raises
        ------
        ParameterError
            If a name is unknown, a value does not fit its type or looks like a secret, or a file
            does not exist.
        """
        known = {p.name: p for p in self.parameters}
        refuse_secrets(given, where="the parameters of the run")
        refuse_secrets({p.name: p.default for p in self.parameters}, where=str(self.notebook))
        for name in given:
            if name not in known:
                raise _unknown(name, self, list(known))
        twice = [name for name in SAID_BY_SCENARIO if name in given and given.get("scenario")]
        if twice:
            raise ParameterError(
                f"the scenario says '{twice[0]}', and so does the call.",
                where=f"scenario {given['scenario']} and {', '.join(f'-p {n}' for n in twice)}",
                fix="write it into the scenario, or run without one.",
            )
        values = {
            name: _fit(parameter, given[name]) if name in given else parameter.default
            for name, parameter in known.items()
        }
        for name in PATHS:
            if values.get(name):
                base = Path.cwd() if name in given else self.notebook.parent
                values[name] = str(_existing(name, base / Path(str(values[name])).expanduser()))
        store, files = str(given.get("store", "")), str(given.get("files", ""))
        if store and "://" not in store:  # a file, not an address
            values["store"] = str(Path.cwd() / Path(store).expanduser())
        if files:
            paths = [Path.cwd() / Path(name.strip()).expanduser() for name in files.split(";")]
            values["files"] = ";".join(str(_existing("files", path)) for path in paths)
        return values


def notebook_places() -> list[Path]:
    """Where notebooks are looked for: `./notebooks`, then beside the package, then inside it."""
    package = Path(__file__).parent
    return [Path.cwd() / "notebooks", package.parent / "notebooks", package / "notebooks"]


def beside_notebooks(path: str) -> Path:
    """Find a file that is named as from the notebooks' folder, wherever the notebook runs.

    JupyterLab runs a notebook in its own folder, plain papermill in the caller's. A path that
    exists as it is comes back as it is; one that is nowhere, too: its reader says so.
    """
    if not path or Path(path).exists():
        return Path(path)
    found = (place / path for place in notebook_places())
    return next((p.resolve() for p in found if p.exists()), Path(path))


def find_job(name: str, notebooks: Path | None = None) -> Job:
    """Find the job called `name` in `notebooks` (default: the first of `notebook_places()`).

    Raises
    ------
    ParameterError
        If there is no such notebook, or it cannot be understood.
    """
    places = [notebooks] if notebooks else notebook_places()
    plain = bool(re.fullmatch(r"\w[\w .-]*", name))  # a name, never a way into another folder
    path = next(
        (p / f"{name}.ipynb" for p in places if plain and (p / f"{name}.ipynb").is_file()), None
    )
    if path is None:
        jobs = sorted({p.stem for place in places for p in place.glob("*.ipynb")})
        near = get_close_matches(name, jobs, n=1)
        raise ParameterError(
            f"there is no job '{name[:80]}'.",
            where=", ".join(str(p) for p in places if p.is_dir()) or str(places[0]),
            fix=f"did you mean '{near[0]}'?" if near else f"choose one of: {', '.join(jobs)}.",
        )
    path = path.resolve()
    writes, parameters = _parameters(path)
    return Job(name, path, parameters, writes)


def own_copy(folder: Path) -> Path:
    """Folder of notebooks that can be edited in `folder`; the packaged ones are copied there.

    In a checkout these are its own. Installed by pip there are none yet: notebooks and the
    sample data go to `folder/notebooks` and `folder/data`, and nothing there is replaced.
    """
    places = notebook_places()
    own = next((p for p in places[:2] if any(p.glob("*.ipynb"))), None)
    if own is not None:
        return own
    for name in ("notebooks", "data"):
        packaged = places[2].parent / name
        if packaged.is_dir() and not (folder / name).exists():
            shutil.copytree(packaged, folder / name)
    return folder / "notebooks"


def _parameters(path: Path) -> tuple[bool, tuple[Parameter, ...]]:
    """Read the parameters cell without running it: whether it has `FOLDER`, and the others."""
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        tagged = [c for c in cells if "parameters" in c.get("metadata", {}).get("tags", [])]
        source = "".join(tagged[0]["source"]) if tagged else ""
        lines, tree = source.splitlines(), ast.parse(source)
        found = [
            Parameter(
                name=statement.target.id,
                kind=_TYPES[statement.annotation.id],
                default=ast.literal_eval(statement.value),
                help=lines[(statement.end_lineno or 1) - 1][statement.end_col_offset :].strip(" #"),
            )
            for statement in tree.body
            if isinstance(statement, ast.AnnAssign)
            and isinstance(statement.target, ast.Name)
            and isinstance(statement.annotation, ast.Name)
            and statement.value is not None
        ]
        others = tuple(parameter for parameter in found if parameter.name != FOLDER)
        return len(others) < len(found), others
    except (ValueError, KeyError, TypeError, SyntaxError) as error:
        raise ParameterError(
            f"the parameters of '{path.stem}' cannot be read ({error}).",
            where=f"{path}, the cell tagged 'parameters'",
            fix="write each as `name: type = value  # help`; types: str, int, float, bool.",
        ) from error


def _unknown(name: str, job: Job, known: list[str]) -> ParameterError:
    near = get_close_matches(name, known, n=1)
    return ParameterError(
        f"'{job.name}' has no parameter '{name}'.",
        where="the parameters of the run",
        fix=f"did you mean '{near[0]}'?" if near else f"it has: {', '.join(known)}.",
    )


def _fit(parameter: Parameter, value: object) -> Value:
    """Read `value` as the parameter's type, or refuse it."""
    kind, text = parameter.kind, str(value).strip()
    if type(value) is kind and isinstance(value, (str, int, float, bool)):
        return value
    try:
        if kind is bool:
            return _BOOL[text.lower()]
        if kind is str and isinstance(value, (str, Path)):
            return str(value)
        if kind in (int, float) and not isinstance(value, bool) and "_" not in text:
            number = int(text) if kind is int else float(text)
            if isfinite(number):
                return number
    except (ValueError, KeyError):
        pass  # said below, with what was expected
    fix = f"give {_KIND[kind]}, as in {parameter.name}={parameter.default}."
    if text.endswith(("%", "％")) and kind is float:
        with_point = text.rstrip("%％")
        fix = f"write a fraction: {parameter.name}=0.05 is 5 % (not '{with_point}%')."
    raise ParameterError(
        f"parameter '{parameter.name}' cannot be '{value}'.",
        where="the parameters of the run",
        fix=fix,
    )


def _existing(name: str, path: Path) -> Path:
    if not path.is_file():
        raise ParameterError(
            f"the file for '{name}' does not exist.",
            where=str(path),
            fix="check the path."
            + (" `salesforecast init FILE` makes one." if name == "organisation" else ""),
        )
    return path.resolve()
