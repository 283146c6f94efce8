"""Pictures and numbers from waveforms: spectrograms, the level of noise, and short windows as a sequence."""

from dataclasses import dataclass

import numpy as np

from houfeng.errors import InputError

#: Power below this is not told from silence: 1e-20 of the squared unit per Hz, -200 dB.
FLOOR = 1e-20


@dataclass(frozen=True, eq=False)
class Spectrograms:
    """Power by frequency and time.

    Attributes
    ----------
    values : ndarray of float32, shape (n, components, frequencies, windows)
        Power spectral density, dB relative to 1 unit^2/Hz, where unit is that of the waveforms.
    frequency_hz : ndarray, shape (frequencies,)
    time_s : ndarray, shape (windows,)
        Middles of the windows, from the first sample.
    """

    values: np.ndarray
    frequency_hz: np.ndarray
    time_s: np.ndarray


def spectrograms(
    waveforms: np.ndarray,
    sampling_rate_hz: float,
    *,
    window_s: float = 1.0,
    step_s: float = 0.25,
    low_hz: float = 0.0,
    high_hz: float | None = None,
) -> Spectrograms:
    """Log-power spectrograms with a Hann window, each window less its mean.

    Parameters
    ----------
    waveforms : ndarray, shape (n, components, samples)
        Any unit; no missing samples.
    sampling_rate_hz
    window_s, step_s
        Length of a window, and from one to the next.
    low_hz, high_hz
        Frequencies kept, both included; up to half of the sampling rate when None.

    Raises
    ------
    InputError
        When the shape is another, a sample is not finite, a window is longer than the record or no frequency is left.
    """
    waveforms = _checked(waveforms, sampling_rate_hz)
    length, step = _window(waveforms, sampling_rate_hz, window_s, step_s)
    from scipy.signal import spectrogram

    frequency, time, power = spectrogram(
        waveforms.astype(float), sampling_rate_hz, "hann", nperseg=length, noverlap=length - step, detrend="constant"
    )
    kept = (frequency >= low_hz) & (frequency <= (np.inf if high_hz is None else high_hz))
    if not kept.any():
        raise InputError(f"no frequency between {low_hz} and {high_hz} Hz; windows of {window_s} s have steps of "
                         f"{sampling_rate_hz / length:.3g} Hz")  # fmt: skip
    values = 10 * np.log10(np.maximum(power[:, :, kept], FLOOR))
    return Spectrograms(values.astype(np.float32), frequency[kept], time)


@dataclass(frozen=True, eq=False)
class NoiseLevel:
    """Power spectral density of most of a record, band by band.

    Attributes
    ----------
    values : ndarray of float32, shape (n, components, bands)
        Median over windows of the mean over the band, dB relative to 1 unit^2/Hz.
    bands_hz : ndarray, shape (bands, 2)
        Lower and upper frequencies.
    """

    values: np.ndarray
    bands_hz: np.ndarray


def noise_level(
    waveforms: np.ndarray,
    sampling_rate_hz: float,
    *,
    bands_hz: tuple[tuple[float, float], ...] = ((1, 2), (2, 4), (4, 8), (8, 16), (16, 32)),
    window_s: float = 4.0,
) -> NoiseLevel:
    """Level of noise in bands; the median over half-overlapping windows passes over an earthquake of less than half.

    Parameters are those of :func:`spectrograms`. A median of powers of Gaussian noise lies below their mean by some
    dB in narrow bands (1.6 dB for one frequency); bands of many frequencies have next to none of it.

    References
    ----------
    McNamara & Buland (2004), Bull. Seismol. Soc. Am. 94, 1517-1527, doi:10.1785/012003001: levels of noise as
    quantiles of power spectral densities.
    """
    found = spectrograms(waveforms, sampling_rate_hz, window_s=window_s, step_s=window_s / 2)
    power = 10 ** (found.values.astype(float) / 10)
    levels = []
    for low, high in bands_hz:
        kept = (found.frequency_hz >= low) & (found.frequency_hz < high)
        if not kept.any():
            raise InputError(f"no frequency from {low} to {high} Hz in records at {sampling_rate_hz} Hz; leave it out")
        levels.append(10 * np.log10(np.median(power[:, :, kept].mean(axis=2), axis=-1)))
    return NoiseLevel(np.stack(levels, axis=-1).astype(np.float32), np.array(bands_hz, float))


#: What a short window of one component is told by.
WINDOW_COLUMNS = ("log_rms", "log_peak", "centroid", "zero_crossings")


def waveform_windows(
    waveforms: np.ndarray, sampling_rate_hz: float, *, window_s: float = 0.5, step_s: float = 0.25
) -> np.ndarray:
    """Short windows as a sequence: of each component four numbers.

    Returns
    -------
    ndarray of float32, shape (n, windows, 4 * components)
        By component: log10 of the root mean square and of the peak (in the unit of the waveforms, each window less
        its mean), mean frequency weighted by power and rate of zero crossings, both over half the sampling rate.
    """
    waveforms = _checked(waveforms, sampling_rate_hz)
    length, step = _window(waveforms, sampling_rate_hz, window_s, step_s)
    cut = np.lib.stride_tricks.sliding_window_view(waveforms, length, axis=2)[:, :, ::step].astype(float)
    cut = cut - cut.mean(axis=-1, keepdims=True)
    power = np.abs(np.fft.rfft(cut * np.hanning(length), axis=-1)) ** 2
    share = np.linspace(0, 1, power.shape[-1])
    total = power.sum(axis=-1)
    centroid = np.where(total > 0, (power * share).sum(axis=-1) / np.where(total > 0, total, 1), 0)
    crossings = (np.diff(np.signbit(cut), axis=-1) != 0).mean(axis=-1)
    rms, peak = np.sqrt((cut**2).mean(axis=-1)), np.abs(cut).max(axis=-1)
    floor = np.sqrt(FLOOR)
    values = np.stack([np.log10(rms + floor), np.log10(peak + floor), centroid, crossings], axis=-1)
    n, components, windows, columns = values.shape
    return values.transpose(0, 2, 1, 3).reshape(n, windows, components * columns).astype(np.float32)


def _window(waveforms: np.ndarray, sampling_rate_hz: float, window_s: float, step_s: float) -> tuple[int, int]:
    """Samples in a window, and from one to the next."""
    length, step = round(window_s * sampling_rate_hz), round(step_s * sampling_rate_hz)
    if step < 1 or not 8 <= length <= waveforms.shape[2]:
        raise InputError(
            f"windows of {window_s} s every {step_s} s do not fit {waveforms.shape[2]} samples at "
            f"{sampling_rate_hz} Hz; a window has 8 samples or more, and no more than the record"
        )
    return length, step


def _checked(waveforms: np.ndarray, sampling_rate_hz: float) -> np.ndarray:
    waveforms = np.asarray(waveforms)
    if waveforms.ndim != 3:
        raise InputError(f"waveforms of shape {waveforms.shape}; give records by components by samples")
    if not sampling_rate_hz > 0:
        raise InputError(f"a sampling rate of {sampling_rate_hz} Hz is not positive")
    if not np.isfinite(waveforms).all():
        bad = int(np.argmax(~np.isfinite(waveforms).all(axis=(1, 2))))
        raise InputError(f"record {bad} has samples that are not finite; fill or cut gaps first")
    return waveforms
