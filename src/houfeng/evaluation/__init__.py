"""Is a forecast any good, and better than another: scores, consistency tests, comparisons, calibration."""

from houfeng.evaluation.binned import BinnedCatalogs, bin_catalogs, expected_rates
from houfeng.evaluation.calibration import calibration_test, passing_band, randomised_quantile
from houfeng.evaluation.comparison import (
    block_bootstrap_gain,
    diebold_mariano,
    information_gain,
    log_ratios,
    t_test,
    w_test,
)
from houfeng.evaluation.consistency import (
    binary_likelihood_test,
    brier_test,
    conditional_likelihood_test,
    likelihood_test,
    magnitude_test,
    number_test,
    spatial_test,
)
from houfeng.evaluation.diagrams import Curve, Reliability, molchan, reliability, roc
from houfeng.evaluation.observed import observed_counts, rates_at
from houfeng.evaluation.occurrence import OccurrenceScores, OccurrenceSkill, occurrence_scores, occurrence_skill
from houfeng.evaluation.results import CalibrationResult, ConsistencyResult, NumberResult, PairedResult, RankResult
from houfeng.evaluation.scores import (
    binary_log_likelihood,
    brier_score,
    crps_of_poisson,
    crps_of_samples,
    log_score,
    poisson_log_likelihood,
)
from houfeng.evaluation.simulated import (
    catalog_magnitude_test,
    catalog_number_test,
    catalog_spatial_test,
    multinomial_magnitude_test,
    pseudo_likelihood_test,
    resampled_magnitude_test,
)

__all__ = [
    "BinnedCatalogs",
    "CalibrationResult",
    "ConsistencyResult",
    "Curve",
    "NumberResult",
    "OccurrenceScores",
    "OccurrenceSkill",
    "PairedResult",
    "RankResult",
    "Reliability",
    "bin_catalogs",
    "binary_likelihood_test",
    "binary_log_likelihood",
    "block_bootstrap_gain",
    "brier_score",
    "brier_test",
    "calibration_test",
    "catalog_magnitude_test",
    "catalog_number_test",
    "catalog_spatial_test",
    "conditional_likelihood_test",
    "crps_of_poisson",
    "crps_of_samples",
    "diebold_mariano",
    "expected_rates",
    "information_gain",
    "likelihood_test",
    "log_ratios",
    "log_score",
    "magnitude_test",
    "molchan",
    "multinomial_magnitude_test",
    "number_test",
    "observed_counts",
    "occurrence_scores",
    "occurrence_skill",
    "passing_band",
    "poisson_log_likelihood",
    "pseudo_likelihood_test",
    "randomised_quantile",
    "rates_at",
    "reliability",
    "resampled_magnitude_test",
    "roc",
    "spatial_test",
    "t_test",
    "w_test",
]
