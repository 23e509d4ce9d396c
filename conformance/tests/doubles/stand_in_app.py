"""A pod's app that does next to nothing: answers pings, holds its ports, and ends when it is told to.

``--http=N`` and ``--tcp=N`` take connections on a port. ``--fails`` writes a line and ends with exit code 3;
``--mute`` never opens its channel. The message ``{"op": "environment"}`` is answered with the SMI variables
and the hosts that the app was given.
"""

import json
import os
import socket
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def answer(message: Mapping[str, Any]) -> dict[str, Any]:
    """Answer one message of the channel."""
    if message["op"] == "environment":
        known = {name: value for name, value in os.environ.items() if name.startswith("SMI_")}
        hosts = json.loads(Path(os.environ["SMI_HOSTS"]).read_text("utf-8"))
        return {"environment": known, "hosts": hosts, "pid": os.getpid(), "arguments": sys.argv[1:]}
    return {"op": "ping", "pong": True}


def serve(connection: socket.socket) -> None:
    """Answer the messages of one connection until it ends."""
    with connection, connection.makefile("rb") as lines:
        for line in lines:
            connection.sendall(json.dumps(answer(json.loads(line))).encode() + b"\n")


def main() -> None:
    """Do as the arguments say."""
    arguments = sys.argv[1:]
    if "--fails" in arguments:
        sys.stderr.write("there is no luck today\n")
        sys.exit(3)
    ports = [int(one.partition("=")[2]) for one in arguments if "=" in one]
    held = [socket.create_server((os.environ["SMI_BIND"], port)) for port in ports]
    if "--mute" in arguments:
        threading.Event().wait()
    with socket.socket(socket.AF_UNIX) as channel:
        channel.bind(os.environ["SMI_SOCKET"])
        channel.listen()
        while held is not None:
            connection, _ = channel.accept()
            threading.Thread(target=serve, args=(connection,), daemon=True).start()


if __name__ == "__main__":
    main()
