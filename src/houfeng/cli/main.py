"""The command ``houfeng``: one file per noun, each verb a function of the library; here they only meet."""

import json
import sys
from collections.abc import Sequence

import typer

from houfeng.cli import (
    assess,
    catalog,
    clean,
    clusters,
    config,
    decluster,
    doctor,
    experiment,
    fetch,
    fit,
    forecast,
    geodesy,
    issue,
    models,
    respond,
    run,
    serve,
    simulate,
    train,
    warn,
    warn_log,
)
from houfeng.cli.output import JsonOption, print_json, say
from houfeng.errors import HoufengError

app = typer.Typer(
    name="houfeng",
    help="Calibrated earthquake forecasts, and what to do with them.\n\nStart with: houfeng run",
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"max_content_width": 110},
)

for verb in (fetch, clean, decluster):
    verb.register(catalog.app)
for noun in (run, forecast, fit, simulate, experiment, assess, respond, serve, geodesy, clusters, config, doctor):
    noun.register(app)
warn_log.register(warn.app)
for group in (catalog.app, issue.app, warn.app, train.app, models.app):
    app.add_typer(group, no_args_is_help=False)


@app.command()
def version(as_json: JsonOption = False) -> None:
    """Print the version.

    Example: houfeng version --json
    """
    from houfeng import __version__

    if as_json:
        print_json({"houfeng": __version__})
    else:
        print(f"houfeng {__version__}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code: 0 done, 1 a check failed, 2 an error, 130 interrupted."""
    arguments = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    try:
        code = app(arguments, prog_name="houfeng", standalone_mode=False)
    except HoufengError as error:
        return _fail(error, str(error), as_json="--json" in arguments)
    except typer.TyperException as error:
        path = error.ctx.command_path if getattr(error, "ctx", None) else "houfeng"
        message = f"{error.format_message().rstrip('.')}; see: {path} --help"
        return _fail(error, message, as_json="--json" in arguments)
    except (KeyboardInterrupt, typer.Abort):
        code = 130
    if code == 130:
        say("interrupted")
    return code if isinstance(code, int) else 0


def _fail(error: Exception, message: str, *, as_json: bool) -> int:
    """Tell the error in one line, or as JSON; returns the exit code."""
    message = " ".join(message.split())
    if as_json:
        print(json.dumps({"error": {"type": type(error).__name__, "message": message}}, ensure_ascii=False))
    else:
        say(f"error: {message}")
    return 2
