"""Station lists: ShakeMap ``stationlist.xml`` (and the older ``hist_dat.xml``), ``stationlist.json``, and CSV.

ShakeMap gives accelerations in %g and velocities in cm/s, one value for each component. Here: the geometric mean of
the horizontal components, which is what ground-motion models speak of; vertical ones are left out. One bad value or
station never stops a file: it is left out and counted. Reports of people keep their intensity only; the peak motions
that old files give for them are computed from it, not observed.
"""

import csv
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from houfeng.errors import InputError, SourceError
from houfeng.geo import wrap_longitude
from houfeng.shaking.motion import unit_of
from houfeng.shaking.sites import DEFAULT_VS30_MPS, Sites
from houfeng.shaking.stations import Stations, ordered

_XML_NAMES = {
    **{"acc": "PGA", "pga": "PGA", "vel": "PGV", "pgv": "PGV"},
    **{"psa03": "SA(0.3)", "psa10": "SA(1.0)", "psa30": "SA(3.0)"},
}
_CSV_NAMES = {
    **{"pga_g": "PGA", "pgv_cms": "PGV", "sa03_g": "SA(0.3)", "sa10_g": "SA(1.0)", "sa30_g": "SA(3.0)"},
}
_REPORTS = ("did you feel it", "intensity questionnaire", "macroseismic", "ciim", "dyfi", "derived")
_VERTICAL = re.compile(r"(?:^|[._ ])(?:..)?Z$|^(?:UP|V|VERT\w*)$", re.IGNORECASE)

#: More than was ever recorded, in g and cm/s: a unit was mistaken.
_CEILING = {"g": 5.0, "cm/s": 700.0}


@dataclass
class _Record:
    """One station while it is read."""

    code: str
    longitude: float
    latitude: float
    vs30_mps: float = DEFAULT_VS30_MPS
    intensity: float = float("nan")
    sigma_ln: float = 0.0
    logs: dict[str, list[float]] = field(default_factory=dict)


def read_stations(path: str | Path) -> Stations:
    """Read a station list; the kind is told by its name and its first sign.

    Parameters
    ----------
    path
        ``.xml`` or ``.json`` of ShakeMap, or ``.csv`` with a header of ``longitude``, ``latitude`` and any of
        ``code``, ``vs30_mps``, ``pga_g``, ``pgv_cms``, ``sa03_g``, ``sa10_g``, ``sa30_g``, ``intensity``,
        ``sigma_ln``.

    Raises
    ------
    SourceError
        When the file cannot be read.
    InputError
        When it is no station list, or holds no usable station.
    """
    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SourceError(f"cannot read {path}: {error.strerror or error}") from error
    first = data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    rejected: Counter[str] = Counter()
    reader = _xml if first == b"<" else _json if first == b"{" else _table
    return _collected(reader(data, path, rejected), rejected, path)


def _xml(data: bytes, path: Path, rejected: Counter) -> Iterator[_Record]:
    try:
        root = ElementTree.fromstring(data)
    except ElementTree.ParseError as error:
        raise InputError(f"{path} is not XML: {error}") from error
    stations = [element for element in root.iter() if _local(element.tag) == "station"]
    if not stations:
        raise InputError(f"{path} holds no <station>; a ShakeMap station list is expected")
    for station in stations:
        record = _placed(station.get("code", ""), station.get("lon"), station.get("lat"), rejected)
        if record is None:
            continue
        components = [(part.get("name", ""), part) for part in station if _local(part.tag) == "comp"]
        words = [station.get(name, "") for name in ("source", "insttype", "netid", "commtype")]
        if _is_report(words + [name for name, _ in components]) or not components:
            record.intensity = _number(station.get("intensity"))
        else:
            for name, part in components:
                for value in part:
                    _take(record, name, _local(value.tag), value.get("value"), value.get("flag"), rejected)
        yield record


def _json(data: bytes, path: Path, rejected: Counter) -> Iterator[_Record]:
    try:
        features = json.loads(data)["features"]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} is not a ShakeMap stationlist.json: no features ({error})") from error
    for feature in features:
        told = feature.get("properties") or {}
        place = ((feature.get("geometry") or {}).get("coordinates") or [None, None])[:2]
        record = _placed(str(feature.get("id") or told.get("code") or ""), *place, rejected)
        if record is None:
            continue
        vs30 = _number(told.get("vs30"))
        record.vs30_mps = vs30 if 50 <= vs30 <= 3000 else DEFAULT_VS30_MPS
        if _is_report([str(told.get(name, "")) for name in ("station_type", "network", "source")]):
            record.intensity = _number(told.get("intensity"))
        for channel in told.get("channels") or ():
            for value in channel.get("amplitudes") or ():
                if not np.isfinite(record.intensity):
                    name = str(value.get("name", ""))
                    record.sigma_ln = max(record.sigma_ln, np.nan_to_num(_number(value.get("ln_sigma"))))
                    _take(record, str(channel.get("name", "")), name, value.get("value"), value.get("flag"), rejected)
        yield record


