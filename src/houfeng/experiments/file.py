"""An experiment as a TOML file: every key known or refused, every value checked, every message with its place."""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np

from houfeng.errors import ConfigError, HoufengError, SourceError, UnknownNameError
from houfeng.experiments.experiment import CatalogFile, ExecutorChoice, Experiment, ModelEntry
from houfeng.regions import Region
from houfeng.times import Window, parse_horizon, parse_time, require_utc

_TOP = (
    *("name", "seed", "simulations", "min_magnitude", "reference", "catalog", "region", "training", "windows"),
    *("scores", "models", "executor", "log"),
)
_MOST_WINDOWS = 100_000


def read_experiment(path: Path) -> Experiment:
    """Read the experiment in `path`; see :meth:`Experiment.from_file`."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not TOML: {error}; see docs/how-to/run-an-experiment.md") from error
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"cannot read the experiment {path}: {error}") from error
    return parse_experiment(table, folder=path.parent, where=str(path))


def parse_experiment(table: Mapping, *, folder: Path, where: str) -> Experiment:
    """The experiment that `table`, the content of a TOML file, describes.

    Parameters
    ----------
    table
        As :func:`tomllib.load` gives it.
    folder
        To which paths in it are relative.
    where
        What to call it in messages.
    """
    top = _Table(table, where, _TOP)
    training = top.table("training", ("start", "refit"))
    scores = top.table("scores", ("tests", "thresholds", "occurrence", "block_days"))
    log = top.table("log", ("forecasts",))
    models, name = _models(top), top.required("name", _TEXT)
    place = top.table("region", ("name", "file", "polygon", "cell_deg", "depth_max_km"), needed=True)
    return Experiment(
        name=name,
        catalog=_catalog(top.table("catalog", tuple(CatalogFile.__dataclass_fields__), needed=True), folder),
        region=_region(place, folder, name),
        models=models,
        windows=_windows(top.table("windows", ("start", "end", "length", "step", "list"), needed=True)),
        reference=top.get("reference", _TEXT, models[0].label),
        min_magnitude=top.get("min_magnitude", _MAGNITUDE, None),
        training_start=training.get("start", _MOMENT, None),
        refit=training.get("refit", _REFIT, None),
        n_simulations=top.get("simulations", _WHOLE, Experiment.n_simulations),
        seed=top.get("seed", _WHOLE, Experiment.seed),
        tests=scores.get("tests", _several(_TEXT), Experiment.tests),
        thresholds=scores.get("thresholds", _several(_NUMBER), Experiment.thresholds),
        occurrence=scores.get("occurrence", _NUMBER, Experiment.occurrence),
        block_days=scores.get("block_days", _NUMBER, Experiment.block_days),
        keep_forecasts=log.get("forecasts", _TRUTH, Experiment.keep_forecasts),
        executor=_executor(top.table("executor", ("kind", "workers", "scheduler"))),
    )


class _Kind(NamedTuple):
    """How a value is read (TypeError where it cannot be), and what it must be, in words."""

    convert: Callable
    wanted: str


class _Table:
    """One table of the file; an unknown key is refused when it is opened."""

    def __init__(self, values: object, place: str, allowed: Sequence[str]) -> None:
        self.place = place
        if not isinstance(values, Mapping):
            raise ConfigError(f"{place} is {_shown(values)}; it must be a table with {', '.join(allowed)}")
        for key in values:
            if key not in allowed:
                raise UnknownNameError(f"key of {place}", key, allowed)
        self._values = values

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def get(self, key: str, kind: _Kind, default: object):
        """The value of `key`, converted, or the default."""
        if key not in self._values:
            return default
        value = self._values[key]
        try:
            return kind.convert(value)
        except HoufengError as error:
            raise ConfigError(f"{self.place}: {key}: {error}") from error
        except (TypeError, ValueError) as error:
            raise ConfigError(f"{self.place}: {key} is {_shown(value)}; {kind.wanted}") from error

    def required(self, key: str, kind: _Kind):
        """The value of `key`, which must be there."""
        if key not in self._values:
            raise ConfigError(f"{self.place}: there is no {key}; {kind.wanted}")
        return self.get(key, kind, None)

    def table(self, key: str, allowed: Sequence[str], *, needed: bool = False) -> "_Table":
        """The table under `key`; an empty one where it is absent and not needed."""
        if needed and key not in self._values:
            raise ConfigError(f"{self.place}: there is no table [{key}]; it takes {', '.join(allowed)}")
        return _Table(self._values.get(key, {}), f"{self.place}: [{key}]", allowed)

    def one_of(self, *keys: str) -> str:
        """The one of `keys` that is given; none or two are refused."""
        given = [key for key in keys if key in self._values]
        if len(given) != 1:
            raise ConfigError(f"{self.place}: give exactly one of {', '.join(keys)}; there is {given or 'none'}")
        return given[0]


def _shown(value: object) -> str:
    text = value.isoformat() if isinstance(value, datetime) else repr(value)
    return text if len(text) < 80 else text[:76] + " ..."


def _catalog(table: _Table, folder: Path) -> CatalogFile:
    from houfeng.catalogs.bundled import bundled_names

    file = table.required("file", _TEXT)
    if file not in bundled_names() or (folder / file).exists():
        file = str(folder / file)
    return CatalogFile(
        file=file,
        format=table.get("format", _TEXT, ""),
        assume_utc=table.get("assume_utc", _TRUTH, False),
        source=table.get("source", _TEXT, ""),
        licence=table.get("licence", _TEXT, ""),
        data_end=table.get("data_end", _MOMENT, None),
        publication_delay_s=table.get("publication_delay_s", _NUMBER, None),
    )


def _region(table: _Table, folder: Path, name: str) -> Region:
    """The region; a polygon is called as the experiment is."""
    kind = table.one_of("name", "file", "polygon")
    if kind == "name":
        region = Region.named(table.required("name", _TEXT))
    elif kind == "file":
        region = Region.from_geojson(folder / table.required("file", _TEXT))
    else:
        region = Region(name=name, rings=(table.required("polygon", _CORNERS),))
    changes = {key: table.get(key, _NUMBER, None) for key in ("cell_deg", "depth_max_km") if key in table}
    return replace(region, **changes)


def _windows(table: _Table) -> tuple[Window, ...]:
    if table.one_of("start", "list") == "list":
        for key in ("end", "length", "step"):
            if key in table:
                raise ConfigError(f"{table.place}: {key} goes with start; a list says it all")
        return table.required("list", _PAIRS)
    start, end = table.required("start", _MOMENT), table.required("end", _MOMENT)
    length = table.required("length", _LENGTH)
    step = table.get("step", _LENGTH, length)
    number = (end - start - length) // step + 1
    if not 1 <= number <= _MOST_WINDOWS:
        raise ConfigError(
            f"{table.place}: {max(0, number)} windows of {length} fit between {start.isoformat()} and "
            f"{end.isoformat()}; there must be 1 to {_MOST_WINDOWS:,}"
        )
    return tuple(Window.after(start + i * step, length) for i in range(number))


def _models(top: _Table) -> tuple[ModelEntry, ...]:
    entries = []
    for number, values in enumerate(top.required("models", _TABLES), start=1):
        table = _Table(values, f"{top.place}: [[models]] no. {number}", ("name", "label", "parameters"))
        parameters = table.get("parameters", _PARAMETERS, {})
        entries.append(ModelEntry(table.required("name", _TEXT), table.get("label", _TEXT, ""), parameters))
    return tuple(entries)


def _executor(table: _Table) -> ExecutorChoice:
    return ExecutorChoice(
        kind=table.get("kind", _TEXT, ExecutorChoice().kind),
        workers=table.get("workers", _WHOLE, None),
        scheduler=table.get("scheduler", _TEXT, ""),
    )


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise TypeError
    return value


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not np.isfinite(value):
        raise TypeError
    return float(value)


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise TypeError
    return value


def _magnitude(value: object) -> float | None:
    return None if value == "estimate" else _number(value)


def _moment(value: object) -> datetime:
    if isinstance(value, datetime):
        return require_utc(value)
    if not isinstance(value, str):
        raise TypeError
    return parse_time(value)


def _length(value: object) -> timedelta:
    if not isinstance(value, str):
        raise TypeError
    return parse_horizon(value)


def _refit(value: object) -> int | timedelta:
    return _whole(value) if isinstance(value, int) else _length(value)


def _corners(value: object) -> np.ndarray:
    return np.array(value, float)


def _pairs(value: object) -> tuple[Window, ...]:
    if not isinstance(value, list) or not all(isinstance(pair, list) and len(pair) == 2 for pair in value):
        raise TypeError
    return tuple(Window(_moment(start), _moment(end)) for start, end in value)


def _tables(value: object) -> list:
    if not isinstance(value, list) or not value:
        raise TypeError
    return value


def _parameters(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise TypeError
    return {key: tuple(item) if isinstance(item, list) else item for key, item in value.items()}


_TEXT = _Kind(_text, "it must be a text that is not empty")
_TRUTH = _Kind(_truth, "it must be true or false")
_NUMBER = _Kind(_number, "it must be a number")
_WHOLE = _Kind(_whole, "it must be a whole number, 0 or more")
_MAGNITUDE = _Kind(_magnitude, 'it must be a magnitude such as 3.5, or "estimate"')
_MOMENT = _Kind(_moment, "it must be a time with a zone, such as 2016-08-24T00:00:00Z")
_LENGTH = _Kind(_length, 'it must be a length of time such as "1d", "36h", "week" or "1y"')
_REFIT = _Kind(_refit, 'it must be a number of windows, or a length of time such as "30d"')
_CORNERS = _Kind(_corners, "it must be a list of [longitude, latitude] in degrees")
_PAIRS = _Kind(_pairs, "it must be a list of [start, end], times with zones")
_TABLES = _Kind(_tables, "it must be one or more tables [[models]], each with a name")
_PARAMETERS = _Kind(_parameters, "it must be a table of the model's parameters")


def _several(kind: _Kind) -> _Kind:
    def values(value: object) -> tuple:
        if not isinstance(value, list):
            raise TypeError
        return tuple(kind.convert(item) for item in value)

    return _Kind(values, f"it must be a list; of each item {kind.wanted}")
