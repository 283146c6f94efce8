"""Time to simulate 10,000 catalogues of 30 days from the start of a window, by plain ETAS and by the adaptive model."""

import numpy as np
from harness import Figure, stopwatch
from npp_scores import Window

from houfeng.models.adaptive import simulate as adaptive
from houfeng.models.adaptive.fit import AdaptiveFit
from houfeng.models.adaptive.past import Past
from houfeng.models.etas import simulate as plain
from houfeng.models.etas.background import Background
from houfeng.models.etas.parameters import EtasParameters
from houfeng.models.magnitudes import TaperedGutenbergRichter

CATALOGS, DAYS, SEED = 10_000, 30.0, 1
CORNER_ABOVE = 6.0


def simulation_figures(p: EtasParameters, fit: AdaptiveFit, past: Past, window: Window, mc: float) -> list[Figure]:
    """CPU seconds of both, events per catalogue of both, and what came."""
    known = window.days < window.start
    n, days = int(known.sum()), window.days[known]
    b = 1 / np.log(10) / window.m[known].mean()
    law = TaperedGutenbergRichter(float(b), mc, mc + CORNER_ABOVE)
    xyz = window.xyz_km[known]
    plane = tuple(float(v) for v in (*xyz[:, :2].min(axis=0), *xyz[:, :2].max(axis=0)))
    end = window.start + DAYS
    joint = plain.Setup(
        parameters=p, law=law, background=Background.even(window.area_km2), days=days, xyz_km=xyz, m=window.m[known],
        log_weight=np.zeros(n), start_day=window.start, end_day=end, plane_km=plane,
    )  # fmt: skip
    ours = adaptive.AdaptiveSetup(
        time=fit.time, space=fit.space, past=past.until(n, window.start), law=law, start_day=window.start,
        end_day=end, plane_km=plane,
    )  # fmt: skip
    came = ((window.days >= window.start) & (window.days < end)).sum()
    figures = []
    for name, room, setup in (("etas", plain, joint), ("adaptive", adaptive, ours)):
        room.simulate(setup, 2, SEED)
        with stopwatch() as watch:
            events = sum(len(batch.days) for batch in room.stream(setup, CATALOGS, SEED))
        figures += [
            Figure(f"simulate.{name}_cpu_s", watch.cpu_s, "s", 30, peer="10,000 catalogues of 30 days"),
            Figure(f"simulate.{name}_events", events / CATALOGS, "", peer=f"{came} came"),
        ]
    return figures
