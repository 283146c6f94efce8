"""Field hospitals, shelters, evacuation and supplies."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houfeng.errors import InputError
from houfeng.response.demand import Ranges
from houfeng.response.facilities import EXCLUSIONS, Excluded, Places, choose_facilities, serve_again
from houfeng.response.location_search import locate
from houfeng.response.shelters import evacuate, evacuate_again
from houfeng.response.supplies import allocate_supplies
from houfeng.response.transport import transport


def places(room, **changes) -> Places:
    m = len(room)
    columns = {"place_id": [f"p{i}" for i in range(m)], "longitude": np.zeros(m), "latitude": np.zeros(m)}
    return Places(**columns | {"capacity": room, "in_coastal_strip": False, "closed": False} | changes)


def city(seed, m=8, n=20):
    """Travel times in s, capacities and people of a small made-up city."""
    rng = np.random.default_rng(seed)
    where, zone = rng.uniform(0, 10, (m, 2)), rng.uniform(0, 10, (n, 2))
    people = np.round(rng.lognormal(3, 1, n))
    travel_s = np.linalg.norm(where[:, None] - zone[None], axis=2) * 200
    return travel_s, np.round(rng.uniform(0.3, 1.0, m) * people.sum() / 2), people


def zone_names(n) -> list[str]:
    return [f"z{j}" for j in range(n)]


def chosen(travel_s, capacity, count, most=3, **changes):
    options = {"zone_id": zone_names(len(count)), "people": Ranges.exact(count), "travel_s": travel_s, "most": most}
    return choose_facilities(capacity if isinstance(capacity, Places) else places(capacity), **options | changes)


# --- transport ---------------------------------------------------------------------------------------------------


@settings(max_examples=40)
@given(seed=st.integers(0, 10_000), share=st.floats(0, 2), shut=st.floats(0, 0.9))
def test_flows_respect_amounts_and_open_ways(seed, share, shut):
    rng = np.random.default_rng(seed)
    travel_s, capacity, people = city(seed, 5, 9)
    travel_s = np.where(rng.random(travel_s.shape) < shut, np.inf, travel_s)
    done = transport(travel_s, capacity * share, people)
    tolerance = 1e-5 * people.sum()
    assert (done.flow >= 0).all() and (done.flow[~np.isfinite(travel_s)] == 0).all()
    assert (done.flow.sum(axis=1) <= capacity * share + tolerance).all()
    assert done.flow.sum(axis=0) + done.missing == pytest.approx(people, abs=tolerance)
    assert done.flow.sum(axis=1) + done.spare == pytest.approx(capacity * share, abs=tolerance)


def test_the_cheapest_flow_of_a_textbook_case():
    done = transport([[4, 8, 8], [16, 24, 16], [8, 16, 24]], [76, 82, 77], [72, 102, 41])
    assert (done.flow * np.array([[4, 8, 8], [16, 24, 16], [8, 16, 24]])).sum() == pytest.approx(2424)
    assert done.spare.sum() == pytest.approx(20)


def test_as_many_as_possible_are_served_even_by_long_detours():
    """The near source is the only one for the far sink: the near sink must take the long way."""
    done = transport([[1, 1], [1000, np.inf]], [10, 10], [10, 10])
    assert done.missing.sum() == 0 and done.flow.tolist() == [[0, 10], [10, 0]]


def test_a_whole_chain_of_detours_is_worth_one_more_served():
    """Serving the last sink costs two long detours more than leaving it out."""
    far, no = 1000, np.inf
    done = transport([[1, no, 1], [far, 1, no], [no, far, no]], [10, 10, 10], [10, 10, 10])
    assert done.missing.sum() == 0


def test_the_important_are_served_first():
    assert transport([[100, 1]], [5], [5, 5], [3, 1]).missing.tolist() == [0, 5]
    assert transport([[100, 1]], [5], [5, 5]).missing.tolist() == [5, 0]


def test_nothing_to_give_and_nobody_to_serve():
    assert transport(np.zeros((0, 2)), [], [3, 4]).missing.tolist() == [3, 4]
    assert transport(np.full((1, 2), np.inf), [9], [3, 4]).missing.tolist() == [3, 4]
    assert transport([[1.0]], [5], [0]).spare.tolist() == [5]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([[1.0]], [-1], [1]), "supply of 1 of 1 sources is not a finite number of at least 0, first -1.0"),
        (([[1.0]], [1], [np.nan]), "demand of 1 of 1 sinks"),
        (([[1.0, 2.0]], [1], [1]), r"have shape \(1, 2\), expected \(1, 1\)"),
        (([[-2.0]], [1], [1]), "first -2.0 in row 0, column 0"),
        (([[1.0]], [1], [1], [0.5]), "priority of 1 of 1 sinks is not a finite number of at least 1"),
    ],
)
def test_bad_amounts_are_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        transport(*arguments)


# --- choosing places ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(8))
def test_the_choice_is_near_the_best_of_all_and_its_bound_holds(seed):
    travel_s, capacity, people = city(seed)
    values = []
    for some in combinations(range(8), 3):
        done = transport(travel_s[list(some)], capacity[list(some)], people)
        values.append(done.missing.sum() * 1e9 + (done.flow * travel_s[list(some)]).sum())
    found = locate(travel_s, capacity, people, 3)
    ours = found.transport.missing.sum() * 1e9 + (found.transport.flow * travel_s[found.opened]).sum()
    assert ours <= min(values) * 1.01
    if not found.transport.missing.any():
        assert found.bound <= min(values) * (1 + 1e-9)


@settings(max_examples=25)
@given(seed=st.integers(0, 5_000), most=st.integers(1, 8))
def test_nothing_is_opened_on_the_coast_or_where_it_is_closed(seed, most):
    rng = np.random.default_rng(seed)
    travel_s, capacity, people = city(seed)
    strip, closed = rng.random(8) < 0.3, rng.random(8) < 0.2
    choice = chosen(travel_s, places(capacity, in_coastal_strip=strip, closed=closed), people, most)
    assert len(choice.opened) <= most and len(set(choice.opened_id)) == len(choice.opened)
    assert not (strip | closed)[choice.opened].any()
    assert {out.place_id for out in choice.excluded} == {f"p{i}" for i in np.flatnonzero(strip | closed)}
    assert (choice.flow.sum(axis=1) <= capacity * (1 + 1e-6)).all()
    assert choice.flow.sum(axis=0) + choice.unserved.mean == pytest.approx(people, abs=1e-4 * people.sum())
    assert 0 <= choice.gap <= 1


def test_the_same_question_has_the_same_answer():
    travel_s, capacity, people = city(3, 20, 40)
    first, second = (chosen(travel_s, capacity, people, 5) for _ in range(2))
    assert first.opened_id == second.opened_id and (first.flow == second.flow).all()


def test_too_little_room_is_said_with_the_number_of_people():
    choice = chosen(np.full((2, 2), 60.0), [30, 20], [50, 50], 2, people=Ranges([50, 50], [10, 10], [90, 90]))
    assert choice.missing.value == 50 and choice.missing.low == 0 and choice.missing.high == 130
    assert choice.message("en") == "hospital beds are missing for 50 (0–130) people; 2 places are opened"
    assert "缺少病床：50 (0–130)人" in choice.message("zh")


def test_enough_room_says_nothing():
    assert chosen([[60.0]], [100], [50], 1).message("en") == ""


@pytest.mark.parametrize(
    ("changes", "travel", "reason"),
    [
        ({"in_coastal_strip": True}, 60.0, "coastal_strip"),
        ({"closed": True}, 60.0, "closed"),
        ({"capacity": [0.0]}, 60.0, "no_capacity"),
        ({}, np.inf, "unreachable"),
    ],
)
def test_an_unusable_place_leaves_everybody_without_and_says_why(changes, travel, reason):
    choice = chosen([[travel]], places([100.0], **changes), [50], 1, kind="shelter")
    assert [out.reason for out in choice.excluded] == [reason]
    assert len(choice.opened) == 0 and choice.missing.value == 50
    assert "shelter places are missing for 50" in choice.message("en")


@pytest.mark.parametrize("reason", EXCLUSIONS)
def test_exclusions_are_told_in_both_languages(reason):
    assert Excluded("p", reason).why("en") != Excluded("p", reason).why("zh")


def test_nobody_is_sent_beyond_reach():
    choice = chosen([[600.0, 7200.0]], [100], [10, 10], 1, reach_s=3600)
    assert choice.flow.tolist() == [[10, 0]] and choice.unserved.mean.tolist() == [0, 10]


def test_nobody_in_need_opens_nothing():
    choice = chosen([[60.0]], [10], [0], 1)
    assert choice.opened_id == () and choice.missing.high == 0 and choice.travel_hours.value == 0


def test_places_nobody_needs_stay_closed():
    assert chosen([[60.0], [9000.0]], [100, 100], [10], 2).opened_id == ("p0",)


def test_the_range_of_travel_holds_the_mean():
    travel_s, capacity, people = city(2)
    choice = chosen(travel_s, capacity, people, 4, people=Ranges(people, people * 0.2, people * 1.5))
    hours = choice.travel_hours
    assert 0 < hours.low <= hours.value <= hours.high
    assert choice.unserved.total.low <= choice.missing.value <= choice.missing.high


def test_a_closure_keeps_the_opened_places():
    travel_s, capacity, people = city(4)
    choice = chosen(travel_s, capacity, people, 4)
    assert serve_again(choice, travel_s) is choice
    longer = travel_s.copy()
    longer[choice.opened[0]] = np.inf
    again = serve_again(choice, longer)
    assert (again.opened == choice.opened).all() and again.flow[choice.opened[0]].sum() == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: chosen([[1.0]], [1], [1], 0), "at most 0 places may be opened"),
        (lambda: chosen([[1.0]], [1], [1], 1, kind="pub"), "a hospital or a shelter, not 'pub'"),
        (lambda: chosen([[1.0]], [1], [1], 1, zone_id=["a", "b"]), "people has 1 rows, but there are 2 zones"),
        (lambda: chosen([[np.nan]], [1], [1], 1), "not a number"),
        (lambda: places([-5.0]), "capacity of 1 of 1 places"),
        (lambda: places([5.0], in_coastal_strip=[1]), "expected .1,. true or false"),
    ],
)
def test_bad_places_are_refused(call, message):
    with pytest.raises(InputError, match=message):
        call()


# --- evacuation --------------------------------------------------------------------------------------------------


def moved_out(travel_s, capacity, people, **changes):
    return evacuate(
        capacity if isinstance(capacity, Places) else places(capacity), zone_id=zone_names(len(people)),
        people=people if isinstance(people, Ranges) else Ranges.exact(people), travel_s=travel_s, **changes,
    )  # fmt: skip


@settings(max_examples=25)
@given(seed=st.integers(0, 5_000), intake=st.floats(10, 5_000))
def test_no_shelter_is_overrun_and_none_lies_on_the_coast(seed, intake):
    travel_s, capacity, people = city(seed)
    strip = np.arange(8) % 3 == 0
    plan = moved_out(travel_s, places(capacity, in_coastal_strip=strip), people, intake_per_hour=intake)
    assert plan.flow[strip].sum() == 0
    assert (plan.flow.sum(axis=1) <= capacity * (1 + 1e-6)).all()
    assert sum(each.people for each in plan.departures) == pytest.approx(plan.flow.sum())
    for place in plan.places.place_id:
        coming = sorted((e for e in plan.departures if e.place_id == place), key=lambda e: e.arrive_s)
        for earlier, later in zip(coming, coming[1:], strict=False):
            assert later.arrive_s >= earlier.settled_s - 1e-6
        for each in coming:
            assert each.leave_s >= 0 and each.settled_s - each.arrive_s == pytest.approx(each.people / intake * 3600)


def test_the_urgent_leave_first_and_get_the_room():
    plan = moved_out([[600.0, 60.0]], [10], [10, 10], urgency=[5, 1])
    assert plan.flow.tolist() == [[10, 0]]
    plan = moved_out([[600.0, 60.0]], [20], [10, 10], urgency=[5, 1], intake_per_hour=60)
    assert [(each.zone_id, each.leave_s) for each in plan.departures] == [("z0", 0.0), ("z1", 600.0 + 600.0 - 60.0)]


def test_people_without_a_shelter_are_counted_and_said():
    plan = moved_out([[60.0, np.inf]], [100], Ranges([10, 20], [5, 0], [20, 40]))
    assert plan.unsheltered.total.value == 20 and plan.unsheltered.total.high == 40
    assert plan.message("en").startswith("shelter is missing for 20 (0–40) people")
    assert "20 (0–40)人" in plan.message("zh")


def test_an_evacuation_without_change_keeps_everybody():
    travel_s, capacity, people = city(1)
    plan = moved_out(travel_s, capacity, people)
    again, moved = evacuate_again(plan, travel_s)
    assert moved == () and (again.flow == plan.flow).all() and again.departures == plan.departures


@settings(max_examples=20)
@given(seed=st.integers(0, 2_000))
def test_after_a_closure_only_the_zones_it_cuts_move(seed):
    travel_s, capacity, people = city(seed)
    plan = moved_out(travel_s, capacity * 1.5, people)
    place, zone = np.argwhere(plan.flow > 0)[seed % np.count_nonzero(plan.flow > 0)]
    travel_s = travel_s.copy()
    travel_s[place, zone] = np.inf
    again, moved = evacuate_again(plan, travel_s)
    assert again.flow[place, zone] == 0
    was_unsheltered = {f"z{j}" for j in np.flatnonzero(plan.unsheltered.mean > 0)}
    assert set(moved) <= {f"z{zone}"} | was_unsheltered
    assert (again.flow.sum(axis=1) <= capacity * 1.5 * (1 + 1e-6)).all()


def test_an_intake_of_nobody_is_refused():
    with pytest.raises(InputError, match="lets nobody in"):
        moved_out([[1.0]], [1], [1], intake_per_hour=0)


# --- supplies ----------------------------------------------------------------------------------------------------


def supplied(stock, need, travel_s, **changes):
    return allocate_supplies(
        item="water", unit="litres", depot_id=[f"d{i}" for i in range(len(stock))], stock=stock,
        zone_id=zone_names(len(need)), need=need, travel_s=travel_s, **changes,
    )  # fmt: skip


def test_supplies_go_the_short_way_and_shortages_are_said_with_their_range():
    plan = supplied([100, 50], Ranges([60, 60], [30, 30], [120, 120]), [[600, 1200], [1200, 600]])
    assert plan.flow.tolist() == [[60, 10], [0, 50]] and plan.left.tolist() == [30, 0]
    assert (plan.shortage.total.value, plan.shortage.total.high) == (0, 90)
    assert plan.message("en") == "shortage of water: 0 (0–90) litres"
    assert plan.travel_hours.value == pytest.approx((110 * 600 + 10 * 1200) / 120 / 3600)


def test_the_zone_with_priority_is_supplied_first():
    plan = supplied([50], Ranges.exact([50, 50]), [[60, 6000]], priority=[1, 4])
    assert plan.shortage.mean.tolist() == [50, 0]


def test_empty_depots_and_closed_roads_leave_a_shortage_not_an_error():
    assert supplied([0], Ranges.exact([5]), [[60]]).shortage.total.value == 5
    assert supplied([9], Ranges.exact([5]), [[np.inf]]).shortage.total.value == 5
    assert "物资短缺" in supplied([0], Ranges.exact([5]), [[60]]).message("zh")


def test_a_negative_stock_is_refused():
    with pytest.raises(InputError, match="stock of 1 of 2 depots"):
        supplied([5, -5], Ranges.exact([1]), [[1], [1]])


def test_needs_for_other_zones_are_refused():
    with pytest.raises(InputError, match="need has 1 rows, but there are 2 zones"):
        allocate_supplies(
            item="x",
            unit="kg",
            depot_id=["d"],
            stock=[1],
            zone_id=["a", "b"],
            need=Ranges.exact([1]),
            travel_s=[[1, 1]],
        )
