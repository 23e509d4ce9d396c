"""The suite's end: what it does when an app is gone, late, or breaks its promise."""

import time
from collections import deque
from datetime import timedelta

import pytest

from conformance.errors import ProbeError
from conformance.model.traffic import TrafficPlan
from conformance.probe.prober import Prober
from conformance.tests.doubles.traffic import a_call

NO_RECEIPTS = {"workload": "here/shop", "receipts": [], "dropped": 0}
RECEIPT = ["c1", 8080, "http", "GET", "/", []]


def answered(id_="c1"):
    return {"observations": [[id_, "answered", 200, "here/shop", id_, 10, ""]]}


def cut(id_="c1"):
    return {"observations": [[id_, "reset", None, None, None, 10, ""]]}


class ScriptedStream:
    """Gives prepared replies, and remembers what it was asked; an exception among them is raised."""

    def __init__(self, log, name, replies):
        self.log, self.name, self.replies = log, name, deque(replies)

    def write(self, message):
        self.log.append(("write", self.name, message["op"]))

    def read(self, timeout):
        self.log.append(("read", self.name, timeout))
        reply = self.replies.popleft()
        if isinstance(reply, Exception):
            raise reply
        return reply

    def close(self):
        self.log.append(("close", self.name, None))


class Script:
    """Opens scripted streams: each list of replies is one stream of a workload."""

    def __init__(self, **streams):
        self.log = []
        self.streams = {name: deque(lists) for name, lists in streams.items()}

    def open(self, workload):
        self.log.append(("open", workload, None))
        return ScriptedStream(self.log, workload, self.streams[workload].popleft())

    def done(self, *what):
        return [(verb, name) for verb, name, _ in self.log if verb in what]


def a_prober(script):
    return Prober(script.open, settle=timedelta(0))


def send(prober, *sources, receivers=("shop",)):
    plans = {
        source: TrafficPlan(calls=(a_call(id_=f"c{number}"),)) for number, source in enumerate(sources, 1)
    }
    return prober.send(plans, receivers)


def gone():
    return ProbeError("the pod is gone", "pod here/x-1", "look at its log")


def test_all_sources_are_told_before_any_is_heard():
    """Plans run at the same time although nothing here runs in parallel."""
    script = Script(a=[[answered()]], b=[[answered("c2")]], shop=[[NO_RECEIPTS]])
    send(a_prober(script), "a", "b")
    assert script.done("write", "read")[:4] == [("write", "a"), ("write", "b"), ("read", "a"), ("read", "b")]


def test_streams_are_kept_open_between_uses():
    """A second plan opens nothing."""
    script = Script(a=[[answered(), answered()]], shop=[[NO_RECEIPTS, NO_RECEIPTS]])
    prober = a_prober(script)
    send(prober, "a")
    send(prober, "a")
    assert script.done("open") == [("open", "a"), ("open", "shop")]


def test_stream_that_breaks_is_opened_anew_and_so_is_one_that_still_owes_a_reply():
    """After a failure no reply is taken for the answer to a later question."""
    script = Script(a=[[gone()], [answered()]], b=[[answered("c2")], [answered("c2")]], shop=[[NO_RECEIPTS]])
    prober = a_prober(script)
    with pytest.raises(ProbeError, match="the pod is gone"):
        send(prober, "a", "b")
    assert script.done("close") == [("close", "a"), ("close", "b")]
    assert set(send(prober, "a", "b")) == {"c1", "c2"}


def test_app_that_cannot_do_what_it_is_asked_is_an_error_that_names_it():
    """A machine without free ports is not evidence about a mesh."""
    script = Script(a=[[{"error": "OutOfMeansError: no free port"}]])
    with pytest.raises(ProbeError, match=r"no free port[\s\S]*workload a"):
        send(a_prober(script), "a")


@pytest.mark.parametrize(
    "reply",
    [{}, {"observations": []}, {"observations": [["c1"]]}, answered("another"), {"observations": [[1] * 7]}],
)
def test_reply_that_the_protocol_does_not_know_is_an_error(reply):
    """An observation for every call, in order, or no evidence at all."""
    with pytest.raises(ProbeError, match="protocol does not know"):
        send(a_prober(Script(a=[[reply]])), "a")


