"""A look at a network of stations, top to bottom: clean, fit, find steps, take out what is common, strain."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from houfeng.errors import NotEnoughDataError
from houfeng.geodesy.common_mode import MIN_STATIONS, CommonMode, remove_common_mode
from houfeng.geodesy.offsets import Offset, detect_offsets
from houfeng.geodesy.outliers import clean
from houfeng.geodesy.positions import COMPONENTS, Positions
from houfeng.geodesy.regressors import Decay, Step
from houfeng.geodesy.strain import StrainRate, strain_rate
from houfeng.geodesy.trajectory import Trajectory, TrajectoryModel, fit_trajectory
from houfeng.times import from_datetime64
from houfeng.values import Estimate


@dataclass(frozen=True, eq=False)
class SurveyedStation:
    """One station: cleaned positions, its trajectory with known and found steps, and the steps found."""

    positions: Positions
    n_outliers: int
    trajectory: Trajectory
    offsets: tuple[Offset, ...]


@dataclass(frozen=True, eq=False)
class Survey:
    """What a network says.

    Attributes
    ----------
    stations : tuple of SurveyedStation
    common : CommonMode or None
        None with fewer than three stations.
    strain : StrainRate or None
        At the centre of the stations; None where three stations with places are missing.
    notes : tuple of str
        What could not be done, and why.
    """

    stations: tuple[SurveyedStation, ...]
    common: CommonMode | None
    strain: StrainRate | None
    notes: tuple[str, ...]


def survey(
    stations: Sequence[Positions],
    *,
    steps: Sequence[Step] = (),
    decays: Sequence[Decay] = (),
    search: bool = True,
    false_alarm: float = 0.01,
    as_of: datetime | None = None,
) -> Survey:
    """Look at stations together.

    Parameters
    ----------
    stations
        Raw positions.
    steps, decays
        Known ones, for all stations; those of which a station has no data are left out there, with a note.
    search
        Whether to look for steps that are not known.
    false_alarm
        Chance of a false step in a station, see :func:`~houfeng.geodesy.offsets.detect_offsets`.
    as_of
        Use only what had been issued by then (aware); steps too.

    Raises
    ------
    NotEnoughDataError
        When not one station has enough positions.
    """
    if as_of is not None:
        stations = [station.as_of(as_of) for station in stations]
        steps = [step for step in steps if step.known_at <= as_of]
        decays = [decay for decay in decays if decay.time <= as_of]
    done, notes = [], []
    for station in stations:
        try:
            done.append(_look_at(station, TrajectoryModel(tuple(steps), tuple(decays)), search, false_alarm))
        except NotEnoughDataError as error:
            notes.append(str(error))
            continue
        notes += [f"{station.station}: {left}" for left in done[-1].trajectory.left_out]
    if not done:
        raise NotEnoughDataError("no station has enough positions" + (f": {notes[0]}" if notes else ""))
    common = None
    if len(done) >= MIN_STATIONS:
        common = remove_common_mode([one.trajectory for one in done])
    else:
        notes.append(f"common mode and strain need {MIN_STATIONS} stations, not {len(done)}")
    strain = _strain(done, notes) if common is not None else None
    return Survey(tuple(done), common, strain, tuple(notes))


def _look_at(station: Positions, model: TrajectoryModel, search: bool, false_alarm: float) -> SurveyedStation:
    cleaned, n_outliers = clean(station)
    if not len(cleaned):
        raise NotEnoughDataError(f"station {station.station} has no positions")
    offsets = detect_offsets(cleaned, model, false_alarm=false_alarm) if search else ()
    found = tuple(Step(offset.time, f"found {offset.time:%Y-%m-%d}", "unknown") for offset in offsets)
    trajectory = fit_trajectory(cleaned, replace(model, steps=(*model.steps, *found)))
    return SurveyedStation(cleaned, n_outliers, trajectory, offsets)


def _strain(done: Sequence[SurveyedStation], notes: list[str]) -> StrainRate | None:
    """Strain rate at the centre of the stations that have a place."""
    placed = [one for one in done if one.positions.located and {0, 1} <= set(one.positions.present)]
    if len(placed) < MIN_STATIONS:
        notes.append(f"strain needs the places of {MIN_STATIONS} stations; {len(placed)} are known")
        return None
    velocity = [[one.trajectory.velocity(c) for one in placed] for c in (0, 1)]
    longitude = np.array([one.positions.longitude for one in placed])
    latitude = np.array([one.positions.latitude for one in placed])
    rate = strain_rate(
        longitude=longitude,
        latitude=latitude,
        velocity_mm=np.array([[v.value for v in row] for row in velocity]),
        sigma_mm=np.array([[(v.high - v.low) / (2 * 1.959964) for v in row] for row in velocity]),
        at_longitude=np.array([longitude.mean()]),
        at_latitude=np.array([latitude.mean()]),
    )
    if np.isnan(rate.dilatation[0]):
        notes.append("the stations are too far apart, or on a line: no strain at their centre")
        return None
    return rate


def as_record(found: Survey) -> dict:
    """The survey as plain values for JSON: estimates are [value, low, high] in mm, mm per year or 1e-9 per year."""
    return {
        "stations": [_station_record(one) for one in found.stations],
        "scatter_mm": [] if found.common is None else _scatter_record(found.common),
        "strain": None if found.strain is None else _strain_record(found.strain),
        "notes": list(found.notes),
        "simulated": any(one.positions.simulated for one in found.stations),
    }


def _station_record(one: SurveyedStation) -> dict:
    trajectory, present = one.trajectory, one.positions.present
    return {
        "station": one.positions.station,
        "longitude": one.positions.longitude,
        "latitude": one.positions.latitude,
        "start": from_datetime64(one.positions.time[0]),
        "end": from_datetime64(one.positions.time[-1]),
        "n_days": len(one.positions),
        "n_outliers": one.n_outliers,
        "velocity": {COMPONENTS[c]: _three(trajectory.velocity(c)) for c in present},
        "noise": {
            COMPONENTS[c]: {"white_mm": trajectory.noise[c].white, "flicker_mm": trajectory.noise[c].flicker}
            for c in present
        },
        "steps": [
            {
                "time": group.first,
                "name": group.name,
                "known": any(step.kind != "unknown" for step in group.steps),
                "size": {COMPONENTS[c]: _three(trajectory.step(i, c)) for c in present},
            }
            for i, group in enumerate(trajectory.regressors.steps)
        ],
        "offsets": [
            {
                "time": offset.time,
                "earliest": offset.earliest,
                "latest": offset.latest,
                "size": {COMPONENTS[c]: _three(e) for c, e in enumerate(offset.size_mm) if e is not None},
                "false_alarm": offset.false_alarm,
            }
            for offset in one.offsets
        ],
    }


def _scatter_record(common: CommonMode) -> list[dict]:
    before, after = common.scatter_mm(False), common.scatter_mm(True)
    return [
        {"station": name, "component": COMPONENTS[c], "before": float(before[c, s]), "after": float(after[c, s])}
        for s, name in enumerate(common.stations)
        for c in range(3)
        if np.isfinite(before[c, s])
    ]


def _strain_record(rate: StrainRate) -> dict:
    return {
        "longitude": float(rate.longitude[0]),
        "latitude": float(rate.latitude[0]),
        "dilatation": float(rate.dilatation[0]),
        "dilatation_sigma": float(rate.dilatation_sigma[0]),
        "max_shear": float(rate.max_shear[0]),
        "rotation": float(rate.rotation[0]),
        "reach_km": float(rate.reach_km[0]),
        "n_stations": int(rate.n_stations[0]),
    }


def _three(estimate: Estimate) -> list[float]:
    return [float(estimate.value), float(estimate.low), float(estimate.high)]
