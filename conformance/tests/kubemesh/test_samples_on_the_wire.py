"""What a sidecar says of its counts: whole at first, then what has changed, and never of others."""

import json
from datetime import timedelta

import pytest

from conformance.kubemesh.metering.wire import (
    MOST_SERIES,
    decode_look,
    decode_sample,
    encode_look,
    encode_sample,
)
from conformance.refmesh.metrics import Sample
from conformance.refmesh.metrics.reading import Series

POD = "here/shop-0"
SERIES = Series(POD, "server", "10.0.0.7", "spiffe://x", "", "", "", "200", "-")
FAILED = SERIES._replace(status="503", ending="UF")
BINS = {(100.0, 110.0): 3.0}


def a_sample(counts, uptime=7.5):
    return Sample(uptime=timedelta(seconds=uptime), counts=counts)


def message(**changes):
    plain = json.loads(encode_sample(4, None, a_sample({SERIES: BINS})))
    return json.dumps(plain | changes)


def test_question_comes_back():
    """The number tells an answer from a late one."""
    assert decode_look(encode_look(12)) == 12
    with pytest.raises(ValueError, match="asks for nothing"):
        decode_look("[]")


def test_sample_comes_through_whole():
    """With everything that tells series apart."""
    sample = a_sample({SERIES: BINS, FAILED: {(1.0, 1.5): 2.0}})
    assert decode_sample(encode_sample(4, None, sample), POD, None) == (4, sample)


def test_only_what_has_changed_is_sent():
    """A sidecar with many peers has little to say between two looks."""
    before = a_sample({SERIES: BINS, FAILED: BINS})
    after = a_sample({SERIES: BINS, FAILED: {(100.0, 110.0): 4.0}}, uptime=8.0)
    text = encode_sample(5, before, after)
    assert len(json.loads(text)["series"]) == 1
    assert decode_sample(text, POD, before) == (5, after)


def test_unchanged_counts_are_the_same_object():
    """So that comparing rounds costs nothing where nothing has happened."""
    before = a_sample({SERIES: BINS})
    _, after = decode_sample(encode_sample(5, before, a_sample(before.counts, 9.0)), POD, before)
    assert after.counts is before.counts


def test_sidecar_that_knows_nothing_says_so():
    """And is asked again."""
    assert decode_sample(encode_sample(5, None, None), POD, a_sample({SERIES: BINS})) == (5, None)


def test_what_is_said_of_another_pod_is_not_believed():
    """A pod that is not what it should be can say untrue things of itself alone."""
    other = SERIES._replace(pod="there/bank-0")
    _, sample = decode_sample(encode_sample(4, None, a_sample({SERIES: BINS, other: BINS})), POD, None)
    assert set(sample.counts) == {SERIES}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        message(uptime=-1),
        message(uptime="long"),
        message(uptime=True),
        message(look=None),
        message(series=[["short", []]]),
        message(series=[[[*SERIES[:-1], 7], []]]),
        message(series=[[list(SERIES), [[0, 1, -5]]]]),
        message(series=[[list(SERIES), [[0, 1, 1e300]]]]),
        message(series=[[list(SERIES), [[0, 1]]]]),
        message(series=[[list(SERIES), [[0, 1, 1]] * 3000]]),
        message(series=[[[*SERIES[:2], str(one), *SERIES[3:]], []] for one in range(MOST_SERIES + 1)]),
        '{"look": 1, "uptime": NaN, "series": []}',
    ],
)
def test_anything_else_is_refused(text):
    """Who sends it is sent away; nothing of it reaches the figures."""
    with pytest.raises(ValueError, match=r"."):
        decode_sample(text, POD, None)
