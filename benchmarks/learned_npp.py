"""Learned and hybrid point processes against the champion, on data sets of EarthquakeNPP's layout.

``python benchmarks/learned_npp.py --set ComCat_25|SanJac_10|Japan_45 [--shared DIR] [--json]``

Everything is learned twice: on train, to choose among variants on val; then on train and val, to score test once. The
champion is refitted by the unchanged code; where its total is not the one frozen at commit 8e63907, nothing is scored.
Gains are over the champion, nats per event, with 95 % intervals by resampling blocks of 30 days. Time: the champion's
rate times e^g, g constant on pieces. Space: its density with other weights and kernels. The settings are those of the
functions in houfeng.models.hybrid; none depends on the data set.
"""

import argparse
import csv
import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from earthquakenpp import SMALLEST_KM, say, score_published, windows
from harness import PUBLISHED_RADIUS_KM, EarthquakeNpp, Figure, read_earthquakenpp, report
from learned_npp_checks import causality_of, expected_of, integrals_of
from learned_npp_models import SPACE, Hybrid, Known, learn_space, learn_time, seen
from npp_scores import Gain, Scores, area_of, fit_champion, fit_plain, gains, score_plain

from houfeng.geo import EARTH_RADIUS_KM

#: The champion's total on test at commit 8e63907, and how far a refit may be from it.
FROZEN, TOLERANCE = {"ComCat_25": 6.959, "SanJac_10": 3.959}, 2e-3
MAGNITUDE = {"ComCat_25": 2.5, "SanJac_10": 1.0, "Japan_45": 4.5}
TARGET = {"ComCat_25": 7.00, "SanJac_10": 4.00}
NEURAL = "neural, no etas"
#: The third catalogue, laid down before it was looked at: begins of train, val and test.
JAPAN_SPLITS = ("1992-01-01", "2005-01-01", "2010-01-01")


@dataclass(frozen=True)
class Row:
    """One line of the table: a model's scores on val and test; None where it was not learned."""

    name: str
    val: Scores | None
    test: Scores


def read(name: str, shared: Path) -> tuple[EarthquakeNpp, float]:
    """The catalogue, and the area of its region, km^2."""
    folder = shared / "forecasting"
    if name != "Japan_45":
        return read_earthquakenpp(folder / f"{name}.csv.gz"), area_of(np.load(folder / f"{name}_shape.npy"))
    with (folder / "japan_earthquakenpp.csv").open() as stream:
        rows = [row for row in csv.DictReader(stream) if float(row["magnitude"]) >= MAGNITUDE[name] - 1e-6]
    time = np.array([row["time"].replace(" ", "T") for row in rows], "datetime64[us]")
    order, scale = np.argsort(time, kind="stable"), PUBLISHED_RADIUS_KM / EARTH_RADIUS_KM
    split = np.array(["aux", "train", "val", "test"])
    begins = np.array(JAPAN_SPLITS, "datetime64[us]")
    column = {key: np.array([float(row[key]) for row in rows])[order] for key in rows[0] if key not in ("id", "time")}
    catalog = EarthquakeNpp(
        time[order], column["longitude"], column["latitude"], column["magnitude"], column["x"] * scale,
        column["y"] * scale, split[np.searchsorted(begins, time[order], side="right")],
    )  # fmt: skip
    return catalog, area_of(np.array([[22.0, 122.0], [22.0, 150.0], [46.0, 150.0], [46.0, 122.0]]))


def known_of(w: dict, part: str, on: str) -> Known:
    """The champion fitted on `part`, with what is seen over that window and over `on`."""
    fit = fit_champion(w[part], SMALLEST_KM)
    say(f"champion fitted on {part}")
    known = seen(fit, w[part], w[on])
    say(f"seen: {len(known.learning.pieces.start)} and {len(known.scored.pieces.start)} pieces")
    return known


def chosen(rows: dict[str, Scores], attribute: str) -> str:
    """Name of the best on val."""
    return max(rows, key=lambda name: getattr(rows[name], attribute))


def table(rows: list[Row], champion: Scores) -> None:
    """Print every model: temporal, spatial, total, gain with interval."""
    print(f"  {'model':34s} {'val total':>9s} {'T':>8s} {'S':>9s} {'total':>8s}  gain T [95 %]; gain S [95 %]; both")
    for row in rows:
        s = row.test
        by_time, by_space = gains(s, champion)
        both = both_of(s, champion)
        text = "; ".join(f"{g.value:+.4f} [{g.low:+.4f}, {g.high:+.4f}]" for g in (by_time, by_space, both))
        val = f"{row.val.total_nll:9.4f}" if row.val else " " * 9
        print(f"  {row.name:34s} {val} {s.temporal:8.4f} {s.spatial:9.4f} {s.total_nll:8.4f}  {text}", flush=True)


