from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from houfeng.errors import InputError, NotEnoughDataError, SourceError
from houfeng.geo import great_circle_km
from houfeng.geodesy.high_rate import (
    HighRate,
    magnitude_from_peaks,
    peak_ground_displacement,
    read_high_rate,
    static_offset,
    without_common_mode,
    without_sidereal,
    without_spikes,
)

START = datetime(2011, 3, 11, 5, 45, tzinfo=UTC)
ORIGIN = START + timedelta(seconds=60)


def record(data):
    data = np.asarray(data, float)
    time = np.datetime64("2011-03-11T05:45:00", "us") + np.arange(data.shape[-1]) * np.timedelta64(1, "s")
    names = np.array([f"{i:04d}" for i in range(len(data))])
    return HighRate(names, np.full(len(data), 142.0), np.full(len(data), 38.0), time, data)


def shaken(offset=(1.0, -0.5, 0.2), n=3, seconds=400, noise=0.005, seed=0):
    t = np.arange(seconds) - 90.0
    wave = np.where(t > 0, np.exp(-t / 40) * np.sin(t / 4), 0.0)
    ramp = np.clip(t / 20, 0, 1)
    data = np.array(offset)[None, :, None] * (ramp + 0.8 * wave) + 100.0
    return record(np.repeat(data, n, axis=0) + noise * np.random.default_rng(seed).standard_normal((n, 3, seconds)))


def test_static_offset_holds_the_truth_within_its_deviation():
    found = static_offset(shaken(), origin=ORIGIN)
    np.testing.assert_allclose(found.offset_m, np.tile([1.0, -0.5, 0.2], (3, 1)), atol=0.01)
    assert (found.sigma_m < 0.01).all() and (found.sigma_m > 0).all()


def test_while_waves_pass_the_deviation_of_the_offset_is_large():
    still = shaken().until(START + timedelta(seconds=140))
    assert static_offset(still, origin=ORIGIN, last_s=30).sigma_m[0, 0] > 0.03


@given(st.integers(100, 390), st.integers(0, 300))
def test_the_peak_only_grows_with_time(seconds, more):
    r = shaken()
    early = peak_ground_displacement(r.until(START + timedelta(seconds=seconds)), origin=ORIGIN)
    late = peak_ground_displacement(r.until(START + timedelta(seconds=seconds + more)), origin=ORIGIN)
    assert (late >= early).all()


def test_the_peak_is_a_length_from_the_level_before():
    data = np.zeros((1, 3, 100)) + 7.0
    data[0, :2, 80] += (3.0, 4.0)
    assert peak_ground_displacement(record(data), origin=ORIGIN)[0] == pytest.approx(5.0)
    data[0] = np.nan
    assert np.isnan(peak_ground_displacement(record(data), origin=ORIGIN)[0])


def test_spikes_go_and_waves_stay():
    r = shaken()
    data = r.displacement_m.copy()
    data[0, 0, [30, 200]] += 5.0
    cleaned, n = without_spikes(replace(r, displacement_m=data))
    assert n == 2 and np.isnan(cleaned.displacement_m[0, 0, [30, 200]]).all()


def test_what_all_far_stations_share_is_taken_out():
    r = shaken(n=6)
    drift = 0.3 * np.sin(np.arange(400) / 50)
    data = r.displacement_m + drift
    data[3:] = 0.002 * np.random.default_rng(1).standard_normal((3, 3, 400)) + drift
    found = without_common_mode(replace(r, displacement_m=data), np.arange(6) >= 3)
    np.testing.assert_allclose(found.displacement_m[0], r.displacement_m[0], atol=0.02)
    with pytest.raises(NotEnoughDataError, match="3 far stations"):
        without_common_mode(r, np.arange(6) >= 4)


