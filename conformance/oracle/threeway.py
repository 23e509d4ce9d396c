"""Three-valued logic over `Access`: denied < open < allowed."""

from collections.abc import Iterable

from conformance.model.expectation import Access

_RANK = {Access.DENIED: 0, Access.OPEN: 1, Access.ALLOWED: 2}


def rank(access: Access) -> int:
    """Say how much *access* gives: 0 for denied, 1 for open, 2 for allowed."""
    return _RANK[access]


def any_of(answers: Iterable[Access]) -> Access:
    """Give the most generous of alternatives; denied when there is none."""
    return max(answers, key=rank, default=Access.DENIED)


def all_of(answers: Iterable[Access]) -> Access:
    """Give the strictest of conditions; allowed when there is none."""
    return min(answers, key=rank, default=Access.ALLOWED)


def agreed(answers: Iterable[Access]) -> Access:
    """Give what all readings say, and open where they differ or where there is none."""
    found = set(answers)
    return found.pop() if len(found) == 1 else Access.OPEN


def at_most_open(access: Access) -> Access:
    """Take certainty from a grant that the text does not settle."""
    return all_of((access, Access.OPEN))


def fits(*, holds: bool) -> Access:
    """Turn a plain condition into an answer."""
    return Access.ALLOWED if holds else Access.DENIED
