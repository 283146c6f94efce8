"""The adaptive process written out anew: candidates in order of time, thinned, placed, one event after another.

Ogata (1981), doi:10.1109/TIT.1981.1056305. Nothing is shared with the simulator but the formula: the rate in time is
summed over all events at every candidate, the source of a place is chosen with its exact weight, and the edges of the
region cut the aftershocks by their share, worked out by points on each kernel.
"""

from dataclasses import dataclass

import numpy as np
from adaptive_samples import decay

from houfeng.models.adaptive.simulate import AdaptiveSetup

BACKGROUND, SIMULATED = -1, -2


@dataclass
class Slow:
    """One catalogue in the making: every list holds the past first, then what came."""

    setup: AdaptiveSetup
    rng: np.random.Generator
    shares: dict

    def __post_init__(self):
        past = self.setup.past
        d = past.data
        self.days, self.xyz, self.spacing = list(d.days), list(d.xyz_km), list(past.kernel_km)
        self.independence, self.inside = list(past.independence), list(past.inside)
        self.weight, self.source = list(np.exp(d.log_weight)), []
        self.in_time, self.in_space, self.spread = [], [], []
        for j in range(len(d.days)):
            self.note(j, d.m[j], past.quiet[j], past.pace[j])
        self.came = list(d.days[past.inside])
        self.hold()

    def note(self, j, m, quiet, pace):
        """Productivity by both laws and the spread of event `j`, all but its last."""
        v, usual = self.setup.space, self.setup.past.smoothing.spacing_km
        features = np.array([m, self.independence[j] - 0.5, quiet, pace])
        self.spread.append(np.exp(v[9] + v[10] * m + v[11] * np.log(self.spacing[j] / usual)))
        self.in_space.append(self.weight[j] * np.exp(v[1] + features @ v[2:6]))
        t = self.setup.time
        self.in_time.append(self.weight[j] * np.exp(t[1] + features @ t[2:6]) * self.share(j))

    def share(self, j):
        """Of the event's kernel that lies in the region."""
        if self.setup.region is None:
            return 1.0
        key = (*self.xyz[j], self.spread[j])
        if key not in self.shares:
            self.shares[key] = share_inside(
                self.setup.region, self.xyz[j], self.spread[j], np.exp(self.setup.space[12])
            )
        return self.shares[key]

    def hold(self):
        """The lists that a rate is made of, as arrays."""
        s = self.setup.past.smoothing
        self.when, self.triggers = np.array(self.days), np.array(self.in_time)
        self.kept_up = np.array(self.independence) * self.inside / s.active_days / s.independent_per_day

    def activity(self, now):
        """Rate of the background over its usual rate."""
        s, since = self.setup.past.smoothing, now - self.when
        fading = np.exp(-since / s.active_days)
        return (1 - s.steady_share) * (self.kept_up @ fading + fading[0]) + s.steady_share

    def rate(self, now):
        triggered = self.triggers @ decay(self.setup.time, now - self.when)
        return np.exp(self.setup.time[0]) * self.activity(now) + triggered

    def run(self):
        """Rows of day, x, y, z, m, source, independence, in order of time."""
        now, out = self.setup.start_day, []
        bound = self.rate(now)
        while True:
            now += self.rng.exponential(1 / bound)
            if now >= self.setup.end_day:
                return np.array(out).reshape(-1, 7)
            if self.rng.random() * bound < self.rate(now):
                out.append(self.add(now))
            bound = self.rate(now)

    def add(self, now):
        """Place, size and features of an event."""
        v, past, rng = self.setup.space, self.setup.past, self.rng
        trigger = np.array(self.in_space) * decay(v, now - np.array(self.days))
        own = np.exp(v[0]) * self.activity(now)
        while True:
            row = rng.choice(len(trigger) + 1, p=np.append(trigger, own) / (trigger.sum() + own))
            if row == len(trigger):
                place, spacing = self.background(now)
                break
            place, spacing = self.moved(self.xyz[row], self.spread[row], np.exp(v[12])), self.spacing[row]
            if self.contains(place):
                break
        s, known = past.smoothing, past.independence[past.inside]
        chance = known if row == len(trigger) else 1 - known
        share = rng.choice(known, p=chance / chance.sum())
        gaps = np.array([now - self.came[-1], (now - self.came[-10]) / 10])
        quiet, pace = np.maximum((np.log(gaps / s.gap_days + 0.02) - s.gap_mean) / s.gap_sd, s.busiest)
        m = self.setup.law.sample(rng, 1)[0] - self.setup.law.min_magnitude
        self.days.append(now)
        self.xyz.append(place)
        self.independence.append(share)
        self.spacing.append(spacing)
        self.inside.append(True)
        self.weight.append(1.0)
        self.note(len(self.days) - 1, m, quiet, pace)
        self.came.append(now)
        self.hold()
        source = BACKGROUND if row == len(trigger) else row if row < len(past.data.days) else SIMULATED
        return [now, *place, m, source, share]

    def background(self, now):
        """A place of the background as its formula says: every earlier event counts by its independence."""
        s, rng = self.setup.past.smoothing, self.rng
        weight = np.array(self.independence) * np.exp(-(now - np.array(self.days)) / s.fade_days)
        weight *= np.array(self.weight)
        even = rng.random() < s.even_share
        while True:
            if even:
                place, spacing = self.anywhere(), s.spacing_km
            else:
                row = rng.choice(len(weight), p=weight / weight.sum())
                place, spacing = self.moved(self.xyz[row], self.spacing[row] ** 2, 1.0), self.spacing[row]
            if self.contains(place):
                return place, spacing

    def anywhere(self):
        if self.setup.region is None:
            west, south, east, north = self.setup.plane_km
            return np.array([self.rng.uniform(west, east), self.rng.uniform(south, north), 0.0])
        west, south, east, north = self.setup.region.bounds
        low, high = np.sin(np.radians([south, north]))
        latitude = np.degrees(np.arcsin(self.rng.uniform(low, high)))
        return on_sphere(self.rng.uniform(west, east), latitude)

    def contains(self, place):
        if self.setup.region is None:
            return True
        return bool(inside_region(self.setup.region, place[None])[0])

    def moved(self, place, spread, rho):
        squared, angle = spread * self.rng.pareto(rho), self.rng.uniform(0, 2 * np.pi)
        if self.setup.region is None:
            return place + np.sqrt(squared) * np.array([np.cos(angle), np.sin(angle), 0.0])
        while squared > 4 * 6371.0**2:
            squared = spread * self.rng.pareto(rho)
        return step_on_sphere(place, np.array([squared]), np.array([angle]))[0]


