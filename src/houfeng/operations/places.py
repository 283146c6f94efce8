"""Places to warn, and chances of shaking at them, from tables; a bad row is kept out and told, it stops nothing."""

import csv
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from houfeng.alerts.alert import plain_text
from houfeng.errors import InputError, SourceError

#: Other names that columns go by.
_ALIASES = {"lon": "longitude", "lat": "latitude", "name_en": "name"}


@dataclass(frozen=True, eq=False)
class Places:
    """Towns, districts, schools: whatever is warned as one.

    Attributes
    ----------
    names
        By language (``en``, ``zh``), unique in English.
    longitude, latitude : ndarray, shape (n,)
        Degrees.
    population : ndarray, shape (n,)
        NaN where unknown.
    radius_km : ndarray, shape (n,)
        Of the area to warn.
    geocodes
        Pairs of a coding system and a code.
    rejected
        Why rows were kept out, one sentence each.
    """

    names: tuple[Mapping[str, str], ...]
    longitude: np.ndarray
    latitude: np.ndarray
    population: np.ndarray
    radius_km: np.ndarray
    geocodes: tuple[tuple[tuple[str, str], ...], ...]
    rejected: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True, eq=False)
class Chances:
    """Chance of shaking of at least some intensities at n places.

    Attributes
    ----------
    by_level
        MMI to an array of shape (3, n): best estimate, low and high end of its range.
    ranges
        What the ranges are: ``models``, ``given``, or with ends that equal the estimate ``one`` (a single model) and
        ``none``.
    source
        Where they come from, for people.
    simulated
        Whether anything they rest on was invented.
    fields : ndarray of shape (n_fields, n), optional
        Simulated intensities they agree with.
    notes
        What whoever decides must know of them, by language: models used beyond their limits.
    """

    by_level: Mapping[float, np.ndarray]
    ranges: str
    source: str
    simulated: bool = False
    fields: np.ndarray | None = None
    notes: tuple[Mapping[str, str], ...] = ()

    @property
    def best(self) -> dict[float, np.ndarray]:
        """Best estimates by level."""
        return {level: rows[0] for level, rows in self.by_level.items()}


def read_places(path: str | Path, *, radius_km: float) -> Places:
    """Read a CSV file of places.

    Parameters
    ----------
    path
        With the columns name, longitude, latitude (or lon, lat), and where wanted name_zh, population, radius_km,
        geocode (as ``SYSTEM=CODE``).
    radius_km
        Where the file gives none.

    Raises
    ------
    SourceError
        When the file cannot be read.
    InputError
        When a column is missing, or no row is good.
    """
    rows, where = _table(path, {"name", "longitude", "latitude"})
    good, rejected, seen = [], [], set()
    for number, row in rows:
        try:
            place = _place(row, radius_km)
            if place["name"] in seen:
                raise InputError(f"a second place called '{place['name']}'")
        except InputError as error:
            rejected.append(f"{where}, line {number}: {error}")
            continue
        seen.add(place["name"])
        good.append(place)
    if not good:
        why = f"; first: {rejected[0]}" if rejected else ""
        raise InputError(f"{where} has no usable place{why}")
    column = {key: np.array([place[key] for place in good], float) for key in _NUMBERS}
    return Places(
        names=tuple({"en": place["name"], "zh": place["name_zh"] or place["name"]} for place in good),
        geocodes=tuple(place["geocode"] for place in good),
        rejected=tuple(rejected),
        **column,
    )


def read_chances(path: str | Path, places: Places) -> Chances:
    """Read a CSV file with the chance of shaking at places.

    Parameters
    ----------
    path
        With the column name and one for each intensity: ``mmi6`` for the chance of VI or more, as a number from 0
        to 1, and where known ``mmi6_low`` and ``mmi6_high``.

    Raises
    ------
    SourceError
        When the file cannot be read.
    InputError
        When a place is missing, or a value is no probability.
    """
    rows, where = _table(path, {"name"})
    table: dict[str, tuple[int, dict[str, str]]] = {}
    for number, row in rows:
        name = row["name"].strip()
        if name in table:
            raise InputError(f"{where}, line {number}: a second row for '{name}'; one of them must go")
        if row.get(_BEYOND):
            raise InputError(f"{where}, line {number}: {_TOO_LONG}")
        table[name] = (number, row)
    names = [name["en"] for name in places.names]
    absent = [name for name in names if name not in table]
    if absent:
        raise InputError(f"{where} has no chances for {len(absent)} of {len(names)} places, first '{absent[0]}'")
    columns = [name for name in next(iter(table.values()))[1] if re.fullmatch(r"mmi\d+(\.\d+)?", name)]
    if not columns:
        raise InputError(f"{where} has no column such as mmi6 with the chance of MMI VI or more")
    ranged = all({f"{name}_low", f"{name}_high"} <= set(next(iter(table.values()))[1]) for name in columns)
    by_level = {}
    for name in columns:
        parts = (name, f"{name}_low", f"{name}_high") if ranged else (name,) * 3
        lines = [[_chance(table[place], part, where) for place in names] for part in parts]
        value, low, high = np.array(lines, float)
        if not ((low <= value) & (value <= high)).all():
            place = names[int(np.flatnonzero(~((low <= value) & (value <= high)))[0])]
            raise InputError(f"{where}: the {name} of '{place}' lies outside its range {name}_low to {name}_high")
        by_level[float(name[3:])] = np.stack([value, low, high])
    return Chances(by_level, "given" if ranged else "none", str(path))


