"""A run as a whole: workers, interruptions, disks that are full, where the report goes."""

import os
import signal
import time
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]


def await_line(path: Path, word: str) -> None:
    """Wait until the session's log has *word*."""
    deadline = time.monotonic() + 30
    while not (path.exists() and word in path.read_text()):
        assert time.monotonic() < deadline, f"no {word!r} in {path}"
        time.sleep(0.02)


def log_of(workshop) -> list[str]:
    return [line.split()[0] for line in (workshop.report / "session.log").read_text().splitlines()]


def test_session_is_opened_once_and_closed(ran, workshop):
    """One cluster for all scenarios, and none left behind."""
    ran("passed-a", "failed-b", "errored-c")
    assert log_of(workshop) == ["opened", "closed"]


def test_workers_have_a_session_each_and_one_report(workshop):
    """Every result arrives in the one report, with what each worker knows of its own cluster."""
    workshop.add(*(f"passed-{letter}" for letter in "abcdefgh"))
    assert workshop.run_apart("-n2").ret == 0
    report = workshop.read()
    assert report["complete"] is True
    assert report["verdicts"]["passed"] == report["selected"] == 8
    assert sorted(log_of(workshop)) == ["closed", "closed", "opened", "opened"]
    sessions = [name for name, _ in report["facts"] if name.startswith("session ")]
    assert sorted(sessions) == [f"session {report['run_id']}-gw{number}" for number in (0, 1)]


def test_worker_that_dies_is_not_a_pass(workshop):
    """What a lost worker was judging has no verdict: the report is not complete, and the exit code is 3."""
    workshop.add("crashing-a", "passed-b", "passed-c")
    result = workshop.run_apart("-n1", "--max-worker-restart=0")
    assert result.ret == 3
    assert workshop.read()["complete"] is False


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_run_keeps_what_was_judged(workshop, sign):
    """Ctrl-C, or a system that ends the run: exit code 2, a report that says so, and no session left."""
    workshop.add("passed-a", "waiting-b")
    process = workshop.start()
    await_line(workshop.report / "session.log", "waiting")
    process.send_signal(sign)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 2, output
    assert "exit code  2" in output
    report = workshop.read()
    assert report["complete"] is False
    assert [one["verdict"] for one in report["results"]] == ["passed"]
    assert log_of(workshop)[-1] == "closed"


def test_interrupted_run_with_workers_keeps_what_was_judged(workshop):
    """Ctrl-C reaches all processes; the report has what had arrived, and sessions are closed."""
    workshop.add("passed-a", "waiting-b")
    process = workshop.start("-n1")
    await_line(workshop.report / "session.log", "waiting")
    os.killpg(process.pid, signal.SIGINT)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 2, output
    assert [one["verdict"] for one in workshop.read()["results"]] == ["passed"]
    await_line(workshop.report / "session.log", "closed")


_SLOW_READER = """
import os
import time

def pytest_runtest_logstart(nodeid):
    time.sleep(0 if os.environ.get("PYTEST_XDIST_WORKER") else 20)
"""


def test_interrupted_run_keeps_what_workers_had_sent_before_anybody_looked(workshop):
    """A busy machine reads late: what was judged by then counts all the same."""
    workshop.write_conftest(_SLOW_READER)
    workshop.add("passed-a", "waiting-b")
    process = workshop.start("-n1")
    await_line(workshop.report / "session.log", "waiting")
    os.killpg(process.pid, signal.SIGINT)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 2, output
    assert [one["verdict"] for one in workshop.read()["results"]] == ["passed"]


def test_report_directory_in_the_way_is_told_before_anything_starts(workshop):
    """Better before a long run than after it: exit code 3, what to do, no traceback."""
    workshop.add("passed-a")
    (workshop.path / "taken").write_text("")
    result = workshop.run("--smi-report=taken/here")
    assert result.ret == 3
    assert "--smi-report DIR" in result.stderr.str()
    assert "Traceback" not in result.stderr.str() + result.stdout.str()


def test_report_that_cannot_be_written_leaves_the_verdicts_on_the_screen(ran):
    """No room for report.json nor junit.xml: exit code 3, the counts are printed, no traceback."""
    result = ran("failed-a", "filling-b")
    assert result.ret == 3
    result.stdout.fnmatch_lines(["  passed 1   failed 1 *", "report: *cannot be written*", "exit code  3: *"])
    result.stdout.no_fnmatch_line("*INTERNALERROR*")
    result.stdout.no_fnmatch_line("*Traceback*")


def test_allure_results_that_cannot_be_written_change_no_verdict(workshop, monkeypatch):
    """A disk that Allure cannot write on costs Allure's files, not the run."""

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("allure_commons.logger.AllureFileLogger._report_item", full)
    monkeypatch.setattr("allure_commons.logger.AllureFileLogger.report_attached_data", full)
    workshop.add("failed-a", "passed-b")
    result = workshop.run()
    assert result.ret == 3
    assert workshop.read()["verdicts"] | {"passed": 1, "failed": 1} == workshop.read()["verdicts"]
    result.stdout.fnmatch_lines(["report: *No space left on device*"])
    result.stdout.no_fnmatch_line("*INTERNALERROR*")


def test_report_goes_to_a_row_of_its_own_by_default(workshop):
    """Without --smi-report each run has its folder, and `latest` leads to the newest."""
    workshop.add("passed-a")
    for _ in range(2):
        workshop.pytester.runpytest_inprocess("--smi-scenarios=scenarios", "scenarios")
    local = workshop.path / "reports" / "local"
    runs = [path for path in local.iterdir() if not path.is_symlink()]
    assert len(runs) == 2
    newest = max(runs, key=lambda path: (path / "report.json").stat().st_mtime_ns)
    assert (local / "latest").resolve() == newest


def test_report_knows_how_it_was_made(workshop):
    """The command, the versions and the platform are among the facts."""
    workshop.add("passed-a")
    workshop.run("-k", "passed-a")
    facts = dict(workshop.read()["facts"])
    assert "-k passed-a" in facts["command"]
    assert {"suite", "python", "platform", "mesh"} <= set(facts)


def test_report_is_about_the_mesh_that_was_found(workshop):
    """Whatever was asked for: ``auto`` names no mesh."""
    workshop.add("passed-a")
    result = workshop.run("--smi-cluster=kubeconfig", "--smi-provider=auto")
    assert workshop.read()["provider"] == "found"
    result.stdout.fnmatch_lines(["found mesh on kubeconfig cluster: *"])


def test_report_lists_requirements_that_were_not_run(workshop):
    """The report has every requirement and who shows it, whatever was selected."""
    workshop.add("passed-a", "passed-b")
    workshop.run("-k", "passed-a")
    report = workshop.read()
    assert report["shown_by"] == {
        "access.grants-decide": ["traffic-access/passed-a", "traffic-access/passed-b"]
    }
    assert len(report["requirements"]) == 8