def on_sphere(longitude, latitude):
    x, y = np.radians(longitude), np.radians(latitude)
    return 6371.0 * np.array([np.cos(y) * np.cos(x), np.cos(y) * np.sin(x), np.sin(y)])


def step_on_sphere(place, squared, angle):
    """Points at squared chords and directions from a place, shape (n, 3)."""
    up = place / np.linalg.norm(place)
    east = np.array([-up[1], up[0], 0.0]) / np.hypot(up[0], up[1])
    north = np.cross(up, east)
    turn = 2 * np.arcsin(np.sqrt(squared) / (2 * 6371.0))
    towards = np.cos(angle)[:, None] * east + np.sin(angle)[:, None] * north
    return 6371.0 * (np.cos(turn)[:, None] * up + np.sin(turn)[:, None] * towards)


def inside_region(region, xyz):
    latitude = np.degrees(np.arcsin(np.clip(xyz[:, 2] / 6371.0, -1, 1)))
    return region.contains(longitude=np.degrees(np.arctan2(xyz[:, 1], xyz[:, 0])), latitude=latitude)


def share_inside(region, place, spread, rho, rings=20, rays=18):
    """Share of a kernel in the region, by points at the middles of rings and rays of equal mass."""
    u = (np.arange(rings) + 0.5) / rings
    squared = np.repeat(spread * ((1 - u) ** (-1 / rho) - 1), rays)
    angle = np.tile(2 * np.pi * (np.arange(rays) + 0.25) / rays, rings)
    near = squared < 4 * 6371.0**2
    return inside_region(region, step_on_sphere(place, squared[near], angle[near])).sum() / len(squared)
