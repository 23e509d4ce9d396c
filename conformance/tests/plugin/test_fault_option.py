"""--smi-fault: the names there are, and names there are not."""

from conformance.plugin.options import known_faults

pytest_plugins = ["pytester"]


def test_list_prints_one_name_a_line(workshop):
    """The answer is for a shell to read: names and nothing else, exit code 0, no run."""
    result = workshop.run("--smi-fault", "list")
    assert result.ret == 0
    assert result.outlines == list(known_faults())
    assert not workshop.report.exists()


def test_unknown_fault_is_misuse_with_names_that_are_close(workshop):
    """A misspelt name ends in 4 and says which one may have been meant."""
    workshop.add("passed-a")
    name = next(iter(known_faults()))
    result = workshop.run("--smi-fault", name[:-1])
    assert result.ret == 4
    assert f"did you mean {name}" in result.stderr.str()


def test_report_and_summary_say_that_the_mesh_was_broken(workshop):
    """Faults that were given stand in the report and on the screen."""
    workshop.add("failed-a")
    name = next(iter(known_faults()))
    result = workshop.run("--smi-fault", name, "--smi-fault", name)
    assert workshop.read()["faults"] == [name]
    result.stdout.fnmatch_lines([f"reference mesh on local cluster, given faults: {name}: 1 of 1 judged"])
