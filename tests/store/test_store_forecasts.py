import sqlite3
import tempfile
from contextlib import closing
from dataclasses import FrozenInstanceError, replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule
from store_samples import differences, sample_catalog, sample_forecast

from houfeng.errors import InputError, StoreError
from houfeng.forecasts import Counts
from houfeng.store import Store
from houfeng.values import LEGAL_NOTICE, legal_notice

OFFICE = "China Earthquake Administration"


@pytest.fixture
def run(store):
    return store.begin_run("forecast", {})


def test_a_catalogue_is_kept_equal_and_once(store):
    catalog = sample_catalog()
    digest = store.save_catalog(catalog)
    assert store.save_catalog(sample_catalog()) == digest
    assert differences(store.load_catalog(digest), catalog) == []
    (record,) = store.catalogs()
    assert (record.hash, record.n_events, record.data_end) == (digest, 50, catalog.provenance.data_end)
    assert (record.source, record.licence, record.label) == (
        "catalogue 0",
        "public domain",
        "PROSPECTIVE (as issued)",
    )
    assert record.created.tzinfo is UTC


def test_an_unknown_catalogue_is_named(store):
    with pytest.raises(StoreError, match="there is no catalogue snapshot 'feed' in .*save_catalog makes one"):
        store.load_catalog("feed")


def test_a_damaged_catalogue_is_never_returned(store):
    digest = store.save_catalog(sample_catalog())
    path = store.folder / "artifacts" / f"{digest}.npz"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(StoreError, match=f"{digest}.npz is damaged"):
        store.load_catalog(digest)
    assert [digest in problem for problem in store.problems()] == [True]
    store.save_catalog(sample_catalog())
    assert store.problems() == ()


def test_a_forecast_is_kept_equal_in_every_field(store, run):
    forecast = sample_forecast()
    number = store.save_forecast(run, forecast)
    assert differences(store.load_forecast(number), forecast) == []


def test_the_record_of_a_forecast_says_all_but_the_grid(store, run):
    forecast = sample_forecast()
    (record,) = store.forecasts() if store.save_forecast(run, forecast) else ()
    assert record.issue == forecast.issue
    assert record.window == forecast.window
    assert record.run == run.id
    assert record.legal_notice == LEGAL_NOTICE
    assert [line.magnitude for line in record.counts] == [5.0, 6.0, 7.0]
    for line in record.counts:
        number = forecast.counts.number(line.magnitude)
        assert (line.expected, line.low, line.high) == (number.value, number.low, number.high)
        assert line.probability == forecast.counts.probability(line.magnitude)
    with pytest.raises(FrozenInstanceError):
        record.id = 2


def test_the_same_forecast_of_a_run_is_kept_once_and_of_another_run_again(store, run):
    number = store.save_forecast(run, sample_forecast())
    assert store.save_forecast(run, sample_forecast()) == number
    other = store.begin_run("forecast", {"again": True})
    assert store.save_forecast(other, sample_forecast()) == number + 1
    assert len(store.forecasts()) == 2


def test_an_ended_run_makes_no_forecasts(store, run):
    run.finish()
    with pytest.raises(StoreError, match="run 1 is done, nothing can be added"):
        store.save_forecast(run, sample_forecast())
    assert store.forecasts() == ()


@pytest.mark.parametrize("state", ["approved", "published", "withdrawn"])
def test_only_drafts_enter_the_store(store, run, state):
    forecast = sample_forecast()
    claimed = replace(forecast, issue=replace(forecast.issue, state=state, authority=OFFICE))
    with pytest.raises(InputError, match=f"says it is {state}; forecasts are stored as drafts"):
        store.save_forecast(run, claimed)
    assert store.forecasts() == ()


def test_a_forecast_without_samples_is_refused(store, run):
    forecast = sample_forecast()
    counts = forecast.counts
    empty = Counts(counts.magnitudes, counts.expected, np.zeros((0, 3), int), counts.survival)
    with pytest.raises(InputError, match="without count samples"):
        store.save_forecast(run, replace(forecast, counts=empty))


def test_forecasts_are_found_by_region_model_and_state(store, run):
    first = store.save_forecast(run, sample_forecast(0, region="chile", model="etas"))
    second = store.save_forecast(run, sample_forecast(1, region="chile", model="poisson"))
    third = store.save_forecast(run, sample_forecast(2, region="italy", model="etas"))
    store.approve(third, OFFICE)

    def found(**wanted):
        return [record.id for record in store.forecasts(**wanted)]

    assert found() == [first, second, third]
    assert found(region="chile") == [first, second]
    assert found(model="etas") == [first, third]
    assert found(region="chile", model="etas") == [first]
    assert found(state="draft") == [first, second]
    assert found(state="approved", region="italy") == [third]
    assert found(state="published") == found(region="nowhere") == []
    with pytest.raises(InputError, match="a forecast is draft, approved, published, withdrawn, not 'secret'"):
        store.forecasts(state="secret")


