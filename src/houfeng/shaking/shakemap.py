"""ShakeMap ``grid.xml``: read and written, with Vs30.

The format of the USGS (ShakeMap manual, doi:10.5066/F7D21VPQ): a header and rows of numbers, west to east within
rows from north to south; PGA and PSA in %g, PGV in cm/s, standard deviations of natural logarithms.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree
from xml.sax.saxutils import quoteattr

import numpy as np

from houfeng.earthquake import Earthquake
from houfeng.errors import InputError, SourceError, TimeError
from houfeng.geo import wrap_longitude
from houfeng.shaking.field import ShakingField
from houfeng.shaking.intensity import intensity_of
from houfeng.shaking.motion import Motion, unit_of
from houfeng.shaking.sites import DEFAULT_VS30_MPS, Sites
from houfeng.shaking.stations import ordered
from houfeng.times import parse_time

_COLUMNS = {"PGA": "PGA", "PGV": "PGV", "PSA03": "SA(0.3)", "PSA10": "SA(1.0)", "PSA30": "SA(3.0)"}
_NAMES = {measure: name for name, measure in _COLUMNS.items()}
_UNCERTAINTY = {"pga": "PGA", "pgv": "PGV", "psa03": "SA(0.3)", "psa10": "SA(1.0)", "psa30": "SA(3.0)"}

#: Standard deviation of the logarithm where a map says nothing of it, and the share of its variance that lies
#: between earthquakes where the map had no station (about that of crustal models: tau 0.4 beside phi 0.6).
_SIGMA_UNKNOWN = 0.7
_BETWEEN_SHARE = 0.3


@dataclass(frozen=True, eq=False)
class ShakeMap:
    """A map that was read.

    Attributes
    ----------
    field
        Motion at the points; where the map used stations, the residual of the earthquake counts as known.
    mmi : ndarray, shape (n,)
        Intensity as the map has it (reports of people are in it), NaN where it has none.
    rejected
        Rows left out on reading, by reason.
    header : dict of str
        Attributes of the map: ``shakemap_version``, ``process_timestamp``, ``map_status`` and so on.
    """

    field: ShakingField
    mmi: np.ndarray
    rejected: Mapping[str, int]
    header: Mapping[str, str]


def read_shakemap(path: str | Path, *, regime: str = "crustal", magnitude_type: str = "Mw") -> ShakeMap:
    """Read a ``grid.xml``.

    Parameters
    ----------
    regime, magnitude_type
        Of the earthquake, which the file does not say.

    Raises
    ------
    SourceError
        When the file cannot be read.
    InputError
        When it is no ShakeMap grid, or no row of it is usable. Bad rows are left out and counted.
    """
    path = Path(path)
    try:
        root = ElementTree.fromstring(path.read_bytes())
    except OSError as error:
        raise SourceError(f"cannot read {path}: {error.strerror or error}") from error
    except ElementTree.ParseError as error:
        raise InputError(f"{path} is not XML: {error}") from error
    parts: dict[str, list[ElementTree.Element]] = {}
    for element in root:
        parts.setdefault(element.tag.rsplit("}", 1)[-1], []).append(element)
    if not {"event", "grid_field", "grid_data"} <= set(parts):
        raise InputError(f"{path} is no ShakeMap grid.xml: it needs event, grid_field and grid_data")
    names = {}
    for element in parts["grid_field"]:
        names[element.get("name", "").upper()] = int(element.get("index", "0")) - 1
    table, rejected = _rows(parts["grid_data"][0].text or "", names, path)
    column = {name: table[:, index] for name, index in names.items()}
    stations, sigma = _uncertainties(parts.get("event_specific_uncertainty", []))
    scenario = root.get("shakemap_event_type", "ACTUAL").upper() != "ACTUAL"
    field = ShakingField(
        _earthquake(parts["event"][0], path, regime, magnitude_type, scenario),
        Sites(wrap_longitude(column["LON"]), column["LAT"], _vs30(column)),
        _motion(column, sigma, stations),
        source=f"ShakeMap {root.get('shakemap_id', '')} version {root.get('shakemap_version', '?')} "
        f"({root.get('shakemap_originator', 'unknown originator')})",
        n_stations=stations,
        simulated=scenario,
    )
    return ShakeMap(field, column.get("MMI", np.full(len(table), np.nan)), rejected, dict(root.attrib))


def write_shakemap(field: ShakingField, path: str | Path, *, mmi: np.ndarray | None = None) -> None:
    """Write a field on a regular grid as ``grid.xml``.

    Parameters
    ----------
    mmi : ndarray, shape (n,)
        Intensity to write; that of the median motion where not given.

    Raises
    ------
    InputError
        When the sites are not a full grid of equal steps in longitude and in latitude.
    SourceError
        When the file cannot be written.
    """
    sites, motion, quake = field.sites, field.motion, field.earthquake
    order, west, north, steps, shape = _lattice(sites)
    measures = [measure for measure in ordered(set(motion.measures)) if measure in _NAMES]
    values = {"LON": sites.longitude, "LAT": sites.latitude}
    values |= {_NAMES[m]: motion.median(m) * (1 if unit_of(m) == "cm/s" else 100) for m in measures}
    values["MMI"] = intensity_of(motion).mean if mmi is None else mmi
    values |= {f"STD{_NAMES[m]}": motion.total[:, motion.column(m)] for m in measures}
    values["SVEL"] = sites.vs30_mps
    kind = "ACTUAL" if quake.status == "actual" and not field.simulated else "SCENARIO"
    stamp = quake.time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    told = quoteattr
    east, south = west + steps[0] * (shape[1] - 1), north - steps[1] * (shape[0] - 1)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<shakemap_grid xmlns="http://earthquake.usgs.gov/eqcenter/shakemap" '
        f'event_id={told(quake.event_id)} shakemap_id={told(quake.event_id)} shakemap_version="1" '
        f'code_version="houfeng" process_timestamp="{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}" '
        f'shakemap_originator="houfeng" map_status="AUTOMATIC" shakemap_event_type="{kind}">',
        f'<event event_id={told(quake.event_id)} magnitude="{quake.magnitude:g}" depth="{quake.depth_km:g}" '
        f'lat="{quake.latitude:.4f}" lon="{quake.longitude:.4f}" event_timestamp="{stamp}" event_network="" '
        f"event_description={told(quake.name('en'))} />",
        f'<grid_specification lon_min="{west:.6f}" lat_min="{south:.6f}" lon_max="{east:.6f}" lat_max="{north:.6f}" '
        f'nominal_lon_spacing="{steps[0]:.6f}" nominal_lat_spacing="{steps[1]:.6f}" '
        f'nlon="{shape[1]}" nlat="{shape[0]}" />',
        *(
            f'<event_specific_uncertainty name="{_NAMES[m].lower()}" '
            f'value="{np.mean(motion.total[:, motion.column(m)]):.4f}" numsta="{field.n_stations}" />'
            for m in measures
        ),
        *(f'<grid_field index="{i}" name="{name}" units="{_unit(name)}" />' for i, name in enumerate(values, 1)),
        "<grid_data>",
    ]
    table = np.column_stack(list(values.values()))[order]
    table[:, 0] = np.where(table[:, 0] < west - 1e-6, table[:, 0] + 360, table[:, 0])
    formats = ["%.6f", "%.6f"] + ["%.6g"] * (table.shape[1] - 2)
    try:
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
            np.savetxt(file, table, fmt=formats)
            file.write("</grid_data>\n</shakemap_grid>\n")
    except OSError as error:
        raise SourceError(f"cannot write {path}: {error.strerror or error}") from error


def _rows(text: str, names: dict[str, int], path: Path) -> tuple[np.ndarray, dict[str, int]]:
    """The usable rows, and what was left out."""
    if not {"LON", "LAT"} <= set(names) or not set(_COLUMNS) & set(names):
        raise InputError(f"{path} has fields {', '.join(names)}; it needs LON, LAT and one of {', '.join(_COLUMNS)}")
    width = max(names.values()) + 1
    lines = [line.split() for line in text.splitlines() if line.strip()]
    good = [line for line in lines if len(line) >= width]
    rejected = {"row too short": len(lines) - len(good)}
    table = np.array([[_number(item) for item in line[:width]] for line in good], float).reshape(-1, width)
    checks = {
        "place outside the Earth": (np.abs(table[:, names["LAT"]]) <= 90) & (np.abs(table[:, names["LON"]]) <= 360),
        "motion not a number or negative": np.logical_and.reduce(
            [np.isfinite(table[:, names[c]]) & (table[:, names[c]] >= 0) for c in _COLUMNS if c in names]
        ),
    }
    kept = np.ones(len(table), bool)
    for reason, passed in checks.items():
        rejected[reason] = int((kept & ~passed).sum())
        kept &= passed
    rejected = {reason: count for reason, count in rejected.items() if count}
    if not kept.any():
        raise InputError(f"no row of {path} is usable: {rejected or 'it has none'}")
    return table[kept], rejected


def _motion(column: dict[str, np.ndarray], sigma: dict[str, float], stations: int) -> Motion:
    measures = ordered({measure for name, measure in _COLUMNS.items() if name in column})
    mean, spread = [], []
    for measure in measures:
        name, scale = _NAMES[measure], 1.0 if unit_of(measure) == "cm/s" else 0.01
        # Far from the source maps round motions to zero; a millionth stands for that.
        mean.append(np.log(np.maximum(column[name] * scale, 1e-6)))
        known = column.get(f"STD{name}", np.full(len(mean[0]), np.nan))
        whole = sigma.get(measure, _SIGMA_UNKNOWN)
        if "STDPGA" in column and f"STD{name}" not in column and sigma.get("PGA"):
            known = column["STDPGA"] / sigma["PGA"] * whole  # as much nearer to stations as PGA is
        spread.append(np.where(known >= 0, known, whole))
    total = np.column_stack(spread)
    share = 0.0 if stations else _BETWEEN_SHARE
    return Motion(measures, np.column_stack(mean), total * np.sqrt(share), total * np.sqrt(1 - share))


def _uncertainties(elements: list[ElementTree.Element]) -> tuple[int, dict[str, float]]:
    """Most stations of any measure, and the standard deviation of each."""
    sigma, stations = {}, 0
    for element in elements:
        measure, value = _UNCERTAINTY.get(element.get("name", "").lower()), _number(element.get("value", ""))
        count = _number(element.get("numsta", ""))
        if measure and 0 < value < 5:
            sigma[measure] = value
            stations = max(stations, int(count) if count > 0 else 0)
    return stations, sigma


def _vs30(column: dict[str, np.ndarray]) -> np.ndarray:
    given = column.get("SVEL", column.get("VS30", np.full(len(column["LON"]), np.nan)))
    return np.where((given >= 50) & (given <= 3000), given, DEFAULT_VS30_MPS)


def _earthquake(
    element: ElementTree.Element, path: Path, regime: str, magnitude_type: str, scenario: bool
) -> Earthquake:
    try:
        # ShakeMap stamps are UTC; some end in GMT or another zone's letters, which stand for it.
        time = parse_time(element.get("event_timestamp", "").removesuffix("GMT").removesuffix("UTC"), assume_utc=True)
    except TimeError as error:
        raise InputError(f"{path}: the event has no readable event_timestamp") from error
    numbers = {name: _number(element.get(name, "")) for name in ("lon", "lat", "depth", "magnitude")}
    missing = [name for name, value in numbers.items() if not np.isfinite(value)]
    if missing:
        raise InputError(f"{path}: the event lacks {', '.join(missing)}")
    return Earthquake(
        event_id=element.get("event_id", ""),
        time=time,
        longitude=float(wrap_longitude(numbers["lon"])),
        latitude=numbers["lat"],
        depth_km=numbers["depth"],
        magnitude=numbers["magnitude"],
        magnitude_type=magnitude_type,
        regime=regime,
        names={"en": element.get("event_description", "")},
        status="scenario" if scenario else "actual",
    )


def _lattice(sites: Sites) -> tuple[np.ndarray, float, float, tuple[float, float], tuple[int, int]]:
    """Order of the sites in a grid file, its corner, its steps in degrees and its rows and columns."""
    longitude = sites.longitude
    if len(sites) and np.ptp(longitude) > 180:  # across the date line
        longitude = np.where(longitude < 0, longitude + 360, longitude)
    x, y = np.unique(np.round(longitude, 6)), np.unique(np.round(sites.latitude, 6))
    even = all(len(axis) > 1 and np.ptp(np.diff(axis)) < 1e-4 for axis in (x, y))
    if len(x) * len(y) != len(sites) or not even:
        raise InputError(
            f"{len(sites)} sites are no full grid of equal steps ({len(x)} longitudes, {len(y)} latitudes); "
            "a ShakeMap grid needs one: make the field on a grid, or write GeoJSON"
        )
    order = np.lexsort((longitude, -np.round(sites.latitude, 6)))
    steps = (float(np.mean(np.diff(x))), float(np.mean(np.diff(y))))
    return order, float(x[0]), float(y[-1]), steps, (len(y), len(x))


def _unit(name: str) -> str:
    units = {"LON": "dd", "LAT": "dd", "PGV": "cm/s", "MMI": "intensity", "SVEL": "m/s"}
    return units.get(name, "ln" if name.startswith("STD") else "%g")


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")
