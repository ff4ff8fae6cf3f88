"""A room imports from lower floors and itself only."""

import ast
from pathlib import Path

import pytest

import salesforecast

PACKAGE = Path(salesforecast.__file__).parent
FLOORS = [
    {"deliveries", "errors", "notes", "stages"},
    {"findings", "masking", "worker"},
    {"tables", "hierarchy", "fiscal"},
    {"rules", "fingerprint"},
    {"history", "forecasting", "allocation", "planning"},
    {
        "bulk",
        "grain",
        "influences",
        "jobs",
        "lifted",
        "plan_tables",
        "planners",
        "publishing",
        "reporting",
        "wishes",
    },
    {"futures", "references"},
    {"kernels"},
    {"runs"},
    {"workbench"},
    {"desk", "replay"},
    {"outlook", "review"},
    {"results"},
    {"exchange"},
    {"exchange_commands", "operations", "planning_commands", "widgets"},
    {"app", "outlook_commands"},
    {"cli"},
    {"__main__"},
]
FLOOR = {room: height for height, rooms in enumerate(FLOORS) for room in rooms}
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path.parent.name != "notebooks")


def _room(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def _imported_rooms(path: Path) -> set[str]:
    rooms = set()
    for statement in ast.walk(ast.parse(path.read_text("utf-8"))):
        names = []
        if isinstance(statement, ast.ImportFrom):
            assert statement.level == 0, f"{path}: imports are written in full"
            module = statement.module or ""
            names = (
                [f"{module}.{alias.name}" for alias in statement.names]
                if module == "salesforecast"
                else [module]
            )
        elif isinstance(statement, ast.Import):
            names = [alias.name for alias in statement.names]
        rooms |= {name.split(".")[1] for name in names if name.startswith("salesforecast.")}
    return rooms


def test_every_room_has_a_floor():
    rooms = {_room(path) for path in MODULES} - {"__init__"}
    assert rooms <= set(FLOOR), "give the new room a floor here and in CONTRIBUTING.md"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_down(path):
    room = _room(path)
    if room == "__init__":
        return
    for imported in _imported_rooms(path) - {room}:
        assert FLOOR[imported] < FLOOR[room], f"{room} must not import {imported}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_has_one_duty(path):
    assert len(path.read_text("utf-8").splitlines()) <= 400


def test_a_wings_face_holds_no_code():
    for face in PACKAGE.glob("*/__init__.py"):
        body = ast.parse(face.read_text("utf-8")).body
        assert len(body) == 1 and isinstance(body[0], ast.Expr), f"{face} holds code"
