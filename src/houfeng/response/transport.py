"""Who gives how much to whom at the least travel: the transport problem, with what is missing said, not hidden."""

from dataclasses import dataclass

import numpy as np

from houfeng.errors import InputError
from houfeng.response.checks import column, travel_times

#: Below this an amount is rounding.
TINY = 1e-6


@dataclass(frozen=True, eq=False)
class Transport:
    """The cheapest flow.

    Attributes
    ----------
    flow : ndarray, shape (m, n)
        From each source to each sink, in the unit of the amounts.
    missing : ndarray, shape (n,)
        What no source could give.
    spare : ndarray, shape (m,)
        What no sink could reach or needs.
    price : ndarray, shape (n,)
        What one unit more at a sink would cost, s of travel; the penalty where something is missing.
    """

    flow: np.ndarray
    missing: np.ndarray
    spare: np.ndarray
    price: np.ndarray


def transport(travel_s: np.ndarray, supply: np.ndarray, demand: np.ndarray, priority=1.0) -> Transport:
    """Serve as much as possible, the more important first, with the least travel.

    A linear programme (Hitchcock 1941, doi:10.1002/sapm1941201224) solved by HiGHS; what is missing costs more than
    any chain of detours, times its priority.

    Parameters
    ----------
    travel_s : array_like, shape (m, n)
        Seconds from source to sink; infinite: not possible.
    supply : array_like, shape (m,)
    demand : array_like, shape (n,)
    priority : array_like, shape (n,)
        Weight of what is missing at a sink, at least 1.

    Raises
    ------
    InputError
        When an amount is negative or not a number, or the shapes do not agree.
    """
    m, n = np.size(supply), np.size(demand)
    supply = column("supply", np.atleast_1d(supply), m, of="sources")
    demand = column("demand", np.atleast_1d(demand), n, of="sinks")
    priority = column("priority", priority, n, of="sinks", low=1.0)
    travel_s = travel_times("from sources to sinks", travel_s, (m, n))
    source, sink = np.nonzero(np.isfinite(travel_s) & (supply > 0)[:, None] & (demand > 0))
    flow, price = np.zeros((m, n)), np.zeros(n)
    longest = travel_s[source, sink].max(initial=1.0) or 1.0
    penalty = longest * (2 * min(m, n) + 2) * priority
    if len(source):
        flow[source, sink], price = _solve(travel_s[source, sink], source, sink, supply, demand, penalty)
    flow[flow < TINY * max(1.0, demand.max(initial=0.0))] = 0.0
    missing = np.maximum(demand - flow.sum(axis=0), 0.0)
    missing[missing < TINY * np.maximum(demand, 1.0)] = 0.0
    spare = np.maximum(supply - flow.sum(axis=1), 0.0)
    return Transport(flow, missing, spare, np.where(missing > 0, penalty, price))


def _solve(
    cost: np.ndarray, source: np.ndarray, sink: np.ndarray, supply: np.ndarray, demand: np.ndarray,
    penalty: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Flow on each open pair and price of each sink."""
    from scipy.optimize import linprog
    from scipy.sparse import csr_matrix, eye, hstack

    k, m, n = len(cost), len(supply), len(demand)
    scale = float(penalty.max())
    given = csr_matrix((np.ones(k), (source, np.arange(k))), shape=(m, k + n))
    taken = hstack([csr_matrix((np.ones(k), (sink, np.arange(k))), shape=(n, k)), eye(n)], format="csr")
    found = linprog(
        np.concatenate([cost, penalty]) / scale, A_ub=given, b_ub=supply, A_eq=taken, b_eq=demand, method="highs",
    )  # fmt: skip
    if found.status != 0:
        raise InputError(f"the allocation could not be solved: {found.message}; check amounts and travel times")
    return np.maximum(found.x[:k], 0.0), found.eqlin.marginals * scale
