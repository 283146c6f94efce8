"""The command line as a person and as a program meet it."""

import json
import re
import subprocess
import sys
import tomllib

import pytest
import typer

from houfeng import __version__
from houfeng.cli import main as module
from houfeng.cli.main import app, main
from houfeng.errors import CatalogError


def commands() -> dict[str, object]:
    """Every command by its full name, as typer built it."""

    def walk(command, path: tuple[str, ...]):
        inner = getattr(command, "commands", None)
        if inner is None:
            yield " ".join(path), command
        else:
            for name, child in inner.items():
                yield from walk(child, (*path, name))

    return dict(walk(typer.main.get_command(app), ()))


def in_shell(*arguments: str, **options) -> subprocess.CompletedProcess:
    code = "import sys; from houfeng.cli.main import main; sys.exit(main())"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=60, **options
    )


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOUFENG_DATA_DIR", str(tmp_path / "data"))


def test_the_promised_commands_are_there():
    verbs = {"run", "forecast", "fit", "simulate", "experiment", "assess", "respond", "serve"}
    verbs |= {"config", "doctor", "version"}
    catalog = {f"catalog {verb}" for verb in ("info", "fetch", "convert", "plot", "clean", "decluster")}
    issue = {f"issue {verb}" for verb in ("list", "show", "approve", "publish", "withdraw")}
    warn = {"event", "update", "forecast", "list", "show", "approve", "publish", "withdraw", "cancel", "all-clear"}
    train = {f"train {verb}" for verb in ("forecast", "images", "waveforms")}
    models = {"list", "add", "get", "show", "compare", "promote", "pool", "rollback", "retire", "update"}
    learned = train | {f"models {verb}" for verb in models} | {"gnss", "clusters"}
    assert set(commands()) == verbs | catalog | issue | {f"warn {verb}" for verb in warn} | learned


@pytest.mark.parametrize("name", sorted(commands()))
def test_every_command_explains_itself_with_an_example_and_speaks_json(name, capsys):
    command = commands()[name]
    assert "--json" in {option for parameter in command.params for option in parameter.opts}
    example = re.search(rf"Example: (houfeng {name}.*)", command.help)
    assert example, f"no example in the help of {name}"
    assert main([*name.split(), "--help"]) == 0
    shown = capsys.readouterr().out
    assert "--json" in shown and "Example:" in shown


@pytest.mark.parametrize("name", sorted(commands()))
def test_every_option_and_argument_is_explained(name):
    for parameter in commands()[name].params:
        assert parameter.help, f"{name}: {parameter.name} has no help"


def test_without_arguments_help_is_shown(capsys):
    assert main([]) == 0
    assert "houfeng run" in capsys.readouterr().out


def test_version(capsys):
    assert main(["version"]) == 0
    assert capsys.readouterr().out == f"houfeng {__version__}\n"
    assert main(["version", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"houfeng": __version__}


@pytest.mark.parametrize("arguments", [["forcast"], ["config", "--jsn"], ["version", "surplus"], ["catalog"]])
def test_a_wrong_call_is_one_line_with_the_way_to_help(arguments, capsys):
    assert main(arguments) == 2
    told = capsys.readouterr()
    assert told.out == "" and re.fullmatch(r"error: .{10,60}; see: houfeng[ a-z]* --help\n", told.err)


def test_a_wrong_call_in_json(capsys):
    assert main(["catalog", "fetch", "--min-magnitude", "big", "--json"]) == 2
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["type"] == "BadParameter" and "'--min-magnitude'" in error["message"]


def test_our_errors_are_one_line_and_never_a_traceback(monkeypatch, capsys):
    def fail(*_: object, **__: object):
        raise CatalogError("row 3 is bad:\n  mend it")

    monkeypatch.setattr(module, "app", fail)
    assert main(["version"]) == 2
    assert capsys.readouterr().err == "error: row 3 is bad: mend it\n"
    assert main(["version", "--json"]) == 2
    error = json.loads(capsys.readouterr().out)["error"]
    assert error == {"type": "CatalogError", "message": "row 3 is bad: mend it"}


def test_other_errors_are_not_hidden(monkeypatch):
    def fail(*_: object, **__: object):
        raise ZeroDivisionError

    monkeypatch.setattr(module, "app", fail)
    with pytest.raises(ZeroDivisionError):
        main(["version"])


def test_an_interrupt_ends_with_130(monkeypatch, capsys):
    def interrupt(*_: object, **__: object):
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "app", interrupt)
    assert main(["version"]) == 130
    assert capsys.readouterr().err == "interrupted\n"


def test_an_interrupt_inside_a_command_ends_with_130(monkeypatch):
    def interrupt(*_: object, **__: object):
        raise KeyboardInterrupt

    monkeypatch.setattr("houfeng.config.load_settings", interrupt)
    assert main(["config"]) == 130


def test_config_prints_toml_that_loads(capsys, tmp_path):
    assert main(["config"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("# defaults; no houfeng.toml here\n")
    assert tomllib.loads(shown)["forecast"]["n_simulations"] == 10_000
    (tmp_path / "houfeng.toml").write_text(shown)
    assert main(["config"]) == 0
    assert capsys.readouterr().out.startswith(f"# {tmp_path / 'houfeng.toml'}\n")


def test_config_in_json_names_file_and_settings(capsys, tmp_path):
    (tmp_path / "houfeng.toml").write_text("[forecast]\nseed = 4\n")
    assert main(["config", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["file"] == str(tmp_path / "houfeng.toml")
    assert shown["settings"]["forecast.seed"] == 4
    assert shown["settings"]["data_dir"] == str(tmp_path / "data")


def test_a_wrong_setting_stops_every_command_that_reads_them(capsys, tmp_path):
    (tmp_path / "houfeng.toml").write_text("[forecast]\nseeed = 4\n")
    assert main(["config"]) == 2
    assert "did you mean 'forecast.seed'?" in capsys.readouterr().err


def test_the_whole_way_from_a_shell(tmp_path):
    done = in_shell("config", "--json", cwd=tmp_path)
    assert done.returncode == 0 and json.loads(done.stdout)["file"] is None and done.stderr == ""
    failed = in_shell("config", cwd=tmp_path, env={"HOUFENG_CONFIG": "/no/such/file", "PATH": "/usr/bin"})
    assert failed.returncode == 2 and failed.stdout == ""
    assert failed.stderr.startswith("error: HOUFENG_CONFIG names /no/such/file") and failed.stderr.count("\n") == 1


def test_a_closed_pipe_is_no_traceback(tmp_path):
    command = f"{sys.executable} -c 'import sys; from houfeng.cli.main import main; sys.exit(main())' config | true"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert "Traceback" not in done.stderr
