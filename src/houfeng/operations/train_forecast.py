"""``houfeng train forecast``, top to bottom: what is known, a part held out, learners judged on it, then all learned.

Every learner is fitted on the first part of the past and judged on the rest, week by week, against the time-independent
model and against the champion it multiplies. Only then is it fitted on all that is known; the figures stay with it.
"""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from houfeng import evaluation as ev
from houfeng.catalogs.catalog import Catalog
from houfeng.catalogs.completeness import estimate_completeness
from houfeng.errors import FitError, InputError, NotEnoughDataError
from houfeng.features.seismicity import standard_features
from houfeng.models.learned.gathering import moments_of
from houfeng.models.learned.model import FittedLearned, LearnedModel
from houfeng.models.learned.rows import Rows, draw_quiet
from houfeng.models.registry import create_model, model_class
from houfeng.models.smoothed import Smoothed
from houfeng.operations.outputs import write_text
from houfeng.operations.train_steps import Steps, key_of
from houfeng.operations.training import Progress, known, silent
from houfeng.regions import Region
from houfeng.times import from_datetime64, to_datetime64
from houfeng.values import Estimate

#: Of the known past, the last of which is held out to judge on.
HELD_OUT = 0.25
#: Target where nobody says one.
USUAL_TARGET = 4.0
#: Quiet cells of each window that learners are judged on, half by what is expected there, half evenly.
JUDGED_QUIET = 400
#: Windows whose rows go through the learners together.
TOGETHER = 40
#: Blocks of the bootstrap.
BLOCK_DAYS = 90.0
#: Names in the table of those that are no learners.
TIME_INDEPENDENT, CHAMPION = "smoothed", "champion"


@dataclass(frozen=True)
class Card:
    """What one learner was worth on the part held out.

    Attributes
    ----------
    name
        Of the learner, or ``smoothed`` or ``champion``.
    over_champion, over_smoothed
        Log score in nats per active cell and Brier skill over each, areas, expected over observed.
    cpu_s
        Seconds its learning took, the champion and the rows apart.
    """

    name: str
    over_champion: ev.OccurrenceSkill
    over_smoothed: ev.OccurrenceSkill
    cpu_s: float

    @property
    def verdict(self) -> str:
        """``better``, ``worse`` or ``undecided`` against the champion, by the interval of the log score."""
        gain = self.over_champion.log_gain
        return "better" if gain.low > 0 else "worse" if gain.high < 0 else "undecided"

    def document(self) -> dict:
        """As JSON."""
        return {"name": self.name, "verdict": self.verdict, "cpu_s": round(self.cpu_s, 2),
                "over_champion": asdict(self.over_champion), "over_smoothed": asdict(self.over_smoothed)}  # fmt: skip

    @classmethod
    def of(cls, document: Mapping[str, object]) -> "Card":
        """From JSON."""
        return cls(document["name"], _skill(document["over_champion"]), _skill(document["over_smoothed"]),
                   document["cpu_s"])  # fmt: skip


@dataclass(frozen=True, eq=False)
class TrainedForecast:
    """Learners judged, then fitted on all that was known.

    Attributes
    ----------
    as_of, region, min_magnitude, target, horizon_days
        Of the training.
    judged_from, judged_to
        The part held out.
    cards
        One for each learner, and for the champion and the time-independent model.
    fitted
        By name, of those that could be fitted.
    left_out
        Why others could not.
    inference_s
        Seconds for the rates of all cells at one moment, by name.
    """

    as_of: datetime
    region: Region
    min_magnitude: float
    target: float
    horizon_days: float
    judged_from: datetime
    judged_to: datetime
    cards: tuple[Card, ...]
    fitted: Mapping[str, FittedLearned]
    left_out: Mapping[str, str]
    inference_s: Mapping[str, float]

    @property
    def best(self) -> str:
        """The learner with the highest log score on the part held out."""
        mine = [card for card in self.cards if card.name in self.fitted]
        return max(mine, key=lambda card: card.over_champion.log_gain.value).name

    def document(self) -> dict:
        """As JSON."""
        return {
            "region": self.region.name,
            "as_of": self.as_of.isoformat(),
            "min_magnitude": self.min_magnitude,
            "target_magnitude": self.target,
            "horizon_days": self.horizon_days,
            "judged": [self.judged_from.isoformat(), self.judged_to.isoformat()],
            "best": self.best,
            "cards": [card.document() for card in self.cards],
            "left_out": dict(self.left_out),
            "inference_s": {name: round(value, 3) for name, value in self.inference_s.items()},
        }


