"""SIMULATED records, windows of them, the rule and the network that tells them apart."""

import json

import numpy as np
import pytest

from houfeng.cli.main import main
from houfeng.errors import InputError, SourceError
from houfeng.learning.networks import build, config_from_json, config_to_json
from houfeng.learning.simulated_waveforms import (
    NOISE,
    P,
    Records,
    S,
    Simulation,
    corner_frequency_hz,
    simulate_records,
)
from houfeng.learning.waveform_classifier import (
    Rule,
    WaveformConfig,
    balanced_accuracy,
    by_event,
    cut_windows,
    fit_rule,
    normalised,
    read_records,
    rule_features,
)
from houfeng.operations.train_waveforms import train_waveforms, window_scores


@pytest.fixture(scope="module")
def records() -> Records:
    return simulate_records(30, np.random.default_rng(3))


def test_records_are_marked_simulated_and_seeded(records):
    again = simulate_records(30, np.random.default_rng(3))
    assert records.simulated and np.array_equal(records.data, again.data)
    assert records.data.shape == (30, 3, 6000) and np.isfinite(records.data).all()
    assert not np.array_equal(records.data, simulate_records(30, np.random.default_rng(4)).data)


def test_nothing_arrives_before_p_and_s_comes_after_it():
    quiet = Simulation(signal_to_noise=(1e6, 1e6), dead_component=0.0)
    records = simulate_records(20, np.random.default_rng(1), quiet)
    assert (records.s_sample > records.p_sample).all()
    for data, p, s in zip(records.data, records.p_sample, records.s_sample, strict=True):
        before, peak = np.abs(data[:, : p - 1]).max(), np.abs(data).max()
        assert before < 1e-4 * peak
        assert np.abs(data[:, p : p + 100]).max() > 10 * before
        assert np.abs(data[:, s : s + 300]).max() > np.abs(data[:, p : s - 1]).max() * 0.3


def test_s_minus_p_is_that_of_the_half_space():
    fixed = Simulation(distance_km=(60.0, 60.0), depth_km=(10.0, 10.0), p_velocity_km_s=(6.0, 6.0), vp_vs=(1.75, 1.75))
    records = simulate_records(3, np.random.default_rng(2), fixed)
    lag = np.hypot(60, 10) * (1.75 - 1) / 6.0
    assert np.allclose((records.s_sample - records.p_sample) / 100, lag, atol=0.006)


def test_larger_earthquakes_have_lower_corners():
    assert corner_frequency_hz(4.0, 3.0, 3.5) == pytest.approx(2.29, abs=0.01)
    assert corner_frequency_hz(2.0, 3.0, 3.5) == pytest.approx(10 * corner_frequency_hz(4.0, 3.0, 3.5))


def test_ranges_that_make_no_record_are_refused():
    with pytest.raises(InputError, match="onset_s=70"):
        Simulation(onset_s=70.0)
    with pytest.raises(InputError, match="sampling_hz"):
        Simulation(sampling_hz=5.0)
    with pytest.raises(InputError, match="n=0"):
        simulate_records(0, np.random.default_rng(0))


def test_windows_hold_what_their_label_says_at_places_that_vary():
    """Each sample carries its own index, so a window tells where it was cut."""
    n, length = 40, 3000
    ramp = np.broadcast_to(np.arange(length, dtype=np.float32), (n, 3, length))
    records = Records(ramp, np.full(n, 1000), np.full(n, 1500), np.arange(n), simulated=False)
    rng, starts = np.random.default_rng(0), {NOISE: [], P: [], S: []}

    class Spy:
        def integers(self, first, last):
            drawn = int(rng.integers(first, last))
            starts[len(seen) % 3].append(drawn)
            seen.append(drawn)
            return drawn

    seen = []
    examples, event = cut_windows(records, Spy(), samples=200)
    assert examples.target.tolist() == [NOISE, P, S] * n and (np.bincount(event) == 3).all()
    assert max(starts[NOISE]) + 200 < 1000
    for label, arrival in ((P, 1000), (S, 1500)):
        inside = arrival - np.array(starts[label])
        assert inside.min() >= 40 and inside.max() <= 160 and np.ptp(inside) > 60
    assert np.allclose(examples.inputs["waveform"].std(axis=(1, 2)), 1)


def test_a_window_of_p_never_holds_s():
    close = Records(np.ones((1, 3, 3000), np.float32), np.array([1000]), np.array([1030]), np.zeros(1, int), False)
    examples, _ = cut_windows(close, np.random.default_rng(0), samples=200)
    assert P not in examples.target and S in examples.target
    with pytest.raises(InputError, match="no window of 5000 samples"):
        cut_windows(close, np.random.default_rng(0), samples=5000)


def test_a_dead_window_stays_zero():
    assert not normalised(np.full((3, 50), 7.0)).any()


def test_splits_never_share_an_earthquake():
    event = np.repeat(np.arange(20), 3)
    judged = by_event(event, 0.25, np.random.default_rng(1))
    assert judged.sum() == 15 and not set(event[judged]) & set(event[~judged])
    with pytest.raises(InputError, match="at least two events"):
        by_event(np.zeros(5, int), 0.5, np.random.default_rng(1))


