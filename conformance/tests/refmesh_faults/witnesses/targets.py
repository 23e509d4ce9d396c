"""Of faults about several targets, and how far a grant goes."""

from conformance.tests.doubles.smi_objects import a_target, an_account, an_entry
from conformance.tests.refmesh_faults.witnesses.asking import (
    BANK,
    SHOP,
    A,
    B,
    granted,
    overlapping,
    sends,
    two_targets,
)

WITNESSES = {
    "last-target-wins": sends(A, right=True, after=(two_targets(),)),
    "targets-narrow-each-other": sends(A, right=True, after=(two_targets(),)),
    "recombines-targets": sends(A, path="/api", right=False, after=(two_targets(),)),
    "first-fitting-route-decides": sends(B, path="/osm", right=True, after=(overlapping(),)),
    "first-fitting-entry-decides": sends(
        A,
        method="POST",
        right=True,
        after=(
            granted(
                an_entry("read", pathRegex="/metrics$", methods=["GET"]),
                an_entry("write", pathRegex="/metrics$", methods=["POST"]),
            ),
        ),
    ),
    "grants-go-both-ways": sends(SHOP, BANK, right=False, after=(granted(sources=[an_account("bank")]),)),
    "grants-carry-on": sends(
        A,
        BANK,
        right=False,
        after=(
            (
                *granted(),
                a_target(name="bank", destination=an_account("bank"), sources=[an_account("shop")]),
            ),
        ),
    ),
}
