"""What holds for all tests of the suite."""

import signal


def pytest_configure() -> None:
    """Let Ctrl-C through to the processes that tests start.

    A shell starts jobs in the background with SIGINT ignored, and processes inherit that: whoever tests how a run
    ends on Ctrl-C would wait for ever.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
