"""The server: a socket on this computer, and uvicorn behind it."""

import errno
import ipaddress
import os
import socket
from pathlib import Path

import uvicorn

from houfeng.errors import InputError
from houfeng.service.app import create_app

#: Connections that may wait while others are accepted.
BACKLOG = 128


def listen(host: str, port: int) -> socket.socket:
    """A listening socket on a loopback address.

    Parameters
    ----------
    host
        An address of this computer alone: ``127.0.0.1``, ``::1`` or ``localhost``.
    port
        0 lets the system choose a free one.

    Raises
    ------
    InputError
        When `host` can be reached from elsewhere, or the port is taken or not allowed.
    """
    address = ipaddress.ip_address(_loopback(host))
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
    opened = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name == "posix":  # elsewhere this option would let two servers share the port
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind((str(address), port))
        opened.listen(BACKLOG)
    except OSError as error:
        opened.close()
        taken = error.errno in (errno.EADDRINUSE, errno.EACCES)
        why = "is in use or reserved" if taken else f"cannot be used ({error.strerror or error})"
        raise InputError(
            f"port {port} on {host} {why}; give another with --port, or --port 0 for a free one"
        ) from error
    return opened


def address_of(opened: socket.socket) -> str:
    """The address to open in a browser."""
    host, port = opened.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def serve(opened: socket.socket, store: str | Path) -> None:
    """Answer on `opened` from the store in folder `store` until the process is told to stop."""
    config = uvicorn.Config(create_app(store), log_level="warning", access_log=False, server_header=False)
    uvicorn.Server(config).run(sockets=[opened])


def _loopback(host: str) -> str:
    name = "127.0.0.1" if host.strip().lower() == "localhost" else host.strip().strip("[]")
    try:
        inside = ipaddress.ip_address(name).is_loopback
    except ValueError:
        inside = False
    if not inside:
        raise InputError(
            f"houfeng serve has no log-in and answers this computer only, not '{host}'; use 127.0.0.1, and from "
            "another computer a tunnel: ssh -L 8765:127.0.0.1:8765 THIS-COMPUTER"
        )
    return name
