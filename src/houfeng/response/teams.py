"""Rescue teams, the places where people are trapped, and the way between them."""

from dataclasses import dataclass

import numpy as np

from houfeng.errors import InputError, UnknownNameError
from houfeng.response.checks import column, names, travel_times
from houfeng.response.demand import Ranges, ZoneDemand
from houfeng.response.survival import TANGSHAN_1976, SurvivalCurve

#: Classes of the International Search and Rescue Advisory Group (INSARAG Guidelines 2020): what a team can work on.
#: Light: wood, light walls, no heavy lifting; medium: reinforced masonry; heavy: reinforced concrete and steel.
LEVELS = ("light", "medium", "heavy")

#: What a rescue plan minimises: the people lost, or the sum over people of the time until they are out.
OBJECTIVES = ("survivors", "completion")

#: Nobody plans a shift longer than this, s.
LONGEST_SHIFT_S = 7 * 86_400.0


def level_numbers(levels, n: int, *, of: str) -> np.ndarray:
    """1 to 3 for :data:`LEVELS`; one name may serve for all."""
    given = [levels] * n if isinstance(levels, str) else list(levels)
    if len(given) != n:
        raise InputError(f"column level of the {of} has {len(given)} rows, expected {n}")
    for level in given:
        if level not in LEVELS:
            raise UnknownNameError("level", str(level), LEVELS)
    return np.array([LEVELS.index(level) + 1 for level in given], int)


