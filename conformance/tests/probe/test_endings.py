"""How a call's end is told: each way to fail has its own name, and nothing is tried twice."""

from datetime import timedelta

import pytest

from conformance.model.traffic import Ending, HttpRequest, TcpRequest, TrafficPlan
from conformance.tests.doubles.probe_apps import reset
from conformance.tests.doubles.traffic import a_call

CALLER = "here/caller"
SHORT, LONG = timedelta(milliseconds=200), timedelta(seconds=5)
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


def send(prober, *calls, **plan):
    seen = prober.send({CALLER: TrafficPlan(calls=calls, **plan)}, [])
    return [seen[call.id][0] for call in calls]


def says(reply):
    """Make a behaviour: read once, answer *reply*, close in order."""

    def behave(taken):
        taken.recv(65536)
        taken.sendall(reply)

    return behave


def cuts(taken):
    taken.recv(65536)
    reset(taken)


def says_nothing(taken):
    while taken.recv(65536):
        pass


@pytest.mark.parametrize("request_", [HttpRequest(), TcpRequest()])
@pytest.mark.parametrize(
    ("behaviour", "ending"),
    [
        (cuts, Ending.RESET),
        (reset, Ending.RESET),
        (says(b""), Ending.CLOSED),
        (says(b"SSH-2.0-odd\r\n"), Ending.GARBLED),
        (says_nothing, Ending.TIMED_OUT),
    ],
    ids=["cut", "cut-at-once", "closed", "garbage", "silent"],
)
def test_ending_names_what_the_network_did(apps, prober, request_, behaviour, ending):
    """Reset, close, garbage and silence are told apart, over HTTP and over TCP."""
    apps.serve("odd", behaviour)
    timeout = SHORT if ending is Ending.TIMED_OUT else LONG
    (seen,) = send(prober, a_call("odd", port=8300, request=request_), timeout=timeout)
    assert (seen.ending, seen.responder) == (ending, None)


@pytest.mark.parametrize("request_", [HttpRequest(), TcpRequest()])
@pytest.mark.parametrize(
    ("host", "ending"),
    [("closed", Ending.REFUSED), ("nobody", Ending.REFUSED), ("no-name", Ending.NAME_UNKNOWN)],
)
def test_call_that_goes_nowhere_says_why(apps, prober, request_, host, ending):
    """A closed port and a Service without pods refuse; a name that is not in the hosts file is unknown."""
    apps.lead({"closed:8080": [("127.78.255.254", 8080)], "nobody:8080": []})
    (seen,) = send(prober, a_call(host, request=request_))
    assert seen.ending is ending
    assert seen.detail


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 403 Forbidden\r\ncontent-length: 5\r\n\r\nno <b>",
        b"HTTP/1.1 403 Forbidden\r\ntransfer-encoding: chunked\r\n\r\n5\r\nno <b\r\n0\r\n\r\n",
        b"HTTP/1.0 403 Forbidden\r\n\r\nno <b",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 403 Forbidden\r\ncontent-length: 5\r\n\r\nno <b",
    ],
    ids=["length", "chunked", "until-close", "after-interim"],
)
def test_proxys_answer_has_status_and_words_but_no_responder(apps, prober, reply):
    """However its end is marked, a whole response is an answer; only an application names a responder."""
    apps.serve("proxy", says(reply))
    (seen,) = send(prober, a_call("proxy"))
    assert (seen.ending, seen.status, seen.responder) == (Ending.ANSWERED, 403, None)
    assert seen.detail == "no <b"


@pytest.mark.parametrize("part", [OK[:10], OK[:-1]])
def test_half_a_response_is_no_answer(apps, prober, part):
    """A response that is closed before its end does not count as answered."""
    apps.serve("half", says(part))
    (seen,) = send(prober, a_call("half"))
    assert seen.ending is Ending.CLOSED


def test_echo_of_another_line_is_garbled(apps, prober):
    """A TCP answer counts only when it carries the id that was sent."""
    apps.serve("mixed-up", says(b"ECHO another here/shop\n"))
    (seen,) = send(prober, a_call("mixed-up", port=8300, request=TcpRequest()))
    assert (seen.ending, seen.echoed_id) == (Ending.GARBLED, "another")


def test_call_on_a_connection_that_is_cut_is_not_tried_again(apps, prober):
    """The call that meets the cut says so; the one after it gets a connection of its own."""
    served = []

    def answers_once_then_cuts(taken):
        served.append(taken.recv(65536))
        taken.sendall(OK)
        served.append(taken.recv(65536))
        reset(taken)

    server = apps.serve("tired", answers_once_then_cuts)
    seen = send(prober, *(a_call("tired") for _ in range(4)), keep_alive=True)
    assert [one.ending for one in seen] == [Ending.ANSWERED, Ending.RESET, Ending.ANSWERED, Ending.RESET]
    assert (server.taken, len(served)) == (2, 4)


@pytest.mark.parametrize(("keep_alive", "connections"), [(True, 1), (False, 3)])
def test_keep_alive_decides_how_many_connections_are_opened(apps, prober, keep_alive, connections):
    """One connection carries all calls, or each call has its own."""

    def answers(taken):
        while taken.recv(65536):
            taken.sendall(OK)

    server = apps.serve("counting", answers)
    send(prober, *(a_call("counting") for _ in range(3)), keep_alive=keep_alive)
    assert server.taken == connections


def test_connection_that_announces_its_end_is_not_used_again(apps, prober):
    """After ``connection: close`` the next call does not run into the close."""
    server = apps.serve("last", says(OK.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n")))
    seen = send(prober, *(a_call("last") for _ in range(3)), keep_alive=True)
    assert [one.ending for one in seen] == [Ending.ANSWERED] * 3
    assert server.taken == 3


def test_connection_that_became_a_tunnel_carries_no_other_call(apps, prober):
    """After the answer to CONNECT, what follows is not HTTP any more."""

    def opens_tunnel(taken):
        taken.recv(65536)
        taken.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        taken.recv(65536)

    server = apps.serve("tunnel", opens_tunnel)
    connect = HttpRequest(method="CONNECT", path="shop:8080")
    seen = send(prober, *(a_call("tunnel", request=connect) for _ in range(2)), keep_alive=True)
    assert [one.ending for one in seen] == [Ending.ANSWERED] * 2
    assert server.taken == 2


def test_unasked_bytes_are_not_taken_for_the_next_answer(apps, prober):
    """A second response that came with the first does not answer the second call."""
    server = apps.serve("chatty", says(OK + OK.replace(b"200 OK", b"500 No")))
    seen = send(prober, a_call("chatty"), a_call("chatty"), keep_alive=True)
    assert [one.status for one in seen] == [200, 200]
    assert server.taken == 2
