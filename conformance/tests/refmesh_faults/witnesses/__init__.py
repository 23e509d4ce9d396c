"""For each fault of the reference mesh a question that tells it from the clean one."""

from conformance.tests.refmesh_faults.witnesses import (
    after_changes,
    changes,
    enforcement,
    parties,
    ports,
    routes,
    splits,
    targets,
)

WITNESSES = {
    **parties.WITNESSES,
    **routes.WITNESSES,
    **ports.WITNESSES,
    **targets.WITNESSES,
    **enforcement.WITNESSES,
    **changes.WITNESSES,
    **after_changes.WITNESSES,
    **splits.WITNESSES,
}
