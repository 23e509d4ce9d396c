"""What a plan's calls look like where they arrive, and what comes back."""

import time
from datetime import timedelta

import pytest

from conformance.model.traffic import Ending, HttpRequest, TcpRequest, TrafficPlan
from conformance.tests.doubles.traffic import a_call

CALLER, SHOP = "here/caller", "here/shop"


def send_one(prober, call):
    seen = prober.send({CALLER: TrafficPlan(calls=(call,))}, [SHOP])
    return seen[call.id]


@pytest.mark.parametrize(("request_", "port"), [(HttpRequest(), 8080), (TcpRequest(), 8300)])
def test_answered_call_is_seen_from_both_ends(prober, request_, port):
    """The caller hears who answered and with which id, and that workload holds one receipt for it."""
    call = a_call(request=request_, port=port)
    observation, receipts = send_one(prober, call)
    assert (observation.ending, observation.responder) == (Ending.ANSWERED, SHOP)
    assert observation.echoed_id == call.id
    assert [(one.responder, one.port) for one in receipts] == [(SHOP, port)]


@pytest.mark.parametrize(
    "path",
    ["/public/../admin", "//x", "/%2e%2E/./a;b=c", "/a?b=/../c&d#e", "/.", "*", "/caf\u00e9", "/\udcff"],
)
def test_path_arrives_to_the_letter(prober, path):
    """Nothing between the plan and the receipt tidies, decodes or encodes a path."""
    _, (receipt,) = send_one(prober, a_call(request=HttpRequest(path=path)))
    assert receipt.raw_path == path


@pytest.mark.parametrize(
    "method", ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "get", "ODD"]
)
def test_every_method_arrives_and_is_answered(prober, method):
    """Also one that no parser knows: it was delivered, so it is noted and answered."""
    observation, (receipt,) = send_one(prober, a_call(request=HttpRequest(method=method)))
    assert observation.responder == SHOP
    assert receipt.method == method


def test_headers_arrive_in_order_and_host_names_what_was_called(prober):
    """Names may repeat and keep their spelling; without its own host a request carries host and port."""
    headers = (("X-Odd", "1"), ("x-odd", "2"), ("A", ""))
    call = a_call(request=HttpRequest(headers=headers))
    _, (receipt,) = send_one(prober, call)
    assert receipt.headers == (("host", "shop:8080"), *headers, ("x-smi-call", call.id))


def test_own_host_header_replaces_the_called_name(prober):
    """A scenario about host headers decides what stands there."""
    request = HttpRequest(headers=(("Host", "other.example"),))
    _, (receipt,) = send_one(prober, a_call(request=request))
    assert [value for name, value in receipt.headers if name.lower() == "host"] == ["other.example"]


def test_status_is_the_applications_when_it_is_asked_for_one(prober):
    """A status of 503 from the application is an answer of the application, not of a proxy."""
    request = HttpRequest(headers=(("x-smi-status", "503"),))
    observation, _ = send_one(prober, a_call(request=request))
    assert (observation.status, observation.responder) == (503, SHOP)


def test_delay_makes_the_answer_late(prober):
    """A call whose answer comes after the plan's timeout has timed out, and was delivered."""
    call = a_call(request=HttpRequest(headers=(("x-smi-delay-ms", "2000"),)))
    plan = TrafficPlan(calls=(call,), timeout=timedelta(milliseconds=300))
    observation, receipts = prober.send({CALLER: plan}, [SHOP])[call.id]
    assert observation.ending is Ending.TIMED_OUT
    assert len(receipts) == 1


@pytest.mark.parametrize("keep_alive", [True, False])
def test_thousands_of_calls_each_have_one_answer_and_one_receipt(prober, keep_alive):
    """2000 calls and their receipts come back complete, and well within a second or two."""
    calls = tuple(a_call() for _ in range(2000))
    started = time.monotonic()
    seen = prober.send({CALLER: TrafficPlan(calls=calls, connections=8, keep_alive=keep_alive)}, [SHOP])
    assert time.monotonic() - started < 5
    assert list(seen) == [call.id for call in calls]
    assert all(one.responder == SHOP and len(receipts) == 1 for one, receipts in seen.values())


def test_workloads_send_at_the_same_time(prober):
    """Two workloads whose calls take 800 ms each are done in less than the 1600 ms that turns would take."""
    slow = HttpRequest(headers=(("x-smi-delay-ms", "800"),))
    plans = {source: TrafficPlan(calls=(a_call(request=slow),)) for source in (CALLER, SHOP)}
    started = time.monotonic()
    seen = prober.send(plans, [SHOP])
    assert time.monotonic() - started < 1.5
    assert all(one.ending is Ending.ANSWERED for one, _ in seen.values())


def test_receipts_are_forgotten_once_they_were_given(apps, prober):
    """What was asked for does not pile up in the application."""
    call = a_call()
    send_one(prober, call)
    again = apps.stream(SHOP).ask(op="receipts", ids=[call.id])
    assert again["receipts"] == []


def test_self_call_answers_on_every_port_and_leaves_no_receipt(apps, prober):
    """An application calls itself past the mesh, and nobody mistakes that for a delivery."""
    seen = prober.self_call(SHOP)
    assert {port: one.responder for port, one in seen.items()} == {8080: SHOP, 8300: SHOP}
    assert apps.stream(SHOP).ask(op="reset")["forgotten"] == 0
