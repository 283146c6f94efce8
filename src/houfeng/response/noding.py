"""From lines on a map to a graph: where lines meet, they are cut and joined.

Lines that share a vertex meet there (so OpenStreetMap and most road files are made). Lines that merely cross meet
only if asked, and never where one passes over the other on another layer. Ends that miss their neighbour by a hair
are snapped within a tolerance.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from houfeng.errors import InputError
from houfeng.geo import EARTH_RADIUS_KM

#: Where lines are joined.
NODE_AT = ("vertices", "crossings")

#: Vertices this close are one and the same: 1e-7 degrees, a centimetre.
_STEP_DEG = 1e-7


@dataclass(frozen=True, slots=True)
class Noded:
    """Lines cut into edges.

    Attributes
    ----------
    node_longitude, node_latitude : ndarray of float64, shape (n,)
    edge_from, edge_to : ndarray of int64, shape (m,)
        Indices of nodes.
    line : ndarray of int64, shape (m,)
        Which line each edge was cut from; edges of a line follow one another.
    offset : ndarray of int64, shape (m + 1,)
        Shape of edge i is rows ``offset[i]:offset[i + 1]`` of the next two.
    longitude, latitude : ndarray of float64
    snapped : int
        How many line ends were moved onto a neighbour.
    """

    node_longitude: np.ndarray
    node_latitude: np.ndarray
    edge_from: np.ndarray
    edge_to: np.ndarray
    line: np.ndarray
    offset: np.ndarray
    longitude: np.ndarray
    latitude: np.ndarray
    snapped: int


@dataclass(frozen=True, slots=True)
class _Vertices:
    """Vertices of all lines one after the other: x, y in degrees, and their line."""

    xy: np.ndarray
    line: np.ndarray

    def ends(self) -> np.ndarray:
        """Whether each vertex is the first or last of its line."""
        change = self.line[1:] != self.line[:-1]
        return np.append(True, change) | np.append(change, True)


def node_lines(
    lines: Sequence[np.ndarray],
    *,
    node_at: str = "vertices",
    tolerance_m: float = 0.0,
    layer: np.ndarray | None = None,
) -> Noded:
    """Cut lines where they meet, and number the meeting points.

    Parameters
    ----------
    lines : sequence of ndarray, shape (k, 2)
        Longitude and latitude in degrees, two points or more each.
    node_at : {"vertices", "crossings"}
        Join lines at shared vertices only, or also where they cross or where one ends on another.
    tolerance_m : float
        An end this close to a vertex of another line (with "crossings": to any part of it) is moved onto it.
    layer : ndarray of int, shape (n_lines,), optional
        Lines that cross on different layers (a bridge 1, the ground 0, a tunnel -1) do not meet; an end that
        touches another line does, whatever the layer.

    Raises
    ------
    InputError
        For no lines at all, an unknown `node_at`, a negative tolerance.
    """
    if node_at not in NODE_AT:
        raise InputError(f"node_at is one of {', '.join(NODE_AT)}, not '{node_at}'")
    if not tolerance_m >= 0:
        raise InputError(f"tolerance_m = {tolerance_m} m is below zero")
    if not len(lines):
        raise InputError("there are no lines to make roads of; is this the right layer of the file?")
    counts = np.array([len(line) for line in lines])
    vertices = _Vertices(np.vstack(lines).astype(float), np.repeat(np.arange(len(lines)), counts))
    if node_at == "crossings":
        layers = np.zeros(len(lines), np.int64) if layer is None else np.asarray(layer, np.int64)
        vertices = _with_crossings(vertices, layers, tolerance_m)
    key, snapped = _keys(vertices, tolerance_m)
    return _cut(vertices, key, snapped)


def _metres(xy: np.ndarray) -> np.ndarray:
    """Degrees as metres on a plane that is true at the middle latitude; right to 1 % within some 100 km."""
    scale = np.radians(1.0) * EARTH_RADIUS_KM * 1000
    middle = xy.mean(axis=0)
    return (xy - middle) * [scale * np.cos(np.radians(middle[1])), scale]


def _keys(vertices: _Vertices, tolerance_m: float) -> tuple[np.ndarray, int]:
    """A number per vertex, equal where vertices are one point, and how many ends were snapped."""
    steps = np.rint((vertices.xy + [180.0, 90.0]) / _STEP_DEG).astype(np.int64)
    _, first, key = np.unique(steps[:, 0] * 2**31 + steps[:, 1], return_index=True, return_inverse=True)
    if tolerance_m == 0:
        return key, 0
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import cKDTree

    xy = _metres(vertices.xy)[first]
    loose = np.unique(key[vertices.ends()])
    pairs = cKDTree(xy[loose]).sparse_distance_matrix(cKDTree(xy), tolerance_m, output_type="coo_matrix")
    left, right = loose[pairs.row], pairs.col
    apart = ~_on_one_line(vertices, key, left, right)
    left, right = left[apart], right[apart]
    graph = coo_array((np.ones(len(left), np.int8), (left, right)), shape=(len(first), len(first)))
    _, group = connected_components(graph.tocsr(), directed=False)
    return group[key], int(len(np.unique(left)))


def _on_one_line(vertices: _Vertices, key: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Whether two points are vertices of one and the same line, which must not shrink to a point."""
    count = len(vertices.line)
    order = np.argsort(key, kind="stable")
    start = np.searchsorted(key[order], np.arange(key.max() + 2))
    same = left == right
    lines = vertices.line[order]
    for i in np.flatnonzero(~same):
        mine = lines[start[left[i]] : start[left[i] + 1]]
        same[i] = np.isin(lines[start[right[i]] : start[right[i] + 1]], mine).any() if count else False
    return same


