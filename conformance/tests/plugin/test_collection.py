"""Scenarios as pytest's user knows tests: names, markers, selection, what ran last."""

import pytest

pytest_plugins = ["pytester"]


def test_scenario_is_one_item_per_version(workshop):
    """The name is the file's and the version; collecting starts nothing and writes nothing."""
    workshop.add("passed-a", versions="[v1alpha3, v1alpha4]")
    result = workshop.run("--collect-only", "-q")
    assert result.outlines[:2] == [
        "scenarios/traffic-access/passed-a.yaml::v1alpha3",
        "scenarios/traffic-access/passed-a.yaml::v1alpha4",
    ]
    assert result.ret == 0
    assert not workshop.report.exists()


@pytest.mark.parametrize(
    ("selection", "found"),
    [
        (("-m", "access"), {"passed-a", "passed-b"}),
        (("-m", "tcp"), {"passed-b"}),
        (("-m", "access and not tcp"), {"passed-a"}),
        (("-m", "split"), set()),
        (("-k", "passed-a"), {"passed-a"}),
        (("-k", "access.grants-decide and v1alpha4"), {"passed-a", "passed-b"}),
        (("--allure-features", "Traffic Access Control"), {"passed-a", "passed-b"}),
    ],
)
def test_selection_knows_group_feature_name_and_requirement(workshop, selection, found):
    """-m takes groups and features, -k takes names, versions and requirements."""
    workshop.add("passed-a")
    workshop.add("passed-b", extra="needs: [tcp]")
    result = workshop.run("--strict-markers", "--collect-only", "-q", *selection)
    names = {line.rpartition("/")[2].partition(".yaml")[0] for line in result.outlines if "::" in line}
    assert names == found


def test_one_version_can_be_named(workshop):
    """A node id, as the report prints it, runs just that."""
    workshop.add("passed-a", "failed-b", versions="[v1alpha3, v1alpha4]")
    workshop.pytester.runpytest_inprocess(
        "--smi-scenarios=scenarios", "--smi-report=out", "scenarios/traffic-access/failed-b.yaml::v1alpha3"
    )
    assert [(one["scenario"], one["version"]) for one in workshop.read()["results"]] == [
        ("traffic-access/failed-b", "v1alpha3")
    ]


def test_what_did_not_pass_runs_again_with_last_failed(workshop):
    """--lf takes up failed, inconclusive and errored scenarios, and no others."""
    workshop.add("passed-a", "failed-b", "inconclusive-c", "errored-d", "unsupported-e")
    workshop.run()
    workshop.run("--lf")
    assert [one["verdict"] for one in workshop.read()["results"]] == ["errored", "failed", "inconclusive"]


def test_first_failure_ends_the_run_when_asked(workshop):
    """-x stops; the report says that it is not complete, and the exit code is the verdict's."""
    workshop.add("failed-a", "passed-b")
    assert workshop.run("-x").ret == 1
    assert workshop.read()["complete"] is False
    assert workshop.read()["selected"] == 2


def test_first_failure_ends_the_run_with_workers_too(workshop):
    """With xdist -x is an interruption, yet the exit code is the verdict's and not that of Ctrl-C."""
    workshop.add("failed-a", "failed-b", "passed-c", "passed-d", "passed-e", "passed-f")
    assert workshop.run_apart("-x", "-n2").ret == 1


def test_requirements_file_is_no_scenario(workshop):
    """The file of requirements beside the scenarios is not collected."""
    workshop.add("passed-a")
    workshop.run()
    assert workshop.read()["selected"] == 1
