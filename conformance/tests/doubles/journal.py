"""What the doubles were asked to do, in order; and the place where a test lets one of them fail."""

from collections.abc import Callable  # noqa: TC003  # read where the attribute is declared
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was asked: a verb such as ``apply``, and what it was about."""

    verb: str
    about: Any


class Journal:
    """Notes what happens; *obstacle* is asked before each thing happens and may raise."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.obstacle: Callable[[str, Any], None] = lambda _verb, _about: None

    def note(self, verb: str, about: Any) -> None:
        """Write it down, and let it fail if that is the script."""
        self.entries.append(Entry(verb, about))
        self.obstacle(verb, about)

    def verbs(self, *wanted: str) -> list[str]:
        """List what happened, in order; only these verbs if any are given."""
        return [one.verb for one in self.entries if not wanted or one.verb in wanted]

    def about(self, verb: str) -> list[Any]:
        """List what each entry with this verb was about."""
        return [one.about for one in self.entries if one.verb == verb]

    def fail(self, verb: str, error: BaseException, *, after: int = 0) -> None:
        """Let the next thing of this kind fail, once; *after* of them still happen."""
        left = [after]

        def obstacle(met: str, _about: Any) -> None:
            if met == verb:
                left[0] -= 1
                if left[0] == -1:
                    raise error

        self.obstacle = obstacle
