"""Spectrograms and noise levels against signals whose power is known, and on real records."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houfeng.errors import InputError
from houfeng.features.spectrograms import WINDOW_COLUMNS, noise_level, spectrograms, waveform_windows

RATE = 100.0


def test_a_sine_has_its_power_at_its_frequency():
    t = np.arange(3000) / RATE
    wave = np.stack([np.sin(2 * np.pi * 10 * t), 10 * np.sin(2 * np.pi * 20 * t), np.zeros_like(t)])[None]
    found = spectrograms(wave, RATE, window_s=2.0, step_s=1.0)
    assert found.values.shape[:2] == (1, 3) and found.values.dtype == np.float32
    power = 10 ** (found.values[0].astype(float) / 10)
    total = power.sum(axis=1) * (found.frequency_hz[1] - found.frequency_hz[0])
    assert np.allclose(total[0], 0.5, rtol=1e-3) and np.allclose(total[1], 50, rtol=1e-3)
    assert found.frequency_hz[power.mean(axis=2).argmax(axis=1)][:2].tolist() == [10.0, 20.0]
    assert (found.values[0, 2] == -200).all()
    assert np.allclose(np.diff(found.time_s), 1.0) and found.time_s[0] == 1.0


@settings(max_examples=10)
@given(st.integers(0, 2**32 - 1), st.floats(0.01, 100))
def test_white_noise_has_the_level_of_its_variance(seed, sigma):
    wave = np.random.default_rng(seed).normal(0, sigma, (2, 1, 12_000))
    found = noise_level(wave, RATE, window_s=4.0)
    expected = 10 * np.log10(sigma**2 / (RATE / 2))
    assert found.values.shape == (2, 1, 5) and found.bands_hz.shape == (5, 2)
    assert np.abs(found.values[..., 2:] - expected).max() < 1.0
    assert np.abs(found.values - expected).max() < 3.0


def test_an_earthquake_does_not_raise_the_level_of_noise():
    rng = np.random.default_rng(1)
    wave = rng.normal(0, 1, (1, 3, 12_000))
    quiet = noise_level(wave, RATE).values
    wave[..., 8000:10_000] *= 1000
    assert np.abs(noise_level(wave, RATE).values - quiet).max() < 2.0


def test_only_the_frequencies_asked_for_are_kept():
    found = spectrograms(np.ones((1, 3, 500)), RATE, low_hz=2.0, high_hz=20.0)
    assert found.frequency_hz.min() == 2.0 and found.frequency_hz.max() == 20.0
    with pytest.raises(InputError, match="no frequency between 60"):
        spectrograms(np.ones((1, 3, 500)), RATE, low_hz=60.0)
    with pytest.raises(InputError, match="no frequency from 60"):
        noise_level(np.ones((1, 3, 500)), RATE, bands_hz=((60.0, 80.0),))


@pytest.mark.parametrize(
    ("wave", "rate", "window", "message"),
    [
        (np.ones((3, 500)), RATE, 1.0, "records by components by samples"),
        (np.ones((1, 3, 50)), RATE, 1.0, "do not fit 50 samples at 100.0 Hz"),
        (np.ones((1, 3, 500)), 0.0, 1.0, "not positive"),
        (np.where(np.arange(500) == 7, np.nan, np.ones((2, 3, 500))), RATE, 1.0, "record 0 has samples"),
        (np.ones((1, 3, 500)), RATE, 0.01, "8 samples or more"),
    ],
)
def test_what_makes_no_sense_is_refused(wave, rate, window, message):
    for make in (spectrograms, waveform_windows):
        with pytest.raises(InputError, match=message):
            make(wave, rate, window_s=window)


def test_short_windows_tell_amplitude_and_frequency():
    t = np.arange(1000) / RATE
    wave = np.stack([np.sin(2 * np.pi * 5 * t), 100 * np.sin(2 * np.pi * 25 * t) + 7])[None]
    found = waveform_windows(wave, RATE, window_s=1.0, step_s=0.5)
    assert found.shape == (1, 19, 2 * len(WINDOW_COLUMNS)) and found.dtype == np.float32
    rms, peak, centroid, crossings = found[0].reshape(19, 2, 4).mean(axis=0).T
    assert np.allclose(rms, [np.log10(np.sqrt(0.5)), 2 + np.log10(np.sqrt(0.5))], atol=0.01)
    assert np.allclose(peak, [0, 2], atol=0.01)
    assert np.allclose(centroid, [0.1, 0.5], atol=0.01)
    assert np.allclose(crossings, [2 * 5 / RATE, 2 * 25 / RATE], atol=0.02)
    silent = waveform_windows(np.zeros((1, 1, 100)), RATE)
    assert np.isfinite(silent).all() and (silent[..., 2:] == 0).all()


@pytest.mark.shared
def test_real_records_are_louder_after_p_than_before(shared_data):
    files = sorted((shared_data / "waveforms" / "ncedc").glob("*.npz"))[:12]
    if not files:
        pytest.skip(f"no records in {shared_data / 'waveforms' / 'ncedc'}")
    louder = []
    for file in files:
        with np.load(file) as record:
            wave, p = record["data"].T[None].astype(float), int(np.ravel(record["itp"])[0])
        found = spectrograms(wave, RATE, window_s=1.0, step_s=0.5, low_hz=1.0, high_hz=40.0)
        live = wave[0].std(axis=1) > 0
        mean = found.values[0][live].mean(axis=(0, 1))
        before, after = (
            mean[found.time_s < p / RATE - 1],
            mean[(found.time_s > p / RATE) & (found.time_s < p / RATE + 5)],
        )
        louder.append(after.mean() - before.mean())
        level = noise_level(wave[:, :, : p - 100], RATE).values[0][live]
        assert np.isfinite(level).all() and (level < mean.max() + 40).all()
    assert np.median(louder) > 5  # dB
