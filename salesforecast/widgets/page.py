"""What only a browser can do for the screen: hand over a file, hear clicks, notice a lost kernel."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anywidget
import traitlets

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class Page(anywidget.AnyWidget):
    """The browser's side of a screen; `on_event` hears it, `hand_over` gives it a file.

    Events: `opened` (with the browser's `language` and what it `kept` of this plan's page), `select` (a `node` that was clicked),
    `save` (Ctrl+S), `alive` (every five seconds; answered, so that the page knows), `did`
    (after a gesture; answered at once, which comes when all that it asked for is done).
    """

    _esm = Path(__file__).with_name("page.js")
    unsaved = traitlets.Bool(default_value=False).tag(sync=True)
    title = traitlets.Unicode("salesforecast").tag(sync=True)
    away = traitlets.Unicode().tag(sync=True)
    kept = traitlets.Dict().tag(sync=True)
    tour = traitlets.List(traitlets.Unicode()).tag(sync=True)
    tour_end = traitlets.Unicode().tag(sync=True)

    names = traitlets.Dict(traitlets.Unicode()).tag(sync=True)

    def __init__(self) -> None:
        super().__init__()
        self.on_event("did", lambda _: self.send({"event": "done"}))

    def on_event(self, name: str, act: Callable[[dict[str, Any]], object]) -> None:
        """Call `act` with the message of every event called `name`."""

        def hear(_: object, message: dict[str, Any], __: object) -> None:
            if message.get("event") == name:
                act(message)

        self.on_msg(hear)

    def answer(self) -> None:
        """Tell the page that the kernel is there."""
        self.send({"event": "here"})

    def hand_over(self, name: str, content: bytes, *, kind: str = XLSX) -> None:
        """Let the browser save `content` as a file called `name`."""
        self.send({"event": "file", "name": name, "kind": kind}, [content])
