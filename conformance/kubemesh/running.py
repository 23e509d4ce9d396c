"""How the mesh's programs run in their pods: until the kubelet ends them, with what their cluster gives them."""

import asyncio
import logging
import signal
import sys
import tempfile
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import kubernetes

from conformance.errors import ConformanceError
from conformance.kubemesh.rest import Rest


def stop_sign() -> asyncio.Event:
    """Give what is set when this program is to end. To be called in its event loop."""
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    return stopped


def log_to_stderr() -> None:
    """Have the log written where ``kubectl logs`` reads it."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")


def run_in_cluster(serve: Callable[[Rest, Path], Coroutine[Any, Any, None]]) -> int:
    """Run a server of the mesh to its end.

    Args:
        serve: Is given the API server, by the pod's own account, and a directory that goes with the pod.

    Returns:
        The exit code, 3 where the cluster refuses what the server needs.
    """
    log_to_stderr()
    try:
        kubernetes.config.load_incluster_config()  # type: ignore[no-untyped-call]
        with tempfile.TemporaryDirectory() as directory:
            asyncio.run(serve(Rest(kubernetes.client.ApiClient()), Path(directory)))
    except (ConformanceError, kubernetes.config.ConfigException) as error:
        sys.stderr.write(f"{error}\n")
        return 3
    return 0
