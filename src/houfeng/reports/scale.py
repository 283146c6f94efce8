"""The colour scale of every map: whole decades, set by the long-term average."""

import numpy as np

#: Decades of expected number that the colours span.
DECADES = 5


def colour_range(rates: np.ndarray) -> tuple[float, float]:
    """Lowest and highest expected number on the colour scale for long-term `rates`, whole decades.

    Taken from the long-term average, so that maps of one horizon share their colours whenever they are made.
    """
    positive = rates[rates > 0]
    if not len(positive):
        return 1e-5, 1.0
    low = 10.0 ** np.floor(np.log10(np.quantile(positive, 0.25)))
    return float(low), float(low * 10**DECADES)
