"""The hot loop: shaking of every asset in every field to what happens in every zone.

Nothing of the size fields x assets x states is ever held: each field is looked up in the consequence tables and added
to its zone at once.
"""

import math

import numpy as np
from numba import njit

from houfeng.damage.casualties import CONSEQUENCES, TRAPPED_MMI
from houfeng.damage.fragility import LN_PGA_START, LN_PGA_STEP

#: Columns of the sums: the consequences, then trapped people and people in collapsed buildings.
SUMS = (*CONSEQUENCES, "trapped", "in_collapsed")
_COLLAPSED = CONSEQUENCES.index("collapsed")
_FIRST_MMI, _LAST_MMI = TRAPPED_MMI[0], TRAPPED_MMI[-1]
_WIDTH = len(CONSEQUENCES)
_TILE = 16  # assets taken together: one line of the memory of PGA, and their part of the tables stays near


@njit(cache=True)
def mmi_of_ln_pga(ln_pga):
    """Intensity (MMI) of the natural logarithm of PGA in g: Worden and others (2012), doi:10.1785/0120110156."""
    log10 = (ln_pga + 6.888557) / 2.302585  # ln 980.665, from g to cm/s2
    return 1.78 + 1.55 * log10 if log10 <= 1.57 else -1.60 + 3.70 * log10


@njit(cache=True, error_model="numpy")
def add_fields(pga, mmi, shift, kind, zone, weights, inside, tables, trapped, trapped_kind, zones, assets, ln_moments):
    """Add the fields of one block to `zones`, `assets` and `ln_moments`.

    Parameters
    ----------
    pga : ndarray of float32, shape (n_fields, n_assets)
        Peak ground acceleration in g, not negative.
    mmi : ndarray of float32, shape (n_fields, n_assets) or (0, 0)
        Intensity; without it, it is reckoned from PGA.
    shift : ndarray, shape (n_fields,)
        Added to the logarithm of PGA.
    kind, zone, trapped_kind : ndarray of int64, shape (n_assets,)
        Row of the tables, zone, row of the table of trapped people.
    weights : ndarray, shape (n_assets, 11)
        What each consequence is a share of: buildings, people inside, residents, replacement cost.
    inside : ndarray, shape (n_assets,)
        People inside.
    tables : ndarray, shape (types, grid, 11)
        See ``casualties.consequence_tables``.
    trapped : ndarray, shape (kinds, 5)
    zones : ndarray, shape (n_fields, n_zones, 13)
        Filled here, columns :data:`SUMS`.
    assets : ndarray, shape (n_assets, 13)
        Sums over the fields, added to.
    ln_moments : ndarray, shape (n_assets, 2)
        Sums of the shifted logarithm and of its square, added to.
    """
    n_fields, n_assets = pga.shape
    last = tables.shape[1] - 1
    row = np.empty(_WIDTH + 2)
    for start in range(0, n_assets, _TILE):
        for f in range(n_fields):
            for a in range(start, min(start + _TILE, n_assets)):
                value = pga[f, a]
                ln = math.log(value) + shift[f] if value > 0 else LN_PGA_START
                place = min(max((ln - LN_PGA_START) / LN_PGA_STEP, 0.0), float(last))
                low = min(int(place), last - 1)
                part = place - low
                lower, upper = tables[kind[a], low], tables[kind[a], low + 1]
                for c in range(_WIDTH):
                    row[c] = weights[a, c] * (lower[c] + part * (upper[c] - lower[c]))
                felt = mmi[f, a] if mmi.shape[0] else mmi_of_ln_pga(ln - shift[f])
                felt = min(max(felt, _FIRST_MMI), _LAST_MMI)
                step = min(int(felt - _FIRST_MMI), trapped.shape[1] - 2)
                share = trapped[trapped_kind[a], step]
                share += (felt - _FIRST_MMI - step) * (trapped[trapped_kind[a], step + 1] - share)
                row[_WIDTH + 1] = inside[a] * (lower[_COLLAPSED] + part * (upper[_COLLAPSED] - lower[_COLLAPSED]))
                row[_WIDTH] = row[_WIDTH + 1] * share
                for c in range(_WIDTH + 2):
                    zones[f, zone[a], c] += row[c]
                    assets[a, c] += row[c]
                ln_moments[a, 0] += ln
                ln_moments[a, 1] += ln * ln
