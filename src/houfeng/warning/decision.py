"""Whom to warn: from the chance of strong shaking at places to bands of severity, and what that will cost in errors."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from houfeng.errors import InputError
from houfeng.values import Estimate
from houfeng.warning.rules import ConfirmationRule, IntensityRule, Rules


@dataclass(frozen=True, slots=True)
class Location:
    """How well the source is known.

    Attributes
    ----------
    stations
        Number that contributed.
    error_km
        Horizontal error, km; infinite where unknown.
    solutions
        Solutions in a row that agreed.
    confirmed_by
        The office or person that vouches for it; that outweighs the numbers.
    """

    stations: int = 0
    error_km: float = float("inf")
    solutions: int = 1
    confirmed_by: str = ""

    def shortcomings(self, rule: ConfirmationRule) -> tuple[str, ...]:
        """What is missing for `rule`; empty when the location is confirmed."""
        if self.confirmed_by.strip():
            return ()
        found = []
        if self.stations < rule.stations:
            found.append(f"{self.stations} of {rule.stations} stations")
        if not self.error_km <= rule.error_km:
            known = f"{self.error_km:g} km" if np.isfinite(self.error_km) else "unknown"
            found.append(f"its error is {known}, at most {rule.error_km:g} km is wanted")
        if self.solutions < rule.solutions:
            found.append(f"{self.solutions} of {rule.solutions} solutions agreed")
        return tuple(found)


@dataclass(frozen=True, eq=False)
class Band:
    """The places that one rule warns.

    Attributes
    ----------
    rule
        The rule.
    places : ndarray of int
        Indices of the places warned by this rule and no stronger one.
    chances : ndarray
        Chance of the rule's intensity at all places.
    expected_false, expected_missed
        Expected number of places warned at this level or a stronger one where it does not come, and of places not
        so warned where it does. With simulated fields the 90 % range of the number among them (shaking at
        neighbours goes together); without, the bounds that hold whatever goes together (level 1).
    """

    rule: IntensityRule
    places: np.ndarray
    chances: np.ndarray
    expected_false: Estimate
    expected_missed: Estimate


@dataclass(frozen=True, eq=False)
class Decision:
    """Whom to warn.

    Attributes
    ----------
    bands
        One for each rule, strongest first; those without places have nobody to warn.
    warned_by : ndarray of int
        For each place the index of its band, -1 for none.
    unconfirmed
        What the location lacks; when there is anything here, nobody is warned.
    """

    bands: tuple[Band, ...]
    warned_by: np.ndarray
    unconfirmed: tuple[str, ...]

    @property
    def armed(self) -> bool:
        """Whether anybody is to be warned."""
        return bool((self.warned_by >= 0).any())

    @property
    def places_by_rule(self) -> dict[str, tuple[int, ...]]:
        """Indices of warned places by the name of the rule, to be given to the next decision."""
        return {band.rule.name: tuple(band.places.tolist()) for band in self.bands if len(band.places)}


def chance_of_intensity(mmi: np.ndarray, level: float, *, weights: np.ndarray | None = None) -> np.ndarray:
    """Share of simulated fields with an intensity of at least `level` at each place.

    Parameters
    ----------
    mmi : ndarray, shape (n_fields, n_places)
        Modified Mercalli intensity.
    weights : ndarray, shape (n_fields,), optional
        Of the fields; equal without.

    Returns
    -------
    ndarray, shape (n_places,)

    Raises
    ------
    InputError
        When there is no field, or an intensity is missing.
    """
    fields = np.atleast_2d(np.asarray(mmi, float))
    if not len(fields) or np.isnan(fields).any():
        raise InputError(f"intensities of shape {fields.shape} with {np.isnan(fields).sum()} missing give no chance")
    return np.average(fields >= level, axis=0, weights=weights)


def decide(
    rules: Rules,
    chances: Mapping[float, np.ndarray],
    location: Location,
    *,
    warned: Mapping[str, tuple[int, ...]] | None = None,
    fields: np.ndarray | None = None,
) -> Decision:
    """Choose the places to warn.

    Parameters
    ----------
    chances
        By intensity level, the chance of at least that much at each place, shape (n_places,); must hold every level
        of `rules`.
    location
        Without confirmation nobody is warned, however high the chances.
    warned
        Indices of places warned before, by the name of the rule; they are released only below its release chance.
        A place warned by a stronger rule before counts as warned by the weaker ones too.
    fields : ndarray, shape (n_fields, n_places), optional
        Simulated intensities; they tell how far the numbers of errors can go.

    Raises
    ------
    InputError
        When a level is missing, a chance is no probability, or a higher level is likelier than a lower one.
    """
    table = _checked_chances(rules, chances)
    n_places = table.shape[1]
    unconfirmed = location.shortcomings(rules.confirmation)
    warned_by = np.full(n_places, -1)
    before = np.zeros(n_places, bool)
    bands = []
    for index, (rule, chance) in enumerate(zip(rules.intensity, table, strict=True)):
        before[list((warned or {}).get(rule.name, ()))] = True
        if not unconfirmed:
            arms = np.where(before, chance >= rule.release, chance >= rule.arm)
            warned_by[(warned_by < 0) & arms] = index
        told = warned_by >= 0
        came = None if fields is None else np.asarray(fields, float) >= rule.mmi
        bands.append(
            Band(
                rule=rule,
                places=np.flatnonzero(warned_by == index),
                chances=chance,
                expected_false=_number((1 - chance)[told], None if came is None else ~came[:, told]),
                expected_missed=_number(chance[~told], None if came is None else came[:, ~told]),
            )
        )
    return Decision(tuple(bands), warned_by, unconfirmed)


def _number(chances: np.ndarray, happened: np.ndarray | None) -> Estimate:
    """How many of some places: the expected number, and its range."""
    expected = float(chances.sum())
    if happened is None:
        return Estimate(expected, float((chances >= 1).sum()), float((chances > 0).sum()), level=1.0)
    low, high = np.quantile(happened.sum(axis=1), [0.05, 0.95], method="inverted_cdf")
    return Estimate(expected, float(low), float(high), level=0.9)


def _checked_chances(rules: Rules, chances: Mapping[float, np.ndarray]) -> np.ndarray:
    """Chances by rule and place, shape (n_rules, n_places)."""
    rows = []
    for rule in rules.intensity:
        if rule.mmi not in chances:
            known = ", ".join(f"{level:g}" for level in sorted(chances)) or "none"
            raise InputError(f"rule '{rule.name}' asks for the chance of MMI >= {rule.mmi:g}; given are: {known}")
        row = np.atleast_1d(np.asarray(chances[rule.mmi], float))
        if not ((row >= 0) & (row <= 1)).all():
            raise InputError(f"the chances of MMI >= {rule.mmi:g} must all lie between 0 and 1")
        rows.append(row)
    if len({row.shape for row in rows}) != 1 or rows[0].ndim != 1:
        raise InputError(f"chances have shapes {[row.shape for row in rows]}; one number for each place is wanted")
    table = np.stack(rows)
    if (np.diff(table, axis=0) < -1e-9).any():  # the rules run from the strongest shaking down
        place = int(np.argwhere(np.diff(table, axis=0) < -1e-9)[0][1])
        raise InputError(f"at place {place} a higher intensity is likelier than a lower one; check the chances")
    return table
