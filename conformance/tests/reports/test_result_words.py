"""What a person reads of a result in the terminal."""

from pathlib import Path

from conformance.report import Surroundings, explain


def around(some) -> Surroundings:
    return Surroundings(
        provider="reference",
        requirements={"access.deny": some.requirement()},
        report=Path("reports/local/2f1c9b"),
    )


def test_failure_reads_in_aligned_lines(some):
    """Who, what was demanded, what was seen, what decided, where to look, what to type."""
    assert explain(some.failure(), around(some)) == (
        "traffic-access/nobody-is-let-in: FAILED\n"
        "  provider     reference, access.smi-spec.io/v1alpha4\n"
        '  requirement  access.deny (stated): "all traffic is denied by default"\n'
        "  step         nothing is granted\n"
        "  asked        here/client-a -> here/shop:8080 GET /\n"
        "  expected     denied\n"
        "  observed     allowed\n"
        "  decided by   no TrafficTarget names here/client-a\n"
        "  statistics   n 12\n"
        "  evidence     reports/local/2f1c9b/traffic-access/nobody-is-let-in/v1alpha4\n"
        "  again        pytest scenarios/traffic-access/nobody-is-let-in.yaml::v1alpha4"
    )


def test_error_reads_as_trouble_and_not_as_a_finding(some):
    """What broke, where, and what to try; nothing that sounds like the mesh's fault."""
    text = explain(some.error(), around(some))
    assert (
        "  happened     probe: the pod is gone\n  where        here/shop\n  try          look at its log"
        in text
    )
    assert "observed" not in text


def test_headline_stands_in_for_findings_that_are_not_there(some):
    """A result without findings of its verdict is not left without a word."""
    assert "  in short     here/client-a was let in\n" in explain(some.failure(steps=()), around(some))


def test_many_findings_are_counted_after_the_first_few(some):
    """A table of a hundred wrong cells does not flood the terminal."""
    finding = some.failure().steps[0].findings[0]
    step = some.step(findings=(finding,) * 10)
    text = explain(some.failure(steps=(step,)), around(some))
    assert text.count("observed") == 3
    assert "and 7 more like this in the report" in text
