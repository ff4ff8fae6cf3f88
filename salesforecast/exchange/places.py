"""Which unit a row means: by its place in the tree, or by a name that only one unit has."""

from __future__ import annotations

from difflib import get_close_matches

import pandas as pd

from salesforecast.exchange.words import plain, say
from salesforecast.reporting.labels import place_labels
from salesforecast.reporting.wording import CATALOGUES, Wording


class Places:
    """The units of a plan by everything that they may be called."""

    def __init__(self, units: pd.DataFrame, language: str) -> None:
        self.language = language
        self._units = units
        self._paths = {_path(node): str(node) for node in units.index}
        self._names: dict[str, list[str]] = {}
        self._said: dict[str, str] = {}
        self._levels: dict[str, set[str]] = {}
        tongues = [Wording(tongue, 1) for tongue in CATALOGUES]
        shown = [place_labels(units, wording) for wording in tongues]
        levels = {
            level: {plain(level), *(plain(wording.level(level)) for wording in tongues)}
            for level in units["level"].astype("str").unique()
        }
        for node, label, level in zip(units.index, units["label"], units["level"], strict=True):
            self._levels[str(node)] = levels[str(level)]
            own = [wording.name("label", str(label)) for wording in tongues]
            for name in dict.fromkeys([str(label), *own, *(each[str(node)] for each in shown)]):
                known = self._names.setdefault(_name(name), [])
                if str(node) not in known:
                    known.append(str(node))
                self._said.setdefault(_name(name), name)

    def find(
        self, name: str, path: str = "", level: str = "", above: tuple[str, ...] = ()
    ) -> tuple[str, str]:
        """Node of a row, or the reason why there is none; the other of the two is empty.

        Parameters
        ----------
        name, path, level
            What the row says of its unit; the path decides, and the name must not contradict it.
        above
            Places that the unit lies in, where a table has a column a level.
        """
        if path:
            node = self._paths.get(_path(path), "")
            if not node:
                return "", self._unknown(path, self._paths)
            if name and node not in self._names.get(_name(name), []) and _path(name) != _path(path):
                return "", say(self.language, "contradiction_unit", text=name, path=path)
            return node, ""
        by_path = self._paths.get(_path(name), "") if "/" in name else ""
        found = [by_path] if by_path else self._names.get(_name(name), [])
        if len(found) > 1 and level:
            found = [node for node in found if plain(level) in self._levels[node]] or found
        inside = [node for node in found if all(_name(each) in _parts(node) for each in above)]
        if found and not inside and any(_name(each) in self._names for each in above):
            said = "/".join((*above, name))
            return "", say(self.language, "contradiction_unit", text=said, path=found[0])
        found = inside or found
        if len(found) == 1:
            return found[0], ""
        if found:
            paths = ", ".join(f'"{node}"' for node in found[:3])
            fix = say(self.language, "use_path", paths=paths)
            return "", say(self.language, "ambiguous_unit", text=name, fix=fix)
        return "", self._unknown(name, self._said)

    def _unknown(self, text: str, known: dict[str, str]) -> str:
        close = get_close_matches(_name(text), list(known), n=1, cutoff=0.5)
        if close:
            near = known[close[0]]
            fix = f"did you mean '{near}'?" if self.language == "en" else f"是否指“{near}”？"
        else:
            fix = (
                "take the names from the download."
                if self.language == "en"
                else "请使用下载文件中的名称。"
            )
        return say(self.language, "unknown_unit", text=text, fix=fix)


def _name(text: str) -> str:
    """A name as it is compared; brackets stay, as `France (online)` needs them."""
    import unicodedata

    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _path(text: str) -> str:
    return "/".join(_name(part) for part in text.strip().split("/")) if text.strip() != "/" else "/"


def _parts(node: str) -> set[str]:
    """Names on the way to a node, its own included."""
    return {_name(part) for part in node.split("/")}
