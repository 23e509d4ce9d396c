"""The runner on a cluster, a mesh and a prober that are functions, in virtual time."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.tests.doubles.playhouse import Playhouse


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Playhouse]:
    """An open session on doubles; by itself the mesh does what the manifests say."""
    made = Playhouse(tmp_path, monkeypatch)
    made.session.open()
    yield made
    made.journal.obstacle = lambda _verb, _about: None
    made.session.close()
