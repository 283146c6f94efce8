"""Displacement once a second: peaks and static offsets while an earthquake is still going on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np

from houfeng.errors import InputError, NotEnoughDataError, SourceError
from houfeng.geodesy.positions import days_between
from houfeng.times import DAY_S, to_datetime64

#: Time after which the GPS satellites repeat their tracks, less than a sidereal day (Choi and others 2004,
#: doi:10.1029/2004GL021621).
REPEAT_S = 86_155.0


@dataclass(frozen=True, eq=False)
class HighRate:
    """Displacements of many stations at common times.

    Attributes
    ----------
    station : ndarray of str, shape (s,)
    longitude, latitude : ndarray, shape (s,)
    time : ndarray of datetime64[us], UTC, shape (n,)
        Increasing.
    displacement_m : ndarray, shape (s, 3, n)
        East, north, up; NaN where missing.
    simulated : bool
    """

    station: np.ndarray
    longitude: np.ndarray
    latitude: np.ndarray
    time: np.ndarray
    displacement_m: np.ndarray
    simulated: bool = False

    def __post_init__(self) -> None:
        s, n = len(self.station), len(self.time)
        if self.displacement_m.shape != (s, 3, n) or len(self.longitude) != s or len(self.latitude) != s:
            raise InputError(f"{s} stations and {n} times need displacements of shape ({s}, 3, {n})")
        if n and not (np.diff(self.time) > np.timedelta64(0, "us")).all():
            raise InputError("times of displacements must increase")

    @property
    def seconds(self) -> np.ndarray:
        """Seconds since the first time, shape (n,)."""
        return days_between(self.time[0], self.time) * DAY_S

    def until(self, moment: datetime) -> "HighRate":
        """What was recorded up to `moment`, itself included."""
        keep = self.time <= to_datetime64(moment)
        return replace(self, time=self.time[keep], displacement_m=self.displacement_m[..., keep])


@dataclass(frozen=True, eq=False)
class StaticOffset:
    """Lasting displacement and its standard deviation, each of shape (s, 3), in m."""

    offset_m: np.ndarray
    sigma_m: np.ndarray


def read_high_rate(path: str | Path) -> HighRate:
    """Read an ``.npz`` of many stations, or the CSV of one.

    Parameters
    ----------
    path
        ``.npz`` with arrays disp_m (s, 3, n) in east, north, up, station (s,), latlon (s, 2), t0 (ISO, UTC) and one
        sample a second; or CSV with a time and columns such as ``East (m)``.

    Raises
    ------
    SourceError
        When the file is missing or torn.
    InputError
        When an array or column is missing.
    """
    path = Path(path)
    return _read_npz(path) if path.suffix == ".npz" else _read_csv(path)


def _read_npz(path: Path) -> HighRate:
    import zipfile

    try:
        with np.load(path, allow_pickle=False) as arrays:
            data, names, places = arrays["disp_m"], arrays["station"], arrays["latlon"]
            start = str(arrays["t0"])
    except FileNotFoundError as error:
        raise SourceError(f"there is no file {path}") from error
    except KeyError as error:
        raise InputError(f"{path} lacks an array: {error}; disp_m, station, latlon and t0 are needed") from error
    except (OSError, ValueError, zipfile.BadZipFile, EOFError) as error:
        raise SourceError(f"{path} cannot be read as npz: {error}") from error
    time = np.datetime64(start.rstrip("Z"), "us") + np.arange(data.shape[-1]) * np.timedelta64(1, "s")
    return HighRate(names, places[:, 1], places[:, 0], time, data.astype(float))


def _read_csv(path: Path) -> HighRate:
    from houfeng.geodesy.daily_csv import parse
    from houfeng.geodesy.reading import read_lines

    table = parse(read_lines(path), path.name)
    if not len(table.time):
        raise NotEnoughDataError(f"{path} has no usable sample")
    order = np.unique(table.time, return_index=True)[1]
    nowhere = np.array([np.nan])
    return HighRate(
        np.array([table.station]), nowhere, nowhere, table.time[order], table.displacement_mm[None][..., order] / 1e3
    )


def without_spikes(record: HighRate, *, window: int = 9, n_sigma: float = 8.0) -> tuple[HighRate, int]:
    """Samples far from the running median of their neighbours set to NaN, and how many there were.

    A spike is one or a few samples, further from the median than `n_sigma` spreads (the median absolute deviation of
    the component, at least 5 mm) and than the median itself moves nearby: so waves, however large, are kept.
    """
    data = record.displacement_m
    if data.shape[-1] < window:
        return record, 0
    middle = np.median(_panes(data, window), axis=-1)
    away = np.abs(data - middle)
    spread = np.maximum(1.4826 * np.nan_to_num(np.median(away, axis=-1, keepdims=True)), 5e-3)
    nearby = _panes(middle, 2 * window + 1)
    spike = (away > n_sigma * spread) & (away > nearby.max(axis=-1) - nearby.min(axis=-1))
    return replace(record, displacement_m=np.where(spike, np.nan, data)), int(spike.sum())


def _panes(data: np.ndarray, window: int) -> np.ndarray:
    """Windows around each sample along the last axis; the ends are repeated."""
    half = window // 2
    padded = np.pad(data, ((0, 0), (0, 0), (half, window - 1 - half)), mode="edge")
    return np.lib.stride_tricks.sliding_window_view(padded, window, axis=-1)


def without_common_mode(record: HighRate, far: np.ndarray) -> HighRate:
    """Less the median of the stations `far` (boolean, shape (s,)) at each time: what satellites and frame add to all.

    Only stations that the waves have not reached may be named: else the earthquake is taken out of all.
    """
    if far.sum() < 3:
        raise NotEnoughDataError(f"a common mode needs at least 3 far stations, not {far.sum()}")
    common = np.nanmedian(record.displacement_m[far], axis=0)
    return replace(record, displacement_m=record.displacement_m - common)


def without_sidereal(today: HighRate, before: HighRate, *, repeat_s: float = REPEAT_S, smooth_s: int = 10) -> HighRate:
    """Less the smoothed errors of the day before, when the satellites stood in the same places.

    Raises
    ------
    InputError
        When the stations differ.
    NotEnoughDataError
        When the day before does not cover the times needed.
    """
    if not np.array_equal(today.station, before.station):
        raise InputError("sidereal filtering needs the same stations on both days, in the same order")
    wanted = days_between(before.time[0], today.time) * DAY_S - repeat_s
    known = before.seconds
    if wanted[0] < known[0] or wanted[-1] > known[-1]:
        raise NotEnoughDataError(
            f"the day before must cover {repeat_s:g} s earlier than {today.time[0]} to {today.time[-1]}"
        )
    kernel = np.ones(smooth_s) / smooth_s
    errors = np.empty_like(today.displacement_m)
    for s, c in np.ndindex(errors.shape[:2]):
        row = before.displacement_m[s, c] - np.nanmedian(before.displacement_m[s, c])
        good = np.isfinite(row)
        if not good.any():
            errors[s, c] = np.nan
            continue
        filled = np.interp(known, known[good], row[good])
        padded = np.pad(filled, (smooth_s // 2, smooth_s - 1 - smooth_s // 2), mode="edge")
        errors[s, c] = np.interp(wanted, known, np.convolve(padded, kernel, mode="valid"))
    return replace(today, displacement_m=today.displacement_m - errors)


def peak_ground_displacement(record: HighRate, *, origin: datetime) -> np.ndarray:
    """Largest length of the displacement vector after `origin`, in m, shape (s,); NaN without data.

    Measured from the median of the samples before the origin. As the record grows it can only grow.
    """
    moved = record.displacement_m - _level(record, origin)[..., None]
    length = np.sqrt((moved**2).sum(axis=1))[:, record.time >= to_datetime64(origin)]
    if length.shape[1] == 0:
        raise NotEnoughDataError(f"no sample after the origin {origin:%Y-%m-%dT%H:%M:%SZ}")
    some = np.isfinite(length).any(axis=1)
    return np.where(some, np.max(np.where(np.isnan(length), -np.inf, length), axis=1), np.nan)


def static_offset(record: HighRate, *, origin: datetime, last_s: float = 60.0) -> StaticOffset:
    """Mean of the last seconds less the median before the origin.

    Parameters
    ----------
    last_s
        Length of the last stretch. Its mean is only lasting when the waves have passed: the standard deviation, from
        the means of its sixths and of those before the origin, is large while they have not.

    Raises
    ------
    NotEnoughDataError
        With fewer than 12 samples before the origin or in the last stretch.
    """
    level = _level(record, origin)
    last = record.time > record.time[-1] - np.timedelta64(round(last_s * 1e6), "us")
    before = record.time < to_datetime64(origin)
    if last.sum() < 12 or (last & before).any():
        raise NotEnoughDataError(f"the last {last_s:g} s hold {last.sum()} samples, or samples before the origin")
    late = record.displacement_m[..., last]
    sigma = np.hypot(_block_sigma(late), _block_sigma(record.displacement_m[..., before]))
    counts = np.isfinite(late).sum(axis=-1)
    mean = np.where(counts > 0, np.nansum(late, axis=-1) / np.maximum(counts, 1), np.nan)
    return StaticOffset(mean - level, sigma)


def magnitude_from_peaks(
    peak_m: np.ndarray, *, hypocentral_km: np.ndarray, coefficients: Sequence[float] = (-4.434, 1.047, -0.138)
) -> np.ndarray:
    """Moment magnitude of each station from its peak displacement, shape (s,); the median is the event's.

    log10(PGD in cm) = A + B M + C M log10(R in km): Melgar and others 2015, doi:10.1002/2015GL064278.
    """
    a, b, c = coefficients
    if not (hypocentral_km > 0).all():
        raise InputError("hypocentral distances must be above 0 km")
    peak_cm = np.where(peak_m > 0, 100 * peak_m, np.nan)
    return (np.log10(peak_cm) - a) / (b + c * np.log10(hypocentral_km))


def _level(record: HighRate, origin: datetime) -> np.ndarray:
    """Median before the origin, shape (s, 3); NaN without data."""
    before = record.displacement_m[..., record.time < to_datetime64(origin)]
    if before.shape[-1] < 12:
        raise NotEnoughDataError(f"{before.shape[-1]} samples before the origin; at least 12 tell the level")
    ordered = np.sort(before, axis=-1)  # NaN last
    counts = np.isfinite(before).sum(axis=-1)
    middle = np.maximum(counts - 1, 0)[..., None] // 2
    low = np.take_along_axis(ordered, middle, axis=-1)[..., 0]
    high = np.take_along_axis(ordered, np.maximum(counts, 1)[..., None] // 2, axis=-1)[..., 0]
    return np.where(counts > 0, (low + high) / 2, np.nan)


def _block_sigma(data: np.ndarray, n_blocks: int = 6) -> np.ndarray:
    """Standard deviation of the mean from means of blocks, which neighbours in time share."""
    means = []
    for block in np.array_split(data, n_blocks, axis=-1):
        counts = np.isfinite(block).sum(axis=-1)
        means.append(np.where(counts > 0, np.nansum(block, axis=-1) / np.maximum(counts, 1), np.nan))
    return np.std(np.array(means), axis=0, ddof=1) / np.sqrt(n_blocks)
