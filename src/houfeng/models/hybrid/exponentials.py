"""The Omori-Utsu law as a sum of exponentials: rates and their integrals in one pass over a catalogue.

(s + c)^-p = 1 / Gamma(p) integral over v of e^(p v - e^v (s + c)), v = ln u. The trapezoidal rule with step h in v errs
by about 2 |Gamma(p + 2 pi i / h)| / Gamma(p) of it: below 1e-6 for the step used. Terms so slow that they do not decay
within the longest age are summed into one.
"""

import math
from dataclasses import dataclass

import numpy as np

from houfeng.models.adaptive.laws import Decay

#: Step in the log of the rate of decay.
STEP = 0.5
#: Longest age at which the sum is the law, days.
LONGEST_DAYS = 40_000.0
#: Terms slower than this share of one over the longest age are one term; faster than this many over c do not count.
SLOWEST, FASTEST = 1e-4, 40.0


@dataclass(frozen=True, eq=False)
class Exponentials:
    """Sum over k of ``weight[k]`` e^(-``rate[k]`` s): a decay, s in days.

    Attributes
    ----------
    weight, rate : ndarray, shape (terms,)
        Rates per day, ascending, all positive.
    """

    weight: np.ndarray
    rate: np.ndarray

    @classmethod
    def of(cls, decay: Decay) -> "Exponentials":
        """The law of `decay`, to a relative 1e-6 at ages up to ``LONGEST_DAYS``."""
        p = 1.0 + decay.omega
        first = math.floor(math.log(SLOWEST / LONGEST_DAYS) / STEP)
        last = math.ceil(math.log(FASTEST / decay.c) / STEP)
        v = STEP * np.arange(first, last + 1)
        ln_weight = math.log(STEP) + p * v - np.exp(v) * decay.c - math.lgamma(p)
        slow = math.exp(p * v[0] - math.lgamma(p)) * STEP / math.expm1(STEP * p)
        mean = math.exp(v[0]) * math.expm1(STEP * p) / math.expm1(STEP * (p + 1))
        weight = np.concatenate([[slow], np.exp(ln_weight)])
        return cls(weight, np.concatenate([[mean], np.exp(v)]) + decay.inverse_tau)

    def at(self, days: np.ndarray) -> np.ndarray:
        """The decay at ages `days`, same shape."""
        return np.exp(-np.multiply.outer(days, self.rate)) @ self.weight
