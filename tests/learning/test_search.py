"""The search finds, gives up what is hopeless, goes on after a kill, and ends where it would have ended."""

from dataclasses import replace

import numpy as np
import pytest

from houfeng.errors import FitError, InputError
from houfeng.learning.examples import Examples
from houfeng.learning.folds import forward_folds
from houfeng.learning.networks import FusionConfig, MlpConfig, build
from houfeng.learning.search import Choice, Space, judge, search
from houfeng.learning.settings import TrainSettings

SETTINGS = TrainSettings(steps=1, evaluate_every=10)
SPACE = Space(
    learning_rate=(1e-6, 0.03),
    batch_size=(16, 32),
    steps=(10, 20),
    weight_decay=(1e-3, 0.1),
    dropout=(0.0, 0.3),
    depth=(0, 1),
    width=(4, 8),
)


def network(choice):
    return build(FusionConfig((("x", MlpConfig(2, choice.width, choice.depth, choice.dropout)),), depth=0))


def broken(choice):
    """A network that cannot be trained from."""
    built = network(choice)
    built.head[-1].bias.data.fill_(float("inf"))
    return built


def sometimes_broken(choice):
    return broken(choice) if choice.learning_rate > 1e-3 else network(choice)


def some(n=90):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, 2))
    return Examples({"x": x}, (x[:, 0] + 0.3 * rng.normal(size=n) > 0).astype(int))


def run(**more):
    given = {"loss": "binary", "settings": SETTINGS, "trials": 12, "space": SPACE} | more
    return search(given.pop("build_network", network), some(), forward_folds(90, 3), **given)


@pytest.fixture(scope="module")
def whole():
    return run()


def test_the_best_trial_is_kept_and_hopeless_ones_are_given_up(whole):
    complete = [trial for trial in whole.trials if not trial.pruned]
    assert len(whole.trials) == 12
    assert whole.best_loss == min(trial.loss for trial in complete)
    assert whole.best in [trial.choice for trial in complete]
    assert any(trial.pruned for trial in whole.trials)
    assert whole.best.learning_rate > 1e-3


def test_choices_stay_in_the_space(whole):
    for trial in whole.trials:
        for name in Space.__dataclass_fields__:
            low, high = getattr(SPACE, name)
            assert low <= getattr(trial.choice, name) <= high


def test_the_best_loss_can_be_had_again(whole):
    again = judge(network, whole.best, some(), forward_folds(90, 3), "binary", SETTINGS)
    assert again.loss == whole.best_loss


def test_the_same_seed_finds_the_same_and_another_searches_elsewhere(whole):
    assert run(trials=4).trials == whole.trials[:4]
    assert run(trials=2, seed=1).trials != whole.trials[:2]


class Killed(Exception):
    """Stands for a death in a trial."""


def test_a_killed_search_ends_where_it_would_have_ended(tmp_path, whole):
    told, deaths = [], [3, 7]

    def fragile(choice):
        if len(told) == deaths[0]:
            raise Killed
        return network(choice)

    while deaths:
        with pytest.raises(Killed):
            run(build_network=fragile, storage=tmp_path / "search.db", progress=told.append)
        del deaths[0]
    found = run(storage=tmp_path / "search.db", progress=told.append)
    assert found == whole
    assert tuple(told) == whole.trials
    assert run(storage=tmp_path / "search.db", build_network=broken) == whole  # nothing is left to do


def test_another_search_in_the_same_file_starts_afresh(tmp_path):
    one = run(trials=1, storage=tmp_path / "search.db")
    assert run(trials=1, storage=tmp_path / "search.db", build_network=broken) == one
    with pytest.raises(FitError, match="none of 1 trials could be trained on every fold; the last: the loss is not"):
        run(trials=1, storage=tmp_path / "search.db", build_network=broken, name="other")


def test_a_trial_that_fails_is_told_and_does_not_stop_the_search():
    found = run(trials=6, build_network=sometimes_broken)
    failed = [trial for trial in found.trials if trial.why]
    assert failed
    assert all(np.isnan(trial.loss) and "not finite" in trial.why for trial in failed)
    assert found.best.learning_rate <= 1e-3


def test_nonsense_is_refused():
    with pytest.raises(InputError, match="trials=0"):
        run(trials=0)
    with pytest.raises(InputError, match="no folds"):
        search(network, some(), (), loss="binary", settings=SETTINGS)
    with pytest.raises(InputError, match="width from 9 to 3"):
        Space(width=(9, 3))
    with pytest.raises(InputError, match="learning_rate from 0"):
        Space(learning_rate=(0, 1))


def test_a_fold_of_one_class_is_named():
    one = Examples(some().inputs, np.repeat([0, 1, 0], [22, 40, 28]))
    with pytest.raises(InputError, match="fold 1 of 3, training: all 22 targets are 0"):
        judge(network, Choice(0.01, 16, 5, 0.1, 0.0, 1, 4), one, forward_folds(90, 3), "binary", SETTINGS)
    late = Examples(some().inputs, np.arange(90) % 2 * (np.arange(90) < 60))
    with pytest.raises(InputError, match="fold 3 of 3, validation: all 23 targets are 0"):
        judge(network, Choice(0.01, 16, 5, 0.1, 0.0, 1, 4), late, forward_folds(90, 3), "binary", SETTINGS)


def test_a_choice_becomes_settings():
    choice = Choice(0.01, 16, 20, 0.1, 0.2, 2, 8)
    settings = choice.settings(replace(SETTINGS, steps=None, epochs=3, seed=9))
    assert (settings.steps, settings.epochs, settings.batch_size, settings.seed) == (20, None, 16, 9)
    assert (settings.learning_rate, settings.weight_decay) == (0.01, 0.1)


@pytest.mark.slow
def test_several_machines_find_what_one_finds():
    from distributed import Client, LocalCluster

    with (
        LocalCluster(2, threads_per_worker=1, dashboard_address=None, processes=False) as cluster,
        Client(cluster) as client,
    ):
        spread = run(trials=4, client=client, at_once=2)
    alone = run(trials=4, at_once=2)
    assert [trial.choice for trial in spread.trials] == [trial.choice for trial in alone.trials]
    assert [trial.loss for trial in spread.trials] == pytest.approx([trial.loss for trial in alone.trials])
