"""An invented past of the adaptive model, and its rate."""

from functools import cache

import numpy as np
from adaptive_samples import SPACE, TIME, clustered, data_of

from houfeng.models.adaptive.past import Past, Smoothing
from houfeng.models.hybrid.rate import ChampionRate

SMOOTHING = Smoothing(90_000.0, 2.0, fade_days=900.0, even_share=0.02, active_days=200.0, steady_share=0.3)


def judged(days, xyz, m, smoothing=None) -> Past:
    """An invented past, each earthquake judged by the law of places of the samples."""
    start = float(days[len(days) // 5])
    data = data_of(days, xyz, m, start_day=start, end_day=float(days[-1]) + 1.0)
    past = Past.unjudged(data, np.ones(len(days), bool), smoothing or SMOOTHING, scale=smoothing is None)
    past = past if smoothing else past.with_usual_activity()
    return past.smoothed().judged(SPACE, 0, 3)


@cache
def usual() -> tuple[Past, ChampionRate]:
    """One past for all tests that change nothing."""
    past = judged(*clustered(np.random.default_rng(5), 500))
    return past, ChampionRate.of(past, TIME, SPACE)