def test_the_rule_sees_onsets_and_polarisation():
    rng = np.random.default_rng(2)
    windows = rng.normal(size=(3, 3, 200)) * 0.1
    windows[1, 2, 100:] += rng.normal(size=100) * 3  # up
    windows[2, :2, 100:] += rng.normal(size=(2, 100)) * 3  # sideways
    features = rule_features(windows)
    assert features[0, 0] < features[1, 0] and features[0, 0] < features[2, 0]
    assert features[1, 1] < -2 < 2 < features[2, 1]
    assert Rule(2.0, 0.0).classes(windows).tolist() == [NOISE, P, S]


def test_the_rule_beats_no_skill_on_simulated_windows(records):
    examples, _ = cut_windows(records, np.random.default_rng(5), each=3)
    rule = fit_rule(examples)
    assert balanced_accuracy(examples.target, rule.classes(examples.inputs["waveform"])) > 0.45


@pytest.mark.parametrize("design", ["cnn", "gru"])
def test_a_network_goes_to_json_and_back_and_gives_a_logit_a_class(design):
    import torch

    config = WaveformConfig(design=design, width=4)
    assert config_from_json(json.loads(json.dumps(config_to_json(config)))) == config
    assert build(config)({"waveform": torch.zeros(2, 3, 200)}).shape == (2, 3)
    with pytest.raises(InputError, match="none of cnn, gru"):
        WaveformConfig(design="lstm")


def test_files_are_read_and_bad_ones_named(tmp_path):
    with pytest.raises(SourceError, match="no .npz record"):
        read_records(tmp_path)
    data = np.random.default_rng(0).normal(size=(900, 3)).astype(np.float32)
    np.savez(tmp_path / "a.npz", data=data, itp=np.array([[300]]), its=np.array([[400]]))
    found = read_records(tmp_path)
    assert not found.simulated and found.data.shape == (1, 3, 900) and np.array_equal(found.data[0], data.T)
    assert (found.p_sample[0], found.s_sample[0]) == (300, 400)
    np.savez(tmp_path / "b.npz", data=data, itp=500, its=400)
    with pytest.raises(SourceError, match="b.npz.*P at 500"):
        read_records(tmp_path)
    whole = (tmp_path / "a.npz").read_bytes()
    for broken in (b"PK broken", b"", whole[: len(whole) // 2], b"no archive"):
        (tmp_path / "b.npz").write_bytes(broken)
        with pytest.raises(SourceError, match="b.npz"):
            read_records(tmp_path)
    gap = data.copy()
    gap[77, 1] = np.nan
    np.savez(tmp_path / "b.npz", data=gap, itp=300, its=400)
    with pytest.raises(SourceError, match="b.npz: sample 77 is not a finite number"):
        read_records(tmp_path)
    np.savez(tmp_path / "b.npz", data=data[:800], itp=300, its=400)
    with pytest.raises(SourceError, match="b.npz has 800 samples, the files before 900"):
        read_records(tmp_path)


def test_windows_are_told_by_the_file_they_were_cut_from(tmp_path, rng_seed=3):
    rng = np.random.default_rng(rng_seed)
    for name in ("b", "a"):
        np.savez(tmp_path / f"{name}.npz", data=rng.normal(size=(900, 3)), itp=400, its=600)
    windows, event = cut_windows(read_records(tmp_path), rng, samples=100)
    files = [str(tmp_path / f"{'ab'[one]}.npz") for one in event]
    assert list(windows.names) == files and len(set(files)) == 2


def test_too_few_earthquakes_and_a_class_without_windows_are_named(tmp_path):
    rng = np.random.default_rng(0)
    (tmp_path / "few").mkdir()
    np.savez(tmp_path / "few" / "a.npz", data=rng.normal(size=(900, 3)), itp=400, its=600)
    with pytest.raises(InputError, match="few: 1 earthquakes have a window .* class 'noise', at least 5"):
        train_waveforms(tmp_path / "m", records=tmp_path / "few")
    (tmp_path / "early").mkdir()
    for i in range(6):  # P so early that no window of noise is before it
        np.savez(tmp_path / "early" / f"{i}.npz", data=rng.normal(size=(900, 3)), itp=60, its=400)
    with pytest.raises(InputError, match="early: 0 earthquakes have a window of 200 samples of the class 'noise'"):
        train_waveforms(tmp_path / "m", records=tmp_path / "early")
    assert not (tmp_path / "m").exists()


def test_a_classifier_is_trained_and_goes_on_after_a_kill(tmp_path, capsys):
    few = {"count": 40, "epochs": 3}
    whole = train_waveforms(tmp_path / "whole", **few)

    def kill(at):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_waveforms(tmp_path / "killed", **few, progress=kill)
    again = train_waveforms(tmp_path / "killed", **few)
    assert again.card["scores"] == whole.card["scores"] and whole.card["simulated"]
    assert whole.card["records"] == "SIMULATED by Houfeng" and (tmp_path / "whole" / "model.onnx").is_file()
    assert main(["train", "waveforms", "--count", "20", "--epochs", "1", "--out", str(tmp_path / "c"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["earthquakes"] == 20


@pytest.mark.shared
@pytest.mark.slow
def test_what_is_learned_from_simulated_records_carries_over_to_real_ones(shared_data, tmp_path):
    trained = train_waveforms(tmp_path, count=300, epochs=10)
    windows, _ = cut_windows(read_records(shared_data / "waveforms" / "ncedc"), np.random.default_rng(0))
    scores = window_scores(trained.network, trained.rule, windows)
    assert scores["balanced_accuracy"] > 0.5 > scores["no_skill"]
