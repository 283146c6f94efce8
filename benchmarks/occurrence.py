"""Is there an earthquake in this cell within a week? Every learner against the champion, layer by layer.

``python benchmarks/occurrence.py [--region california|chile] [--only NAMES] [--ablation | --shuffled] [--json]``

California, M>=4 from features of M>=3.5; Chile, M>=5 from features of M>=4.5: the catalogues that come with Houfeng.
Learned on what was known by 2007 (California) or 2009 (Chile), judged week by week to 2020 on 400 sampled quiet cells
of each week and every active one, against the rates of the champion that they multiply and the time-independent model.
Intervals are 95 %, blocks of 13 weeks. Nothing was chosen on the weeks judged. The ablation (California) learns on
what was known by 2013, and is judged from then on; GNSS begins in 2006 and is missing before.
"""

import argparse
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from harness import Figure, _located, report
from occurrence_layers import EVERY_DAYS, geology, gnss, weather

from houfeng import evaluation as ev
from houfeng.catalogs.bundled import load_bundled
from houfeng.features.seismicity import standard_features
from houfeng.models.adaptive.model import AdaptiveEtas
from houfeng.models.learned.gathering import MapCutter, Question, gather, moments_of
from houfeng.models.learned.learners import Boosting, Forest, Logistic, SupportVectors
from houfeng.models.learned.networks import Network
from houfeng.models.learned.rows import Rows, draw_quiet
from houfeng.models.learned.stacking import Stack
from houfeng.models.learned.views import sequences_of
from houfeng.models.smoothed import Smoothed
from houfeng.operations.training import known
from houfeng.regions import Region

SEED, JUDGED_QUIET, BLOCK = 132, 400, 13
ALL = ("features", "patches", "sequences")
#: Edges of the chances that are laid beside what came.
CHANCES = np.array([0.0, 1e-4, 1e-3, 1e-2, 0.1, 1.0])
#: Region: completeness, target, learned until, judged until.
CASES = {
    "california": (3.5, 4.0, datetime(2007, 1, 1, tzinfo=UTC), datetime(2020, 1, 1, tzinfo=UTC)),
    "chile": (4.5, 5.0, datetime(2009, 1, 1, tzinfo=UTC), datetime(2020, 1, 1, tzinfo=UTC)),
}
#: The ablation is learned until then; its weather begins, and its GNSS.
ABLATED, WEATHER, GNSS = datetime(2013, 1, 1, tzinfo=UTC), "1981-01-05", "2006-01-02"
LEARNERS = {
    "logistic": Logistic(), "forest": Forest(), "svm": SupportVectors(), "boosting": Boosting(),
    "mlp": Network(("features",)), "cnn": Network(("patches",)), "rnn": Network(("sequences",)),
    "fusion": Network(ALL), "stack": Stack((Logistic(), Forest(60), Boosting())),
}  # fmt: skip


@dataclass(frozen=True)
class Shuffled(Question):
    """Every moment has what followed another one, drawn at random: nothing can be learned of time."""

    other: dict = field(default_factory=dict)

    def active(self, catalog, moment, grid):
        """Of the other moment."""
        return super().active(catalog, self.other[moment], grid)


@dataclass(frozen=True, eq=False)
class Trial:
    """What was judged: rows of every week, and where they stand among all cells."""

    rows: Rows
    window: np.ndarray
    shape: tuple[int, int]
    reference: np.ndarray
    #: Of every cell, the champion's rates averaged over the weeks judged.
    flat: np.ndarray

    def scores(self, log_rate: np.ndarray) -> ev.OccurrenceScores:
        """Of rates of the rows."""
        rates, weight = np.zeros(self.shape), np.zeros(self.shape)
        active = np.zeros(self.shape, bool)
        place = self.window, self.rows.cell
        rates[place], weight[place], active[place] = np.exp(log_rate), self.rows.weight, self.rows.active
        return ev.occurrence_scores(rates, active, self.reference, weight)


