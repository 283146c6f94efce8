"""Exposure in and out: CSV and GeoJSON. A bad row never stops a file; it is kept aside and counted."""

import csv
import io
import json
import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from houfeng.damage.exposure import COLUMNS, NUMBER_COLUMNS, Exposure, fault_of, number_faults
from houfeng.damage.fragility import hazus_fragilities
from houfeng.errors import InputError, SourceError

#: Columns a file must have; the others are filled in and the filling is told in the notes.
REQUIRED = ("longitude", "latitude", "taxonomy")

#: What stands for WGS 84 longitude and latitude in the (old) "crs" member of GeoJSON.
WGS84 = ("urn:ogc:def:crs:ogc:1.3:crs84", "urn:ogc:def:crs:ogc::crs84", "urn:ogc:def:crs:epsg::4326", "epsg:4326",
         "crs84", "ogc:crs84")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rejected:
    """One row that is not in the exposure: its number (from 1, without the header), why, and what stands there."""

    row: int
    reason: str
    text: str


@dataclass(frozen=True, slots=True)
class ExposureReading:
    """What a file holds.

    Attributes
    ----------
    exposure
        The good rows.
    rejected
        The others, in the order of the file.
    notes
        What was filled in or assumed, for people.
    """

    exposure: Exposure
    rejected: tuple[Rejected, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def reasons(self) -> dict[str, int]:
        """Number of rejected rows by reason, the commonest first."""
        return dict(Counter(one.reason for one in self.rejected).most_common())


def read_exposure(
    path: Path | str, *, simulated: bool = False, known: Collection[str] | None = None, assume_wgs84: bool = False
) -> ExposureReading:
    """Read an exposure file.

    Parameters
    ----------
    path
        ``.csv`` (comma or semicolon, one header line) or ``.geojson``/``.json`` (a FeatureCollection of points;
        of polygons and multipolygons the middle of their corners is taken). Columns or properties: longitude and
        latitude (GeoJSON: the geometry), taxonomy, and if known asset_id, zone_id, buildings, occupants_day,
        occupants_night, area_m2, replacement_usd, simulated.
    simulated
        Marks the stock as invented; a column ``simulated`` that is true in any row does the same.
    known
        Building types that have a fragility; the Hazus ones unless given.
    assume_wgs84
        Take the coordinates of a GeoJSON file as longitude and latitude although they look like metres; for files
        whose "crs" names another system this is refused all the same.

    Raises
    ------
    SourceError
        When the file cannot be opened.
    InputError
        When a column is missing, the coordinate system is another than WGS 84 or cannot be told, or no row is good.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SourceError(f"cannot read the exposure {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path.name} is not UTF-8 text (byte {error.start}); save it as CSV UTF-8") from error
    if path.suffix.lower() in (".json", ".geojson"):
        rows = _geojson_rows(text, path.name, assume_wgs84)
    elif path.suffix.lower() in (".csv", ".txt"):
        rows = _csv_rows(text, path.name)
    else:
        raise InputError(f"'{path.name}': exposure is read from .csv, .geojson and .json files")
    return _sift(rows, path.name, simulated, hazus_fragilities() if known is None else known)


def _csv_rows(text: str, name: str) -> list[dict[str, object]]:
    header = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=header.count)
    reader = csv.DictReader(io.StringIO(text), delimiter=delimiter)
    found = [column.strip() for column in reader.fieldnames or []]
    reader.fieldnames = found
    missing = [column for column in REQUIRED if column not in found]
    if missing:
        raise InputError(
            f"{name} lacks the column {' and '.join(missing)}; it has {', '.join(found) or 'none'}. "
            f"Needed are {', '.join(REQUIRED)}; understood are {', '.join(COLUMNS)}"
        )
    return [dict(row) for row in reader]


def _geojson_rows(text: str, name: str, assume_wgs84: bool) -> list[dict[str, object]]:
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(f"{name} is not JSON: {error}") from error
    if not isinstance(document, dict) or document.get("type") != "FeatureCollection":
        raise InputError(f"{name} is no GeoJSON FeatureCollection")
    crs = document.get("crs")
    if crs is not None:
        label = str(crs.get("properties", {}).get("name", crs)) if isinstance(crs, dict) else str(crs)
        if label.lower() not in WGS84:
            raise InputError(
                f"{name} is in the coordinate system '{label}'; only WGS 84 longitude and latitude (EPSG:4326, "
                "CRS84) is read. Reproject it, for instance: ogr2ogr -t_srs EPSG:4326 out.geojson in.geojson"
            )
    features = document.get("features", [])
    places = [_place(feature.get("geometry")) for feature in features if isinstance(feature, dict)]
    far = [place for place in places if place and not (abs(place[0]) <= 360 and abs(place[1]) <= 90)]
    if places and len(far) > len(places) / 2 and not assume_wgs84:
        raise InputError(
            f"{name} names no coordinate system and its coordinates (first {far[0][0]:g}, {far[0][1]:g}) are no "
            "longitude and latitude: the CRS is missing. Reproject it to WGS 84 (EPSG:4326)"
        )
    rows = []
    for feature, place in zip((one for one in features if isinstance(one, dict)), places, strict=True):
        row = {str(key): value for key, value in (feature.get("properties") or {}).items()}
        row["longitude"], row["latitude"] = place or (math.nan, math.nan)
        row.setdefault("asset_id", feature.get("id", ""))
        rows.append(row)
    return rows


def _place(geometry: object) -> tuple[float, float] | None:
    """Longitude and latitude of a geometry: the point, or the middle of the corners, each counted once."""
    if not isinstance(geometry, dict):
        return None
    corners = list(dict.fromkeys(_positions(geometry.get("coordinates"))))  # a ring ends where it began
    if not corners:
        return None
    middle = np.mean(corners, axis=0)
    return float(middle[0]), float(middle[1])


def _positions(nested: object) -> Iterable[tuple[float, float]]:
    if isinstance(nested, (list, tuple)):
        if len(nested) >= 2 and all(isinstance(value, (int, float)) for value in nested[:2]):
            yield float(nested[0]), float(nested[1])
        else:
            for part in nested:
                yield from _positions(part)


def _sift(rows: list[dict[str, object]], name: str, simulated: bool, known: Collection[str]) -> ExposureReading:
    notes = []
    present = {key for row in rows for key, value in row.items() if value not in (None, "")}
    for column in COLUMNS:
        if column not in present and column not in (*REQUIRED, "asset_id"):
            notes.append(_FILLED[column])
    good: list[dict[str, object]] = []
    rejected = []
    seen: set[str] = set()
    for number, row in enumerate(rows, start=1):
        filled, reason = _judged(row, number, known)
        if not reason and filled["asset_id"] in seen:
            reason = "asset_id occurs twice"
        if reason:
            rejected.append(Rejected(number, reason, json.dumps(row, ensure_ascii=False, default=str)[:200]))
            continue
        seen.add(str(filled["asset_id"]))
        good.append(filled)
    listed = f"known building types: {', '.join(sorted(known))}"
    if any(one.reason.startswith(_UNKNOWN) for one in rejected):
        notes.append(listed)
    if not good:
        first = f"; first: row {rejected[0].row}, {rejected[0].reason}" if rejected else ""
        raise InputError(f"{name} holds no asset that can be used ({len(rejected)} rows rejected{first}); {listed}")
    invented = simulated or any(str(row.get("simulated", "")).strip().lower() in ("true", "1", "yes") for row in rows)
    columns = {column: np.array([row[column] for row in good], object) for column in COLUMNS}
    return ExposureReading(Exposure(**columns, simulated=invented, source=name), tuple(rejected), tuple(notes))


_UNKNOWN = "unknown building type"

#: What happens where a column is absent.
_FILLED: Mapping[str, str] = {
    "zone_id": "no zone_id: all assets are counted in one zone, 'all'",
    "buildings": "no buildings: every asset is taken as one building",
    "occupants_day": "no occupants_day: taken as 0, so daytime casualties are missing",
    "occupants_night": "no occupants_night: taken as 0, so night casualties and displaced people are missing",
    "area_m2": "no area_m2: taken as 0",
    "replacement_usd": "no replacement_usd: taken as 0, so losses are missing",
}
_DEFAULTS = {"zone_id": "all", "buildings": 1.0, "occupants_day": 0.0, "occupants_night": 0.0, "area_m2": 0.0,
             "replacement_usd": 0.0}  # fmt: skip


def _judged(row: Mapping[str, object], number: int, known: Collection[str]) -> tuple[dict[str, object], str]:
    """The row with every column filled, and what is wrong with it ("" for nothing)."""
    filled: dict[str, object] = {}
    for column in COLUMNS:
        value = row.get(column)
        if value is None or (isinstance(value, str) and not value.strip()):
            value = _DEFAULTS.get(column, math.nan if column in NUMBER_COLUMNS else "")
        if column not in NUMBER_COLUMNS:
            filled[column] = str(value).strip()
            continue
        try:
            filled[column] = float(value)
        except (TypeError, ValueError):
            return filled, f"{column} is not a number"
        if number_faults(column, np.array([filled[column]]))[0]:
            return filled, fault_of(column, float(filled[column]))
    filled["asset_id"] = filled["asset_id"] or f"row-{number}"
    if filled["taxonomy"] not in known:
        return filled, f"{_UNKNOWN} '{filled['taxonomy']}'"
    return filled, ""


def write_exposure(exposure: Exposure, path: Path | str) -> None:
    """Write ``.csv`` or ``.geojson`` (points), so that :func:`read_exposure` gives the same back."""
    path = Path(path)
    columns = [getattr(exposure, name).tolist() for name in COLUMNS]
    rows = zip(*columns, strict=True)
    if path.suffix.lower() == ".csv":
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow([*COLUMNS, "simulated"])
            writer.writerows([*row, str(exposure.simulated).lower()] for row in rows)
        return
    if path.suffix.lower() not in (".json", ".geojson"):
        raise InputError(f"'{path.name}': exposure is written as .csv, .geojson or .json")
    features = []
    for row in rows:
        properties = dict(zip(COLUMNS, row, strict=True)) | {"simulated": exposure.simulated}
        place = [properties.pop("longitude"), properties.pop("latitude")]
        geometry = {"type": "Point", "coordinates": place}
        features.append({"type": "Feature", "geometry": geometry, "properties": properties})
    document = {"type": "FeatureCollection", "source": exposure.source, "features": features}
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
