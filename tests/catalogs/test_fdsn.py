"""The FDSN event client against a service on this machine, over a real socket."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houfeng.catalogs.fdsn import _boxes, _middle, fetch_catalog
from houfeng.catalogs.providers import PROVIDERS, Provider, find_provider
from houfeng.errors import CatalogError, InputError, SourceError, UnknownNameError
from houfeng.http import HttpClient
from houfeng.regions import Region
from houfeng.times import Window

HEADER = (
    "#EventID|Time|Latitude|Longitude|Depth/km|Author|Catalog|Contributor|ContributorID|MagType|Magnitude|"
    "MagAuthor|EventLocationName"
)
START = datetime(2015, 1, 1, tzinfo=UTC)
YEAR = Window(START, START + timedelta(days=365))
Row = tuple[str, datetime, float, float, float]


@dataclass
class Service:
    """A small FDSN event service with the limits and the bad days of the real ones."""

    rows: list[Row]
    refuse_above: int = 10**9
    refuse_status: int = 413
    interfere: Callable[[BaseHTTPRequestHandler, int], bool] = lambda handler, number: False
    asked: list[dict[str, str]] = field(default_factory=list)

    def select(self, query: dict[str, str]) -> list[Row]:
        start, end = (datetime.fromisoformat(query[k]).replace(tzinfo=UTC) for k in ("starttime", "endtime"))
        widest = {"minlatitude": -90, "maxlatitude": 90, "minlongitude": -180, "maxlongitude": 180}
        box = [float(query.get(key, limit)) for key, limit in widest.items()]
        assert -90 <= box[0] <= box[1] <= 90 and -180 <= box[2] <= box[3] <= 180, query
        return [
            row for row in self.rows
            if start <= row[1] <= end  # both ends belong to it, as the specification says
            and row[4] > float(query["minmagnitude"])  # and one real service excludes the limit itself
            and box[0] <= row[2] <= box[1] and box[2] <= row[3] <= box[3]
        ]  # fmt: skip


def line(row: Row) -> str:
    event_id, moment, latitude, longitude, magnitude = row
    where = f"{latitude}|{longitude}|10.0"
    return f"{event_id}|{moment:%Y-%m-%dT%H:%M:%S.%f}|{where}|us|us|us|{event_id}|mb|{magnitude}|us|here"


def handler_of(service: Service) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            query = {key: values[0] for key, values in parse_qs(urlsplit(self.path).query).items()}
            service.asked.append(query)
            if service.interfere(self, len(service.asked)):
                return
            chosen = service.select(query)
            if len(chosen) > service.refuse_above:
                self.answer(service.refuse_status, f"{len(chosen)} events exceed the limit")
            elif not chosen:
                self.answer(204, "")
            else:
                chosen = chosen[: int(query.get("limit", 10**9))]
                self.answer(200, "\n".join([HEADER, *map(line, chosen)]) + "\n")

        def answer(self, status: int, text: str, *, length: int | None = None, **headers: str) -> None:
            body = text.encode()
            self.send_response(status)
            if status != 204:
                self.send_header("Content-Length", str(len(body) if length is None else length))
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


@contextmanager
def serving(service: Service) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(service))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/fdsnws/event/1/query"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def provider_at(url: str, **options) -> Provider:
    given_options = {"max_events": 10**6} | options
    return Provider(name="test", title="Test service", url=url, licence="none", area="here", **given_options)


def client(**options) -> HttpClient:
    return HttpClient(**{"timeout_s": 5.0, "retries": 2, "sleep": lambda pause_s: None} | options)


def many(n: int, *, seed: int = 1, window: Window = YEAR) -> list[Row]:
    rng = np.random.default_rng(seed)
    seconds = np.sort(rng.uniform(0, (window.end - window.start).total_seconds(), n))
    return [
        (f"e{i}", window.start + timedelta(seconds=float(s)), round(float(rng.uniform(-89, 89)), 3),
         round(float(rng.uniform(-180, 180)), 3), round(float(4 + rng.exponential(0.4)), 1))
        for i, s in enumerate(seconds)
    ]  # fmt: skip


def ids(rows: list[Row]) -> list[str]:
    return [row[0] for row in rows]


def test_one_page_becomes_a_catalogue_with_its_provenance():
    rows = [
        ("a", START + timedelta(days=1), -31.57, -71.67, 8.3),
        ("b", START + timedelta(days=2), 1.0, 2.0, 4.5),
    ]
    with serving(Service(rows)) as url, client() as http:
        before = datetime.now(UTC)
        reading = fetch_catalog(provider_at(url), window=YEAR, min_magnitude=4.5, client=http, publication_delay_s=600)
    found = reading.catalog
    assert list(found.event_id) == ["a", "b"] and reading.rejected == ()
    assert found.event(0).longitude == -71.67 and found.event(0).magnitude_type == "mb"
    assert found.provenance.final and found.provenance.data_end == YEAR.end
    assert found.provenance.publication_delay_s == 600
    assert found.provenance.licence == "none"
    assert found.provenance.source.startswith("Test service (127.0.0.1), retrieved")
    assert f"{before:%Y-%m-%d}" in found.provenance.source
    assert (found.issued - found.time == np.timedelta64(600, "s")).all()


def test_an_event_of_just_the_minimum_magnitude_is_there_and_none_below():
    rows = [(f"m{m}", START + timedelta(days=1 + m), 0.0, 0.0, m) for m in (4.4, 4.49, 4.5, 4.51)]
    with serving(Service(rows)) as url, client() as http:
        reading = fetch_catalog(provider_at(url), window=YEAR, min_magnitude=4.5, client=http)
    assert list(reading.catalog.event_id) == ["m4.5", "m4.51"]


@pytest.mark.parametrize("status", [413, 400])
def test_too_many_events_split_the_window_until_all_are_there(status):
    service = Service(many(2345), refuse_above=100, refuse_status=status)
    with serving(service) as url, client() as http:
        reading = fetch_catalog(provider_at(url), window=YEAR, min_magnitude=3, client=http)
    assert list(reading.catalog.event_id) == ids(service.rows)
    assert reading.rejected == ()
    assert len(service.asked) < 4 * 2345 / 100 * 1.5


def test_a_full_page_splits_the_window_too():
    service = Service(many(777))
    with serving(service) as url, client() as http:
        source = provider_at(url, max_events=50, options={"limit": "50"})
        reading = fetch_catalog(source, window=YEAR, min_magnitude=3, client=http)
    assert list(reading.catalog.event_id) == ids(service.rows)
    assert all(query["limit"] == "50" for query in service.asked)


def test_a_silent_limit_of_a_round_number_is_noticed():
    service = Service(many(2500))
    with serving(service) as url, client() as http:
        source = provider_at(url, options={"limit": "1000"})  # the table says a million, the service cuts
        reading = fetch_catalog(source, window=YEAR, min_magnitude=3, client=http)
    assert len(reading.catalog) == 2500


def test_events_on_the_edges_of_parts_come_once_and_are_no_fault():
    edge = START + timedelta(seconds=1)
    rows = [(f"e{i}", edge + timedelta(seconds=i), 0.0, 0.0, 5.0) for i in range(64)]
    service = Service(rows, refuse_above=3)
    window = Window(START, START + timedelta(minutes=2))
    with serving(service) as url, client() as http:
        reading = fetch_catalog(provider_at(url), window=window, min_magnitude=3, client=http)
    assert list(reading.catalog.event_id) == ids(rows)
    assert reading.rejected == ()


def test_too_many_events_within_a_second_are_an_error_not_a_loop():
    rows = [(f"e{i}", START + timedelta(days=1, milliseconds=i), 0.0, 0.0, 5.0) for i in range(20)]
    with (
        serving(Service(rows, refuse_above=3)) as url,
        client() as http,
        pytest.raises(SourceError, match="within a second at 2015-01-02T00:00:00; raise the minimum"),
    ):
        fetch_catalog(provider_at(url), window=YEAR, min_magnitude=3, client=http)


def test_no_content_is_an_empty_catalogue():
    with serving(Service([])) as url, client() as http:
        reading = fetch_catalog(provider_at(url), window=YEAR, min_magnitude=5, client=http)
    assert len(reading.catalog) == 0 and reading.catalog.provenance.data_end == YEAR.end


def test_a_busy_service_is_asked_again():
    def interfere(handler, number: int) -> bool:
        if number <= 2:
            handler.answer(503, "busy", Retry_After="1")
        return number <= 2

    pauses: list[float] = []
    service = Service(many(10), interfere=interfere)
    with serving(service) as url, client(sleep=pauses.append) as http:
        reading = fetch_catalog(provider_at(url), window=YEAR, min_magnitude=3, client=http)
    assert len(reading.catalog) == 10 and pauses == [1, 2]


def test_a_fetch_killed_half_way_resumes_without_asking_again(tmp_path):
    rows = many(900)
    service = Service(rows, refuse_above=100)
    with serving(service) as url:
        parts = 0

        def die(_: str) -> None:
            nonlocal parts
            parts += 1
            if parts == 8:
                raise KeyboardInterrupt

        with client(cache_dir=tmp_path) as http, pytest.raises(KeyboardInterrupt):
            fetch_catalog(provider_at(url), window=YEAR, min_magnitude=3, client=http, progress=die)
        before = [query["starttime"] + query["endtime"] for query in service.asked]
        with client(cache_dir=tmp_path) as http:
            reading = fetch_catalog(provider_at(url), window=YEAR, min_magnitude=3, client=http)
        after = [query["starttime"] + query["endtime"] for query in service.asked[len(before) :]]
    assert list(reading.catalog.event_id) == ids(rows)
    twice = set(before) & set(after)
    refused = [query for query in twice if _rows_in(rows, query) > 100]
    assert len(twice) == len(refused), "a part that had been answered was fetched again"
    assert parts == 8 and len(before) > 8


def _rows_in(rows: list[Row], span: str) -> int:
    start, end = (datetime.fromisoformat(span[i : i + 19]).replace(tzinfo=UTC) for i in (0, 19))
    return sum(start <= row[1] <= end for row in rows)


def test_a_finished_fetch_is_answered_from_the_cache(tmp_path):
    service = Service(many(50))
    with serving(service) as url:
        catalogs = []
        for _ in range(2):
            with client(cache_dir=tmp_path) as http:
                reading = fetch_catalog(provider_at(url), window=YEAR, min_magnitude=3, client=http)
                catalogs.append(reading.catalog)
    assert len(service.asked) == 1
    assert (catalogs[0].time == catalogs[1].time).all()
    assert catalogs[0].provenance == catalogs[1].provenance


def test_a_longer_window_finds_most_parts_again(tmp_path):
    rows = many(2000, window=Window(START, START + timedelta(days=400)))
    service = Service(rows, refuse_above=100)
    with serving(service) as url, client(cache_dir=tmp_path) as http:
        fetch_catalog(provider_at(url), window=YEAR, min_magnitude=3, client=http)
        first = len(service.asked)
        longer = Window(START, START + timedelta(days=367))
        reading = fetch_catalog(provider_at(url), window=longer, min_magnitude=3, client=http)
    assert len(reading.catalog) == sum(row[1] < longer.end for row in rows)
    assert len(service.asked) - first < 0.6 * first


def test_a_window_that_reaches_past_now_ends_at_the_retrieval_and_is_not_cached(tmp_path):
    now = datetime.now(UTC)
    window = Window(now - timedelta(days=1), now + timedelta(days=1))
    rows = [
        ("old", now - timedelta(hours=5), 0.0, 0.0, 5.0),
        ("new", now - timedelta(minutes=3), 0.0, 0.0, 5.0),
    ]
    service = Service(rows)
    with serving(service) as url, client(cache_dir=tmp_path) as http:
        first = fetch_catalog(provider_at(url), window=window, min_magnitude=3, client=http).catalog
        second = fetch_catalog(provider_at(url), window=window, min_magnitude=3, client=http).catalog
    assert now <= first.provenance.data_end < second.provenance.data_end < now + timedelta(minutes=1)
    assert len(service.asked) == 2
    assert list(first.as_of(first.provenance.data_end).event_id) == ["old", "new"]
    assert first.issued[0] == first.time[0] + np.timedelta64(1200, "s")


def test_the_last_days_are_never_cached(tmp_path):
    now = datetime.now(UTC).replace(microsecond=0)
    window = Window(now - timedelta(days=64), now)
    service = Service(many(500, window=window), refuse_above=100)
    with serving(service) as url, client(cache_dir=tmp_path) as http:
        for _ in range(2):
            found = fetch_catalog(provider_at(url), window=window, min_magnitude=3, client=http).catalog
            assert len(found) == 500 and found.provenance.data_end == window.end
    again = [q for q in service.asked if service.asked.count(q) == 2 and len(service.select(q)) <= 100]
    assert again and all(datetime.fromisoformat(q["endtime"] + "Z") > now - timedelta(days=2) for q in again)


def test_a_box_across_the_date_line_is_two_questions_and_no_event_twice():
    places = {"w": 178.0, "on": 180.0, "e": -178.0}
    inside = [(name, START + timedelta(days=i), -20.0, x, 5.0) for i, (name, x) in enumerate(places.items())]
    outside = [("far", START + timedelta(days=4), -20.0, 10.0, 5.0)]
    tonga = Region.box("tonga", west=175, south=-30, east=-175, north=-10)
    service = Service(inside + outside)
    with serving(service) as url, client() as http:
        reading = fetch_catalog(provider_at(url), window=YEAR, min_magnitude=3, client=http, region=tonga)
    assert list(reading.catalog.event_id) == ["w", "on", "e"]
    assert [(float(q["minlongitude"]), float(q["maxlongitude"])) for q in service.asked] == [
        (175, 180),
        (-180, -175),
    ]


def test_a_polygon_is_asked_by_its_box_and_cut_by_its_shape():
    triangle = Region(name="triangle", rings=(np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]]),))
    places = {"in": (2.0, 2.0), "corner": (9.0, 9.0), "near": (-0.5, 2.0)}
    rows = [(name, START + timedelta(days=i), *place, 5.0) for i, (name, place) in enumerate(places.items())]
    service = Service(rows)
    with serving(service) as url, client() as http:
        ask = {"window": YEAR, "min_magnitude": 3, "client": http, "region": triangle}
        assert list(fetch_catalog(provider_at(url), **ask).catalog.event_id) == ["in"]
        wider = fetch_catalog(provider_at(url), **ask, margin_km=100)
    assert list(wider.catalog.event_id) == ["in", "near"]


def test_a_body_broken_off_is_fetched_again():
    def interfere(handler, number: int) -> bool:
        text = "\n".join([HEADER, *map(line, rows)]) + "\n"
        if number == 1:  # the connection ends before the promised length
            handler.answer(200, text[:400], length=len(text))
            handler.close_connection = True
        elif number == 2:  # a proxy that recomputes the length of what it got
            handler.answer(200, text[: text.rindex("|us|")])
        return number <= 2

    rows = many(20)
    service = Service(rows, interfere=interfere)
    with serving(service) as url, client() as http:
        reading = fetch_catalog(provider_at(url), window=YEAR, min_magnitude=3, client=http)
    assert list(reading.catalog.event_id) == ids(rows)
    assert len(service.asked) == 3


def test_garbage_is_told_with_its_first_words():
    def interfere(handler, number: int) -> bool:
        handler.answer(200, "<!DOCTYPE html><html>Maintenance</html>")
        return True

    with (
        serving(Service([], interfere=interfere)) as url,
        client() as http,
        pytest.raises(SourceError, match="not FDSN event text, it begins with '<!DOCTYPE html>"),
    ):
        fetch_catalog(provider_at(url), window=YEAR, min_magnitude=3, client=http)


def test_binary_garbage_is_told():
    def interfere(handler, number: int) -> bool:
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(bytes(range(256)) * 10)
        handler.close_connection = True
        return True

    with (
        serving(Service([], interfere=interfere)) as url,
        client(retries=0) as http,
        pytest.raises(SourceError, match="not FDSN event text"),
    ):
        fetch_catalog(provider_at(url), window=YEAR, min_magnitude=3, client=http)


def test_a_silent_service_is_given_up_after_the_timeout():
    def interfere(handler, number: int) -> bool:
        time.sleep(0.6)
        return True

    with (
        serving(Service([], interfere=interfere)) as url,
        client(timeout_s=0.2, retries=1) as http,
        pytest.raises(SourceError, match=r"127.0.0.1:\d+ did not answer within 0.2 s"),
    ):
        fetch_catalog(provider_at(url), window=YEAR, min_magnitude=3, client=http)


def test_nobody_at_the_address_is_told():
    with (
        client(retries=0) as http,
        pytest.raises(SourceError, match=r"127.0.0.1:9 cannot be reached"),
    ):
        fetch_catalog("http://127.0.0.1:9/query", window=YEAR, min_magnitude=3, client=http)


def test_a_question_that_is_refused_is_told_with_the_words_of_the_service():
    def interfere(handler, number: int) -> bool:
        handler.answer(400, '"orderby" is not supported')
        return True

    with (
        serving(Service([], interfere=interfere)) as url,
        client() as http,
        pytest.raises(SourceError, match='Test service refused .*"orderby" is not supported'),
    ):
        fetch_catalog(provider_at(url), window=YEAR, min_magnitude=3, client=http)


def test_a_bad_row_is_kept_aside_and_counted():
    def interfere(handler, number: int) -> bool:
        good, bad = line(many(1)[0]), line(many(1)[0]).replace("|mb|", "|mb|not a number")
        handler.answer(200, "\n".join([HEADER, bad.replace("e0|", "bad|"), good]) + "\n")
        return True

    with serving(Service([], interfere=interfere)) as url, client() as http:
        reading = fetch_catalog(provider_at(url), window=YEAR, min_magnitude=3, client=http)
    assert list(reading.catalog.event_id) == ["e0"]
    assert len(reading.rejected) == 1 and "bad|" in reading.rejected[0].text


def test_a_header_with_blanks_and_a_known_misspelling_is_understood():
    def interfere(handler, number: int) -> bool:
        header = HEADER.replace("Longitude", "Longtitude").replace("|", " | ")
        handler.answer(200, "\n".join([header, line(many(1)[0])]))
        return True

    with serving(Service([], interfere=interfere)) as url, client() as http:
        reading = fetch_catalog(provider_at(url), window=YEAR, min_magnitude=3, client=http)
    assert reading.catalog.event(0).longitude == many(1)[0][3]


def test_only_bad_rows_are_an_error():
    def interfere(handler, number: int) -> bool:
        handler.answer(200, "\n".join([HEADER, line(many(1)[0]).replace("2015", "20x5")]) + "\n")
        return True

    with (
        serving(Service([], interfere=interfere)) as url,
        client() as http,
        pytest.raises(CatalogError, match="Test service: none of its 1 rows is usable"),
    ):
        fetch_catalog(provider_at(url), window=YEAR, min_magnitude=3, client=http)


@pytest.mark.parametrize("magnitude", [float("nan"), 12.0, -9.0])
def test_a_senseless_magnitude_is_refused_before_anything_is_asked(magnitude):
    with client() as http, pytest.raises(InputError, match="minimum magnitude"):
        fetch_catalog("usgs", window=YEAR, min_magnitude=magnitude, client=http)


@given(st.integers(-(2**32), 2**32), st.integers(2, 2**33))
def test_the_middle_lies_in_the_middle_half_and_on_the_roundest_second(start, length):
    end = start + length
    middle = _middle(start, end)
    assert start < middle < end
    if length >= 8 and middle:
        assert start + length // 4 <= middle <= end - length // 4
        grain = middle & -middle
        rounder = range(start + length // 4, end - length // 4 + 1)
        first = -(-rounder.start // (2 * grain)) * 2 * grain
        assert first not in rounder, "a rounder second was in reach"


@given(
    west=st.floats(-180, 179), width=st.floats(0.5, 359), south=st.floats(-89, 80), height=st.floats(0.5, 9),
    margin_km=st.sampled_from([0.0, 50.0, 500.0]), seed=st.integers(0, 2**32 - 1),
)  # fmt: skip
@settings(deadline=None)
def test_every_point_of_a_region_lies_in_one_of_its_boxes(west, width, south, height, margin_km, seed):
    east = west + width if west + width < 180 else west + width - 360
    region = Region.box("any", west=west, south=south, east=east, north=min(south + height, 90))
    boxes = _boxes(region, margin_km)
    assert 1 <= len(boxes) <= 2
    rng = np.random.default_rng(seed)
    edge_west, edge_south, edge_east, edge_north = region.bounds
    longitude = (rng.uniform(edge_west, edge_east, 50) + 180) % 360 - 180
    latitude = rng.uniform(edge_south, edge_north, 50)
    covered = np.zeros(50, bool)
    for box in boxes:
        low, high = float(box.get("minlongitude", -180)), float(box.get("maxlongitude", 180))
        assert -180 <= low <= high <= 180
        assert -90 <= float(box["minlatitude"]) <= float(box["maxlatitude"]) <= 90
        covered |= (
            (longitude >= low) & (longitude <= high)
            & (latitude >= float(box["minlatitude"])) & (latitude <= float(box["maxlatitude"]))
        )  # fmt: skip
    assert covered.all()


def test_the_whole_world_needs_no_box():
    assert _boxes(None, 0.0) == [{}]
    world = Region.box("world", west=-180, south=-90, east=180, north=90)
    assert _boxes(world, 0.0) == [{}]


def test_a_margin_over_the_pole_takes_all_longitudes():
    arctic = Region.box("arctic", west=0, south=80, east=90, north=89)
    (box,) = _boxes(arctic, 300.0)
    assert "minlongitude" not in box and float(box["maxlatitude"]) == 90


def test_the_table_of_providers_makes_sense():
    assert {"usgs", "emsc", "isc", "geofon", "ingv", "geonet", "sed", "ncedc", "scedc"} <= set(PROVIDERS)
    for name, provider in PROVIDERS.items():
        assert provider.name == name == name.lower()
        address = urlsplit(provider.url)
        assert address.scheme == "https" and address.path.endswith("/fdsnws/event/1/query"), name
        assert provider.title and provider.licence and provider.area
        assert 1000 <= provider.max_events <= 100_000
        assert int(provider.options.get("limit", provider.max_events)) == provider.max_events


def test_providers_are_found_by_name_in_any_case_or_by_address():
    assert find_provider("USGS") is PROVIDERS["usgs"]
    assert find_provider("http://127.0.0.1:1/query").url == "http://127.0.0.1:1/query"
    with pytest.raises(UnknownNameError, match="did you mean 'geonet'"):
        find_provider("geonett")


def test_a_service_that_changes_its_columns_half_way_is_told_and_nothing_is_mixed():
    """The second page has other columns: joined under one header, latitudes would become longitudes."""

    def other_columns(handler, number):
        if number < 3:
            return False
        swapped = HEADER.replace("Latitude|Longitude", "Longitude|Latitude")
        handler.answer(200, f"{swapped}\n{line(('x', START + timedelta(days=2), 1.0, 2.0, 5.0))}\n")
        return True

    service = Service(many(30), refuse_above=20, interfere=other_columns)
    with serving(service) as url, client() as http, pytest.raises(SourceError, match="changed its columns meanwhile"):
        fetch_catalog(provider_at(url), window=YEAR, min_magnitude=3, client=http)