def train_forecast(
    catalog: Catalog,
    region: Region,
    *,
    as_of: datetime,
    learners: Sequence[str],
    min_magnitude: float | None = None,
    target: float | None = None,
    horizon_days: float = 7.0,
    seed: int = 132,
    folder: Path | None = None,
    progress: Progress = silent,
) -> TrainedForecast:
    """Judge `learners` on the last quarter of what was known at `as_of`, then fit them on all of it.

    Parameters
    ----------
    catalog
        May reach beyond `as_of` and the region; it is cut here.
    learners
        Names of learned models in the registry.
    min_magnitude
        Completeness magnitude; estimated where None.
    target
        Magnitude whose chance is learned; 4, or the completeness magnitude where that is larger, where None.
    folder
        Below it every fit and the judging are kept as soon as they are done, and taken from there by the same training
        after a kill (:class:`houfeng.operations.train_steps.Steps`); None keeps nothing.

    Raises
    ------
    InputError
        When a name is no learned model.
    NotEnoughDataError
        When the past is too short, or no learner has enough to learn from.
    """
    _check_learners(learners)
    history = known(catalog, region, as_of)
    inside = history.within(region)
    if min_magnitude is None:
        progress("estimating the completeness magnitude")
        min_magnitude = estimate_completeness(inside).magnitude
    target = max(min_magnitude, USUAL_TARGET) if target is None else target
    asked = {"target_magnitude": target, "horizon_days": horizon_days, "every_days": horizon_days, "seed": seed}
    edge = _edge(history)
    if not np.any(inside.before(edge).magnitude >= target):
        raise NotEnoughDataError(
            f"no earthquake of M>={target:g} is known in {region.name} before {edge:%Y-%m-%d}: there is nothing to "
            "learn from; lower the target magnitude"
        )
    progress(f"learning M>={target:g} within {horizon_days:g} days from the past to {edge:%Y-%m-%d}")
    early = known(catalog, region, edge)
    steps = Steps(folder, progress)
    judged, left_out, cpu, keys = {}, {}, {}, {}
    for name in learners:
        model = create_model(name, min_magnitude=min_magnitude, **asked)
        try:
            judged[name], cpu[name], keys[name] = steps.fit("early", model, early, region, edge)
        except (NotEnoughDataError, FitError) as error:
            left_out[name] = str(error)
    if not judged:
        raise NotEnoughDataError("nothing could be learned: " + "; ".join(f"{k}: {v}" for k, v in left_out.items()))
    whole = key_of(next(iter(judged.values())).model, history, region, as_of)
    cards = steps.judge(
        (whole, *keys.values()), lambda: [card.document() for card in _judge(judged, history, edge, cpu, progress)]
    )
    fitted, inference = {}, {}
    for name in judged:
        progress(f"fitting {name} on all that is known")
        fitted[name], _, _ = steps.fit("all", judged[name].model, history, region, as_of)
        fitted[name].rates(history, as_of)
        began = time.perf_counter()
        fitted[name].rule.log_rate(fitted[name].rows(history, fitted[name].moment(history, as_of)))
        inference[name] = time.perf_counter() - began
    return TrainedForecast(as_of, region, min_magnitude, target, horizon_days, edge, history.provenance.data_end,
                           tuple(Card.of(card) for card in cards), fitted, left_out, inference)  # fmt: skip


