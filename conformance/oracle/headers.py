"""Which requests a header filter fits, where the readings of the text agree.

Spec: traffic-specs v1alpha2 to v1alpha4, "HTTP header filters". The text does not say whether a pattern has
to cover the whole value, what a repeated header means, or how ``host`` is treated.
"""

import re
from collections.abc import Sequence

from conformance.model.expectation import Access
from conformance.oracle.threeway import agreed, any_of, at_most_open, fits


def header_fit(pattern: str, values: Sequence[str]) -> Access:
    """Say whether *pattern* fits a header that was sent with *values*, in their order.

    An absent header does not fit; only where the pattern accepts the empty text is that open. Of a header
    that is sent twice, proxies compare the joined values or any one of them.
    """
    if not values:
        return at_most_open(_value_fit(pattern, ""))
    if len(values) == 1:
        return _value_fit(pattern, values[0])
    return agreed(_value_fit(pattern, value) for value in (*values, ",".join(values)))


def host_fit(pattern: str, hosts: Sequence[str]) -> Access:
    """Say whether *pattern* fits the request's host; a provider need not offer this, so it is open at best.

    Args:
        pattern: A regular expression that compiles.
        hosts: Spellings of the authority, with and without its port; empty when it is not known.
    """
    if not hosts:
        return Access.OPEN
    return at_most_open(any_of(_value_fit(pattern, host) for host in hosts))


def _value_fit(pattern: str, value: str) -> Access:
    """Compare the two models of meshes: the pattern covers the whole value, or is found inside."""
    regex = re.compile(pattern, re.ASCII)
    return agreed([fits(holds=bool(regex.fullmatch(value))), fits(holds=bool(regex.search(value)))])
