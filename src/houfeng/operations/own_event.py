"""All that an assessment of one's own is made from, kept in its folder so that it can be made again."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from houfeng.damage.exposure import Exposure
from houfeng.damage.exposure_files import read_exposure, write_exposure
from houfeng.damage.pager import country_model
from houfeng.errors import InputError, SourceError
from houfeng.operations.assess import MEASURES, N_FIELDS, Assessment, assess, shaking
from houfeng.operations.city import coquimbo
from houfeng.operations.event_files import read_earthquake
from houfeng.operations.outputs import replacing, write_bytes, write_text
from houfeng.operations.training import Progress, silent
from houfeng.operations.warn import earthquake_document
from houfeng.shaking.field import ShakingField
from houfeng.shaking.grid_places import field_at
from houfeng.shaking.regimes import choose_models
from houfeng.shaking.rupture import Rupture
from houfeng.shaking.shakemap import read_shakemap
from houfeng.shaking.sites import DEFAULT_VS30_MPS, Sites
from houfeng.shaking.station_files import read_stations

#: Raised when a reader of version n could misread the folder.
SCHEMA = "houfeng-assessment/1"
#: The file that makes a folder that of an assessment, and the folder below it with what was given.
RECORD, GIVEN = "assessment.json", "given"
#: Numbers that make a plane; strike and dip are needed, the others have usual values.
PLANE = ("strike_deg", "dip_deg", "rake_deg", "length_km", "width_km")
#: Files that may be given beside the exposure, with the name they are kept under.
KEPT = {"stations": "stations", "shakemap": "shakemap.xml"}
#: Cities that ship with Houfeng.
CITIES = ("coquimbo",)


@dataclass(frozen=True, eq=False)
class OwnEvent:
    """An earthquake, what stands there, and how the shaking is reckoned.

    Attributes
    ----------
    rupture
        What broke.
    plane
        Of :data:`PLANE` what was given.
    exposure
        Buildings and who is in them.
    city
        One of :data:`CITIES` whose exposure it is, empty for one's own.
    country, region
        ISO 3166 two-letter code; whose ground-motion models.
    local_hour
        0 to 24.
    seed, n_fields, vs30_mps
        As for :func:`houfeng.operations.assess.assess`.
    stations_file, shakemap_file
        Observed; None where not given.
    notes
        What was assumed or left out on reading, by language.
    """

    rupture: Rupture
    plane: Mapping[str, float]
    exposure: Exposure
    city: str
    country: str
    region: str
    local_hour: float
    seed: int
    n_fields: int = N_FIELDS
    vs30_mps: float = DEFAULT_VS30_MPS
    stations_file: Path | None = None
    shakemap_file: Path | None = None
    notes: tuple[Mapping[str, str], ...] = ()

    def __post_init__(self) -> None:
        if self.stations_file is not None and self.shakemap_file is not None:
            raise InputError("give either stations or a ShakeMap, not both: the stations are in the map already")
        if not 0 <= self.local_hour <= 24:
            raise InputError(f"local hour {self.local_hour:g} is not between 0 and 24")
        country_model(self.country)
        choose_models(self.rupture.regime, self.region)

    @cached_property
    def shakemap(self) -> ShakingField | None:
        """The map of shaking that was given."""
        if self.shakemap_file is None:
            return None
        return read_shakemap(self.shakemap_file, regime=self.rupture.regime).field

    def assessed(self, progress: Progress = silent) -> Assessment:
        """The assessment; the same bytes each time."""
        return assess(
            self.rupture,
            self.exposure,
            country=self.country,
            region=self.region,
            local_hour=self.local_hour,
            seed=self.seed,
            vs30_mps=self.vs30_mps,
            stations=None if self.stations_file is None else read_stations(self.stations_file),
            shakemap=self.shakemap,
            n_fields=self.n_fields,
            progress=progress,
        )

    def shaking_at(self, sites: Sites) -> ShakingField:
        """The shaking elsewhere, from the same models, stations or map (NaN off it)."""
        if self.shakemap is not None:
            where = {"longitude": sites.longitude, "latitude": sites.latitude}
            return field_at(self.shakemap, **where, measures=MEASURES)
        stations = None if self.stations_file is None else read_stations(self.stations_file)
        return shaking(self.rupture, sites, region=self.region, stations=stations)[0]


def rupture_of(earthquake, plane: Mapping[str, float]) -> Rupture:
    """One rectangle where strike and dip are known, else a point with a plane of unknown direction.

    Raises
    ------
    InputError
        When one of strike and dip is missing, a size is given without them, or a number is out of its range.
    """
    known = {name: value for name, value in plane.items() if value is not None}
    if "strike_deg" in known and "dip_deg" in known:
        return Rupture.plane(earthquake, **{"rake_deg": float("nan")} | known)
    if set(known) & {"strike_deg", "length_km", "width_km"}:
        raise InputError(f"a plane needs strike and dip; only {', '.join(sorted(known))} is given")
    return Rupture.point(earthquake, **known)


def exposure_of(city: str) -> Exposure:
    """The SIMULATED buildings of a city that ships with Houfeng."""
    if city not in CITIES:
        raise InputError(f"no city called '{city}' ships with Houfeng; there is {', '.join(CITIES)}")
    return coquimbo().exposure


def same_event(folder: Path, event_id: str) -> bool:
    """Whether `folder` holds an assessment already; one of another earthquake is never overwritten.

    Raises
    ------
    InputError
        When it holds another earthquake's.
    """
    path = folder / RECORD
    if not path.exists():
        return False
    held = _record(folder)["earthquake"].get("event_id")
    if held != event_id:
        raise InputError(f"{folder} holds the assessment of '{held}', which is not overwritten; give another --out")
    return True


def write_event(event: OwnEvent, folder: Path, told: Mapping[str, object]) -> list[Path]:
    """Keep what was given below `folder`, and write its record with what else is `told`; returns the paths."""
    below, paths = folder / GIVEN, []
    if not event.city:
        paths.append(below / "exposure.csv")
        with replacing(paths[0]) as aside:
            _as_csv(event.exposure, aside)
    for name, path in (("stations", event.stations_file), ("shakemap", event.shakemap_file)):
        if path is not None:
            paths.append(below / KEPT[name])
            if path.resolve() != paths[-1].resolve():
                write_bytes(paths[-1], path.read_bytes())
    record = {
        "schema": SCHEMA,
        "earthquake": earthquake_document(event.rupture.earthquake),
        "plane": {name: value for name, value in event.plane.items() if value is not None},
        "city": event.city,
        "country": event.country,
        "region": event.region,
        "local_hour": event.local_hour,
        "seed": event.seed,
        "n_fields": event.n_fields,
        "vs30_mps": event.vs30_mps,
        "exposure": {"source": event.exposure.source, "simulated": event.exposure.simulated},
        "given": [path.name for path in paths],
        "notes": [dict(note) for note in event.notes],
        **told,
    }
    write_text(folder / RECORD, json.dumps(record, ensure_ascii=False, indent=1, allow_nan=False) + "\n")
    return [folder / RECORD, *paths]


def read_event_folder(folder: Path) -> OwnEvent:
    """What the assessment in `folder` was made from.

    Raises
    ------
    InputError
        When the folder holds no assessment, or one of another version.
    SourceError
        When a file of it is gone.
    """
    record, below = _record(folder), folder / GIVEN
    earthquake = read_earthquake(record["earthquake"], str(folder / RECORD))
    given = set(record["given"])
    if record["city"]:
        exposure = exposure_of(record["city"])
    else:
        exposure = read_exposure(below / "exposure.csv", simulated=record["exposure"]["simulated"]).exposure
        exposure = replace(exposure, source=record["exposure"]["source"])
    files = {name: below / kept if kept in given else None for name, kept in KEPT.items()}
    for path in files.values():
        if path is not None and not path.is_file():
            raise SourceError(f"{path} is gone; assess again")
    return OwnEvent(
        rupture=rupture_of(earthquake, record["plane"]),
        plane=record["plane"],
        exposure=exposure,
        stations_file=files["stations"],
        shakemap_file=files["shakemap"],
        notes=tuple(record["notes"]),
        **{name: record[name] for name in ("city", "country", "region", "local_hour", "seed", "n_fields", "vs30_mps")},
    )


def _record(folder: Path) -> dict:
    path = folder / RECORD
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SourceError(
            f"{folder} holds no assessment ({error.strerror or error}); make one: houfeng assess"
        ) from error
    except ValueError as error:
        raise InputError(f"{path} is not JSON: {error}; assess again") from error
    if not isinstance(record, dict) or record.get("schema") != SCHEMA:
        raise InputError(f"{path} is no record of {SCHEMA}; assess again with this version")
    return record


def _as_csv(exposure: Exposure, aside: Path) -> None:
    """Write as .csv whatever the name that stands aside ends in."""
    named = aside.with_suffix(".csv")
    write_exposure(exposure, named)
    named.replace(aside)


def local_hour_of(time, *, longitude: float, local_hour: float | None, utc_offset_h: float | None) -> tuple[float, str]:
    """Local hour, and how it is known: ``given``, ``offset`` or ``longitude`` (the sun's time there)."""
    if local_hour is not None:
        return float(local_hour), "given"
    offset = longitude / 15.0 if utc_offset_h is None else utc_offset_h
    if not -14 <= offset <= 14:
        raise InputError(f"local time less UTC is {offset:g} h; it lies between -14 and 14")
    hour = float(np.mod(time.hour + time.minute / 60 + offset, 24.0))
    return hour, "longitude" if utc_offset_h is None else "offset"
