"""A field of shaking as GeoJSON (RFC 7946): points or grid cells with values and their ranges."""

import json
from pathlib import Path
from typing import Literal

import numpy as np

from houfeng.errors import InputError, SourceError
from houfeng.shaking.field import ShakingField
from houfeng.shaking.intensity import intensity_of
from houfeng.shaking.motion import unit_of
from houfeng.shaking.scales import china_intensity, jma_class, jma_intensity

_DECIMALS = 6


def to_geojson(
    field: ShakingField, *, shape: Literal["point", "cell"] = "point", cell_deg: float = 0.0, level: float = 0.9
) -> dict:
    """A FeatureCollection of the sites.

    Parameters
    ----------
    shape
        Sites as points, or as squares `cell_deg` wide about them.
    level
        Content of the ranges ``..._low`` to ``..._high``: motion by its median and total standard deviation, MMI
        with that of the conversion too.

    Returns
    -------
    dict
        Each feature has ``mmi``, and by measure ``pga_g``, ``pgv_cms``, ``sa_0.3_g`` ..., each with its range, and
        where there are PGA and PGV ``china_intensity`` and ``jma_class``. What is SIMULATED says so.

    Raises
    ------
    InputError
        When cells are asked for without a width.
    """
    from scipy.special import ndtri

    if shape == "cell" and not 0 < cell_deg <= 10:
        raise InputError(
            f"cells need a width in degrees, above 0 up to 10, not {cell_deg}; pass cell_deg, or shape='point'"
        )
    motion, quake = field.motion, field.earthquake
    intensity = intensity_of(motion)
    low, high = intensity.interval(level)
    columns = {"mmi": _digits(intensity.mean), "mmi_low": _digits(low), "mmi_high": _digits(high)}
    reach = ndtri(0.5 + level / 2) * motion.total
    for j, measure in enumerate(motion.measures):
        name = _name(measure)
        for suffix, ln_value in (("", 0.0), ("_low", -reach[:, j]), ("_high", reach[:, j])):
            columns[name + suffix] = _digits(np.exp(motion.mean_ln[:, j] + ln_value))
    if {"PGA", "PGV"} <= set(motion.measures):
        pga, pgv = motion.median("PGA"), motion.median("PGV")
        columns["china_intensity"] = _digits(china_intensity(pga_g=pga, pgv_cms=pgv))
        columns["jma_class"] = jma_class(jma_intensity(pgv_cms=pgv)).tolist()
    geometries = _cells(field, cell_deg) if shape == "cell" else _points(field)
    return {
        "type": "FeatureCollection",
        "properties": {
            "event_id": quake.event_id,
            "time": quake.time.isoformat(),
            "magnitude": quake.magnitude,
            "magnitude_type": quake.magnitude_type,
            "status": quake.status,
            "source": field.source,
            "n_stations": field.n_stations,
            "simulated": field.simulated,
            "notice": "SIMULATED" if field.simulated or quake.status != "actual" else "",
            "range_level": level,
        },
        "features": [
            {
                "type": "Feature",
                "id": i,
                "geometry": geometry,
                "properties": {name: column[i] for name, column in columns.items()},
            }
            for i, geometry in enumerate(geometries)
        ],
    }


def write_geojson(field: ShakingField, path: str | Path, **options) -> None:
    """Write :func:`to_geojson` to a file.

    Raises
    ------
    SourceError
        When the file cannot be written.
    """
    text = json.dumps(to_geojson(field, **options), ensure_ascii=False, allow_nan=False)
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise SourceError(f"cannot write {path}: {error.strerror or error}") from error


def _name(measure: str) -> str:
    """``pga_g``, ``pgv_cms``, ``sa_0.3_g``."""
    bare = measure.lower().replace("(", "_").replace(")", "")
    return f"{bare}_{unit_of(measure).replace('/', '')}"


def _points(field: ShakingField) -> list[dict]:
    places = np.round(np.column_stack([field.sites.longitude, field.sites.latitude]), _DECIMALS).tolist()
    return [{"type": "Point", "coordinates": place} for place in places]


def _cells(field: ShakingField, cell_deg: float) -> list[dict]:
    """Squares about the sites; one that would cross the date line or a pole is cut there."""
    half = cell_deg / 2
    west = np.round(np.maximum(field.sites.longitude - half, -180), _DECIMALS).tolist()
    east = np.round(np.minimum(field.sites.longitude + half, 180), _DECIMALS).tolist()
    south = np.round(np.maximum(field.sites.latitude - half, -90), _DECIMALS).tolist()
    north = np.round(np.minimum(field.sites.latitude + half, 90), _DECIMALS).tolist()
    return [
        {"type": "Polygon", "coordinates": [[[w, s], [e, s], [e, n], [w, n], [w, s]]]}
        for w, e, s, n in zip(west, east, south, north, strict=True)
    ]


def _digits(values: np.ndarray) -> list[float]:
    """Four significant digits: more would be false."""
    return [float(f"{value:.4g}") for value in values.tolist()]
