"""How verdicts appear: in the terminal, in JUnit, in Allure."""

import contextlib
import json
import os
import xml.etree.ElementTree as ET

import pytest

pytest_plugins = ["pytester"]

VERDICTS = ("passed-a", "failed-b", "unsupported-c", "inconclusive-d", "errored-e")


def test_each_verdict_has_its_own_word(ran):
    """Inconclusive and errored are neither failed nor skipped in pytest's own count."""
    last = ran(*VERDICTS).outlines[-1]
    for words in ("1 failed", "1 passed", "1 skipped", "1 errored", "1 inconclusive"):
        assert words in last


def test_progress_says_how_far_the_run_is(ran):
    """One line per verdict, numbered, with time, sign, word and name; no dots and no file names."""
    result = ran("passed-a", "failed-b")
    result.stdout.fnmatch_lines(
        [
            "1/2 *0:0*✗ failed *traffic-access/failed-b v1alpha4 *",
            "2/2 *0:0*✓ passed *traffic-access/passed-a v1alpha4 *",
        ],
        consecutive=True,
    )


def test_verbose_run_keeps_the_lines_that_pytest_users_know(workshop):
    """With -v there is a node id and a word per item."""
    workshop.add("inconclusive-a")
    result = workshop.run("-v")
    result.stdout.fnmatch_lines(["scenarios/traffic-access/inconclusive-a.yaml::v1alpha4 INCONCLUSIVE*"])


def test_failure_is_shown_in_words_without_a_traceback(ran):
    """The whole of what is shown is for the person, not for the suite's author."""
    result = ran("failed-b")
    result.stdout.fnmatch_lines(
        [
            "traffic-access/failed-b: FAILED",
            "  provider     reference, access.smi-spec.io/v1alpha4",
            '  requirement  access.grants-decide (stated): "By default, all traffic is denied."',
            "  step         the grant is gone",
            "  asked        here/client-a -> here/shop:8080 GET /",
            "  expected     denied",
            "  observed     allowed",
            "  decided by   no TrafficTarget names here/client-a",
            "  evidence     out/traffic-access/failed-b/v1alpha4",
            "  again        pytest scenarios/traffic-access/failed-b.yaml::v1alpha4",
        ],
        consecutive=True,
    )
    result.stdout.no_fnmatch_line("*.py*")


def test_inconclusive_and_errored_are_explained_too(ran):
    """What pytest has no section for gets one."""
    result = ran("inconclusive-a", "errored-b")
    result.stdout.fnmatch_lines(
        [
            "*= INCONCLUSIVE =*",
            "traffic-access/inconclusive-a: INCONCLUSIVE",
            "*= ERRORED =*",
            "  try *look at its log",
        ]
    )


def test_mistake_of_the_suite_is_an_error_with_its_place(ran, workshop):
    """A bug of ours is no verdict on the mesh; it is in the report, with where it happened."""
    result = ran("stumbling-a", "passed-b")
    (errored, _) = sorted(workshop.read()["results"], key=lambda one: one["verdict"])
    assert errored["trouble"]["code"] == "internal"
    assert "nobody thought of this" in errored["trouble"]["what"]
    assert "scripted_session.py:" in errored["trouble"]["where"]
    result.stdout.fnmatch_lines(["*nobody thought of this*"])


def test_summary_counts_names_and_points(ran):
    """The end of the output says what was found, where the report is, and what the exit code means."""
    result = ran(*VERDICTS)
    result.stdout.fnmatch_lines(
        [
            "*= SMI conformance =*",
            "reference mesh on local cluster: 5 of 5 judged",
            "  passed 1   failed 1   unsupported 1   inconclusive 1   errored 1",
            "  failed *traffic-access/failed-b v1alpha4: failed as scripted",
            "  errored *traffic-access/errored-e v1alpha4: errored as scripted",
            "  inconclusive *traffic-access/inconclusive-d v1alpha4: inconclusive as scripted",
            "report *out/report.html",
            "exit code  1: the mesh contradicts the spec",
        ],
        consecutive=True,
    )


def test_junit_carries_verdict_and_requirements(ran, workshop):
    """JUnit's file lies beside the report and has what its own words cannot say."""
    ran(*VERDICTS)
    cases = ET.parse(workshop.report / "junit.xml").getroot().iter("testcase")
    found = {
        case.get("classname").rpartition(".")[0].rpartition(".")[2]: [
            (one.get("name"), one.get("value")) for one in case.iter("property")
        ]
        for case in cases
    }
    assert found["inconclusive-d"] == [("verdict", "inconclusive"), ("requirement", "access.grants-decide")]
    assert found["passed-a"] == [("verdict", "passed"), ("requirement", "access.grants-decide")]


def test_junit_goes_where_a_person_says(workshop):
    """A path that was given stays."""
    workshop.add("passed-a")
    workshop.run("--junitxml=mine.xml")
    assert (workshop.path / "mine.xml").is_file()
    assert not (workshop.report / "junit.xml").exists()


@pytest.mark.parametrize("workers", [(), ("-n2",)])
def test_allure_has_a_state_for_each_verdict(workshop, workers):
    """Passed, failed, skipped, unknown and broken, with feature, requirement and provider."""
    workshop.add(*VERDICTS)
    workshop.run_apart(*workers)
    results = [json.loads(path.read_text()) for path in (workshop.report / "allure").glob("*-result.json")]
    assert {one["name"].split("/")[1].split()[0]: one["status"] for one in results} == {
        "passed-a": "passed",
        "failed-b": "failed",
        "unsupported-c": "skipped",
        "inconclusive-d": "unknown",
        "errored-e": "broken",
    }
    for one in results:
        labels = {(label["name"], label["value"]) for label in one["labels"]}
        assert {("feature", "Traffic Access Control"), ("tag", "access.grants-decide")} <= labels
        assert {given["name"]: given["value"] for given in one["parameters"]}["provider"] == "'reference'"


def test_allure_message_is_in_our_words(ran, workshop):
    """The first line of a failure is the verdict, not the name of a Python class."""
    ran("failed-b")
    (path,) = (workshop.report / "allure").glob("*-result.json")
    details = json.loads(path.read_text())["statusDetails"]
    assert details["message"].startswith("traffic-access/failed-b: FAILED")


def test_terminal_shows_what_is_being_done(workshop):
    """On a terminal the last line says it, and is wiped before the verdict; elsewhere it would be a flood."""
    workshop.add("passed-a")
    outer, inner = os.openpty()
    process = workshop.start(stdout=inner)
    os.close(inner)
    shown = b""
    with contextlib.suppress(OSError):  # that is how a terminal ends whose last process is gone
        while piece := os.read(outer, 4096):
            shown += piece
    os.close(outer)
    assert process.wait(timeout=30) == 0
    assert b"passed-a.yaml::v1alpha4: reading the script" in shown
    assert "reading the script" not in workshop.run().stdout.str()