def test_the_way_of_a_forecast_from_draft_to_withdrawal(store, run):
    before = datetime.now(UTC)
    number = store.save_forecast(run, sample_forecast())
    assert store.approve(number, "Li Wei, CEA").issue.state == "approved"
    assert store.publish(number, f"  {OFFICE} ").issue.authority == OFFICE
    issue = store.load_forecast(number).issue
    assert (issue.state, issue.authority) == ("published", OFFICE)
    store.withdraw(number, "国务院")
    assert [(entry.state, entry.authority) for entry in store.history(number)] == [
        ("draft", ""),
        ("approved", "Li Wei, CEA"),
        ("published", OFFICE),
        ("withdrawn", "国务院"),
    ]
    times = [entry.time for entry in store.history(number)]
    assert before <= times[0] <= times[-1] <= datetime.now(UTC)
    original = sample_forecast()
    loaded = store.load_forecast(number)
    assert differences(replace(loaded, issue=original.issue), original) == []


def test_reasons_stand_in_the_log(store, run):
    number = store.save_forecast(run, sample_forecast())
    store.approve(number, OFFICE, reason="  agrees with the bulletin ")
    store.withdraw(number, OFFICE)
    assert [entry.reason for entry in store.history(number)] == ["", "agrees with the bulletin", ""]


def test_several_are_moved_together_or_not_at_all(store, run):
    numbers = [store.save_forecast(run, sample_forecast(seed)) for seed in range(3)]
    store.approve(numbers[1], OFFICE)
    with pytest.raises(StoreError, match="forecast 2 is approved and cannot become approved; .* none of the forecasts"):
        store.move(numbers, "approved", OFFICE)
    assert [store.forecast(n).issue.state for n in numbers] == ["draft", "approved", "draft"]
    with pytest.raises(StoreError, match="no forecast 9"):
        store.move([numbers[0], 9], "approved", OFFICE)
    assert store.forecast(numbers[0]).issue.state == "draft"
    moved = store.move([numbers[2], numbers[0], numbers[2]], "approved", OFFICE, reason="both")
    assert [(record.id, record.issue.state) for record in moved] == [(numbers[2], "approved"), (numbers[0], "approved")]
    assert [len(store.history(n)) for n in numbers] == [2, 2, 2]
    with pytest.raises(InputError, match="becomes approved, published, withdrawn, not 'draft'"):
        store.move(numbers, "draft", OFFICE)


def test_the_notice_is_that_of_the_state(store, run):
    number = store.save_forecast(run, sample_forecast())
    assert store.forecast(number).legal_notice == LEGAL_NOTICE
    for verb, state in (("approve", "approved"), ("publish", "published"), ("withdraw", "withdrawn")):
        record = getattr(store, verb)(number, OFFICE)
        assert record.legal_notice == legal_notice(state)
        assert "DRAFT" not in record.legal_notice["en"] and "草稿" not in record.legal_notice["zh"]


def test_a_draft_keeps_the_notice_it_was_stored_with(store, run, monkeypatch):
    """A later Houfeng words its notices otherwise; what was said then stays."""
    monkeypatch.setattr("houfeng.store.forecasts.LEGAL_NOTICE", {"en": "As it was.", "zh": "当时如此。"})
    number = store.save_forecast(run, sample_forecast())
    monkeypatch.undo()
    assert store.forecast(number).legal_notice == {"en": "As it was.", "zh": "当时如此。"}
    assert store.approve(number, OFFICE).legal_notice == legal_notice("approved")


def test_standing_survives_reopening(tmp_path):
    with Store.open(tmp_path) as store:
        store.approve(store.save_forecast(store.begin_run("forecast", {}), sample_forecast()), OFFICE)
    with Store.open(tmp_path) as store:
        assert store.forecasts()[0].issue.state == "approved"


@pytest.mark.parametrize("authority", ["", " ", "\t\n", "　", "\u200b", "---", "?"])
@pytest.mark.parametrize("verb", ["approve", "publish", "withdraw"])
def test_nothing_moves_without_a_name(store, run, verb, authority):
    number = store.save_forecast(run, sample_forecast())
    if verb == "publish":
        store.approve(number, OFFICE)
    before = store.history(number)
    with pytest.raises(InputError, match="by a named authority; give the name"):
        getattr(store, verb)(number, authority)
    assert store.history(number) == before


