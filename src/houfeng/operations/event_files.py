"""An earthquake from plain values, or from a JSON file."""

import json
from collections.abc import Mapping
from pathlib import Path

from houfeng.earthquake import Earthquake
from houfeng.errors import InputError, SourceError
from houfeng.times import parse_time


def read_event(path: str | Path) -> Earthquake:
    """The earthquake of a JSON file, see :func:`read_earthquake`.

    Raises
    ------
    SourceError
        When the file cannot be read.
    InputError
        When it is not JSON, or no earthquake.
    """
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise SourceError(f"cannot read {path}: {error.strerror or error}") from error
    except ValueError as error:
        raise InputError(f"{path} is not JSON: {error}") from error
    return read_earthquake(document, str(path))


def read_earthquake(document: Mapping[str, object], where: str = "the earthquake") -> Earthquake:
    """An earthquake from plain values: event_id, time, longitude, latitude, depth_km, magnitude and what is optional.

    Raises
    ------
    InputError
        When a value is missing, unknown or makes no sense.
    """
    known = {"event_id", "time", "longitude", "latitude", "depth_km", "magnitude", "magnitude_type", "regime", "names",
             "status"}  # fmt: skip
    if not isinstance(document, Mapping):
        raise InputError(f"{where} must be a JSON object with {', '.join(sorted(known))}")
    if strange := set(document) - known:
        raise InputError(f"{where}: '{min(strange)}' is not known; there are: {', '.join(sorted(known))}")
    required = ("event_id", "time", "longitude", "latitude", "depth_km", "magnitude")
    if missing := [name for name in required if name not in document]:
        raise InputError(f"{where} lacks {', '.join(missing)}")
    values = dict(document)
    for name in ("longitude", "latitude", "depth_km", "magnitude"):
        if isinstance(values[name], bool) or not isinstance(values[name], int | float):
            raise InputError(f"{where}: {name} is {values[name]!r}, it must be a number")
    for name in ("event_id", "time", "magnitude_type", "regime", "status"):
        if name in values and not isinstance(values[name], str):
            raise InputError(f"{where}: {name} is {values[name]!r}, it must be a text")
    names = values.get("names", {})
    if not isinstance(names, Mapping) or not all(isinstance(text, str) for text in names.values()):
        raise InputError(f"{where}: names must be an object of language and text, such as {{'en': 'Illapel'}}")
    return Earthquake(**values | {"time": parse_time(values["time"])})