def _cut(vertices: _Vertices, key: np.ndarray, snapped: int) -> Noded:
    """Edges between the vertices that are nodes: ends of lines, and points met more than once."""
    again = np.append(False, (key[1:] == key[:-1]) & (vertices.line[1:] == vertices.line[:-1]))
    xy, line, key = vertices.xy[~again], vertices.line[~again], key[~again]
    ends = _Vertices(xy, line).ends()
    node = ends | (np.bincount(key)[key] > 1)
    here = np.flatnonzero(node)
    starts = here[:-1][line[here[:-1]] == line[here[1:]]]
    stops = here[1:][line[here[:-1]] == line[here[1:]]]
    if not len(starts):
        raise InputError("every line shrank to a point; is tolerance_m larger than the roads are long?")
    used, first, ids = np.unique(key, return_index=True, return_inverse=True)
    place = xy[first]
    is_node = np.zeros(len(used), bool)
    is_node[ids[starts]] = is_node[ids[stops]] = True
    number = np.cumsum(is_node) - 1
    counts = stops - starts + 1
    offset = np.concatenate([[0], np.cumsum(counts)])
    points = np.repeat(starts - offset[:-1], counts) + np.arange(offset[-1])
    shape = np.where(node[points, None], place[ids[points]], xy[points])
    return Noded(
        node_longitude=place[is_node, 0],
        node_latitude=place[is_node, 1],
        edge_from=number[ids[starts]],
        edge_to=number[ids[stops]],
        line=line[starts],
        offset=offset,
        longitude=shape[:, 0],
        latitude=shape[:, 1],
        snapped=snapped,
    )


def _with_crossings(vertices: _Vertices, layer: np.ndarray, tolerance_m: float) -> _Vertices:
    """The same lines with a vertex wherever another line crosses or ends on them."""
    xy, line = _metres(vertices.xy), vertices.line
    segment = np.flatnonzero(line[1:] == line[:-1])
    segment = segment[(vertices.xy[segment] != vertices.xy[segment + 1]).any(axis=1)]
    a, b = near_segments(xy[segment], xy[segment + 1], tolerance_m)
    a, b = segment[a], segment[b]
    at, fraction, where = _crossings(vertices, xy, a, b, layer)
    ends = vertices.ends()
    for mine, other in ((a, b), (b, a)):
        for vertex in (mine, mine + 1):
            touch = _touches(xy, vertex, other, ends, line, max(tolerance_m, 0.005))
            at = np.concatenate([at, other[touch[0]]])
            fraction = np.concatenate([fraction, touch[1]])
            where = np.vstack([where, vertices.xy[vertex[touch[0]]]])
    order = np.lexsort([fraction, at])
    return _Vertices(
        np.insert(vertices.xy, at[order] + 1, where[order], axis=0), np.insert(line, at[order] + 1, line[at[order]])
    )