def test_an_unknown_forecast_is_named(store):
    for use in (store.load_forecast, store.history, lambda n: store.approve(n, OFFICE)):
        with pytest.raises(StoreError, match=r"no forecast 7 in .*forecasts\(\) lists"):
            use(7)
    with pytest.raises(StoreError, match="cannot hold this value"):
        store.load_forecast(10**30)


def test_a_draft_cannot_be_published_at_once(store, run):
    number = store.save_forecast(run, sample_forecast())
    with pytest.raises(StoreError, match="is draft and cannot become published; only what is approved can"):
        store.publish(number, OFFICE)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE forecasts SET model = 'better'",
        "UPDATE forecasts SET counts = '[]'",
        "DELETE FROM forecasts",
        "INSERT OR REPLACE INTO forecasts SELECT * FROM forecasts",
        "UPDATE forecast_states SET authority = 'somebody else'",
        "DELETE FROM forecast_states WHERE state = 'approved'",
        "INSERT OR REPLACE INTO forecast_states VALUES (2, 1, 'approved', 'somebody else', 'now', '')",
        "INSERT OR REPLACE INTO forecast_states VALUES (9, 1, 'approved', 'somebody else', 'now', '')",
        "INSERT INTO forecast_states VALUES (9, 1, 'draft', '', 'now', '')",
        "INSERT INTO forecast_states VALUES (9, 1, 'published', '', 'now', '')",
        "INSERT INTO forecast_states VALUES (9, 1, 'published', '   ', 'now', '')",
        "INSERT INTO forecast_states VALUES (9, 1, 'predicted', 'x', 'now', '')",
        "UPDATE catalogs SET n_events = 0",
        "DELETE FROM catalogs",
        "INSERT OR REPLACE INTO catalogs SELECT * FROM catalogs",
    ],
)
def test_the_database_itself_refuses_to_change_what_was_issued(store, run, sql):
    """Even another program, with none of our settings, cannot rewrite what was said."""
    store.save_catalog(sample_catalog())
    number = store.save_forecast(run, sample_forecast())
    store.approve(number, OFFICE)
    before = (store.forecasts(), store.history(number), store.catalogs())
    with closing(sqlite3.connect(store.folder / "houfeng.db")) as other:
        with pytest.raises(sqlite3.IntegrityError):
            other.execute(sql)
        other.rollback()
    assert (store.forecasts(), store.history(number), store.catalogs()) == before


NAMES = st.sampled_from([OFFICE, "国务院", "a"]) | st.text(max_size=3)
NEXT = {
    "draft": {"approved", "withdrawn"},
    "approved": {"published", "withdrawn"},
    "published": {"withdrawn"},
}
VERBS = {"approved": "approve", "published": "publish", "withdrawn": "withdraw"}


class Standing(RuleBasedStateMachine):
    """Any order of saving and moving: the store does what this small model of it does."""

    numbers = Bundle("numbers")

    @initialize()
    def open(self):
        self.folder = tempfile.TemporaryDirectory()
        self.store = Store.open(self.folder.name)
        self.run = self.store.begin_run("forecast", {}, version="1")
        self.logs = {}

    @rule(target=numbers, seed=st.integers(0, 4))
    def save(self, seed):
        number = self.store.save_forecast(self.run, sample_forecast(seed))
        self.logs.setdefault(number, [("draft", "")])
        return number

    @rule(number=numbers, state=st.sampled_from(sorted(VERBS)), authority=NAMES)
    def move(self, number, state, authority):
        log = self.logs[number]
        named = any(character.isalnum() for character in authority)
        verb = getattr(self.store, VERBS[state])
        if named and state in NEXT.get(log[-1][0], ()):
            assert verb(number, authority).issue.state == state
            log.append((state, authority.strip()))
        else:
            with pytest.raises(StoreError if named else InputError):
                verb(number, authority)

    @rule()
    def reopen(self):
        self.store.close()
        self.store = Store.open(self.folder.name)
        self.run = self.store.begin_run("forecast", {}, version="1")
        assert self.run.id == 1

    @invariant()
    def logs_agree(self):
        for number, log in getattr(self, "logs", {}).items():
            history = self.store.history(number)
            assert [(entry.state, entry.authority) for entry in history] == log
            published = [entry.authority for entry in history if entry.state == "published"]
            assert all(published)
            issue = self.store.load_forecast(number).issue
            assert (issue.state, issue.authority) == log[-1]

    def teardown(self):
        if hasattr(self, "store"):
            self.store.close()
            self.folder.cleanup()


TestStanding = Standing.TestCase
TestStanding.settings = settings(max_examples=12, stateful_step_count=12, deadline=None)