@dataclass(frozen=True, eq=False)
class RescueSites:
    """Places where people are trapped.

    Attributes
    ----------
    site_id
        Identifiers, all different.
    longitude, latitude : ndarray of float64, shape (n,)
        Degrees.
    trapped
        People trapped alive right after the earthquake.
    service_s : ndarray of float64, shape (n,)
        Work of one team until everybody is out, s.
    level : tuple of str
        The least class of team that can work there, see :data:`LEVELS`.
    simulated
        Whether the numbers rest on simulated data.
    """

    site_id: tuple[str, ...]
    longitude: np.ndarray
    latitude: np.ndarray
    trapped: Ranges
    service_s: np.ndarray
    level: tuple[str, ...]
    simulated: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "site_id", names("site_id", self.site_id, of="rescue sites"))
        n, of = len(self.site_id), "rescue sites"
        for name, low, high in (("longitude", -180, 180), ("latitude", -90, 90), ("service_s", 0, np.inf)):
            object.__setattr__(self, name, column(name, getattr(self, name), n, of=of, low=low, high=high))
        if len(self.trapped) != n:
            raise InputError(f"trapped has {len(self.trapped)} rows, but there are {n} rescue sites")
        level = (self.level,) * n if isinstance(self.level, str) else tuple(self.level)
        level_numbers(level, n, of=of)
        object.__setattr__(self, "level", level)

    def __len__(self) -> int:
        return len(self.site_id)

    @classmethod
    def from_demand(
        cls, demand: ZoneDemand, *, hours_per_person: float = 2.0, hours_of_search: float = 1.0,
        most_people: float = 10.0, level: str = "light", at_least: float = 0.05,
    ) -> "RescueSites":  # fmt: skip
        """Sites from the people trapped in each zone, several where one team could not do it.

        Until somebody has looked there is nothing finer than the zone; the working times are assumptions of the
        planner, not measurements.

        Parameters
        ----------
        hours_per_person, hours_of_search
            Work of one team for each person, and before the first.
        most_people
            Largest expected number at one site; a zone with more is split evenly.
        level
            The least class of team.
        at_least
            Zones that expect fewer people than this are left out.
        """
        for name, value in (("hours_per_person", hours_per_person), ("hours_of_search", hours_of_search)):
            column(name, value, 1, of="rescue sites")
        column("most_people", most_people, 1, of="rescue sites", low=1.0)
        zones = np.flatnonzero(demand.trapped.mean >= at_least)
        parts = np.maximum(1, np.ceil(demand.trapped.mean[zones] / most_people)).astype(int)
        rows = np.repeat(zones, parts)
        part = np.concatenate([np.arange(1, count + 1) for count in parts]) if len(parts) else np.zeros(0, int)
        share = 1.0 / np.repeat(parts, parts)
        trapped = demand.trapped.select(rows) * share
        return cls(
            site_id=tuple(
                demand.zone_id[row] if many == 1 else f"{demand.zone_id[row]}/{number}"
                for row, number, many in zip(rows, part, np.repeat(parts, parts), strict=True)
            ),
            longitude=demand.longitude[rows], latitude=demand.latitude[rows], trapped=trapped,
            service_s=3600.0 * (hours_of_search + hours_per_person * trapped.mean),
            level=(level,) * len(rows), simulated=demand.simulated,
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class RescueTeams:
    """Teams in one shift each.

    Attributes
    ----------
    team_id
        Identifiers, all different.
    longitude, latitude : ndarray of float64, shape (k,)
        Where each sets out and comes back to, degrees.
    level : tuple of str
        Class, see :data:`LEVELS`.
    start_s : ndarray of float64, shape (k,)
        When a team can set out, s after the earthquake.
    shift_s : ndarray of float64, shape (k,)
        From setting out to being back, travel included, s.
    capacity : ndarray of float64, shape (k,)
        Most people it can get out in a shift.
    """

    team_id: tuple[str, ...]
    longitude: np.ndarray
    latitude: np.ndarray
    level: tuple[str, ...]
    start_s: np.ndarray
    shift_s: np.ndarray
    capacity: np.ndarray

    def __post_init__(self) -> None:
        object.__setattr__(self, "team_id", names("team_id", self.team_id, of="rescue teams"))
        k, of = len(self.team_id), "rescue teams"
        for name, low, high in (
            ("longitude", -180, 180),
            ("latitude", -90, 90),
            ("start_s", 0, 30 * 86_400.0),
            ("shift_s", 0, LONGEST_SHIFT_S),
            ("capacity", 0, np.inf),
        ):
            object.__setattr__(self, name, column(name, getattr(self, name), k, of=of, low=low, high=high))
        level = (self.level,) * k if isinstance(self.level, str) else tuple(self.level)
        level_numbers(level, k, of=of)
        object.__setattr__(self, "level", level)

    def __len__(self) -> int:
        return len(self.team_id)


@dataclass(frozen=True, eq=False)
class RescueTravel:
    """Travel times in seconds, infinite where there is no way.

    Attributes
    ----------
    base_to_site : ndarray of float64, shape (k, n)
    site_to_site : ndarray of float64, shape (n, n)
        From row to column.
    site_to_base : ndarray of float64, shape (k, n)
        From the site in the column to the base in the row; where it is not known, the way out serves.
    """

    base_to_site: np.ndarray
    site_to_site: np.ndarray
    site_to_base: np.ndarray

    @classmethod
    def of(cls, *, base_to_site, site_to_site, site_to_base=None) -> "RescueTravel":
        """Travel times; the way back is as long as the way out unless `site_to_base` is given."""
        return cls(base_to_site, site_to_site, base_to_site if site_to_base is None else site_to_base)

    def __post_init__(self) -> None:
        shape = np.shape(self.base_to_site)
        if len(shape) != 2:
            raise InputError(f"travel times base_to_site have shape {shape}, expected (teams, sites)")
        for name, expected in (
            ("base_to_site", shape),
            ("site_to_site", (shape[1], shape[1])),
            ("site_to_base", shape),
        ):
            object.__setattr__(self, name, travel_times(name, getattr(self, name), expected))


@dataclass(frozen=True, eq=False)
class RescueTask:
    """What is asked of the search for a rescue plan.

    Attributes
    ----------
    sites, teams, travel
        Who is where, and the way between them.
    objective
        See :data:`OBJECTIVES`.
    survival
        How fast the trapped die; without meaning for ``"completion"``.
    """

    sites: RescueSites
    teams: RescueTeams
    travel: RescueTravel
    objective: str = "survivors"
    survival: SurvivalCurve = TANGSHAN_1976

    def __post_init__(self) -> None:
        if self.objective not in OBJECTIVES:
            raise UnknownNameError("objective", self.objective, OBJECTIVES)
        shape, expected = self.travel.base_to_site.shape, (len(self.teams), len(self.sites))
        if shape != expected:
            raise InputError(f"travel times are for {shape} teams and sites, but there are {expected}")
