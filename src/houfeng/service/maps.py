"""What is drawn on the map: cells, outline, earthquakes before and after, land."""

import json
from functools import cache

import numpy as np

from houfeng.catalogs.catalog import Catalog
from houfeng.errors import UnknownNameError
from houfeng.forecasts.forecast import Forecast
from houfeng.forecasts.geojson import to_geojson
from houfeng.geo import points_in_rings, ring_area_km2
from houfeng.operations.document import time
from houfeng.reports import wording
from houfeng.reports.coastline import coastline, land
from houfeng.reports.headlines import both
from houfeng.reports.scale import colour_range
from houfeng.service.cards import loaded
from houfeng.service.observed import Observed, observed
from houfeng.service.runs import baseline_of, horizon_name, horizon_words, horizons_of, region_of
from houfeng.store import ForecastRecord, StoreReader

#: Highest cells of the table that stands for the map where it cannot be drawn or seen.
HIGHEST = 10

#: At most so many earthquakes of each kind are drawn, the strongest.
DRAWN = 1500


def cells(store: StoreReader, id: int, magnitude: float) -> dict:
    """Expected numbers of at least `magnitude` by cell, in columns.

    Returns
    -------
    dict
        ``west`` and ``south`` (lower-left corners, degrees, west unwrapped with the region), ``rate`` (expected
        number in the window), ``colours`` (lowest and highest number of the logarithmic scale), ``highest``.

    Raises
    ------
    UnknownNameError
        When there is no such forecast.
    InputError
        When `magnitude` is not an edge of its bins.
    """
    record = store.forecast(id)
    run = store.run(record.run)
    forecast = loaded(store, record)
    grid, rates = forecast.gridded.grid, forecast.gridded.above(magnitude)
    words = horizon_words(horizon_name(record, horizons_of(run)), record.window.days)
    outline = _outline(store, record)
    west = _beside(grid.west, outline["bounds"][0] if outline else None)
    side = f"{grid.cell_deg:g}"
    return {
        "id": id,
        "magnitude": magnitude,
        "cell_deg": grid.cell_deg,
        "west": np.round(west, 4).tolist(),
        "south": np.round(grid.south, 4).tolist(),
        "rate": [float(f"{rate:.4g}") for rate in rates.tolist()],
        "colours": colour_range(_usual(store, record, forecast, magnitude)),
        "bounds": [
            float(west.min()),
            float(grid.south.min()),
            float(west.max() + grid.cell_deg),
            float(grid.south.max() + grid.cell_deg),
        ],
        "outline": outline["feature"] if outline else None,
        "legend": both("page_legend", m=f"{magnitude:g}", side=side, horizon=words),
        "caption": both(
            "page_map_words", model=store.labels(run.id).get(id, record.issue.model), m=f"{magnitude:g}", horizon=words
        ),
        "highest": _highest(forecast, magnitude, west),
    }


def cells_geojson(store: StoreReader, id: int, magnitude: float) -> dict:
    """The cells as a FeatureCollection under their present standing."""
    return to_geojson(store.load_forecast(id), [magnitude])


def earthquakes(store: StoreReader, id: int) -> dict:
    """Earthquakes around forecast `id`, in its region and of at least its smallest magnitude.

    Before: issued by the moment of the forecast, from the last 30 days (or the length of the window, if that is
    longer). After: in the window, as far as the data of the run reach. A run without a catalogue has neither.
    """
    record = store.forecast(id)
    around = observed(store, record)
    if around is None:
        words = both("page_no_catalogue")
        return {"type": "FeatureCollection", "features": [], "before": 0, "after": None, "words": words}
    features = _points(around.before, "before")
    if around.after is not None:
        features += _points(around.after, "after")
    return {
        "type": "FeatureCollection",
        "features": features,
        "before": len(around.before),
        "after": None if around.after is None else len(around.after),
        "known_until": time(around.known_until),
        "words": _told(around, record.counts[0].magnitude),
    }


