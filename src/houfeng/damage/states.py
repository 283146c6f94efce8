"""Damage scales: Hazus, EMS-98, GB/T 24335-2009 and light/moderate/severe, in English and Chinese, each from the other.

The grades of EMS-98 (European Macroseismic Scale 1998, doi:10.2312/EMS-98.full.en) and the states of Hazus correspond
one to one up to the third; Hazus *complete* holds D4 and D5 (Lagomarsino and Giovinazzi 2006,
doi:10.1007/s10518-006-9024-z), D5 being the part that collapses. The five classes of GB/T 24335-2009 (Classification of
earthquake damage to buildings and special structures) are defined in words as the Hazus states are, in the same
order: no more than slight non-structural damage, light cracks of single members, light cracks of most, serious
damage of most, collapse or near it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from houfeng.errors import InputError, UnknownNameError


@dataclass(frozen=True, slots=True)
class State:
    """One state of a scale.

    Attributes
    ----------
    key
        As written in data.
    names
        For people, by language (``en``, ``zh``).
    """

    key: str
    names: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Scale:
    """A damage scale.

    Attributes
    ----------
    key, names
        As for :class:`State`.
    states
        From undamaged to destroyed.
    from_ems
        For each EMS-98 grade D0 to D5 the number of the state here that it belongs to.
    """

    key: str
    names: Mapping[str, str]
    states: tuple[State, ...]
    from_ems: tuple[int, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys of the states in order."""
        return tuple(state.key for state in self.states)


def _states(*triples: tuple[str, str, str]) -> tuple[State, ...]:
    return tuple(State(key, {"en": en, "zh": zh}) for key, en, zh in triples)


HAZUS = Scale(
    "hazus",
    {"en": "Hazus", "zh": "Hazus 破坏状态"},
    _states(
        ("none", "none", "无破坏"),
        ("slight", "slight", "轻微"),
        ("moderate", "moderate", "中等"),
        ("extensive", "extensive", "严重"),
        ("complete", "complete", "完全"),
    ),
    (0, 1, 2, 3, 4, 4),
)
EMS98 = Scale(
    "ems98",
    {"en": "EMS-98", "zh": "欧洲地震烈度表 EMS-98"},
    _states(
        ("D0", "D0 no damage", "D0 无破坏"),
        ("D1", "D1 negligible to slight", "D1 可忽略至轻微破坏"),
        ("D2", "D2 moderate", "D2 中等破坏"),
        ("D3", "D3 substantial to heavy", "D3 较重至严重破坏"),
        ("D4", "D4 very heavy", "D4 极严重破坏"),
        ("D5", "D5 destruction", "D5 毁坏"),
    ),
    (0, 1, 2, 3, 4, 5),
)
GBT24335 = Scale(
    "gbt24335",
    {"en": "GB/T 24335-2009", "zh": "建（构）筑物地震破坏等级划分 GB/T 24335-2009"},
    _states(
        ("intact", "basically intact", "基本完好"),
        ("slight", "slight damage", "轻微破坏"),
        ("moderate", "moderate damage", "中等破坏"),
        ("severe", "severe damage", "严重破坏"),
        ("destroyed", "destroyed", "毁坏"),
    ),
    (0, 1, 2, 3, 4, 4),
)
BROAD = Scale(
    "broad",
    {"en": "light, moderate, severe", "zh": "轻、中、重"},
    _states(
        ("none", "undamaged", "未破坏"),
        ("light", "light", "轻"),
        ("moderate", "moderate", "中"),
        ("severe", "severe", "重"),
    ),
    (0, 1, 2, 3, 3, 3),
)

SCALES = (HAZUS, EMS98, GBT24335, BROAD)


def scale_named(key: str) -> Scale:
    """The scale called `key`.

    Raises
    ------
    UnknownNameError
        When there is none; the message lists the scales.
    """
    for scale in SCALES:
        if scale.key == key:
            return scale
    raise UnknownNameError("damage scale", key, [scale.key for scale in SCALES])


def convert(
    shares: np.ndarray, *, source: Scale, to: Scale, collapse_share: np.ndarray | float | None = None
) -> np.ndarray:
    """The same buildings on another scale.

    Parameters
    ----------
    shares : ndarray, shape (..., number of states of `source`)
        Buildings or probabilities by state.
    collapse_share : ndarray, shape (...) or float
        Which part of the worst state collapses (D5); needed only from Hazus or GB/T 24335 to EMS-98.

    Returns
    -------
    ndarray, shape (..., number of states of `to`)
        With the same sum.

    Raises
    ------
    InputError
        From a coarser scale to a finer one without what is needed to tell the states apart.
    """
    shares = np.asarray(shares, float)
    if shares.shape[-1:] != (len(source.states),):
        raise InputError(f"{source.key} has {len(source.states)} states, the last axis here has {shares.shape}")
    if source is to:
        return shares.copy()
    if source is EMS98:
        return _gather(shares, to)
    if source is BROAD:
        raise InputError(
            f"'{source.key}' does not tell D3, D4 and D5 apart, so it cannot become '{to.key}'; start from a finer "
            f"scale: {', '.join(scale.key for scale in SCALES if scale is not BROAD)}"
        )
    if collapse_share is None:
        if to is EMS98:
            raise InputError(f"which part of '{source.keys[-1]}' collapses (D5)? Give collapse_share, 0 to 1")
        collapse_share = 0.0  # D4 and D5 fall into one state of every other scale
    part = np.asarray(collapse_share, float)
    if not ((part >= 0) & (part <= 1)).all():
        raise InputError("collapse_share must lie between 0 and 1")
    worst = shares[..., -1]
    ems = np.concatenate([shares[..., :-1], (worst * (1 - part))[..., None], (worst * part)[..., None]], axis=-1)
    return _gather(ems, to)


def _gather(ems: np.ndarray, to: Scale) -> np.ndarray:
    result = np.zeros((*ems.shape[:-1], len(to.states)))
    for grade, state in enumerate(to.from_ems):
        result[..., state] += ems[..., grade]
    return result