def reliability(trial: Trial, log_rate: np.ndarray) -> str:
    """Active cells that came over those expected, by the chance that was given; 95 % by blocks of weeks."""
    rows, weeks = trial.rows, trial.shape[0]
    chance = -np.expm1(-np.exp(log_rate))
    group, n = np.digitize(chance, CHANCES[1:-1]), len(CHANCES) - 1
    sums = np.zeros((2, n, weeks))
    np.add.at(sums, (0, group, trial.window), chance * rows.weight)
    np.add.at(sums, (1, group, trial.window), rows.active)
    running = np.concatenate([np.zeros((2, n, 1)), np.cumsum(np.tile(sums, 2), axis=2)], axis=2)
    blocks = running[:, :, BLOCK : BLOCK + weeks] - running[:, :, :weeks]
    rng = np.random.default_rng(SEED)
    drawn = blocks[:, :, rng.integers(weeks, size=(2000, weeks // BLOCK))].sum(axis=3)
    low, high = np.quantile(drawn[1] / drawn[0], [0.025, 0.975], axis=1)
    expected, came = sums.sum(axis=2)
    return "; ".join(
        f"{CHANCES[k]:g} to {CHANCES[k + 1]:g}: {came[k]:.0f} came of {expected[k]:.1f}, "
        f"{came[k] / expected[k]:.2f} ({low[k]:.2f} to {high[k]:.2f})"
        for k in range(n)
        if expected[k] > 0
    )


def say(text: str) -> None:
    """Progress, with CPU seconds."""
    print(f"  [{time.process_time():7.1f} CPU-s] {text}", flush=True)


def judged(prior, level, history, question, since, features, layers=()) -> Trial:
    """All that is needed to judge any learner on the weeks from `since` to the end of `history`."""
    grid, rng = prior.region.grid(), np.random.default_rng(SEED)
    inside, maps = history.within(prior.region), MapCutter(grid, features, layers)
    times = question.moments(since, history.provenance.data_end)
    parts, window, flat = [], [], np.zeros(len(grid))
    for number, moment in enumerate(moments_of(prior, history, times, question.horizon_days, features, layers)):
        active = question.active(inside, moment.time, grid)
        cells, weight = draw_quiet(moment.prior.total, active, JUDGED_QUIET, rng)
        rates = level.of(moment.prior.background, moment.prior.triggered)
        flat += rates / len(times)
        expected = rates[cells]
        parts.append(
            Rows(np.full(len(cells), moment.time), cells, moment.features[cells], np.log(np.maximum(expected, 1e-15)),
                 active[cells], weight, maps.cut(moment, cells),
                 sequences_of(history, np.full(len(cells), moment.time), cells, grid, prior.model.min_magnitude))
        )  # fmt: skip
        window.append(np.full(len(cells), number))
    fitted = Smoothed(min_magnitude=prior.model.min_magnitude).fit(history.as_of(since), prior.region)
    share = float(fitted.sizes.survival(question.magnitude)) * question.horizon_days
    average = np.maximum(fitted.rate.per_day * fitted.cell_share * share, 1e-12)
    shape = len(times), len(grid)
    return Trial(Rows.joined(parts), np.concatenate(window), shape, np.tile(average, (shape[0], 1)), flat)


def figures_of(name: str, own, champion, average) -> list[Figure]:
    """Its line of the table."""
    rng = np.random.default_rng(SEED)
    over = ev.occurrence_skill(own, champion, block=BLOCK, rng=rng)
    plain = ev.occurrence_skill(own, average, block=BLOCK, rng=rng)
    return [
        Figure(f"{name}.nats_over_champion", over.log_gain.value, "",
               peer=f"{over.log_gain.low:+.3f} to {over.log_gain.high:+.3f}"),
        Figure(f"{name}.nats_over_smoothed", plain.log_gain.value, "",
               peer=f"{plain.log_gain.low:+.3f} to {plain.log_gain.high:+.3f}"),
        Figure(f"{name}.brier_skill", plain.brier_skill.value, "",
               peer=f"{plain.brier_skill.low:+.4f} to {plain.brier_skill.high:+.4f}"),
        Figure(f"{name}.auc", plain.auc.value, "", peer=f"{plain.auc.low:.3f} to {plain.auc.high:.3f}"),
        Figure(f"{name}.molchan", plain.molchan.value, "", peer=f"{plain.molchan.low:.3f} to {plain.molchan.high:.3f}"),
        Figure(f"{name}.expected_ratio", plain.expected_ratio.value, "",
               peer=f"{plain.expected_ratio.low:.2f} to {plain.expected_ratio.high:.2f}"),
    ]  # fmt: skip


def compare(region: str, names: list[str]) -> list[Figure]:
    """Every learner."""
    mc, target, since, until = CASES[region]
    where, catalog = Region.named(region), load_bundled(region)
    early, history = known(catalog, where, since), known(catalog, where, until)
    features, question = standard_features(mc), Question(target)
    prior = AdaptiveEtas(min_magnitude=mc).fit(early, where)
    say(f"{region}: champion fitted to {since:%Y-%m-%d}")
    got = gather(prior, early, question, features, np.random.default_rng(SEED), looks_at=ALL)
    say(f"{len(got.rows)} rows, {int(got.rows.active.sum())} active, of {got.moments} weeks")
    trial = judged(prior, got.level, history, question, since, features)
    say(f"judged on {int(trial.rows.active.sum())} active cells of {trial.shape[0]} weeks")
    champion = trial.scores(trial.rows.log_prior)
    average = trial.scores(np.log(trial.reference[trial.window, trial.rows.cell]))
    say(f"reliability of the champion: {reliability(trial, trial.rows.log_prior)}")
    figures = figures_of("smoothed", average, champion, average)
    figures += figures_of("champion", champion, champion, average)
    for name in names:
        rule = LEARNERS[name].fit(got.rows, np.random.default_rng(SEED))
        rates = rule.log_rate(trial.rows)
        figures += figures_of(name, trial.scores(rates), champion, average)
        say(f"{name}: {figures[-6].value:+.4f} nats over the champion ({figures[-6].peer})")
        say(f"reliability of {name}: {reliability(trial, rates)}")
    return figures


def shuffled(region: str) -> list[Figure]:
    """Weeks shuffled, those learned from among themselves and those judged too: nothing in time is left to know.

    No learner may then gain on the time-independent model with the same news of space: the champion's rates averaged
    over the weeks judged. Against smoothed seismicity, frozen where those weeks begin, that news alone is a gain.
    """
    mc, target, since, until = CASES[region]
    where, catalog = Region.named(region), load_bundled(region)
    early, history = known(catalog, where, since), known(catalog, where, until)
    features, question = standard_features(mc), Question(target)
    prior = AdaptiveEtas(min_magnitude=mc).fit(early, where)
    start = prior.sources(early).origin + timedelta(days=prior.result.past.data.start_day)
    other, rng = {}, np.random.default_rng(SEED + 1)
    for first, last in ((start, early), (since, history)):
        times = question.moments(first, last.provenance.data_end)
        other |= dict(zip(times, rng.permutation(times), strict=True))
    wrong = Shuffled(target, other=other)
    got = gather(prior, early, wrong, features, np.random.default_rng(SEED))
    trial = judged(prior, got.level, history, wrong, since, features)
    say(f"shuffled: {got.level}")
    cells = trial.rows.cell
    others = {"smoothed": np.log(trial.reference[trial.window, cells]), "average": np.log(trial.flat[cells])}
    rates = {"champion": trial.rows.log_prior}
    for name in ("logistic", "boosting", "mlp"):
        rates[name] = LEARNERS[name].fit(got.rows, np.random.default_rng(SEED)).log_rate(trial.rows)
        say(f"shuffled: {name} learned")
    figures = []
    for name, own in rates.items():
        for against, other in others.items():
            rng = np.random.default_rng(SEED)
            gain = ev.occurrence_skill(trial.scores(own), trial.scores(other), block=BLOCK, rng=rng).log_gain
            told, kept = f"{gain.low:+.3f} to {gain.high:+.3f}, weeks shuffled", f"shuffled.{name}.nats_over_{against}"
            figures.append(Figure(kept, gain.value, "", peer=told))
            if against == "average":
                figures.append(Figure(f"{kept}_low", gain.low, "", 0.0))
            say(f"shuffled {name}: {gain.value:+.3f} nats over {against} ({told})")
    return figures


def ablation(shared: Path) -> list[Figure]:
    """California: boosted trees with one layer after another, and networks on images and sequences alone."""
    mc, target, _, until = CASES["california"]
    where, catalog = Region.named("california"), load_bundled("california")
    since = ABLATED
    early, history = known(catalog, where, since), known(catalog, where, until)
    prior = AdaptiveEtas(min_magnitude=mc).fit(early, where)

    def weeks(first: str) -> np.ndarray:
        return np.arange(first, f"{until:%Y-%m-%d}", EVERY_DAYS, dtype="datetime64[D]").astype("datetime64[us]")

    layers = [geology(), weather(where, weeks(WEATHER), SEED)]
    folder = shared / "geodesy" / "daily"
    if folder.is_dir():
        layers.append(gnss(folder, where, weeks(GNSS)))
    features, question = standard_features(mc), Question(target)
    got = gather(prior, early, question, features, np.random.default_rng(SEED), layers=layers, looks_at=ALL)
    rows = got.rows
    trial = judged(prior, got.level, history, question, since, features, layers)
    names = [name for part in (*features, *layers) for name in part.names]
    own = {layer.name: [names.index(name) for name in layer.names] for layer in layers}
    base = list(range(sum(len(feature.names) for feature in features)))
    trials = {"seismicity": (Boosting(), base)}
    trials |= {f"+{name}": (Boosting(), base + columns) for name, columns in own.items()}
    trials |= {"images": (Network(("patches",)), base), "sequences": (Network(("sequences",)), base)}
    trials |= {"fused": (Network(ALL), base), "everything": (Network(ALL), list(range(len(names))))}
    say(f"ablation: {len(rows)} rows, {int(rows.active.sum())} active; judged on {int(trial.rows.active.sum())}")
    champion, figures, scored = trial.scores(trial.rows.log_prior), [], {}
    for name, (learner, columns) in trials.items():
        rule = learner.fit(replace(rows, features=rows.features[:, columns]), np.random.default_rng(SEED))
        scored[name] = trial.scores(rule.log_rate(replace(trial.rows, features=trial.rows.features[:, columns])))
        for against, other in (("champion", champion), ("seismicity", scored["seismicity"])):
            gain = ev.occurrence_skill(scored[name], other, block=BLOCK, rng=np.random.default_rng(SEED)).log_gain
            figures.append(Figure(f"ablation.{name}.nats_over_{against}", gain.value, "",
                                  peer=f"{gain.low:+.3f} to {gain.high:+.3f}"))  # fmt: skip
        say(f"{name}: {figures[-2].value:+.4f} over the champion ({figures[-2].peer})")
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--region", choices=CASES, default="california")
    parser.add_argument("--only", default=",".join(LEARNERS), help="learners, by name")
    parser.add_argument("--ablation", action="store_true", help="the ablation alone")
    parser.add_argument("--shuffled", action="store_true", help="the shuffled weeks alone")
    parser.add_argument("--shared", type=Path, metavar="DIR", help="folder of the shared data sets")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    given = parser.parse_args()
    if given.ablation:
        figures = ablation(_located(given.shared))
    elif given.shuffled:
        figures = shuffled(given.region)
    else:
        figures = compare(given.region, [name for name in given.only.split(",") if name])
    report(
        f"occurrence {given.region}" + (" ablation" if given.ablation else " shuffled" if given.shuffled else ""),
        figures,
        given.json,
    )


if __name__ == "__main__":
    main()
