"""Learners on tables: rows in, a rule for the log rate out.

Each is a frozen recipe with ``fit(rows, rng)``; what comes out has ``log_rate(rows)``. What a learner's output is worth
is found on rows it was not learned from, in time-ordered folds: learned on the first 40 % of the moments and tried on
the next 20 %, then on 60 % and 80 %. At last it is learned on all.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from houfeng.errors import MissingExtraError
from houfeng.models.learned.calibration import Calibration, log_likelihood
from houfeng.models.learned.rows import Rows

#: Shares of the moments where the folds end: learned up to one, tried up to the next.
FOLDS = (0.4, 0.6, 0.8, 1.0)
#: No learner multiplies the prior by more than e to this, up or down.
MOST_LOG_FACTOR = 3.0
#: Bins of a column for boosted trees; finding their weighted edges takes longer than growing the trees.
BINS = 32


class Rule(Protocol):
    """A fitted learner."""

    def log_rate(self, rows: Rows) -> np.ndarray:
        """Ln of the expected number of target earthquakes, shape (n,)."""
        ...


class Learner(Protocol):
    """A recipe."""

    def fit(self, rows: Rows, rng: np.random.Generator) -> Rule:
        """Learn from `rows`, in order of time."""
        ...


def bounded(log_rate: np.ndarray, log_prior: np.ndarray) -> np.ndarray:
    """The rate, no further from the prior than e^3."""
    return log_prior + np.clip(log_rate - log_prior, -MOST_LOG_FACTOR, MOST_LOG_FACTOR)


def folds(rows: Rows, shares: Sequence[float] = FOLDS) -> list[tuple[Rows, Rows]]:
    """Pairs to learn from and, later in time, to try on; each learning part must hold enough.

    Rows whose horizon reaches into the days that are tried are left out of what is learned from.
    """
    moments = np.unique(rows.time)
    edges = [moments[min(int(len(moments) * share), len(moments) - 1)] for share in shares[:-1]]
    ends = [*edges[1:], moments[-1] + np.timedelta64(1, "us")]
    return [
        (rows.over_by(edge).checked("the first part"), rows.since(edge).before(end))
        for edge, end in zip(edges, ends, strict=True)
    ]


def tried(rows: Rows, fitted: Callable[[Rows], object], score: Callable[[object, Rows], np.ndarray]):
    """Rows that were tried, and their scores by learners that had not seen them."""
    parts = [(later, score(fitted(early), later)) for early, later in folds(rows)]
    return Rows.joined([part[0] for part in parts]), np.concatenate([part[1] for part in parts])


@dataclass(frozen=True, eq=False)
class Prior:
    """The learner that learns nothing: the level of the prior is already fitted."""

    def fit(self, rows: Rows, rng: np.random.Generator) -> "Prior":
        """Nothing to do."""
        return self

    def log_rate(self, rows: Rows) -> np.ndarray:
        """The prior."""
        return rows.log_prior


@dataclass(frozen=True, eq=False)
class Calibrated:
    """A scorer of scikit-learn and what its score is worth."""

    scorer: object
    calibration: Calibration

    def log_rate(self, rows: Rows) -> np.ndarray:
        """The prior, corrected by the score."""
        score = score_of(self.scorer, rows)
        return bounded(self.calibration.log_rate(rows.log_prior, score), rows.log_prior)


def score_of(scorer: object, rows: Rows) -> np.ndarray:
    """Log odds, or whatever the scorer orders cells by, shape (n,)."""
    table = _table(rows)
    if hasattr(scorer, "decision_function"):
        return np.asarray(scorer.decision_function(table), float)
    chance = scorer.predict_proba(table)[:, 1]
    return np.log((chance + 1e-6) / (1 - chance + 1e-6))


def _table(rows: Rows) -> np.ndarray:
    """Features, and the log of the prior as the last."""
    return np.column_stack([rows.features, rows.log_prior.astype(np.float32)])


def _calibrated(rows: Rows, fitted: Callable[[Rows], object]) -> Calibrated:
    return Calibrated(fitted(rows), Calibration.fitted(*tried(rows, fitted, score_of)))


@dataclass(frozen=True)
class Logistic:
    """Logistic regression on standardised features, missing ones at their median; L2 penalty `penalty`."""

    penalty: float = 1e-3

    def fit(self, rows: Rows, rng: np.random.Generator) -> Calibrated:
        """Fit."""
        skl = _sklearn()

        def fitted(some: Rows) -> object:
            weight = some.weight / some.weight.mean()
            model = skl.pipeline.make_pipeline(
                skl.impute.SimpleImputer(strategy="median", keep_empty_features=True),
                skl.preprocessing.StandardScaler(),
                skl.linear_model.LogisticRegression(
                    C=1 / (self.penalty * len(some)), solver="newton-cholesky", max_iter=50
                ),
            )
            return model.fit(_table(some), some.active, logisticregression__sample_weight=weight)

        return _calibrated(rows, fitted)


@dataclass(frozen=True)
class Forest:
    """Random forest (Breiman 2001, doi:10.1023/A:1010933404324)."""

    trees: int = 200
    least_leaf: int = 50

    def fit(self, rows: Rows, rng: np.random.Generator) -> Calibrated:
        """Fit."""
        skl = _sklearn()
        seed = int(rng.integers(2**31))

        def fitted(some: Rows) -> object:
            model = skl.ensemble.RandomForestClassifier(
                n_estimators=self.trees, min_samples_leaf=self.least_leaf, max_features="sqrt", random_state=seed
            )
            # Unweighted: the sample over-represents active cells, which trees need; the calibration undoes it.
            return Filling(model.fit(_filled(_table(some)), some.active))

        return _calibrated(rows, fitted)


@dataclass(frozen=True)
class SupportVectors:
    """Support vector machine with a Gaussian kernel, on at most `most` rows (Cortes & Vapnik 1995)."""

    cost: float = 0.3
    most: int = 6000

    def fit(self, rows: Rows, rng: np.random.Generator) -> Calibrated:
        """Fit."""
        skl = _sklearn()

        def fitted(some: Rows) -> object:
            chosen = self._chosen(some, rng)
            model = skl.pipeline.make_pipeline(
                skl.impute.SimpleImputer(strategy="median", keep_empty_features=True),
                skl.preprocessing.StandardScaler(),
                skl.svm.SVC(C=self.cost, class_weight="balanced"),
            )
            return model.fit(_table(chosen), chosen.active)

        return _calibrated(rows, fitted)

    def _chosen(self, rows: Rows, rng: np.random.Generator) -> Rows:
        """All active rows that fit into half the number, and as many quiet ones."""
        active, quiet = np.flatnonzero(rows.active), np.flatnonzero(~rows.active)
        active = rng.permutation(active)[: self.most // 2]
        quiet = rng.permutation(quiet)[: self.most - len(active)]
        return rows.select(np.sort(np.concatenate([active, quiet])))


@dataclass(frozen=True, eq=False)
class Trees:
    """Boosted trees, and the columns that had any value where they were learned: some have none, say without depths."""

    model: object
    columns: np.ndarray

    def predict(self, table: np.ndarray) -> np.ndarray:
        """As the trees."""
        return self.model.predict(table[:, self.columns])


@dataclass(frozen=True, eq=False)
class BoostedRatio:
    """Boosted trees for the ratio of the rate to the prior."""

    trees: object
    shrink: float

    def log_rate(self, rows: Rows) -> np.ndarray:
        """The prior times the ratio."""
        return bounded(rows.log_prior + self.shrink * np.log(self.trees.predict(_table(rows))), rows.log_prior)


@dataclass(frozen=True)
class Boosting:
    """Gradient boosting (Friedman 2001, doi:10.1214/aos/1013203451) of the ratio to the prior.

    The likelihood of counts y with expectation prior x ratio is that of a Poisson regression of y / prior with weight
    prior: trees that learn nothing leave the prior. How far the ratio is believed is chosen on rows they have not seen.
    """

    rounds: int = 150
    rate: float = 0.03
    leaves: int = 8
    least_leaf: int = 200

    def fit(self, rows: Rows, rng: np.random.Generator) -> BoostedRatio:
        """Fit."""
        skl = _sklearn()
        seed = int(rng.integers(2**31))

        def fitted(some: Rows) -> object:
            expected = np.exp(some.log_prior)
            model = skl.ensemble.HistGradientBoostingRegressor(
                loss="poisson", max_iter=self.rounds, learning_rate=self.rate, max_leaf_nodes=self.leaves,
                min_samples_leaf=self.least_leaf, l2_regularization=1.0, early_stopping=False, random_state=seed,
                max_bins=BINS,
            )  # fmt: skip
            weight, table = expected * some.weight, _table(some)
            columns = np.flatnonzero(np.isfinite(table).any(axis=0))
            weight = weight * len(some) / weight.sum()
            return Trees(model.fit(table[:, columns], some.active / expected, sample_weight=weight), columns)

        unseen = tried(rows, fitted, lambda trees, some: np.log(trees.predict(_table(some))))
        return BoostedRatio(fitted(rows), believed(*unseen))


def believed(rows: Rows, score: np.ndarray) -> float:
    """Of 0 to 1, what share of a log ratio raises the likelihood most on rows it was not learned from."""
    shares = np.linspace(0, 1, 21)
    values = [log_likelihood(rows, bounded(rows.log_prior + share * score, rows.log_prior)) for share in shares]
    return float(shares[int(np.argmax(values))])


class Filling:
    """A forest that takes missing values as far below everything."""

    def __init__(self, forest: object) -> None:
        self.forest = forest

    def predict_proba(self, table: np.ndarray) -> np.ndarray:
        """As the forest."""
        return self.forest.predict_proba(_filled(table))


def _filled(table: np.ndarray) -> np.ndarray:
    return np.where(np.isnan(table), np.float32(-1e6), table)


def _sklearn():
    """scikit-learn with the parts that are used here."""
    try:
        import sklearn
        import sklearn.ensemble
        import sklearn.impute
        import sklearn.linear_model
        import sklearn.pipeline
        import sklearn.preprocessing
        import sklearn.svm
    except ImportError as error:
        raise MissingExtraError(
            "learned models need scikit-learn, which is not installed: pip install 'houfeng[learn]'"
        ) from error
    return sklearn
