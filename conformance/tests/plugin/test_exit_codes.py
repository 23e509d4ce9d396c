"""What a run answers to the shell, from end to end."""

import pytest

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
        (("unsupported-a", "unsupported-b"), 5),
        ((), 5),
    ],
)
def test_exit_code_follows_the_verdicts(ran, names, code):
    """Each way a run can end has the exit code that the README promises; only a clean pass has 0."""
    assert ran(*names).ret == code
