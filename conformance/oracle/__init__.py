"""What the manifests mean: the expected truth table and the expected shares, each with the rule that decided.

This is one of two independent readings of SMI; the reference mesh is the other. Pure.
"""

from conformance.oracle.figures import MetricsOracle
from conformance.oracle.ledger import Known
from conformance.oracle.spread import expected_spread
from conformance.oracle.table import expected_for_responder, expected_table

__all__ = ["Known", "MetricsOracle", "expected_for_responder", "expected_spread", "expected_table"]
