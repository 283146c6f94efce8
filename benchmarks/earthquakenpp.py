"""Skill on any data set of EarthquakeNPP's layout: fitted on aux, train and val, scored on test.

``python benchmarks/earthquakenpp.py --catalog FILE.csv.gz --shape FILE.npy --mc M [--json]``

Columns of the catalogue: id, time, longitude, latitude, magnitude, x, y (km), split. The region is a polygon of
(latitude, longitude). A window begins at midnight after the last event of the split before; history begins at
midnight of the first event's day. Scores are natural logarithms per event: ``temporal_ll`` the mean of
ln lambda(t) less the expected number per event, ``spatial_ll`` the mean of ln f(x | t) per km^2 over the whole plane,
``total_nll`` minus their sum. No model has a setting that depends on the data set.

The champion is the model with the best total on val when fitted on aux and train alone; nothing else is decided
there. Intervals are of the gain over plain ETAS (and over the published parameters, where ``--published`` names
the file that holds them), by resampling blocks of 30 days.
"""

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from harness import PUBLISHED_RADIUS_KM, EarthquakeNpp, Figure, read_earthquakenpp, report
from npp_checks import causality, expected_by_random_nodes, integrals_over_space
from npp_scores import (
    Gain,
    Scores,
    Window,
    area_of,
    fit_champion,
    fit_plain,
    gains,
    score_adaptive,
    score_plain,
    score_poisson,
)
from npp_simulations import simulation_figures

from houfeng.geo import EARTH_RADIUS_KM
from houfeng.models.etas.parameters import EtasParameters

#: Finest location error of such catalogues (relocated): no kernel of the background is narrower. Same for all.
SMALLEST_KM = 0.1
#: Total to reach, where the data set is one of two known ones: (first splits' size) -> (name, target, published).
KNOWN = {"ComCat_25": (7.05, 1.434, -8.690, 7.255), "SanJac_10": (4.07, 1.133, -5.398, 4.266)}
LN10 = float(np.log(10))


def windows(catalog: EarthquakeNpp, mc: float, area_km2: float) -> dict[str, Window]:
    """The windows of train, val, test, and of train with val."""
    scale = EARTH_RADIUS_KM / PUBLISHED_RADIUS_KM
    start = catalog.time[0].astype("datetime64[D]")
    days = catalog.days_since(str(start))
    edge = [0.0]
    for split in ("aux", "train", "val", "test"):
        last = catalog.time[catalog.split == split][-1].astype("datetime64[D]")
        edge.append(float((last - start).astype(int) + 1))
    xyz = np.column_stack([catalog.x_km * scale, catalog.y_km * scale, np.zeros(len(days))])
    whole = Window(days, xyz, np.maximum(catalog.magnitude - mc, 0.0), 0.0, edge[4], area_km2)
    return {
        "train": whole.over(edge[1], edge[2]),
        "val": whole.over(edge[2], edge[3]),
        "learning": whole.over(edge[1], edge[3]),
        "test": whole.over(edge[3], edge[4]),
    }


def score_published(entry: dict, window: Window) -> Scores:
    """Published ETAS parameters by their own conventions (radius, area, magnitudes to a tenth), per km^2 of ours."""
    p, scale = entry["p"], PUBLISHED_RADIUS_KM / EARTH_RADIUS_KM
    parameters = EtasParameters(
        ln_mu=p["log10_mu"] * LN10 + float(np.log(entry["area"])), ln_k0=p["log10_k0"] * LN10, a=p["a"],
        ln_c=p["log10_c"] * LN10, omega=p["omega"], ln_tau=p["log10_tau"] * LN10, ln_d=p["log10_d"] * LN10,
        gamma=p["gamma"], ln_rho=float(np.log(p["rho"])),
    )  # fmt: skip
    m = np.floor((window.m + entry["mc"]) / 0.1 + 0.5) * 0.1 - entry["mc"]
    theirs = score_plain(
        parameters, replace(window, xyz_km=window.xyz_km * scale, m=np.maximum(m, 0.0), area_km2=entry["area"])
    )
    return replace(theirs, log_density=theirs.log_density + 2 * np.log(scale))


def three(name: str, scores: Scores, target: float | None, peer: str) -> list[Figure]:
    """Its three figures."""
    return [
        Figure(f"{name}.temporal_ll", scores.temporal, "nats"),
        Figure(f"{name}.spatial_ll", scores.spatial, "nats"),
        Figure(f"{name}.total_nll", scores.total_nll, "nats", target, peer=peer),
    ]