def both_of(ours: Scores, theirs: Scores) -> Gain:
    """Gain of time and space together."""
    return gains(*(replace(s, log_rate=s.log_rate + s.log_density) for s in (ours, theirs)))[0]


def main() -> None:
    given = arguments()
    catalog, area = read(given.set, given.shared)
    w = windows(catalog, MAGNITUDE[given.set], area)
    early = known_of(w, "train", "val")
    on_time = learn_time(early, say)[0]
    on_space = {name: early.with_density(f) for name, f in learn_space(early, SPACE, say)[0].items()}
    hybrids = [{n: s for n, s in of.items() if n != NEURAL} for of in (on_time, on_space)]
    when, where = chosen(hybrids[0], "temporal"), chosen(hybrids[1], "spatial")
    say(f"chosen on val: time {when}, space {where}; val champion {early.champion.total_nll:.4f}")
    late = known_of(w, "learning", "test")
    frozen = FROZEN.get(given.set)
    if frozen and abs(late.champion.total_nll - frozen) > TOLERANCE:
        sys.exit(f"the champion's total is {late.champion.total_nll:.4f}, frozen was {frozen}: it has changed")
    by_gain, learned_gain = learn_time(late, say)
    density, learned_density = learn_space(late, SPACE, say, best=where)
    rows = [Row("etas, fitted jointly", None, score_plain(fit_plain(w["learning"]), w["test"]))]
    if given.set in FROZEN:
        published = json.loads((given.shared / "forecasting/earthquakenpp_published_etas.json").read_text())
        rows.insert(0, Row("etas, published", None, score_published(published[given.set], w["test"])))
    rows += [Row("etas-adaptive, the champion", early.champion, late.champion)]
    rows += [Row(f"time: {name}", on_time[name], scores) for name, scores in by_gain.items()]
    rows += [Row(f"space: {name}", on_space[name], late.with_density(f)) for name, f in density.items()]
    best = replace(by_gain[when], log_density=density[where])
    neural = replace(by_gain[NEURAL], log_density=density[NEURAL])
    rows += [Row("neural in time and space, no etas", None, neural), Row(f"hybrid: {when} + {where}", None, best)]
    table(rows, late.champion)
    by_time, by_space, both = *gains(best, late.champion), both_of(best, late.champion)
    hybrid = Hybrid(late, learned_gain[when], learned_density[where])
    report(f"learned_npp {given.set}", figures_of(given.set, best, by_time, by_space, both, hybrid), given.json)


def figures_of(name: str, best: Scores, by_time, by_space, both, hybrid: Hybrid) -> list[Figure]:
    """Scores of the best and its checks."""
    expected = float(best.expected.sum())
    say("checks")
    figures = [Figure("hybrid.total_nll", best.total_nll, "nats", TARGET.get(name))]
    for label, g in (("time", by_time), ("space", by_space), ("both", both)):
        figures += [Figure(f"gain.{label}", g.value, "nats"), Figure(f"gain.{label}_low", g.low, "", 0.0, True)]
        figures += [Figure(f"gain.{label}_high", g.high)]
    integrals = integrals_of(hybrid)
    return [
        *figures,
        Figure("check.expected_relative", abs(expected_of(hybrid) / expected - 1), "", 2e-3, peer="random nodes"),
        Figure("check.space_integral_worst", float(np.abs(integrals - 1).max()), "", 1e-3, peer="random moments"),
        Figure("check.space_integral_mean", float(integrals.mean() - 1), "", 1e-3, peer="of their excess"),
        Figure("check.future_changes_past", causality_of(hybrid, best), "nats", 2e-3, peer="invented events"),
        Figure("expected_over_observed", expected / len(best.log_rate)),
    ]


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Learned and hybrid point processes against the champion.")
    parser.add_argument("--set", required=True, choices=list(MAGNITUDE), help="data set")
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    parser.add_argument("--shared", type=Path, default=beside, metavar="DIR", help="folder of the shared data sets")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    return parser.parse_args()


if __name__ == "__main__":
    main()
