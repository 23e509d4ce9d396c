"""Removes what there is of a cluster whose creation did not come to its end."""

import time
from pathlib import Path

from conformance.cluster.kind.programs import KindProgram

_PATIENCE = 30
"""How long a ``docker`` that kind called may take to finish. Unit: s. A guess; it starts a node in one or two."""
_PAUSE = 0.2
"""Between two looks. Unit: s."""


def remove_remains(program: KindProgram, cluster: str, kubeconfig: Path) -> None:
    """End the creation, and delete until nobody is left who could make another node.

    Only kind itself is ended at once. Were the ``docker`` ended that it called to start a node, the daemon would go
    on with that node for a while, could neither be asked about it nor told to delete it, and it would stay.

    Raises:
        EnvironmentBrokenError: kind cannot delete.
    """
    program.session.end_first()
    last = time.monotonic() + _PATIENCE
    while True:
        busy = program.session.members()
        program.delete(cluster, kubeconfig)
        if not busy:
            return
        if time.monotonic() > last:
            program.session.end()
        time.sleep(_PAUSE)