def of_gain(name: str, gain: Gain) -> list[Figure]:
    """A gain and its interval, whose lower end must be above zero."""
    return [
        Figure(name, gain.value, "nats"),
        Figure(f"{name}_low", gain.low, "", 0.0, True, "95 %, 30-day blocks"),
        Figure(f"{name}_high", gain.high),
    ]


def say(text: str) -> None:
    """Progress, with CPU seconds."""
    print(f"  [{time.process_time():7.1f} CPU-s] {text}", flush=True)


def choose(w: dict[str, Window]) -> tuple[str, dict[str, Scores]]:
    """Fit on train, score on val: the name of the best."""
    say("fitting on aux and train, scoring val")
    scores = {
        "poisson": score_poisson(w["train"], w["val"]),
        "etas": score_plain(fit_plain(w["train"]), w["val"]),
        "adaptive": score_adaptive(fit_champion(w["train"], SMALLEST_KM, say), w["val"])[0],
    }
    return min(scores, key=lambda name: scores[name].total_nll), scores


def sensitivity(w: dict[str, Window]) -> list[Figure]:
    """Total on val, with the floor of the bandwidths three and ten times larger."""
    figures = []
    for floor in (SMALLEST_KM * 3, SMALLEST_KM * 10):
        fit = fit_champion(w["train"], floor)
        total = score_adaptive(fit, w["val"])[0].total_nll
        figures.append(Figure(f"val.floor_{floor:.2g}km", total, "nats", peer=f"floor used {SMALLEST_KM} km"))
        say(f"floor {floor:.2g} km: val {total:.4f}")
    return figures


def main() -> None:
    given = arguments()
    known = KNOWN.get(given.catalog.name.split(".")[0])
    w = windows(read_earthquakenpp(given.catalog), given.mc, area_of(np.load(given.shape)))
    champion, on_val = choose(w)
    figures = [Figure(f"val.{name}.total_nll", s.total_nll, "nats") for name, s in on_val.items()]
    say(f"champion on val: {champion}; fitting on aux, train and val, scoring test")
    joint = fit_plain(w["learning"])
    plain = score_plain(joint, w["test"])
    fit = fit_champion(w["learning"], SMALLEST_KM, say)
    ours, past = score_adaptive(fit, w["test"])
    on_test = {"poisson": score_poisson(w["learning"], w["test"]), "etas": plain, "adaptive": ours}
    peer = f"published {known[3]}" if known else ""
    for name, scores in on_test.items():
        figures += three(name, scores, None, "")
    figures += three("champion", on_test[champion], known[0] if known else plain.total_nll, peer)
    temporal, spatial = gains(on_test[champion], plain)
    figures += of_gain("gain_over_etas.temporal", temporal) + of_gain("gain_over_etas.spatial", spatial)
    if given.published:
        theirs = score_published(json.loads(given.published.read_text())[given.catalog.name.split(".")[0]], w["test"])
        figures += three("published", theirs, None, peer)
        temporal, spatial = gains(on_test[champion], theirs)
        figures += of_gain("gain_over_published.temporal", temporal) + of_gain("gain_over_published.spatial", spatial)
    say("checks")
    expected, other = float(ours.expected.sum()), expected_by_random_nodes(fit, past, w["test"])
    integrals = integrals_over_space(fit, past, w["test"])
    figures += [
        Figure("check.expected_relative_difference", abs(other / expected - 1), "", 2e-3, peer="random nodes"),
        Figure("check.expected_nats_per_event", abs(other - expected) / len(ours.log_rate), "nats", 2e-3),
        Figure("check.space_integral_worst", float(np.abs(integrals - 1).max()), "", 1e-3, peer="200 random times"),
        Figure("check.future_changes_past", causality(fit, w["test"]), "nats", 2e-3, peer="invented events"),
        Figure("expected_over_observed", expected / len(ours.log_rate), "", peer="test"),
    ]
    figures += simulation_figures(joint, fit, past, w["test"], given.mc)
    if not given.quick:
        figures += sensitivity(w)
    report(f"earthquakenpp {given.catalog.name}: champion {champion}", figures, given.json)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Skill on a data set of EarthquakeNPP's layout.")
    parser.add_argument("--catalog", type=Path, required=True, help="catalogue, .csv.gz")
    parser.add_argument("--shape", type=Path, required=True, help="polygon of (latitude, longitude), .npy")
    parser.add_argument("--mc", type=float, required=True, help="completeness magnitude")
    parser.add_argument("--published", type=Path, help="JSON of published ETAS parameters by data set")
    parser.add_argument("--quick", action="store_true", help="leave out the sensitivity to the location error")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    return parser.parse_args()


if __name__ == "__main__":
    main()
