"""Noise of geodetic series: white, flicker and random walk together, fitted, simulated, and weighted with.

Daily positions wander: their power grows towards long periods about as 1/f (flicker noise), so uncertainties that
assume independent days are several times too small (Zhang and others 1997, doi:10.1029/97JB01380; Mao, Harrison &
Dixon 1999, doi:10.1029/1998JB900033). The power-law part is the fractional difference of Hosking (1981) in the form
of Williams (2003, doi:10.1007/s00190-002-0283-4): x = T w with T lower triangular and Toeplitz, so every product with
its covariance is two convolutions, and equations with gaps are solved by conjugate gradients without a large matrix.
"""

from dataclasses import dataclass

import numpy as np

from houfeng.errors import FitError, InputError, NotEnoughDataError

#: Lags, in steps of the grid, at which the spread of differences is compared.
_LAGS = 2 ** np.arange(8)
_MIN_PAIRS = 20

#: Four fifths of normal values are smaller, in standard deviations; a scale from this quantile is twice as sharp as one
#: from the median, and still hardly sees outliers and steps.
_NORMAL_80 = 1.2815516


@dataclass(frozen=True, slots=True)
class Noise:
    """Standard deviations per step of the grid, in the unit of the series.

    Attributes
    ----------
    white
        Of independent errors.
    flicker
        Of the innovations of the 1/f part.
    walk
        Of the innovations of a random walk.
    """

    white: float
    flicker: float = 0.0
    walk: float = 0.0

    def __post_init__(self) -> None:
        if not (self.white >= 0 and self.flicker >= 0 and self.walk >= 0 and self.white + self.flicker + self.walk > 0):
            raise InputError(f"noise must have amplitudes not below 0, one above it, not {self}")

    def simulate(self, n: int, rng: np.random.Generator, *, n_series: int = 1) -> np.ndarray:
        """Series of this noise, shape (n_series, n)."""
        made = self.white * rng.standard_normal((n_series, n))
        for amplitude, index in ((self.flicker, 1.0), (self.walk, 2.0)):
            if amplitude > 0:
                innovations = amplitude * rng.standard_normal((n_series, n))
                made += _convolve(power_law_filter(index, n), innovations.T).T
        return made

    def covariance(self, n: int, *, burn_in: int = 0) -> np.ndarray:
        """Covariance of n successive steps, the first `burn_in` steps after the start of the noise, shape (n, n)."""
        matrix = self.white**2 * np.eye(n)
        rows = np.arange(n)
        for amplitude, index in ((self.flicker, 1.0), (self.walk, 2.0)):
            if amplitude > 0:
                h = power_law_filter(index, burn_in + n)
                for lag in range(n):  # along a diagonal each entry is the one before it and one product more
                    along = np.cumsum(h[: burn_in + n - lag] * h[lag:])[burn_in:]
                    matrix[rows[: n - lag], rows[lag:]] += amplitude**2 * along
                    if lag:
                        matrix[rows[lag:], rows[: n - lag]] += amplitude**2 * along
        return matrix


def power_law_filter(index: float, n: int) -> np.ndarray:
    """First n coefficients that turn white noise into noise with power f**-index (Hosking 1981), shape (n,)."""
    i = np.arange(1, n)
    return np.concatenate([[1.0], np.cumprod((i - 1 + index / 2) / i)])


