"""Judges what a metrics API answered, aspect by aspect, against what both ends of the traffic saw. Pure."""

from conformance.judge.metrics.discovery import resources_beyond
from conformance.judge.metrics.judging import judge_readings
from conformance.judge.metrics.rules import MetricsRules, Times
from conformance.judge.metrics.traffic import DrivenCall, judge_traffic

__all__ = ["DrivenCall", "MetricsRules", "Times", "judge_readings", "judge_traffic", "resources_beyond"]
