"""The embedded cluster: takes Kubernetes manifests, and runs pods as processes of this machine."""

from conformance.cluster.embedded.admission import FieldValidation
from conformance.cluster.embedded.leftovers import sweep_leftovers
from conformance.cluster.embedded.local import LocalCluster

__all__ = ["FieldValidation", "LocalCluster", "sweep_leftovers"]
