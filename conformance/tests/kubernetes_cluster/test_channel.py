"""The exec stream to a probe app, and what is said when it breaks."""

import json
from datetime import timedelta

import pytest

from conformance.cluster.kubernetes.channel import ExecChannel
from conformance.errors import ProbeError
from conformance.model.manifest import ObjectRef

EXEC = "/api/v1/namespaces/n/pods/p/exec"
LONG = timedelta(seconds=10)
SHORT = timedelta(milliseconds=100)
OUT, COMPLAINT, ENDING = b"\x01", b"\x02", b"\x03"


@pytest.fixture
def open_channel(rest, fake, tools):
    opened = []

    def open_one(*frames):
        fake.script("GET", EXEC, tools["saying"](*frames))
        opened.append(ExecChannel(rest, ObjectRef("Pod", "n", "p"), "n/shop"))
        opened[-1].write({"op": "ping"})
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()


def test_stream_leads_to_the_channel_of_the_probe_container(open_channel, fake):
    """The command, the container and the credentials are those of the suite."""
    open_channel(OUT + b"{}\n").read(LONG)
    query = fake.queries[-1]
    assert (query["container"], query["stdin"], query["tty"]) == ("probe", "true", "false")


def test_reply_that_comes_in_parts_is_one_message(open_channel):
    """The end of the line decides, not the end of a frame; two lines in one frame are two messages."""
    channel = open_channel(OUT + b'{"a"', OUT, OUT + b': 1}\n{"b": 2}\n{"c"', OUT + b": 3}\n")
    assert [channel.read(LONG) for _ in range(3)] == [{"a": 1}, {"b": 2}, {"c": 3}]


def test_reply_of_a_megabyte_comes_whole(open_channel):
    """As do 500 observations with long details."""
    text = json.dumps({"x": "y" * 1_200_000}).encode() + b"\n"
    frames = [OUT + text[start : start + 30_000] for start in range(0, len(text), 30_000)]
    assert len(open_channel(*frames).read(LONG)["x"]) == 1_200_000


def test_app_that_says_nothing_is_waited_for_no_longer_than_told(fake, tools, rest):
    """The message says how long."""
    fake.script("GET", EXEC, tools["silent"])
    channel = ExecChannel(rest, ObjectRef("Pod", "n", "p"), "n/shop")
    channel.write({"op": "ping"})
    with pytest.raises(ProbeError, match=r"n/shop said nothing within 0.1 s"):
        channel.read(SHORT)
    channel.close()


@pytest.mark.parametrize(("line", "words"), [(b"oops\n", "no JSON: b'oops'"), (b"[1]\n", "no JSON object")])
def test_what_is_no_message_is_quoted(open_channel, line, words):
    """Whatever wrote it."""
    with pytest.raises(ProbeError, match=words):
        open_channel(OUT + line).read(LONG)


def test_stream_that_ends_carries_the_last_complaint(open_channel):
    """What the other end wrote to stderr says more than the command's exit code."""
    ending = {"status": "Failure", "message": "command terminated with exit code 3"}
    channel = open_channel(COMPLAINT + b"it closed its channel\n", ENDING + json.dumps(ending).encode())
    with pytest.raises(ProbeError, match="n/shop is gone: it closed its channel"):
        channel.read(LONG)


def test_stream_that_ends_without_a_word_is_gone_all_the_same(open_channel):
    """A pod that is killed says nothing."""
    with pytest.raises(ProbeError, match="is gone: its stream was closed"):
        open_channel().read(LONG)


def test_message_after_the_end_is_an_error(open_channel):
    """As soon as the connection shows it."""
    channel = open_channel(COMPLAINT + b"no socket")
    with pytest.raises(ProbeError, match="is gone: no socket"):
        channel.read(LONG)
    with pytest.raises(ProbeError, match="is gone"):
        _write_on(channel)


@pytest.mark.parametrize(
    ("code", "message", "words"),
    [
        (404, 'pods "p" not found', 'answered 404: pods "p" not found'),
        (403, 'User "x" cannot create resource "pods/exec"', "fixtures/rbac/suite.yaml"),
    ],
)
def test_pod_that_nobody_is_led_into_is_an_error_at_once(rest, fake, tools, code, message, words):
    """In the API server's words."""

    async def refuse(request):
        return tools["status"](code, "", message)

    fake.script("GET", EXEC, refuse)
    with pytest.raises(ProbeError, match=words):
        ExecChannel(rest, ObjectRef("Pod", "n", "p"), "n/shop")


def _write_on(channel):
    """Write until the operating system notices that nobody is there."""
    for _ in range(100):
        channel.write({"op": "ping"})
