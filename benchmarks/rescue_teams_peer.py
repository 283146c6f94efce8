"""OR-Tools on a rescue instance, run by a Python that has it: ``python rescue_teams_peer.py INSTANCE.json SECONDS``.

Posed as a routing problem: the time dimension carries travel and work, its bound at each vehicle is the shift; a
soft upper bound of 0 on the arrival at a site with its people as coefficient makes the sum of people times arrival
the objective (the work itself adds a constant); classes are allowed vehicles, capacity a second dimension. Arcs have
a cost of one thousandth of their seconds, without which guided local search has nothing to punish.
Prints one line of JSON: the routes.
"""

import json
import sys
from pathlib import Path

from ortools.constraint_solver import pywrapcp, routing_enums_pb2


def main() -> None:
    asked = json.loads(Path(sys.argv[1]).read_text())
    seconds, meta = int(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else "TABU_SEARCH"
    teams, sites = len(asked["base_to_site"]), len(asked["people"])
    out, between = asked["base_to_site"], asked["site_to_site"]
    work, people = asked["service_s"], asked["people"]
    manager = pywrapcp.RoutingIndexManager(sites + teams, teams, *2 * [list(range(sites, sites + teams))])
    routing = pywrapcp.RoutingModel(manager)

    def travel(a: int, b: int) -> int:
        if a >= sites:
            return 0 if b >= sites else out[a - sites][b]
        return between[a][b] if b < sites else out[b - sites][a]

    nodes = range(sites + teams)
    whole = [[travel(a, b) + (work[a] if a < sites else 0) for b in nodes] for a in nodes]
    moving = routing.RegisterTransitMatrix(whole)
    routing.AddDimensionWithVehicleCapacity(moving, 0, asked["shift_s"], True, "time")
    loading = routing.RegisterUnaryTransitVector([*people, *[0] * teams])
    routing.AddDimensionWithVehicleCapacity(loading, 0, asked["capacity"], True, "people")
    cheap = routing.RegisterTransitMatrix([[seconds_ // 1000 for seconds_ in row] for row in whole])
    routing.SetArcCostEvaluatorOfAllVehicles(cheap)
    time = routing.GetDimensionOrDie("time")
    for site in range(sites):
        index = manager.NodeToIndex(site)
        time.SetCumulVarSoftUpperBound(index, 0, people[site])
        able = [k for k in range(teams) if asked["team_level"][k] >= asked["site_level"][site]]
        routing.VehicleVar(index).SetValues([-1, *able])
    parameters = pywrapcp.DefaultRoutingSearchParameters()
    parameters.first_solution_strategy = routing_enums_pb2.FirstSolutionStrategy.PARALLEL_CHEAPEST_INSERTION
    parameters.local_search_metaheuristic = getattr(routing_enums_pb2.LocalSearchMetaheuristic, meta)
    parameters.time_limit.seconds = seconds
    found = routing.SolveWithParameters(parameters)
    routes = []
    for k in range(teams if found else 0):
        index, route = routing.Start(k), []
        while not routing.IsEnd(index):
            node = manager.IndexToNode(index)
            route += [node] if node < sites else []
            index = found.Value(routing.NextVar(index))
        routes.append(route)
    print(json.dumps(routes))


if __name__ == "__main__":
    main()
