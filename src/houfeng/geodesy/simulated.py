"""SIMULATED series with known truth: gravity and positions, to measure how well steps and speeds are recovered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from houfeng.errors import InputError
from houfeng.geodesy.gravity import GravitySeries
from houfeng.geodesy.noise import Noise
from houfeng.geodesy.positions import Positions, days_between, make_positions
from houfeng.geodesy.tides import WAVES, wave_angles
from houfeng.times import DAYS_PER_YEAR, to_datetime64

#: Size of the largest wave in gravity at middle latitudes, in microgal for each unit of the equilibrium tide.
_UGAL = 60.0


@dataclass(frozen=True, slots=True)
class GravityTruth:
    """What a SIMULATED gravity series was made of.

    Attributes
    ----------
    step_ugal : float
    step_time : datetime
    drift_ugal_per_day, pressure_ugal_per_hpa : float
    noise : Noise
        Per hour.
    """

    step_ugal: float
    step_time: datetime
    drift_ugal_per_day: float = 0.02
    pressure_ugal_per_hpa: float = -0.3
    noise: Noise = Noise(0.15, 0.1, 0.02)


def simulate_gravity(
    truth: GravityTruth, rng: np.random.Generator, *, start: datetime, days: int = 60, gap_share: float = 0.02
) -> GravitySeries:
    """An hourly SIMULATED series: tide, drift, pressure, noise, one step, gaps.

    Each tidal wave has a response of its own, about a percent and a degree from that of the others, as on the real
    Earth; the air pressure wanders by some hPa with days.
    """
    if days < 3 or not 0 <= gap_share < 0.5:
        raise InputError(f"a simulated gravity series has at least 3 days and gaps of less than half, not {days} days")
    n = 24 * days
    time = to_datetime64(start) + np.arange(n) * np.timedelta64(1, "h")
    tide = np.zeros(n)
    for wave, (_, size) in WAVES.items():
        response = _UGAL * 1.16 * (1 + 0.01 * rng.standard_normal())
        tide += response * size * np.cos(wave_angles(wave, time) - np.radians(rng.normal(0.0, 1.0)))
    pressure = 1000.0 + _wandering(n, rng, hours=48.0, spread=6.0)
    gravity = (
        tide
        + truth.drift_ugal_per_day * days_between(time[0], time)
        + truth.pressure_ugal_per_hpa * (pressure - 1000.0)
        + truth.noise.simulate(n, rng)[0]
        + truth.step_ugal * (time >= to_datetime64(truth.step_time))
    )
    gravity[rng.random(n) < gap_share] = np.nan
    return GravitySeries("SIMULATED", time, gravity, pressure, simulated=True)


def simulate_positions(
    rng: np.random.Generator,
    *,
    start: datetime,
    days: int,
    noise: Noise,
    velocity_mm_per_year: Sequence[float] = (10.0, -5.0, 0.0),
    annual_mm: float = 1.0,
    steps: Sequence[tuple[datetime, Sequence[float]]] = (),
    gap_share: float = 0.02,
    station: str = "SIMULATED",
    longitude: float = np.nan,
    latitude: float = np.nan,
) -> Positions:
    """Daily SIMULATED positions: trend, season, steps (time and size in mm east, north, up), noise, gaps.

    Noise is that of the horizontal components; the vertical has three times as much.
    """
    if days < 2:
        raise InputError(f"simulated positions need at least 2 days, not {days}")
    midnight = to_datetime64(start).astype("datetime64[D]").astype("datetime64[us]")
    time = midnight + np.timedelta64(12, "h") + np.arange(days) * np.timedelta64(1, "D")
    years = days_between(midnight, time) / DAYS_PER_YEAR
    moved = np.empty((3, days))
    for c in range(3):
        wander = noise.simulate(days, rng)[0] * (3.0 if c == 2 else 1.0)
        season = annual_mm * np.cos(2 * np.pi * (years - rng.random()))
        moved[c] = velocity_mm_per_year[c] * years + season + wander
    for moment, size in steps:
        after = np.clip(days_between(to_datetime64(moment), time) + 0.5, 0.0, 1.0)
        moved += np.asarray(size, float)[:, None] * after
    keep = rng.random(days) >= gap_share
    keep[[0, -1]] = True
    return make_positions(
        station, time[keep], east_mm=moved[0, keep], north_mm=moved[1, keep], up_mm=moved[2, keep],
        longitude=longitude, latitude=latitude, source="SIMULATED", simulated=True,
    )  # fmt: skip


def _wandering(n: int, rng: np.random.Generator, *, hours: float, spread: float) -> np.ndarray:
    """A stationary series that forgets itself within some hours."""
    from scipy.signal import lfilter

    keep = np.exp(-1.0 / hours)
    pushes = spread * np.sqrt(1 - keep**2) * rng.standard_normal(n)
    return lfilter([1.0], [1.0, -keep], pushes)
