"""report.json: a report as one JSON document of a published shape.

The shape is `fixtures/report.schema.json`. It has a number of its own, `SCHEMA`, which rises when a field
goes away or changes its meaning; a field that is added leaves it.
"""

import json
from pathlib import Path
from typing import Any

from conformance.errors import ReportCutShortError, ReportError
from conformance.model.result import RunResult, ScenarioResult
from conformance.report.document import Catalogue, Report, verdict_counts
from conformance.report.shape import Json, UnreadableError, decode, encode, schema_of
from conformance.spec import Requirement

SCHEMA = 1
"""The version of the shape that this suite writes and reads."""


def encode_result(result: ScenarioResult) -> Json:
    """Turn one result into JSON: how it crosses from a worker to the process that reports."""
    return encode(result)


def decode_result(data: Json) -> ScenarioResult:
    """Read what `encode_result` wrote.

    Raises:
        UnreadableError: It is something else.
    """
    result: ScenarioResult = decode(ScenarioResult, data)
    return result


def to_json(report: Report) -> dict[str, Json]:
    """Turn a report into JSON; what a reader asks first stands first."""
    run = report.run
    counts = {verdict.value: count for verdict, count in verdict_counts(run.results).items()}
    return {
        "schema": SCHEMA,
        "complete": run.complete,
        "verdicts": counts,
        **encode(run),
        "requirements": encode(report.catalogue.requirements),
        "shown_by": encode(report.catalogue.shown_by),
    }


def from_json(data: Json, where: str) -> Report:
    """Read a report from JSON.

    Args:
        data: What `to_json` gave.
        where: What it was read from, for messages.

    Raises:
        ReportError: It is no report, or one of another schema.
    """
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        found = data.get("schema") if isinstance(data, dict) else None
        raise ReportError(
            f"this is no report of schema {SCHEMA} (it says {found!r})",
            where,
            "read it with the version of smi-conformance that wrote it",
        )
    try:
        return _read(data)
    except UnreadableError as error:
        raise ReportError(
            f"the report does not have its shape: {error}",
            where,
            "compare it with fixtures/report.schema.json",
        ) from error


def _read(data: dict[str, Json]) -> Report:
    requirements: tuple[Requirement, ...] = decode(
        tuple[Requirement, ...], data.get("requirements"), "requirements"
    )
    shown_by = data.get("shown_by")
    if not isinstance(shown_by, dict):
        raise UnreadableError("shown_by is no object")
    shown = {str(key): decode(tuple[str, ...], ids, f"shown_by.{key}") for key, ids in shown_by.items()}
    run: RunResult = decode(RunResult, data)
    return Report(run=run, catalogue=Catalogue(requirements=requirements, shown_by=shown))


def load_report(path: Path) -> Report:
    """Read a report.json back.

    Raises:
        ReportCutShortError: It ends before its end: a copy that was cut, or a disk that was full.
        ReportError: It cannot be read, or is no report.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ReportError(
            f"the report cannot be read: {error}", str(path), "name a report.json that a run wrote"
        ) from error
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise ReportCutShortError(
            f"the report ends too early or is damaged (line {error.lineno}: {error.msg})",
            str(path),
            "copy it again, or run the suite again; nothing in it can be trusted",
        ) from error
    return from_json(data, str(path))


def report_schema() -> dict[str, Any]:
    """Give the JSON Schema of report.json, as it is published in ``fixtures/report.schema.json``."""
    body = schema_of(RunResult)
    catalogue = schema_of(tuple[Requirement, ...])
    counts = {verdict.value: {"type": "integer", "minimum": 0} for verdict in verdict_counts(())}
    properties = {
        "schema": {"const": SCHEMA, "description": "The version of this shape."},
        "complete": {},
        "verdicts": {
            "description": "How many results have each verdict.",
            "type": "object",
            "properties": counts,
            "required": list(counts),
            "additionalProperties": False,
        },
        **body["properties"],
        "requirements": {**catalogue, "description": "Every requirement the suite knows, run or not."},
        "shown_by": {
            "description": "Per requirement id the ids of all scenarios that show it, run or not.",
            "type": "object",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        },
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Report of one run of the SMI conformance suite",
        "description": body["description"],
        "type": "object",
        "properties": properties,
        "required": list(properties),
    }
