"""Forecasts as GeoJSON (RFC 7946), for maps: cells with expected numbers and probabilities.

Cells are on a lattice that the date line belongs to, so that none crosses it; those that end there have the
longitude 180. The standing and the legal notice are properties of the collection.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Literal

import numpy as np

from houfeng.errors import SourceError
from houfeng.forecasts.forecast import Forecast
from houfeng.values import legal_notice

#: Decimals of a degree: a tenth of a metre.
DECIMALS = 6


def to_geojson(
    forecast: Forecast, magnitudes: Sequence[float], *, shape: Literal["polygon", "point"] = "polygon"
) -> dict:
    """The cells of `forecast` as a FeatureCollection.

    Parameters
    ----------
    magnitudes
        Thresholds, edges of the forecast's bins: ``expected_5.0`` and ``probability_5.0`` for 5.
    shape
        Cells as squares, or as their centres.

    Raises
    ------
    InputError
        When a magnitude is not an edge of a bin.
    """
    gridded, issue = forecast.gridded, forecast.issue
    columns = {}
    for magnitude in magnitudes:
        columns[f"expected_{magnitude:.1f}"] = _digits(gridded.above(magnitude))
        columns[f"probability_{magnitude:.1f}"] = _digits(gridded.probability(magnitude))
    geometries = _polygons(forecast) if shape == "polygon" else _points(forecast)
    features = [
        {
            "type": "Feature",
            "id": i,
            "geometry": geometry,
            "properties": {name: column[i] for name, column in columns.items()},
        }
        for i, geometry in enumerate(geometries)
    ]
    times = {"as_of": issue.as_of.isoformat(), "data_end": issue.data_end.isoformat()}
    return {
        "type": "FeatureCollection",
        "properties": {
            **(asdict(issue) | times),
            "data_age_days": round(issue.data_age_days, 3),
            "start": gridded.window.start.isoformat(),
            "end": gridded.window.end.isoformat(),
            "cell_deg": gridded.grid.cell_deg,
            "magnitudes": [float(magnitude) for magnitude in magnitudes],
            "legal_notice": legal_notice(issue.state),
        },
        "features": features,
    }


def write_geojson(
    forecast: Forecast,
    magnitudes: Sequence[float],
    path: str | Path,
    *,
    shape: Literal["polygon", "point"] = "polygon",
) -> None:
    """Write :func:`to_geojson` to a file.

    Raises
    ------
    InputError
        When a magnitude is not an edge of a bin.
    SourceError
        When the file cannot be written.
    """
    text = json.dumps(to_geojson(forecast, magnitudes, shape=shape), ensure_ascii=False, allow_nan=False)
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise SourceError(f"cannot write {path}: {error.strerror or error}") from error


def _polygons(forecast: Forecast) -> list[dict]:
    grid = forecast.gridded.grid
    west, south = np.round(grid.west, DECIMALS).tolist(), np.round(grid.south, DECIMALS).tolist()
    east = np.round(grid.west + grid.cell_deg, DECIMALS).tolist()
    north = np.round(grid.south + grid.cell_deg, DECIMALS).tolist()
    return [
        {"type": "Polygon", "coordinates": [[[w, s], [e, s], [e, n], [w, n], [w, s]]]}
        for w, s, e, n in zip(west, south, east, north, strict=True)
    ]


def _points(forecast: Forecast) -> list[dict]:
    grid = forecast.gridded.grid
    centres = np.round(np.column_stack([grid.longitude, grid.latitude]), DECIMALS).tolist()
    return [{"type": "Point", "coordinates": centre} for centre in centres]


def _digits(values: np.ndarray) -> list[float]:
    """Six significant digits."""
    return [float(f"{value:.6g}") for value in values.tolist()]
