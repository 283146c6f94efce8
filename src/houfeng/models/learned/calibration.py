"""From a score to a rate: the prior corrected by what the score was worth on rows it was not learned from."""

from dataclasses import dataclass

import numpy as np

from houfeng.models.learned.rows import Rows

#: Weight of the belief that the prior is right, in nats per unit squared of each coefficient.
RIDGE = 2.0
STEPS = 50


@dataclass(frozen=True, slots=True)
class Calibration:
    """Ln of the rate is ln of the prior, plus a level, plus a slope times its centred log, plus a gain of the score.

    All three are zero where nothing is known: the prior remains.
    """

    level: float = 0.0
    slope: float = 0.0
    gain: float = 0.0
    middle_prior: float = 0.0
    middle_score: float = 0.0
    spread_score: float = 1.0

    @classmethod
    def fitted(cls, rows: Rows, score: np.ndarray) -> "Calibration":
        """By penalised maximum likelihood of the active cells, chance 1 - e^-rate; score of shape (n,)."""
        middle_prior = float(np.average(rows.log_prior, weights=rows.weight))
        middle, spread = float(score.mean()), float(max(score.std(), 1e-9))
        design = np.column_stack(
            [np.ones(len(rows)), rows.log_prior - middle_prior, (score - middle) / spread],
        )
        found = _climb(design, rows)
        return cls(*(float(v) for v in found), middle_prior, middle, spread)

    def log_rate(self, log_prior: np.ndarray, score: np.ndarray) -> np.ndarray:
        """Ln of the expected number, shape (n,)."""
        scaled = (score - self.middle_score) / self.spread_score
        return log_prior + self.level + self.slope * (log_prior - self.middle_prior) + self.gain * scaled


def _climb(design: np.ndarray, rows: Rows) -> np.ndarray:
    """Newton's steps, halved where they overshoot."""
    beta = np.zeros(design.shape[1])
    value = _objective(beta, design, rows)
    for _ in range(STEPS):
        eta = np.clip(rows.log_prior + design @ beta, -60, 5)
        rate = np.exp(eta)
        # d/d eta of ln(1 - e^-rate) is rate / (e^rate - 1); of -rate it is -rate.
        slope = np.where(rows.active, rate / np.expm1(np.maximum(rate, 1e-300)), -rate) * rows.weight
        bend = np.where(rows.active, np.minimum(rate, 1.0) / 2, rate) * rows.weight
        gradient = design.T @ slope - RIDGE * beta
        hessian = (design * bend[:, None]).T @ design + RIDGE * np.eye(len(beta))
        step = np.linalg.solve(hessian, gradient)
        step *= min(1.0, 2.0 / max(float(np.abs(step).max()), 1e-12))
        for _ in range(30):
            tried = _objective(beta + step, design, rows)
            if tried >= value:
                break
            step = step / 2
        else:
            break
        beta, gained, value = beta + step, tried - value, tried
        if gained < 1e-9:
            break
    return beta


def _objective(beta: np.ndarray, design: np.ndarray, rows: Rows) -> float:
    return log_likelihood(rows, np.clip(rows.log_prior + design @ beta, -60, 5)) - RIDGE / 2 * float(beta @ beta)


def log_likelihood(rows: Rows, log_rate: np.ndarray) -> float:
    """Of what followed, in nats, all cells together."""
    rate = np.exp(log_rate)
    return float(rows.weight @ np.where(rows.active, np.log(-np.expm1(-np.maximum(rate, 1e-300))), -rate))