@cache
def land_json() -> bytes:
    """Land as GeoJSON polygons, and the coast alone as lines to be drawn over the cells."""
    rings = land()
    turning = np.array([_signed_area(ring) for ring in rings])
    outer = np.sign(turning[np.argmax(np.abs(turning))])
    polygons = [[ring] for ring, area in zip(rings, turning, strict=True) if np.sign(area) == outer]
    for ring, area in zip(rings, turning, strict=True):
        if np.sign(area) != outer:
            corner = {"longitude": ring[:1, 0], "latitude": ring[:1, 1]}
            around = [polygon for polygon in polygons if points_in_rings(polygon[:1], **corner)[0]]
            min(around, key=lambda polygon: ring_area_km2(polygon[0])).append(ring)
    shapes = [[_rounded(ring) for ring in polygon] for polygon in polygons]
    lines = [_rounded(line) for line in coastline()]
    features = [
        {"type": "Feature", "properties": {"kind": kind}, "geometry": {"type": shape, "coordinates": coordinates}}
        for kind, shape, coordinates in (("land", "MultiPolygon", shapes), ("coast", "MultiLineString", lines))
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}, separators=(",", ":")).encode()


def _rounded(points: np.ndarray) -> list[list[float]]:
    return np.round(points, 2).tolist()


def _signed_area(ring: np.ndarray) -> float:
    x, y = ring[:, 0], ring[:, 1]
    return float((x[:-1] * y[1:] - x[1:] * y[:-1]).sum())


def _beside(west: np.ndarray, start: float | None) -> np.ndarray:
    """Longitudes unwrapped to lie east of `start`, so that cells across the date line stay together."""
    return west if start is None else (west - start + 1e-6) % 360.0 + start - 1e-6


def _outline(store: StoreReader, record: ForecastRecord) -> dict | None:
    """The region as GeoJSON (None for the whole Earth) and its bounds; None where nobody knows its polygon any more."""
    try:
        region = region_of(store.run(record.run), record.issue.region)
    except UnknownNameError:
        return None
    west, south, *_ = region.bounds
    grid_west = np.floor(west / region.cell_deg + 1e-9) * region.cell_deg
    return {"feature": None if region.whole_earth else region.to_geojson(), "bounds": (float(grid_west), south)}


def _usual(store: StoreReader, record: ForecastRecord, forecast: Forecast, magnitude: float) -> np.ndarray:
    """Long-term rates of the same window, which set the colours; the forecast's own where there are none."""
    labels, baseline = store.labels(record.run), baseline_of(store.run(record.run))
    for other in store.forecasts(run=record.run):
        if labels.get(other.id, other.issue.model) == baseline and other.window == record.window:
            return loaded(store, other).gridded.above(magnitude)
    return forecast.gridded.above(magnitude)


def _highest(forecast: Forecast, magnitude: float, west: np.ndarray) -> list[dict]:
    grid, rates, chances = (
        forecast.gridded.grid,
        forecast.gridded.above(magnitude),
        forecast.gridded.probability(magnitude),
    )
    top = np.argsort(rates, kind="stable")[::-1][:HIGHEST]
    return [
        {
            "longitude": float(grid.longitude[i]),
            "latitude": float(grid.latitude[i]),
            "place": wording.place(float(grid.longitude[i]), float(grid.latitude[i])),
            "rate": wording.count(float(rates[i])),
            "probability": wording.percent(float(chances[i])),
        }
        for i in top
    ]


def _points(events: Catalog, kind: str) -> list[dict]:
    strongest = np.sort(np.argsort(events.magnitude, kind="stable")[::-1][:DRAWN])
    drawn = events.select(strongest)
    stamps = np.datetime_as_string(drawn.time, unit="m")
    return [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [round(x, 3), round(y, 3)]},
            "properties": {"kind": kind, "magnitude": round(m, 2), "time": f"{stamp.replace('T', ' ')} UTC"},
        }
        for x, y, m, stamp in zip(
            drawn.longitude.tolist(), drawn.latitude.tolist(), drawn.magnitude.tolist(), stamps.tolist(), strict=True
        )
    ]


def _told(around: Observed, magnitude: float) -> wording.Both:
    """What the circles are, in words."""
    days = f"{around.span.total_seconds() / 86_400:g}"
    n = 0 if around.after is None else len(around.after)
    key = "page_events_none" if around.after is None else "page_events_whole" if around.whole else "page_events_part"
    return both(key, before=len(around.before), days=days, m=f"{magnitude:g}", n=n)
