"""Each wrong mesh gives a wrong answer to some question, and the clean one the right answer to the same."""

import pytest

from conformance.refmesh.faults import FAULTS
from conformance.tests.doubles.mesh_worlds import a_pipeline
from conformance.tests.doubles.snapshot_reading import Mesh
from conformance.tests.refmesh_faults.witnesses import WITNESSES

ONLY_IN_ENVOY = {
    "judges-first-request-only",
    "passes-what-is-not-http",
    "split-mirrors-to-parked",
    "splits-per-connection",
    "successors-behind-no-service",
    "untidied-paths",
}
"""Faults that no reading of rules shows; tests with a running Envoy do."""

ONLY_AT_ADMISSION = {"refuses-several-sources", "refuses-three-backends"}
"""Faults that change no rule, since what they are about is never stored; `test_admission.py` shows them."""


def answer(witness, *faults):
    pipeline = a_pipeline(*faults)
    for policy in witness.policies:
        objects = [*witness.world(), *policy]
        snapshots = pipeline.run(objects)
    return witness.ask(Mesh(objects, snapshots))


def test_every_fault_has_a_witness():
    """No wrong mesh is in the list without a question that tells it."""
    assert WITNESSES.keys() | ONLY_IN_ENVOY | ONLY_AT_ADMISSION == {
        name for name, fault in FAULTS.items() if not fault.metrics
    }


@pytest.mark.parametrize("name", WITNESSES)
def test_fault_is_told_from_the_clean_mesh(name):
    """The same question, after the same changes: right without the fault, wrong with it."""
    witness = WITNESSES[name]
    assert (answer(witness), answer(witness, name)) == (witness.right, witness.wrong)
