"""How long the whole suite takes on the embedded cluster: in all, per scenario-version, and where the time goes.

Run it alone: ``nox -s bench -- suite``. The numbers are of this machine at this moment; what compares is the ratio of
the whole to the aim, one minute for 300 scenario-versions on two cores.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median, quantiles
from typing import Any

AIM_SECONDS_PER_RUN = 60 / 300
SLOWEST = 5


def main() -> None:
    """Run every scenario once on two clusters side by side, as the README's command does, and once on one."""
    for workers in ("2", "0"):
        _run(workers)


def _run(workers: str) -> None:
    with tempfile.TemporaryDirectory(prefix="smi-bench-") as directory:
        began = time.monotonic()
        command = [sys.executable, "-m", "pytest", "-q", "scenarios", f"-n{workers}"]
        command.append(f"--smi-report={directory}/report")
        code = subprocess.run(command, check=False, stdout=subprocess.DEVNULL).returncode
        wall = time.monotonic() - began
        report = json.loads(Path(directory, "report", "report.json").read_text(encoding="utf-8"))
    for line in _lines(report, wall, code, max(1, int(workers))):
        print(line)  # noqa: T201  # a benchmark's only output


def _lines(report: dict[str, Any], wall: float, code: int, clusters: int) -> list[str]:
    took = {
        f"{one['scenario']} {one['version']}": float(one["duration_seconds"]) for one in report["results"]
    }
    judging = sum(took.values())
    slowest = sorted(took, key=lambda name: -took[name])[:SLOWEST]
    return [
        f"suite        {len(took)} scenario-versions, {clusters} at a time, exit code {code}: {report['verdicts']}",
        f"wall         {wall:.1f} s; ratio to the aim: {wall / (AIM_SECONDS_PER_RUN * len(took)):.2f}",
        f"judging      {judging:.1f} s, {judging / wall / clusters:.2f} of all time; else start, cleaning, report",
        f"per version  median {median(took.values()):.3f} s, p90 {quantiles(took.values(), n=10)[-1]:.3f} s",
        *(f"slowest      {took[name]:.2f} s  {name}" for name in slowest),
    ]


if __name__ == "__main__":
    main()