def fit_noise(series: np.ndarray, *, with_walk: bool = False) -> Noise:
    """Amplitudes from the spread of differences over 1, 2, 4 ... 128 steps.

    Parameters
    ----------
    series : ndarray, shape (n,)
        Residuals on a regular grid, NaN where missing.
    with_walk
        Whether a random walk may be part of it.

    Returns
    -------
    Noise
        By non-negative least squares on squared spreads. Spreads come from a quantile of absolute differences, so
        that outliers and steps hardly count. Differences over longer spans than 1/16 of the series are left out: fitted
        trends have eaten them.

    Raises
    ------
    NotEnoughDataError
        With fewer than 20 pairs one step apart, or series without any spread.
    """
    from scipy.optimize import nnls

    n = len(series)
    spreads, shapes, weights = [], [], []
    for lag in _LAGS[max(1, n // 16) >= _LAGS]:
        differences = series[lag:] - series[:-lag]
        differences = differences[np.isfinite(differences)]
        if len(differences) < _MIN_PAIRS:
            continue
        spread = (np.quantile(np.abs(differences), 0.8) / _NORMAL_80) ** 2
        if spread > 0:
            spreads.append(spread)
            shapes.append([2.0, _increment_variance(1.0, int(lag), n), float(lag)])
            weights.append(np.sqrt(len(differences) / lag) / spread)
    if not spreads:
        raise NotEnoughDataError(f"noise needs {_MIN_PAIRS} pairs of successive values that differ; give more data")
    design = np.array(shapes)[:, : 3 if with_walk else 2]
    squares = nnls(design * np.array(weights)[:, None], np.array(spreads) * weights)[0]
    if not squares.any():
        raise FitError("no noise amplitude fits the spread of the differences")
    white, flicker, walk = np.sqrt(np.append(squares, [0.0])[:3])
    return Noise(float(white), float(flicker), float(walk))


def _increment_variance(index: float, lag: int, n: int) -> float:
    """Variance of x[j + lag] - x[j] for unit innovations, long after the start."""
    h = power_law_filter(index, n + lag)
    return float((h[:lag] ** 2).sum() + ((h[lag:] - h[:-lag]) ** 2).sum())


@dataclass(frozen=True, eq=False)
class NoiseWeights:
    """Covariance C of noise at the points of a grid that have data.

    Attributes
    ----------
    noise
        Its amplitudes.
    at : ndarray of int, shape (n,)
        Points of the grid, increasing.
    white_scale : ndarray, shape (n,)
        Relative standard deviation of the white part of each point.
    """

    noise: Noise
    at: np.ndarray
    white_scale: np.ndarray

    def apply(self, x: np.ndarray) -> np.ndarray:
        """C x; shapes (n, k)."""
        length = int(self.at[-1]) + 1
        product = (self.noise.white * self.white_scale[:, None]) ** 2 * x
        grid = np.zeros((length, x.shape[1]))
        grid[self.at] = x
        for amplitude, index in ((self.noise.flicker, 1.0), (self.noise.walk, 2.0)):
            if amplitude > 0:
                h = power_law_filter(index, length)
                backward = _convolve(h, grid[::-1])[::-1]
                product += amplitude**2 * _convolve(h, backward)[self.at]
        return product

    def variance_of(self, weights: np.ndarray) -> np.ndarray:
        """Variance of weighted sums of the noise, one for each column of `weights`, shape (n, k)."""
        return np.einsum("ij,ij->j", weights, self.apply(weights))

    def solve(self, b: np.ndarray, *, tolerance: float = 1e-7, max_iterations: int = 400) -> np.ndarray:
        """C^-1 b by preconditioned conjugate gradients; shapes (n, k).

        Raises
        ------
        FitError
            When it does not converge.
        """
        if self.noise.flicker == 0 and self.noise.walk == 0:
            return b / (self.noise.white * self.white_scale[:, None]) ** 2
        precondition = self._preconditioner()
        x = np.zeros_like(b)
        rest = b.copy()
        z = precondition(rest)
        direction = z
        size = np.einsum("ij,ij->j", rest, z)
        goal = tolerance**2 * np.maximum(size, np.finfo(float).tiny)
        for _ in range(max_iterations):
            moved = self.apply(direction)
            step = size / np.maximum(np.einsum("ij,ij->j", direction, moved), np.finfo(float).tiny)
            x += step * direction
            rest = rest - step * moved
            z = precondition(rest)
            smaller = np.einsum("ij,ij->j", rest, z)
            if (smaller <= goal).all():
                return x
            direction = z + smaller / np.maximum(size, np.finfo(float).tiny) * direction
            size = smaller
        raise FitError(f"weighting with coloured noise did not converge in {max_iterations} iterations ({self.noise})")

    def _preconditioner(self):
        """Division by the power spectrum, as if the series were a ring without gaps."""
        from scipy.fft import irfft, next_fast_len, rfft

        length = next_fast_len(int(self.at[-1]) + 1, real=True)
        frequency = np.maximum(np.arange(length // 2 + 1), 0.5) / length
        rolled = 1.0 / (2 * np.sin(np.pi * frequency))
        white = self.noise.white**2 * float(np.mean(self.white_scale**2))
        power = white + self.noise.flicker**2 * rolled + self.noise.walk**2 * rolled**2

        def divide(x: np.ndarray) -> np.ndarray:
            grid = np.zeros((length, x.shape[1]))
            grid[self.at] = x
            return irfft(rfft(grid, axis=0) / power[:, None], length, axis=0)[self.at]

        return divide


def _convolve(h: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Causal convolution along the first axis, cut to the length of x; shape (n, k)."""
    from scipy.fft import irfft, next_fast_len, rfft

    n = len(x)
    length = next_fast_len(2 * n, real=True)
    return irfft(rfft(h, length)[:, None] * rfft(x, length, axis=0), length, axis=0)[:n]