def write_training(done: TrainedForecast, folder: Path) -> tuple[str, ...]:
    """Write ``training.json``, the cards of all learners; return the names of the files."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(done.document(), ensure_ascii=False, indent=1)
    write_text(folder / "training.json", text)
    return ("training.json",)


def _skill(told: Mapping[str, object]) -> ev.OccurrenceSkill:
    estimates = {name: Estimate(**value) for name, value in told.items() if name != "n_active"}
    return ev.OccurrenceSkill(n_active=told["n_active"], **estimates)


def _check_learners(learners: Sequence[str]) -> None:
    """Refuse names of no model, of models that learn nothing from features, and none at all."""
    if not learners:
        raise InputError(f"no model to learn; name some of {', '.join(learned_names())}")
    for name in learners:
        if not issubclass(model_class(name), LearnedModel):
            raise InputError(f"{name} learns nothing from features; learned models are {', '.join(learned_names())}")


def learned_names() -> tuple[str, ...]:
    """Names of all models that learn from features."""
    from houfeng.models.registry import model_names

    return tuple(name for name in model_names() if issubclass(model_class(name), LearnedModel))


def _edge(history: Catalog) -> datetime:
    """Where the part held out begins: at a midnight."""
    if not len(history):
        raise NotEnoughDataError(f"nothing is known ({history.provenance.source}): give a longer catalogue")
    first, last = from_datetime64(history.time[0]), history.provenance.data_end
    edge = first + (1 - HELD_OUT) * (last - first)
    return edge.replace(hour=0, minute=0, second=0, microsecond=0)


def _judge(
    judged: Mapping[str, FittedLearned], history: Catalog, edge: datetime, cpu: Mapping[str, float], progress: Progress
) -> tuple[Card, ...]:
    """Chances of every learner at every moment of the part held out, one horizon after another."""
    one = next(iter(judged.values()))
    region, question = one.region, one.model.question
    step = timedelta(days=question.horizon_days)
    count = int((history.provenance.data_end - edge) / step)
    times = to_datetime64(edge) + np.arange(count) * np.timedelta64(round(step.total_seconds() * 1e6), "us")
    inside, grid = history.within(region), region.grid()
    rates = {name: np.zeros((count, len(grid))) for name in (CHAMPION, *judged)}
    active, weight = np.zeros((count, len(grid)), bool), np.zeros((count, len(grid)))
    rng = np.random.default_rng(one.model.seed)
    features = standard_features(one.model.min_magnitude)
    looks_at, waiting = {view for fitted in judged.values() for view in fitted.model.looks_at}, []
    for number, moment in enumerate(moments_of(one.prior, history, times, question.horizon_days, features)):
        active[number] = question.active(inside, moment.time, grid)
        cells, stands_for = draw_quiet(moment.prior.total, active[number], JUDGED_QUIET, rng)
        weight[number, cells] = stands_for
        rates[CHAMPION][number] = one.level.of(moment.prior.background, moment.prior.triggered)
        waiting.append((number, cells, one.rows(history, moment, cells, looks_at)))
        if len(waiting) == TOGETHER or number == count - 1:
            together = Rows.joined([rows for _, _, rows in waiting])
            place = np.repeat([n for n, _, _ in waiting], [len(rows) for _, _, rows in waiting]), together.cell
            for name, fitted in judged.items():
                rates[name][place] = np.exp(fitted.rule.log_rate(together))
            waiting = []
            progress(f"judged on {number + 1} of {count} windows from {edge:%Y-%m-%d} on")
    average = _average(history.as_of(edge), one, count)
    scores = {
        name: ev.occurrence_scores(some, active, average, weight)
        for name, some in (rates | {TIME_INDEPENDENT: average}).items()
    }
    block = max(1, round(BLOCK_DAYS / question.horizon_days))
    return tuple(
        Card(
            name,
            ev.occurrence_skill(mine, scores[CHAMPION], block=block, rng=rng),
            ev.occurrence_skill(mine, scores[TIME_INDEPENDENT], block=block, rng=rng),
            cpu.get(name, 0.0),
        )
        for name, mine in scores.items()
    )


def _average(early: Catalog, one: FittedLearned, count: int) -> np.ndarray:
    """Rates of the time-independent model in each window, shape (windows, cells)."""
    fitted = Smoothed(min_magnitude=one.model.min_magnitude).fit(early, one.region)
    share = float(fitted.sizes.survival(one.model.target))
    cells = fitted.rate.per_day * one.model.horizon_days * fitted.cell_share * share
    return np.tile(np.maximum(cells, 1e-12), (count, 1))
