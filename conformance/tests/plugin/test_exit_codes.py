"""What a run answers to the shell, from end to end."""

import itertools

import pytest

from conformance.model.verdict import Verdict
from conformance.plugin.exitcode import Ending, ExitCode, decide

pytest_plugins = ["pytester"]


@pytest.mark.parametrize(
    ("names", "code"),
    [
        (("passed-a", "unsupported-b"), 0),
        (("passed-a", "failed-b", "errored-c", "inconclusive-d"), 1),
        (("passed-a", "interrupted-b"), 2),
        (("failed-a", "interrupted-b"), 2),
        (("passed-a", "errored-b"), 3),
        (("passed-a", "inconclusive-b"), 3),
        (("passed-a", "stumbling-b"), 3),
        (("unsupported-a", "unsupported-b"), 5),
        ((), 5),
    ],
)
def test_exit_code_follows_the_verdicts(ran, names, code):
    """Each way a run can end has the exit code that the README promises; only a clean pass has 0."""
    assert ran(*names).ret == code


def test_nothing_selected_is_not_a_pass(workshop):
    """A word that no scenario has ends in 5."""
    workshop.add("passed-a")
    assert workshop.run("-k", "no-such-scenario").ret == 5


@pytest.mark.parametrize(("error", "code"), [("EnvironmentBrokenError", 3), ("UsageError", 4)])
@pytest.mark.parametrize("workers", [(), ("-n2",)])
def test_session_that_cannot_be_opened_ends_the_run_in_words(workshop, error, code, workers):
    """The first scenario is errored with the reason, no other is tried; a report, but no traceback."""
    workshop.add("passed-a", "passed-b", "passed-c", "passed-d", "passed-e", "passed-f")
    workshop.break_with(f"{error}('no Envoy', 'this machine', 'install it')")
    result = workshop.run_apart(*workers)
    assert result.ret == code
    result.stdout.fnmatch_lines(["*no Envoy", "  where        this machine", "  try          install it"])
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*Error: *")
    assert workshop.read()["complete"] is False
    assert workshop.read()["verdicts"]["errored"] == max(1, len(workers) * len(workshop.read()["results"]))


def test_what_could_not_be_tried_is_tried_again_where_it_was(workshop):
    """The command leads to the same cluster and the same wrong mesh."""
    workshop.add("passed-a")
    workshop.break_with("EnvironmentBrokenError('no cluster', 'there', 'start it')")
    way = ["--smi-cluster=kubeconfig", "--smi-context=prod", "--smi-fault=ignores-routes"]
    result = workshop.run_apart(*way)
    result.stdout.fnmatch_lines(["  again  *pytest *passed-a.yaml::v1alpha4 --smi-cluster=kubeconfig *"])
    assert workshop.read()["results"][0]["again"].split()[-2:] == [
        "--smi-context=prod",
        "--smi-fault=ignores-routes",
    ]


def test_session_at_which_the_suite_stumbles_ends_the_run(workshop):
    """A mistake nobody foresaw is told once, and its traceback is kept beside the report, not shown."""
    workshop.add("passed-a", "passed-b")
    workshop.break_with("KeyError('a rule that is missing')")
    result = workshop.run_apart()
    assert result.ret == ExitCode.NO_ANSWER
    result.stdout.fnmatch_lines(["*a bug of the suite*KeyError: 'a rule that is missing'*"])
    result.stdout.no_fnmatch_line("*Traceback*")
    assert "a rule that is missing" in (workshop.report / "traceback.txt").read_text()
    assert workshop.read()["verdicts"]["errored"] == 1


def test_scenario_that_cannot_be_read_is_misuse(workshop):
    """File, line, what is wrong, what would be right; no traceback, exit code 4, nothing started."""
    workshop.add("passed-a")
    workshop.add("passed-b", extra="colour: blue")
    result = workshop.run()
    assert result.ret == 4
    result.stdout.fnmatch_lines(["*where: *passed-b.yaml:7", "*try: *"])
    result.stdout.no_fnmatch_line("*Traceback*")
    assert not (workshop.report / "session.log").exists()


def test_scenario_that_cannot_be_read_is_misuse_with_workers_too(workshop):
    """Workers find the mistake; the process that started them answers with 4."""
    workshop.add("passed-a")
    workshop.add("passed-b", extra="colour: blue")
    result = workshop.run_apart("-n2")
    assert result.ret == 4
    result.stdout.fnmatch_lines(["*where: *passed-b.yaml:7"])


def test_two_scenarios_with_one_id_are_misuse(workshop):
    """A copied file does not run twice under one name."""
    workshop.add("passed-a")
    first = workshop.path / "scenarios" / "traffic-access" / "passed-a.yaml"
    first.with_name("passed-copy.yaml").write_text(first.read_text())
    result = workshop.run()
    assert result.ret == 4
    result.stdout.fnmatch_lines(["*the id 'traffic-access/passed-a' stands in*passed-a.yaml too"])


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("--smi-cluster=cloud", "there is no 'cloud'; choose local, kind, kubeconfig"),
        ("--smi-provider=linkerd", "the embedded cluster has the reference mesh only"),
        (
            "--smi-cluster=kind --smi-provider=linkerd --smi-fault=ignores-routes",
            "only the reference mesh can be broken",
        ),
        ("--no-such-option", "unrecognized arguments: --no-such-option"),
    ],
)
def test_option_that_cannot_be_is_told_in_one_sentence(workshop, option, words):
    """Exit code 4, and nothing is started or written."""
    workshop.add("passed-a")
    result = workshop.run(*option.split())
    assert result.ret == 4
    assert words in result.stderr.str()
    assert not workshop.report.exists()


def test_path_that_is_not_there_is_misuse(workshop):
    """A misspelt path ends in 4, as in any run of pytest."""
    workshop.add("passed-a")
    assert workshop.run("scenarios/traffic-access/no-such.yaml").ret == 4


def test_failing_test_beside_scenarios_is_not_forgotten(workshop):
    """A run that has Python tests, too, does not answer 0 when one of them fails."""
    workshop.add("passed-a")
    workshop.pytester.makepyfile(test_beside="def test_it():\n    assert False\n")
    assert workshop.run("test_beside.py").ret == 1


def test_run_without_scenarios_is_left_alone(workshop):
    """The plugin keeps its hands off a run of other tests: no report, and pytest's own exit code."""
    workshop.pytester.makepyfile(test_alone="def test_it():\n    pass\n")
    result = workshop.pytester.runpytest_inprocess("test_alone.py")
    assert result.ret == 0
    result.stdout.no_fnmatch_line("*SMI conformance*")
    assert not (workshop.path / "reports").exists()


def test_zero_means_that_all_selected_was_judged_and_nothing_is_wrong():
    """Over all small combinations of verdicts and circumstances there is one way only to exit code 0."""
    verdicts = list(Verdict)
    for counts in itertools.product((0, 1), repeat=len(verdicts)):
        for missing, interrupted, misused, broken, other in itertools.product((0, 1), repeat=5):
            counted = dict(zip(verdicts, counts, strict=True))
            ending = Ending(
                counts=counted,
                selected=sum(counts) + missing,
                interrupted=bool(interrupted),
                misused=bool(misused),
                broken=bool(broken),
                other_failures=other,
            )
            bad = counted[Verdict.FAILED] + counted[Verdict.ERRORED] + counted[Verdict.INCONCLUSIVE]
            clean = (
                not (bad or missing or interrupted or misused or broken or other) and counted[Verdict.PASSED]
            )
            assert (decide(ending) is ExitCode.CONFORMS) == bool(clean)
