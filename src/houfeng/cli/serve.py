"""``houfeng serve``."""

import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from houfeng.cli.output import JsonOption, print_json, say


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command("serve")(serve)


def serve(
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port; 0 takes a free one.")] = 8765,
    host: Annotated[str, typer.Option("--host", help="Address of this computer; no other is allowed.")] = "127.0.0.1",
    store: Annotated[
        Path | None, typer.Option("--store", help="Folder of the store; by default data_dir of the settings.")
    ] = None,
    open_page: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show runs, maps, chances and scoreboards in the browser, to this computer alone; Ctrl-C stops it.

    It only reads, and loads nothing from the internet. New runs appear while it is open.

    Example: houfeng serve --open
    """
    from houfeng.config import load_settings
    from houfeng.store import StoreReader

    listen, address_of, answer = _server()
    folder = load_settings().data_dir if store is None else store
    if StoreReader.exists(folder):
        StoreReader.open(folder).close()  # what cannot be read is told here, not on the page
    opened = listen(host, port)
    url = address_of(opened)
    if as_json:
        print_json({"url": url, "store": folder.absolute()})
    else:
        print(f"Houfeng is at {url}")
        say(f"store: {folder.absolute()}; Ctrl-C stops it")
    sys.stdout.flush()
    if open_page:
        import webbrowser

        webbrowser.open(url)
    try:
        with suppress(KeyboardInterrupt):  # the server may keep it to itself
            answer(opened, folder)
    finally:
        opened.close()
    say("stopped")


def _server():
    """What the server is made of; MissingExtraError where the extra is not installed."""
    from houfeng.errors import MissingExtraError

    try:
        from houfeng.service import server
    except ModuleNotFoundError as error:
        if error.name.split(".")[0] == "houfeng":
            raise
        raise MissingExtraError(f'houfeng serve needs {error.name}; pip install "houfeng[service]"') from error
    return server.listen, server.address_of, server.serve