def test_errors_that_repeat_with_the_satellites_are_taken_out():
    seconds = 3000
    error = 0.05 * np.sin(np.arange(seconds) / 100)
    day_before = record(np.tile(error, (1, 3, 1)))
    day_before = replace(day_before, time=day_before.time - np.timedelta64(86_155, "s"))
    today = record(np.tile(error + 0.2, (1, 3, 1))).until(START + timedelta(seconds=2900))
    found = without_sidereal(today, day_before)
    np.testing.assert_allclose(found.displacement_m[0, 0, 100:-100], 0.2, atol=0.005)
    with pytest.raises(NotEnoughDataError, match="must cover"):
        without_sidereal(today, replace(day_before, time=day_before.time + np.timedelta64(1, "h")))
    with pytest.raises(InputError, match="same stations"):
        without_sidereal(today, replace(day_before, station=np.array(["x"])))


def test_magnitude_from_peaks_by_hand():
    # log10(100 cm) = 2 = -4.434 + M (1.047 - 0.138 * 2) at 100 km
    found = magnitude_from_peaks(np.array([1.0, 0.0]), hypocentral_km=np.array([100.0, 100.0]))
    assert found[0] == pytest.approx(6.434 / 0.771) and np.isnan(found[1])
    with pytest.raises(InputError, match="above 0"):
        magnitude_from_peaks(np.array([1.0]), hypocentral_km=np.array([0.0]))


def test_csv_of_one_station(tmp_path):
    path = tmp_path / "0550.csv"
    path.write_text("time,East (m),North (m),Up (m)\n2011-03-11T00:00:00Z,0,0,0\n2011-03-11T00:00:01Z,0.5,-0.25,0.1\n")
    r = read_high_rate(path)
    assert r.station[0] == "0550" and r.time[0] == np.datetime64("2011-03-11T00:00:00")
    np.testing.assert_allclose(r.displacement_m[0, :, 1], [0.5, -0.25, 0.1])
    np.testing.assert_allclose(r.seconds, [0, 1])


def test_mistakes_are_named(tmp_path):
    with pytest.raises(SourceError, match="no file"):
        read_high_rate(tmp_path / "none.npz")
    (tmp_path / "bad.npz").write_bytes(b"not a zip")
    with pytest.raises(SourceError, match="bad.npz"):
        read_high_rate(tmp_path / "bad.npz")
    np.savez(tmp_path / "less.npz", disp_m=np.zeros((1, 3, 5)))
    with pytest.raises(InputError, match="station"):
        read_high_rate(tmp_path / "less.npz")
    with pytest.raises(NotEnoughDataError, match="before the origin"):
        static_offset(shaken(), origin=START)
    with pytest.raises(NotEnoughDataError, match="after the origin"):
        peak_ground_displacement(shaken(), origin=START + timedelta(hours=1))
    with pytest.raises(InputError, match="shape"):
        replace(shaken(), station=np.array(["a"]))


@pytest.mark.shared
def test_the_great_tohoku_earthquake(shared_data):
    r, n_spikes = without_spikes(read_high_rate(shared_data / "geodesy" / "tohoku2011_1hz.npz"))
    assert r.displacement_m.shape[0] == 1192 and n_spikes > 0
    origin = datetime(2011, 3, 11, 5, 46, 18, tzinfo=UTC)
    oshika = list(r.station).index("0550")
    offset = static_offset(r, origin=origin).offset_m[oshika]
    # GSI published 5.3 m to the east-southeast and 1.2 m down for Oshika.
    assert np.hypot(*offset[:2]) == pytest.approx(5.3, abs=0.3) and offset[2] == pytest.approx(-1.2, abs=0.2)
    assert offset[0] > 4 and offset[1] < 0
    away = great_circle_km(longitude=142.861, latitude=38.104, to_longitude=r.longitude, to_latitude=r.latitude)
    peaks = peak_ground_displacement(r, origin=origin)
    near = away < 500
    magnitude = np.nanmedian(magnitude_from_peaks(peaks[near], hypocentral_km=np.hypot(away[near], 24)))
    assert magnitude == pytest.approx(9.1, abs=0.2)