#: Where cells beyond the header are kept, and what is wrong with them.
_BEYOND = ""
_TOO_LONG = "the row has more cells than the header; decimals need a point, and commas in a text quotation marks"

_NUMBERS = ("longitude", "latitude", "population", "radius_km")


def _table(path: str | Path, needed: set[str]) -> tuple[list[tuple[int, dict[str, str]]], str]:
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"cannot read {path}: {error}; it must be a CSV file in UTF-8") from error
    reader = csv.reader(text.splitlines())
    heads = [_ALIASES.get(head.strip().lower(), head.strip().lower()) for head in next(reader, [])]
    missing = needed - set(heads)
    if missing:
        raise InputError(f"{path} lacks the column {', '.join(sorted(missing))}; it has: {', '.join(heads) or 'none'}")
    twice = [head for head in heads if head and heads.count(head) > 1]
    if twice:
        raise InputError(f"{path} has the column {twice[0]} twice; one of them must go")
    rows = [(reader.line_num, _cells(heads, row)) for row in reader if any(map(str.strip, row))]
    if not rows:
        raise InputError(f"{path} has a header and no rows")
    return rows, str(path)


def _cells(heads: Sequence[str], row: Sequence[str]) -> dict[str, str]:
    """Cells by the name of their column, empty where the row is too short."""
    given = [*row, *[""] * (len(heads) - len(row))]
    return {**dict(zip(heads, given, strict=False)), _BEYOND: "".join(given[len(heads) :]).strip()}


def _place(row: Mapping[str, str], radius_km: float) -> dict[str, object]:
    if row[_BEYOND]:
        raise InputError(_TOO_LONG)
    name = plain_text(row["name"], "the name")
    if not name:
        raise InputError("the name is empty")
    limits = {
        "longitude": (-180.0, 180.0, math.nan),
        "latitude": (-90.0, 90.0, math.nan),
        "population": (0.0, 1e10, math.nan),
        "radius_km": (0.01, 500.0, radius_km),
    }
    found: dict[str, object] = {"name": name, "name_zh": plain_text(row.get("name_zh", ""), "name_zh")}
    for key, (low, high, default) in limits.items():
        text = row.get(key, "").strip()
        if not text and key in ("population", "radius_km"):
            found[key] = default
            continue
        value = _number(text, key)
        if not low <= value <= high:
            raise InputError(f"{key} of '{name}' is {text}; it must lie between {low:g} and {high:g}")
        found[key] = value
    system, equals, code = plain_text(row.get("geocode", ""), "the geocode").partition("=")
    if bool(system.strip()) != bool(equals and code.strip()):
        raise InputError(f"the geocode of '{name}' is '{row['geocode']}'; write it like SYSTEM=CODE")
    found["geocode"] = ((system.strip(), code.strip()),) if equals else ()
    return found


def _chance(numbered: tuple[int, Mapping[str, str]], column: str, where: str) -> float:
    number, row = numbered
    value = _number(row.get(column, "").strip(), f"{where}, line {number}: {column}")
    if not 0 <= value <= 1:
        raise InputError(f"{where}, line {number}: {column} is {value:g}; a chance lies between 0 and 1")
    return value


def _number(text: str, what: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InputError(f"{what} is '{text}', which is no number")
    return value


def indices_of(places: Places, names: Sequence[str]) -> tuple[int, ...]:
    """Where the places of these English names are; unknown names are left out."""
    known = {name["en"]: index for index, name in enumerate(places.names)}
    return tuple(known[name] for name in names if name in known)