def _crossings(
    vertices: _Vertices, xy: np.ndarray, a: np.ndarray, b: np.ndarray, layer: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Segments cut inside by another on their layer: segment, fraction along it, and the point in degrees."""
    level = layer[vertices.line[a]] == layer[vertices.line[b]]
    a, b = a[level], b[level]
    s, t = crossing_fractions(xy[a], xy[a + 1], xy[b], xy[b + 1])
    tiny = 1e-9
    s_inside, t_inside = ((f > tiny) & (f < 1 - tiny) for f in (s, t))
    met = (np.abs(s - 0.5) <= 0.5 + tiny) & (np.abs(t - 0.5) <= 0.5 + tiny)
    where = vertices.xy[a] + s[:, None] * (vertices.xy[a + 1] - vertices.xy[a])
    for segment, fraction, inside in ((a, s, s_inside), (b, t, t_inside)):
        # Where a vertex lies on the other line, the point is that vertex, to the last digit.
        where = np.where(inside[:, None], where, vertices.xy[segment + (fraction > 0.5)])
    of_a, of_b = met & s_inside, met & t_inside
    return np.append(a[of_a], b[of_b]), np.append(s[of_a], t[of_b]), np.vstack([where[of_a], where[of_b]])


def _touches(
    xy: np.ndarray, vertex: np.ndarray, other: np.ndarray, ends: np.ndarray, line: np.ndarray, tolerance_m: float
) -> tuple[np.ndarray, np.ndarray]:
    """Which of the pairs (vertex, segment `other`) are an end of a line on the inside of another line's segment."""
    start, step = xy[other], xy[other + 1] - xy[other]
    length2 = (step**2).sum(axis=1)
    fraction = ((xy[vertex] - start) * step).sum(axis=1) / length2
    gap = np.hypot(*(xy[vertex] - start - fraction[:, None] * step).T)
    margin = tolerance_m / np.sqrt(length2)
    inside = (fraction > margin) & (fraction < 1 - margin)
    hit = np.flatnonzero(inside & (gap <= tolerance_m) & ends[vertex] & (line[vertex] != line[other]))
    return hit, fraction[hit]


def crossing_fractions(
    start: np.ndarray, end: np.ndarray, other_start: np.ndarray, other_end: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Where straight lines through segments cross, as fractions along either; NaN for parallel ones."""
    r, q, gap = end - start, other_end - other_start, other_start - start
    cross = r[:, 0] * q[:, 1] - r[:, 1] * q[:, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        s = (gap[:, 0] * q[:, 1] - gap[:, 1] * q[:, 0]) / cross
        t = (gap[:, 0] * r[:, 1] - gap[:, 1] * r[:, 0]) / cross
    parallel = cross == 0
    return np.where(parallel, np.nan, s), np.where(parallel, np.nan, t)


def near_segments(start: np.ndarray, end: np.ndarray, margin: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of segments that may come within `margin` of each other, each pair once.

    Parameters
    ----------
    start, end : ndarray, shape (n, 2)
        On a plane, all in one unit.

    Notes
    -----
    Segments are cut into parts no longer than a square of a grid, every part is entered in the squares its box
    touches, and those who share a square are paired.
    """
    length = np.hypot(*(end - start).T)
    side = max(2 * float(np.median(length)), 4 * margin, 1e-9)
    parts = np.maximum(np.ceil(length / side), 1).astype(np.int64)
    owner = np.repeat(np.arange(len(start)), parts)
    step = np.arange(parts.sum()) - np.repeat(np.cumsum(parts) - parts, parts)
    share = np.stack([step / parts[owner], (step + 1) / parts[owner]])[:, :, None]
    corners = start[owner] + share * (end - start)[owner]
    low = np.floor((corners.min(axis=0) - margin - start.min(axis=0)) / side).astype(np.int64)
    high = np.floor((corners.max(axis=0) + margin - start.min(axis=0)) / side).astype(np.int64)
    cells, owners = [], []
    for dx in range(int((high - low)[:, 0].max()) + 1):
        for dy in range(int((high - low)[:, 1].max()) + 1):
            inside = (low[:, 0] + dx <= high[:, 0]) & (low[:, 1] + dy <= high[:, 1])
            cells.append((low[inside, 0] + dx + 1) * 2**31 + low[inside, 1] + dy + 1)
            owners.append(owner[inside])
    entries = np.unique(np.stack([np.concatenate(cells), np.concatenate(owners)]), axis=1)
    return _pairs_in_groups(entries[0], entries[1], len(start))


def _pairs_in_groups(group: np.ndarray, member: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """All pairs of members of one group (groups sorted), each pair once however many groups it shares."""
    later = np.searchsorted(group, group, side="right") - np.arange(len(group)) - 1
    first = np.repeat(np.arange(len(group)), later)
    second = first + 1 + np.arange(later.sum()) - np.repeat(np.cumsum(later) - later, later)
    a, b = member[first], member[second]
    pairs = np.unique(np.minimum(a, b) * count + np.maximum(a, b))
    return pairs // count, pairs % count