def test_receipt_that_arrives_after_a_cut_is_found():
    """A call that is still on its way when its caller gives up has been delivered."""
    late = {**NO_RECEIPTS, "receipts": [RECEIPT]}
    prober = a_prober(Script(a=[[cut()]], shop=[[NO_RECEIPTS, late]]))
    assert send(prober, "a")["c1"][1] == ()
    assert len(prober.late(["shop"])["c1"]) == 1
    assert prober.late(["shop"]) == {}, "it is asked about once"


def test_late_receipts_are_given_their_time():
    """Asked at once, it waits until nothing can be under way any more; asked later, it need not."""
    script = Script(a=[[cut()], [cut()]], shop=[[NO_RECEIPTS, NO_RECEIPTS], [NO_RECEIPTS, NO_RECEIPTS]])
    prober = Prober(script.open, settle=timedelta(milliseconds=200))
    began = time.monotonic()
    send(prober, "a")
    prober.late(["shop"])
    assert time.monotonic() - began >= 0.2


def test_answered_call_is_asked_about_once():
    """The application notes a call before it answers, so nothing is late."""
    script = Script(a=[[answered()]], shop=[[{**NO_RECEIPTS, "receipts": [RECEIPT]}]])
    prober = a_prober(script)
    assert len(send(prober, "a")["c1"][1]) == 1
    assert prober.late(["shop"]) == {}
    assert script.done("write") == [("write", "a"), ("write", "shop")]


def test_call_that_only_ends_a_wait_is_asked_about_once():
    """Tasting decides nothing, so nobody waits for what may come late."""
    script = Script(a=[[cut()]], shop=[[NO_RECEIPTS]])
    plan = TrafficPlan(calls=(a_call(id_="c1"),))
    prober = a_prober(script)
    prober.send({"a": plan}, ["shop"], tasting=True)
    assert prober.late(["shop"]) == {}
    assert script.done("write") == [("write", "a"), ("write", "shop")]


def test_lost_receipts_are_an_error_and_are_reset():
    """Without all receipts a refusal cannot be told from a delivery."""
    script = Script(a=[[answered()]], shop=[[{**NO_RECEIPTS, "dropped": 7}, {"forgotten": 9}]])
    with pytest.raises(ProbeError, match="7 receipts were dropped"):
        send(a_prober(script), "a")
    assert script.log[-2][2] == "reset"


def test_two_calls_with_one_id_are_refused():
    """Receipts are told apart by id; nothing is sent."""
    script = Script()
    plan = TrafficPlan(calls=(a_call(id_="c1"),))
    with pytest.raises(ProbeError, match="two calls have the id 'c1'"):
        a_prober(script).send({"a": plan, "b": plan}, [])
    assert script.log == []


def test_wait_for_a_plan_is_as_long_as_all_its_calls_may_take():
    """Five calls over two connections, three seconds each, may take nine seconds and some grace."""
    replies = {"observations": [[f"c{n}", "timed-out", None, None, None, 1, ""] for n in range(5)]}
    script = Script(a=[[replies]])
    calls = tuple(a_call(id_=f"c{n}") for n in range(5))
    plan = TrafficPlan(calls=calls, connections=2, timeout=timedelta(seconds=3))
    a_prober(script).send({"a": plan}, [])
    (_, _, waited) = script.log[2]
    assert waited == timedelta(seconds=19)


def test_ping_of_another_workload_is_an_error():
    """A channel that leads to the wrong pod would give evidence about the wrong workload."""
    script = Script(a=[[{"workload": "b", "http": [], "tcp": []}]])
    with pytest.raises(ProbeError, match="says it is 'b'"):
        a_prober(script).ping("a")


def test_ping_gives_the_served_ports(prober):
    """The real app says what it was started with."""
    ports = prober.ping("here/shop")
    assert (ports.http, ports.tcp) == ((8080,), (8300,))
