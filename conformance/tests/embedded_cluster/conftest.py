"""An embedded cluster whose pods run the stand-in app, with the namespace ``here``."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from conformance.cluster.embedded import LocalCluster
from conformance.tests.doubles.objects import STAND_IN_APP, a_namespace

ENOUGH = timedelta(seconds=20)
"""Longer than anything here takes on a busy machine."""


@pytest.fixture
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for runs; shorter than tmp_path, since sockets lie below it."""
    return tmp_path_factory.mktemp("runs")


@pytest.fixture
def cluster(runs: Path) -> Iterator[LocalCluster]:
    with LocalCluster("test", runs, app_module=STAND_IN_APP) as opened:
        opened.apply([a_namespace()])
        yield opened


@pytest.fixture
def ask_app(cluster: LocalCluster) -> Callable[[str], Any]:
    def ask(workload: str) -> Any:
        channel = cluster.channel(workload)
        channel.write({"op": "environment"})
        try:
            return channel.read(ENOUGH)
        finally:
            channel.close()

    return ask
