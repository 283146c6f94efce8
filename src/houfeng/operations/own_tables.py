"""Tables of one's own as CSV: hospitals, shelters, depots and teams; a bad row is kept out and told."""

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from houfeng.errors import InputError, SourceError
from houfeng.response.facilities import Places
from houfeng.response.teams import LEVELS, LONGEST_SHIFT_S, RescueTeams

#: Teams without a time set out after half an hour, work twelve hours, and get twenty people out at most.
START_H, SHIFT_H, CAPACITY, LEVEL = 0.5, 12.0, 20.0, "light"

#: More people, beds or litres than anybody has.
_MANY = 1e12
_NAMES = ("name", "place_id", "team_id", "id")
_YES, _NO = ("true", "1", "yes", "y"), ("", "false", "0", "no", "n")


@dataclass(frozen=True, slots=True)
class Number:
    """A column of numbers: its limits, and what stands where the file has none (None: it must have one)."""

    low: float
    high: float
    default: float | None = None


@dataclass(frozen=True, eq=False)
class Table:
    """Good rows of a file as columns, and what was left out or filled in, by language."""

    names: tuple[str, ...]
    numbers: Mapping[str, np.ndarray]
    texts: Mapping[str, tuple[str, ...]]
    notes: tuple[Mapping[str, str], ...]


_PLACE = {"longitude": Number(-180.0, 180.0), "latitude": Number(-90.0, 90.0)}


def read_table(path: Path, numbers: Mapping[str, Number], texts: Mapping[str, Sequence[str]]) -> Table:
    """Read a table with a name, longitude, latitude, some numbers and some texts.

    Parameters
    ----------
    texts
        Column to the values it may have; the first stands where the file has none.

    Raises
    ------
    SourceError
        When the file cannot be read.
    InputError
        When a column is missing. A table without a good row is empty, and its notes say why.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"cannot read {path}: {error}; it must be a CSV file in UTF-8") from error
    reader = csv.DictReader(lines)
    heads = [head.strip().lower() for head in reader.fieldnames or ()]
    reader.fieldnames = heads
    wanted = _PLACE | dict(numbers)
    missing = [column for column, number in wanted.items() if number.default is None and column not in heads]
    label = next((name for name in _NAMES if name in heads), "")
    if missing or not label:
        lacks = ", ".join([*([] if label else ["name"]), *missing])
        raise InputError(f"{path.name} lacks the column {lacks}; it has: {', '.join(heads) or 'none'}")
    good, notes, seen = [], [], set()
    for number, row in enumerate(reader, start=2):
        try:
            name = (row[label] or "").strip()
            if not name or name in seen:
                raise InputError(f"'{name}' occurs twice" if name else "the name is empty")
            values = {column: _number(row.get(column), column, limits) for column, limits in wanted.items()}
            words = {column: _text(row.get(column), column, allowed) for column, allowed in texts.items()}
        except InputError as error:
            notes.append({"en": f"{path.name}, line {number} left out: {error}",
                          "zh": f"{path.name} 第{number}行未采用：{error}"})  # fmt: skip
            continue
        seen.add(name)
        good.append((name, values, words))
    filled = [column for column, limits in wanted.items() if limits.default is not None and column not in heads]
    for column in filled:
        notes.append({"en": f"{path.name}: no {column}, {wanted[column].default:g} is taken",
                      "zh": f"{path.name}：缺少 {column}，取{wanted[column].default:g}"})  # fmt: skip
    return Table(
        names=tuple(name for name, _, _ in good),
        numbers={column: np.array([values[column] for _, values, _ in good], float) for column in wanted},
        texts={column: tuple(words[column] for _, _, words in good) for column in texts},
        notes=tuple(notes),
    )


def read_own_places(path: Path, quantity: str) -> tuple[Table, Places]:
    """Read places with how much each holds.

    Parameters
    ----------
    quantity
        ``capacity`` (people, or beds) or ``stock_litres``; for the latter the places hold nobody.

    Returns
    -------
    The table (with a text ``kind``, ``standing`` or ``field``), and the places; the coastal strip is not marked yet.
    """
    table = read_table(
        path,
        {quantity: Number(0.0, _MANY)},
        {"closed": (*_NO, *_YES), "kind": ("standing", "field"), "simulated": (*_NO, *_YES)},
    )
    n = len(table.names)
    return table, Places(
        place_id=table.names,
        longitude=table.numbers["longitude"],
        latitude=table.numbers["latitude"],
        capacity=table.numbers[quantity] if quantity == "capacity" else np.zeros(n),
        in_coastal_strip=np.zeros(n, bool),
        closed=np.array([text in _YES for text in table.texts["closed"]], bool),
        simulated=any(text in _YES for text in table.texts["simulated"]),
    )


def read_teams(path: Path) -> tuple[Table, RescueTeams]:
    """Read rescue teams: name, longitude, latitude, and level, start_h, shift_h, capacity where they are known."""
    numbers = {
        "start_h": Number(0.0, 720.0, START_H),
        "shift_h": Number(0.0, LONGEST_SHIFT_S / 3600, SHIFT_H),
        "capacity": Number(0.0, _MANY, CAPACITY),
    }
    table = read_table(path, numbers, {"level": (LEVEL, *(name for name in LEVELS if name != LEVEL))})
    return table, RescueTeams(
        team_id=table.names,
        longitude=table.numbers["longitude"],
        latitude=table.numbers["latitude"],
        level=table.texts["level"],
        start_s=3600 * table.numbers["start_h"],
        shift_s=3600 * table.numbers["shift_h"],
        capacity=table.numbers["capacity"],
    )


def no_places() -> Places:
    """Nowhere."""
    none = np.zeros(0)
    return Places((), none, none, none, none.astype(bool), none.astype(bool))


def no_teams() -> RescueTeams:
    """Nobody."""
    none = np.zeros(0)
    return RescueTeams((), none, none, (), none, none, none)


def _number(given: str | None, column: str, limits: Number) -> float:
    text = (given or "").strip()
    if not text and limits.default is not None:
        return limits.default
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not limits.low <= value <= limits.high:
        allowed = f"of at least {limits.low:g}" if limits.high >= _MANY else f"from {limits.low:g} to {limits.high:g}"
        raise InputError(f"{column} is '{text}', it must be a number {allowed}")
    return value


def _text(given: str | None, column: str, allowed: Sequence[str]) -> str:
    text = (given or "").strip().lower()
    if not text:
        return allowed[0]
    if text not in allowed:
        raise InputError(f"{column} is '{text}', it must be one of {', '.join(word for word in allowed if word)}")
    return text
