"""Who hears how far a fit is."""

import threading

import numpy as np
import pytest

from houfeng.cli.choices import progress_shown
from houfeng.models.etas.edges import KernelMass
from houfeng.models.etas.fit import fit_etas
from houfeng.models.etas.likelihood import EtasData
from houfeng.models.progress import heard_by, tell


def test_nobody_listens_unless_asked(capfd):
    tell("half way")
    assert capfd.readouterr() == ("", "")


def test_what_is_told_inside_is_heard_and_nothing_after():
    heard = []
    with heard_by(heard.append):
        tell("one")
        tell("two")
    tell("three")
    assert heard == ["one", "two"]


def test_the_innermost_listens_and_the_outer_again_after_it():
    outer, inner = [], []
    with heard_by(outer.append):
        with heard_by(inner.append):
            tell("inside")
        tell("outside")
    assert (outer, inner) == (["outside"], ["inside"])


def test_an_error_inside_ends_the_listening():
    heard = []
    with pytest.raises(ValueError, match="broken"), heard_by(heard.append):
        raise ValueError("broken")
    tell("later")
    assert heard == []


def test_an_error_of_the_listener_is_not_swallowed():
    def refuse(message):
        raise RuntimeError(message)

    with pytest.raises(RuntimeError, match="half way"), heard_by(refuse):
        tell("half way")


def test_another_thread_is_not_overheard():
    heard = []
    with heard_by(heard.append):
        thread = threading.Thread(target=tell, args=("elsewhere",))
        thread.start()
        thread.join()
    assert heard == []


def test_piped_output_has_the_plain_lines_and_none_of_the_steps(capsys):
    with progress_shown() as progress:
        progress("fitting etas")
        tell("round 1")
    assert capsys.readouterr() == ("", "fitting etas\n")


def test_a_terminal_shows_the_step_beside_the_line_until_the_next_line(monkeypatch, capsys):
    from rich.console import Console
    from rich.progress import Progress

    monkeypatch.setattr(Console, "is_terminal", property(lambda self: True))
    shown = []
    update = Progress.update
    monkeypatch.setattr(
        Progress, "update", lambda self, task, **named: (shown.append(named), update(self, task, **named))
    )
    with progress_shown() as progress:
        progress("fitting etas")
        tell("round 1 [of many]")
        progress("fitting poisson")
    tell("nobody")
    assert shown == [
        {"description": "fitting etas", "step": ""},
        {"step": "round 1 [of many]"},
        {"description": "fitting poisson", "step": ""},
    ]
    assert capsys.readouterr().out == ""


def test_a_space_time_fit_tells_its_declusterings_rounds_and_intervals():
    rng = np.random.default_rng(3)
    n, side = 200, 300.0
    places = np.column_stack([rng.uniform(0, side, (n, 2)), np.zeros(n)])
    data = EtasData(
        np.sort(rng.uniform(0, 3650, n)), places, np.round(rng.exponential(0.43, n), 1), np.ones(n, bool), 0.0, 3650.0,
        log_weight=np.zeros(n), blind_days=np.zeros(n), mass=KernelMass.everywhere(n),
        background=np.full(n, 1 / side**2),
    )  # fmt: skip
    heard = []
    with heard_by(heard.append):
        fit = fit_etas(data, side**2)
    assert [step.split(":")[0] for step in heard[:4]] == [f"declustering {i} of 4" for i in (1, 2, 3, 4)]
    rounds = [step for step in heard if step.startswith("round ")]
    assert len(rounds) == fit.rounds and heard[-1] == "95 % intervals of the parameters"
    assert f"after {fit.evaluations} evaluations" in rounds[-1] or not fit.free[5]
