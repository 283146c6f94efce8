"""SIMULATED three-component seismograms of finite sources, for training and for tests, never for a score of the earth.

A rupture of stress drop σ and corner frequency fc (Brune 1970, doi:10.1029/JB075i026p04997) grows along a line of the
length of its moment; sub-sources fire one after another as the rupture front passes, so duration and directivity are
those of a finite source (Hartzell 1978, doi:10.1029/GL005i001p00001). P and S travel in a half-space, with an
omega-square spectrum, geometric spreading 1/r, attenuation exp(-π f t / Q), a double couple's radiation, a scattered
coda, a site resonance, and coloured noise. Amplitudes are relative: windows are normalised before they are used.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from houfeng.errors import InputError

#: Classes of windows, by index.
CLASSES = ("noise", "P", "S")
NOISE, P, S = range(3)


@dataclass(frozen=True, slots=True)
class Simulation:
    """Ranges from which SIMULATED records are drawn, evenly unless said otherwise.

    Attributes
    ----------
    sampling_hz, duration_s, onset_s
        Of a record, and when its P arrives.
    magnitude, distance_km, depth_km
        Moment magnitude, epicentral distance, depth of the centre.
    p_velocity_km_s, vp_vs
        Of the half-space.
    stress_drop_mpa, quality
        Drawn evenly in their logarithm, as distances are.
    signal_to_noise
        Peak of the record over the standard deviation of its noise, drawn evenly in its logarithm.
    dead_component
        Chance that one component is zero.
    """

    sampling_hz: float = 100.0
    duration_s: float = 60.0
    onset_s: float = 15.0
    magnitude: tuple[float, float] = (1.5, 5.0)
    distance_km: tuple[float, float] = (3.0, 120.0)
    depth_km: tuple[float, float] = (2.0, 25.0)
    p_velocity_km_s: tuple[float, float] = (5.2, 6.8)
    vp_vs: tuple[float, float] = (1.65, 1.85)
    stress_drop_mpa: tuple[float, float] = (0.5, 20.0)
    quality: tuple[float, float] = (60.0, 600.0)
    signal_to_noise: tuple[float, float] = (8.0, 1000.0)
    dead_component: float = 0.1

    def __post_init__(self) -> None:
        if not 0 < self.onset_s < self.duration_s:
            raise InputError(f"onset_s={self.onset_s} must lie inside the record of {self.duration_s} s")
        if not self.sampling_hz >= 20:
            raise InputError(f"sampling_hz={self.sampling_hz}: at least 20 are needed for P and S")


@dataclass(frozen=True, eq=False)
class Records:
    """Records with their arrivals.

    Attributes
    ----------
    data
        (n, 3, samples) float32: east, north, up.
    p_sample, s_sample
        (n,) index of the first sample of P and of S.
    event
        (n,) which earthquake: windows of one are never shared between training and judging.
    simulated
        True for what this module makes.
    names
        n names that errors tell a record by (files, say), or none.
    """

    data: NDArray[np.float32]
    p_sample: NDArray[np.int64]
    s_sample: NDArray[np.int64]
    event: NDArray[np.int64]
    simulated: bool
    names: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.data)


def simulate_records(n: int, rng: np.random.Generator, simulation: Simulation | None = None) -> Records:
    """Draw `n` SIMULATED earthquakes, one record each.

    Parameters
    ----------
    n
        Number of records, at least one.
    rng
        Source of all randomness.
    simulation
        Ranges; the usual ones when left out.
    """
    if n < 1:
        raise InputError(f"n={n}: at least one record is simulated")
    simulation = simulation or Simulation()
    made = [_record(rng, simulation) for _ in range(n)]
    data, p, s = (list(part) for part in zip(*made, strict=True))
    return Records(np.stack(data).astype(np.float32), np.array(p), np.array(s), np.arange(n), simulated=True)


def corner_frequency_hz(magnitude: float, stress_drop_mpa: float, s_velocity_km_s: float) -> float:
    """Brune's corner frequency: fc = 0.49 β (Δσ / M0)^(1/3), M0 = 10^(1.5 M + 9.1) N m (in SI units).

    Examples
    --------
    >>> round(corner_frequency_hz(4.0, 3.0, 3.5), 2)
    2.29
    """
    moment = 10 ** (1.5 * magnitude + 9.1)
    return 0.49 * s_velocity_km_s * 1e3 * (stress_drop_mpa * 1e6 / moment) ** (1 / 3)


def _record(rng: np.random.Generator, simulation: Simulation) -> tuple[NDArray, int, int]:
    """One record (3, samples) and the samples of P and S."""
    samples = round(simulation.duration_s * simulation.sampling_hz)
    vp, ratio = rng.uniform(*simulation.p_velocity_km_s), rng.uniform(*simulation.vp_vs)
    vs, magnitude = vp / ratio, rng.uniform(*simulation.magnitude)
    distance = np.exp(rng.uniform(*np.log(simulation.distance_km)))
    depth = rng.uniform(*simulation.depth_km)
    drop, quality = (np.exp(rng.uniform(*np.log(pair))) for pair in (simulation.stress_drop_mpa, simulation.quality))
    corner, r = corner_frequency_hz(magnitude, drop, vs), float(np.hypot(distance, depth))
    lag = r / vs - r / vp
    p = round(simulation.onset_s * simulation.sampling_hz)
    s = p + round(lag * simulation.sampling_hz)
    azimuth, steep = rng.uniform(0, 2 * np.pi), np.arctan2(depth + 0.15 * distance, distance)
    ray = np.array([np.cos(steep) * np.sin(azimuth), np.cos(steep) * np.cos(azimuth), np.sin(steep)])
    sv = np.array([-np.sin(steep) * np.sin(azimuth), -np.sin(steep) * np.cos(azimuth), np.cos(steep)])
    sh = np.array([np.cos(azimuth), -np.sin(azimuth), 0.0])
    polarised = rng.uniform(0, 2 * np.pi)
    radiation = rng.uniform(0.15, 1.0, 2) * rng.choice([-1.0, 1.0], 2)  # of P and of S: away from the nodal planes
    amplitude = radiation * np.array([1.0, ratio**3])  # far field: S is (α/β)³ stronger (Aki and Richards, eq. 4.29)
    delays = _rupture_delays(rng, corner)
    data = np.zeros((3, samples))
    for onset, fc, travel, peak, motion in (
        (p, 1.5 * corner, r / vp, amplitude[0], ray),
        (s, corner, r / vs, amplitude[1], np.cos(polarised) * sh + np.sin(polarised) * sv),
    ):
        spectrum = _spectrum(samples, simulation.sampling_hz, fc, travel / quality)
        pulse = _arrivals(samples, simulation.sampling_hz, onset, delays, spectrum)
        data += peak * motion[:, None] * pulse
        data += 0.5 * abs(peak) * _coda(rng, samples, simulation.sampling_hz, onset, travel, spectrum)
    data = _site(rng, data, simulation.sampling_hz)
    noise = coloured_noise(rng, samples, simulation.sampling_hz)
    target = np.exp(rng.uniform(*np.log(simulation.signal_to_noise)))
    data = data / np.abs(data).max() * target + noise / noise.std()
    if rng.random() < simulation.dead_component:
        data[rng.integers(3)] = 0.0
    return data, p, s


def _rupture_delays(rng: np.random.Generator, corner: float) -> NDArray[np.float64]:
    """Seconds after the onset at which sub-sources are felt: a duration of about 1/fc, shorter in its direction."""
    directivity = 1 - 0.6 * np.cos(rng.uniform(0, np.pi))
    duration = min(0.8 / corner, 8.0) * directivity
    count = max(1, min(12, round(duration * 10)))
    return np.concatenate([[0.0], np.sort(rng.uniform(0, duration, count - 1))])


def _spectrum(samples: int, rate: float, corner: float, attenuation_s: float) -> NDArray[np.float64]:
    """Velocity: f / (1 + (f/fc)²) · exp(-π f t*), (samples // 2 + 1,)."""
    f = np.fft.rfftfreq(samples, 1 / rate)
    return f / (1 + (f / corner) ** 2) * np.exp(-np.pi * f * attenuation_s)


def _arrivals(
    samples: int, rate: float, onset: int, delays: NDArray, spectrum: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Minimum-phase pulses of this spectrum at each delay, of peak one in all, (samples,)."""
    log = np.log(np.maximum(spectrum, spectrum.max() * 1e-4))
    cepstrum = np.fft.irfft(log, samples)
    fold = np.zeros(samples)
    fold[0], fold[1 : samples // 2], fold[samples // 2] = 1, 2, 1
    pulse = np.fft.irfft(np.exp(np.fft.rfft(cepstrum * fold)), samples)  # causal: nothing before the onset
    spikes = np.zeros(samples)
    places = onset + np.round(delays * rate).astype(int)
    np.add.at(spikes, places[places < samples], 1.0 / len(delays))
    train = np.fft.irfft(np.fft.rfft(spikes, 2 * samples) * np.fft.rfft(pulse, 2 * samples))[:samples]
    train[:onset] = 0.0
    return train / max(np.abs(train).max(), 1e-30)


def _coda(
    rng: np.random.Generator, samples: int, rate: float, onset: int, travel_s: float, spectrum: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Scattered waves behind an arrival, (3, samples), dying away over about a third of the travel time."""
    t = np.arange(samples - onset) / rate
    if not len(t):
        return np.zeros((3, samples))
    coda = np.zeros((3, samples))
    white = np.fft.rfft(rng.normal(size=(3, samples)))
    shaped = np.fft.irfft(white * spectrum / spectrum.max(), samples)
    coda[:, onset:] = shaped[:, : len(t)] * (1 - np.exp(-t / 0.4)) * np.exp(-t / (1.5 + travel_s / 3))
    return coda / max(np.abs(coda).max(), 1e-30)


def _site(rng: np.random.Generator, data: NDArray, rate: float) -> NDArray[np.float64]:
    """A soft layer's resonance, strongest on the horizontals, by two poles: nothing before its input."""
    from scipy.signal import lfilter

    f, damping, gain = np.exp(rng.uniform(np.log(1.0), np.log(12.0))), rng.uniform(0.08, 0.4), rng.uniform(0.0, 1.0)
    pole = np.exp(-2 * np.pi * f * damping / rate)
    angle = 2 * np.pi * f / rate
    resonant = lfilter([1 - pole], [1, -2 * pole * np.cos(angle), pole**2], data, axis=1)
    return data + gain * np.array([1.0, 1.0, 0.3])[:, None] * resonant


def coloured_noise(rng: np.random.Generator, samples: int, rate: float) -> NDArray[np.float64]:
    """Noise of power f^-a above 0.1 Hz, a from 0 to 2, with hum and bursts, (3, samples)."""
    f = np.fft.rfftfreq(samples, 1 / rate)
    shape = np.where(f > 0.1, np.maximum(f, 0.1) ** (-rng.uniform(0.0, 2.0) / 2), 0.0)
    noise = np.fft.irfft(np.fft.rfft(rng.normal(size=(3, samples))) * shape, samples)
    noise /= noise.std()
    t = np.arange(samples) / rate
    if rng.random() < 0.3:
        hum = np.sin(2 * np.pi * rng.uniform(2, 0.4 * rate) * t + rng.uniform(0, 6))
        noise += rng.uniform(0.1, 0.8) * hum
    if rng.random() < 0.4:
        middle, width = rng.uniform(0, t[-1]), rng.uniform(0.3, 3.0)
        burst = np.exp(-0.5 * ((t - middle) / width) ** 2)
        noise += rng.uniform(0.5, 2.0) * burst * rng.normal(size=(3, samples))
    return noise
