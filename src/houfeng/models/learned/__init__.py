"""Models that learn: what the statistical champion expects, corrected by what a table of features has seen follow.

Every one forecasts the chance of an earthquake of a target magnitude in each cell within a horizon. It starts from the
rates of the adaptive ETAS, learned from their own past like everything else, and multiplies them: with nothing learned
the factor is one and the champion remains.
"""
