"""Ground motion: microseconds a site and measure for each model, and a site for the distances.

100,000 sites with random Vs30, five measures, mean and both standard deviations, all in float64 on one core; the best
of several rounds in CPU time. Distances are given, as they are for the peers; their own cost is printed apart. Last
the whole of a demo map: distances, two models, mixture at 10,000 sites.

Peers: OpenQuake hazardlib 3.2x, BSSA14 0.12 to 0.16 microseconds a site and measure, distances 0.62 a site; pygmm 0.8,
240 microseconds for BSSA14. Both measured on a machine of the same kind.
"""

import sys
from collections.abc import Callable

import numpy as np
from harness import Figure, report, stopwatch

from houfeng.shaking.gmm import Source, models
from houfeng.shaking.illapel import illapel_rupture
from houfeng.shaking.motion import MEASURES
from houfeng.shaking.regimes import choose_models, mixture
from houfeng.shaking.rupture import Rupture
from houfeng.shaking.sites import Sites

SITES, ROUNDS = 100_000, 7
PEERS = {"BSSA14": "hazardlib 0.12 to 0.16, pygmm 240"}


def best_cpu_s(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Least CPU time of `work`, after one round that nobody counts."""
    work()
    seconds = []
    for _ in range(rounds):
        with stopwatch() as watch:
            work()
        seconds.append(watch.cpu_s)
    return min(seconds)


def sites_around(rng: np.random.Generator, n: int) -> Sites:
    """Sites scattered over 4 by 4 degrees of Chile."""
    return Sites.of(
        longitude=rng.uniform(-73.0, -69.0, n),
        latitude=rng.uniform(-33.0, -29.0, n),
        vs30_mps=rng.uniform(180.0, 1000.0, n),
    )


def model_figures(sites: Sites) -> list[Figure]:
    """One figure a model."""
    figures = []
    rupture = illapel_rupture()
    distances = rupture.distances(sites)
    for name, kind in sorted(models().items()):
        # The regime decides which terms are worked out; the geometry is the same for all.
        regime = "interface" if "interface" in kind.regimes else "crustal"
        source = Source(7.4, regime, dip_deg=40.0, rake_deg=90.0, ztor_km=3.0, width_km=25.0, hypocentre_depth_km=12.0)
        model = kind()
        seconds = best_cpu_s(lambda: model.motion(source, distances, sites, MEASURES))  # noqa: B023 - used at once
        value = seconds / len(sites) / len(MEASURES) * 1e6
        target = 0.15 if name == "BSSA14" else None
        figures.append(Figure(f"{name}, a site and measure", value, "us", target, peer=PEERS.get(name, "")))
    return figures


def distance_figures(sites: Sites) -> list[Figure]:
    """A plane, nine planes, a point."""
    plane = illapel_rupture()
    start, end, far_end, far_start = plane.geometry.corners[0]
    edges = np.linspace(0.0, 1.0, 10)[:, None]
    top, bottom = start + edges * (end - start), far_start + edges * (far_end - far_start)
    quads = np.stack([top[:-1], top[1:], bottom[1:], bottom[:-1]], axis=1)
    ruptures = {
        "one plane": plane,
        "nine planes": Rupture.from_quads(plane.earthquake, quads),
        "point": Rupture.point(plane.earthquake),
    }
    figures = []
    for name, rupture in ruptures.items():
        seconds = best_cpu_s(lambda: rupture.distances(sites))  # noqa: B023 - used at once
        peer, target = ("hazardlib 0.62", 0.62) if name == "one plane" else ("", None)
        figures.append(Figure(f"distances, {name}, a site", seconds / len(sites) * 1e6, "us", target, peer=peer))
    return figures


def main() -> int:
    as_json = "--json" in sys.argv[1:]
    rng = np.random.default_rng(20150916)
    sites, town = sites_around(rng, SITES), sites_around(rng, 10_000)
    weights = choose_models("interface", "chile")

    def demo_map() -> object:
        rupture = illapel_rupture()
        return mixture(weights, rupture, rupture.distances(town), town, MEASURES)

    figures = [*model_figures(sites), *distance_figures(sites)]
    figures.append(Figure("demo map, 10,000 sites x 5 measures, two models", best_cpu_s(demo_map), "s", 1.0))
    return 0 if report("ground motion", figures, as_json) else 1


if __name__ == "__main__":
    sys.exit(main())
