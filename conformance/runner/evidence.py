"""What a scenario that did not pass leaves behind, written before anything is removed."""

import json
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from conformance.model.metrics import Answered
from conformance.model.traffic import Witnessed
from conformance.runner.metering import AskedMetrics
from conformance.runner.record import PlayedStep, Record
from conformance.runner.stage import Stage
from conformance.runner.unforeseen import TRACEBACK

_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
"""Every step's manifests stand in the report; the one in C, where PyYAML has it, is ten times as fast."""


_LONGEST_BODY = 64 * 1024
"""How much of an answer of the metrics API is kept. Unit: bytes."""


def manifests_text(step: PlayedStep) -> str:
    """Write what a step had in force as one YAML text, as a person would apply it, and who had new pods before."""
    bodies = (dict(one.body) for one in step.in_force)
    note = f"# before: new pods of {', '.join(step.replaced)}\n" if step.replaced else ""
    return note + str(yaml.dump_all(bodies, Dumper=_DUMPER, sort_keys=False, default_flow_style=None))


def keep_evidence(stage: Stage, record: Record, directory: Path) -> None:
    """Write every call with both ends' view, the manifests of each step, and what the cluster knows.

    Args:
        stage: Where the scenario was played; its objects are still there.
        record: Of the scenario, as far as it came.
        directory: Where to write; made when it is missing.

    Raises:
        OSError: The directory cannot be written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    for number, step in enumerate(record.steps, start=1):
        (directory / f"step-{number}-manifests.yaml").write_text(manifests_text(step))
        _write_calls(directory / f"step-{number}-calls.json", step.witnessed)
        for each in step.asked:
            if isinstance(each, AskedMetrics):
                _write_readings(directory / f"step-{number}-metrics.json", each)
    _write_calls(directory / "control-calls.json", record.control)
    stage.cluster.collect_evidence(sorted(stage.world.namespaces.values()), directory / "cluster")


def keep_traceback(error: Exception, directory: Path) -> None:
    """Write where in the suite an unforeseen error came up.

    Raises:
        OSError: The directory cannot be written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    text = "".join(traceback.format_exception(error))
    (directory / TRACEBACK).write_text(text, encoding="utf-8", errors="backslashreplace")


def _write_calls(path: Path, witnessed: Sequence[Witnessed]) -> None:
    path.write_text("[\n" + ",\n".join(json.dumps(_call(one)) for one in witnessed) + "\n]\n")


def _write_readings(path: Path, asked: AskedMetrics) -> None:
    """Write what was read, to the letter and bounded, with when."""
    lines = [
        json.dumps(_answered(name, each))
        for once in asked.readings
        for name, each in (("main", once.main), *once.others.items())
    ]
    path.write_text("[\n" + ",\n".join(lines) + "\n]\n")


def _answered(name: str, one: Answered) -> dict[str, Any]:
    body = one.answer.body[:_LONGEST_BODY].decode("utf-8", "backslashreplace")
    return {
        "what": name,
        "request": str(one.request),
        "asked_at": one.asked_at.isoformat(),
        "answered_at": one.answered_at.isoformat(),
        "status": one.answer.status,
        "body": body,
        "is_cut": len(one.answer.body) > _LONGEST_BODY,
    }


def _call(one: Witnessed) -> dict[str, Any]:
    seen = one.observation
    return {
        "cell": str(one.cell),
        "call": one.call.id,
        "host": one.call.host,
        "ending": seen.ending.value,
        "status": seen.status,
        "responder": seen.responder,
        "elapsed_ms": round(seen.elapsed.total_seconds() * 1000, 2),
        "detail": seen.detail,
        "receipts": [
            {
                "responder": receipt.responder,
                "port": receipt.port,
                "protocol": receipt.protocol,
                "method": receipt.method,
                "raw_path": receipt.raw_path,
                "headers": list(receipt.headers),
            }
            for receipt in one.receipts
        ],
    }
