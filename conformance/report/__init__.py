"""Writes down what a run found: report.json, report.html, and the words for the terminal. Judges nothing."""

from conformance.report.document import Catalogue, Report, verdict_counts
from conformance.report.jsonfile import (
    SCHEMA,
    decode_result,
    encode_result,
    from_json,
    load_report,
    report_schema,
    to_json,
)
from conformance.report.wording import SYMBOLS, Surroundings, explain, name_of
from conformance.report.writing import JSON_FILE, PAGE_FILE, make_directory, point_latest, write_report

__all__ = [
    "JSON_FILE",
    "PAGE_FILE",
    "SCHEMA",
    "SYMBOLS",
    "Catalogue",
    "Report",
    "Surroundings",
    "decode_result",
    "encode_result",
    "explain",
    "from_json",
    "load_report",
    "make_directory",
    "name_of",
    "point_latest",
    "report_schema",
    "to_json",
    "verdict_counts",
    "write_report",
]
