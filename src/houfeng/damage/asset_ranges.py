"""Ranges of single assets: expected deaths, displaced people and loss at weak and strong shaking."""

import numpy as np

from houfeng.damage.assessment import DamageAssessment
from houfeng.damage.casualties import CONSEQUENCES, SPREAD_LN, state_consequences
from houfeng.damage.fragility import states_of
from houfeng.errors import UnknownNameError

#: Quantities given by asset: the consequence, and which spread of what is not known it shares.
ASSET_QUANTITIES = {"deaths": "casualties", "displaced": "displaced", "loss": "loss"}

_Z90 = 1.6448536269514722  # of a normal distribution, 5 % and 95 %


def asset_range(assessment: DamageAssessment, quantity: str) -> tuple[np.ndarray, np.ndarray]:
    """Low and high end of the 90 % range of what is expected in each asset, shape (n_assets,) each.

    What the damage states at the 5 % and 95 % of shaking lead to, widened by the spread of rates and costs, both taken
    as lognormal and independent. NaN for assets without motion.

    Parameters
    ----------
    quantity
        One of :data:`ASSET_QUANTITIES`.
    """
    if quantity not in ASSET_QUANTITIES:
        raise UnknownNameError("quantity of an asset", quantity, ASSET_QUANTITIES)
    stock = assessment.exposure
    amount = {
        "deaths": stock.indoors(assessment.local_hour),
        "displaced": stock.occupants_night,
        "loss": stock.replacement_usd,
    }[quantity]
    column = CONSEQUENCES.index(quantity)
    table = {name: state_consequences(assessment.fragilities[name])[:, column] for name in assessment.fragilities}
    shares = np.array([table[str(name)] for name in stock.taxonomy])
    low, high = (
        amount * (states_of(reached) * shares).sum(axis=1)
        for reached in (assessment.asset_states_low, assessment.asset_states_high)
    )
    own = _Z90 * assessment.spread * SPREAD_LN[ASSET_QUANTITIES[quantity]]
    with np.errstate(divide="ignore", invalid="ignore"):
        half = np.where(low > 0, np.log(high / low) / 2, 0.0)
    middle = np.where(low > 0, np.sqrt(low * high), high)
    half = np.hypot(half, own)
    wide_low = np.where(low > 0, np.minimum(middle * np.exp(-half), low), low)
    return wide_low, np.minimum(np.maximum(middle * np.exp(half), high), amount)
