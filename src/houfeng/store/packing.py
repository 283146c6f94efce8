"""Catalogues and forecasts to named arrays and back, every field unchanged."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import numpy as np

from houfeng.catalogs.catalog import Catalog
from houfeng.errors import InputError
from houfeng.forecasts.counts import Counts
from houfeng.forecasts.forecast import CellReasons, Contributor, Explanation, FeatureReason, Forecast, Issue
from houfeng.forecasts.gridded import GriddedForecast
from houfeng.lexicon import CATALOG
from houfeng.regions import Grid
from houfeng.store.artifacts import Packed
from houfeng.times import Window, parse_time, require_utc
from houfeng.values import Provenance


def json_text(value: object, what: str) -> str:
    """JSON with sorted keys; times, paths and numpy scalars are written as plain JSON.

    NaN and infinite numbers, such as the open end of an interval, are written ``NaN`` and ``Infinity``.

    Raises
    ------
    InputError
        When `value`, called `what` in the message, cannot be written as JSON.
    """
    try:
        return json.dumps(value, sort_keys=True, ensure_ascii=False, default=_plain)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"{what} must be made of words, numbers, times, lists and dictionaries keyed by words; {error}"
        ) from error


def utc_text(moment: datetime) -> str:
    """A moment as fixed-width ISO 8601 text, which sorts as time does."""
    return require_utc(moment).isoformat(timespec="microseconds")


def pack_catalog(catalog: Catalog) -> Packed:
    """Columns and provenance of `catalog`."""
    arrays = {}
    for term in CATALOG:
        column = getattr(catalog, term.name)
        arrays |= _text_arrays(term.name, column) if term.dtype == "object" else {term.name: column}
    return Packed({"kind": "catalog", "provenance": _plain_dict(catalog.provenance)}, arrays)


def unpack_catalog(packed: Packed) -> Catalog:
    """Inverse of :func:`pack_catalog`."""
    columns = {
        term.name: _texts(term.name, packed.arrays) if term.dtype == "object" else packed.arrays[term.name]
        for term in CATALOG
    }
    provenance = _with_times(packed.header["provenance"], "data_end")
    return Catalog(**columns, provenance=Provenance(**provenance))


def pack_forecast(forecast: Forecast) -> Packed:
    """Cells, rates, counts, issue and explanation of `forecast`."""
    gridded, counts = forecast.gridded, forecast.counts
    header = {
        "kind": "forecast",
        "issue": _plain_dict(forecast.issue),
        "window": _plain_dict(forecast.window),
        "cell_deg": float(gridded.grid.cell_deg),
        "explanation": _explanation_dict(forecast.explanation),
    }
    arrays = {
        "west": gridded.grid.west,
        "south": gridded.grid.south,
        "magnitudes": gridded.magnitudes,
        "rates": gridded.rates,
        "count_magnitudes": counts.magnitudes,
        "count_expected": counts.expected,
        "count_samples": counts.samples,
        "count_survival": counts.survival,
    }
    return Packed(header, arrays)


def unpack_forecast(packed: Packed) -> Forecast:
    """Inverse of :func:`pack_forecast`."""
    header, arrays = packed.header, packed.arrays
    explanation = header["explanation"]
    contributors = (Contributor(**_with_times(c, "time")) for c in explanation["contributors"])
    return Forecast(
        issue=Issue(**_with_times(header["issue"], "as_of", "data_end")),
        gridded=GriddedForecast(
            grid=Grid(west=arrays["west"], south=arrays["south"], cell_deg=header["cell_deg"]),
            window=Window(**_with_times(header["window"], "start", "end")),
            magnitudes=arrays["magnitudes"],
            rates=arrays["rates"],
        ),
        counts=Counts(
            magnitudes=arrays["count_magnitudes"],
            expected=arrays["count_expected"],
            samples=arrays["count_samples"],
            survival=arrays["count_survival"],
        ),
        explanation=Explanation(
            explanation["background_share"],
            tuple(contributors),
            tuple(explanation["notes"]),
            _reasons(explanation.get("learned")),
        ),
    )


def _explanation_dict(explanation: Explanation) -> dict:
    """What learned models say is written only where there is any: others stay as they always were."""
    fields = _plain_dict(explanation)
    return fields if explanation.learned is not None else {k: v for k, v in fields.items() if k != "learned"}


def _reasons(fields: Mapping[str, object] | None) -> CellReasons | None:
    if fields is None:
        return None
    strongest = tuple(FeatureReason(**one) for one in fields["strongest"])
    return CellReasons(**{**fields, "strongest": strongest})


def _text_arrays(name: str, column: np.ndarray) -> dict[str, np.ndarray]:
    """Strings as one run of UTF-8 and the length of each in characters."""
    texts = [str(text) for text in column]
    joined = "".join(texts).encode("utf-8", "surrogatepass")
    return {
        f"{name}_text": np.frombuffer(joined, np.uint8),
        f"{name}_length": np.fromiter(map(len, texts), np.int32, len(texts)),
    }


def _texts(name: str, arrays: Mapping[str, np.ndarray]) -> np.ndarray:
    joined = arrays[f"{name}_text"].tobytes().decode("utf-8", "surrogatepass")
    ends = np.cumsum(arrays[f"{name}_length"], dtype=np.int64).tolist()
    texts = np.empty(len(ends), object)
    texts[:] = [joined[start:end] for start, end in zip([0, *ends[:-1]], ends, strict=False)]
    return texts


def _plain_dict(value: object) -> dict:
    """A frozen data class as what JSON will give back."""
    return json.loads(json_text(asdict(value), type(value).__name__))


def _with_times(fields: Mapping[str, object], *names: str) -> dict:
    return {**fields, **{name: parse_time(fields[name]) for name in names}}


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return utc_text(value)
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} cannot be stored")