def _table(data: bytes, path: Path, rejected: Counter) -> Iterator[_Record]:
    rows = csv.DictReader(data.decode("utf-8-sig", errors="replace").splitlines())
    names = {str(name).strip().lower() for name in rows.fieldnames or ()}
    if not {"longitude", "latitude"} <= names:
        raise InputError(f"{path} has no columns longitude and latitude; it has {', '.join(sorted(names)) or 'none'}")
    for number, raw in enumerate(rows):
        row = {str(name).strip().lower(): value for name, value in raw.items() if name is not None}
        record = _placed(row.get("code") or f"row {number + 1}", row["longitude"], row["latitude"], rejected)
        if record is None:
            continue
        vs30, sigma = _number(row.get("vs30_mps")), _number(row.get("sigma_ln"))
        record.vs30_mps = vs30 if 50 <= vs30 <= 3000 else DEFAULT_VS30_MPS
        record.sigma_ln = sigma if sigma >= 0 else 0.0
        record.intensity = _number(row.get("intensity"))
        for name, measure in _CSV_NAMES.items():
            if (row.get(name) or "").strip():
                _keep(record, measure, _number(row[name]), rejected)
        yield record


def _take(record: _Record, component: str, name: str, value: object, flag: object, rejected: Counter) -> None:
    """One amplitude of one component of a ShakeMap list."""
    measure = _XML_NAMES.get(name.lower()) or _spectral(name)
    if measure is None or _VERTICAL.search(component.strip()):
        return
    if str(flag or "0").strip() not in ("0", ""):
        rejected["flagged value"] += 1
        return
    _keep(record, measure, _number(value) * (1.0 if unit_of(measure) == "cm/s" else 0.01), rejected)


def _spectral(name: str) -> str | None:
    """``SA(T)`` of ``sa(0.3)`` and the like, None when it is something else."""
    found = re.fullmatch(r"p?sa\((\d+(?:\.\d+)?)\)", name.lower())
    return f"SA({float(found[1]):.1f})" if found else None


def _keep(record: _Record, measure: str, value: float, rejected: Counter) -> None:
    if not np.isfinite(value):
        rejected["unreadable value"] += 1
    elif value <= 0:
        rejected["value not positive"] += 1
    elif value > _CEILING[unit_of(measure)]:
        rejected["value beyond anything recorded"] += 1
    else:
        record.logs.setdefault(measure, []).append(float(np.log(value)))


def _placed(code: str, longitude: object, latitude: object, rejected: Counter) -> _Record | None:
    lon, lat = _number(longitude), _number(latitude)
    if not (-180 <= lon <= 360 and -90 <= lat <= 90):
        rejected["no usable place"] += 1
        return None
    return _Record(code, float(wrap_longitude(lon)), lat)


def _collected(records: Iterable[_Record], rejected: Counter, path: Path) -> Stations:
    kept: list[_Record] = []
    for record in records:
        if record.logs or np.isfinite(record.intensity):
            kept.append(record)
        else:
            rejected["station without a usable value"] += 1
    if not kept:
        told = ", ".join(f"{count} {reason}" for reason, count in rejected.items())
        raise InputError(f"{path} holds no usable station ({told or 'it is empty'})")
    measures = ordered({measure for record in kept for measure in record.logs})
    column: Mapping[str, np.ndarray] = {
        name: np.array([getattr(record, name) for record in kept])
        for name in ("code", "longitude", "latitude", "vs30_mps", "intensity", "sigma_ln")
    }
    values = np.full((len(kept), len(measures)), np.nan)
    for i, record in enumerate(kept):
        for measure, logs in record.logs.items():
            values[i, measures.index(measure)] = np.mean(logs)
    return Stations(
        code=column["code"],
        sites=Sites(column["longitude"], column["latitude"], column["vs30_mps"]),
        measures=measures,
        ln_value=values,
        sigma_ln=np.repeat(column["sigma_ln"][:, None], len(measures), axis=1),
        intensity=column["intensity"],
        source=path.name,
        rejected=dict(rejected),
    )


def _is_report(words: Iterable[str]) -> bool:
    told = " ".join(words).lower()
    return any(word in told for word in _REPORTS)


def _number(value: object) -> float:
    """A float, NaN where it is none."""
    try:
        return float(str(value).strip())
    except ValueError:
        return float("nan")


def _local(tag: str) -> str:
    return tag.rsplit("}", 1)[-1]
