"""A metrics API in memory: right by itself, and wrong in one named way at a time.

It counts what the prober's double notes of every call, in a way of its own: per pair of pods, with windows by
time. Its faults have the names of the reference mesh's, so that a scenario is tried on both.
"""

from conformance.tests.doubles.memory_metrics.api import MemoryMetrics
from conformance.tests.doubles.memory_metrics.asked import GROUP, KINDS, VERSION
from conformance.tests.doubles.memory_metrics.calls import WINDOW, Noted
from conformance.tests.doubles.memory_metrics.faults import FAULTS

__all__ = ["FAULTS", "GROUP", "KINDS", "VERSION", "WINDOW", "MemoryMetrics", "Noted"]
