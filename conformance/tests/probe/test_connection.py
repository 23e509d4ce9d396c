"""One HTTP connection, event by event: what cannot be timed from outside."""

import pytest

from conformance.model.traffic import Ending
from conformance.probe.connection import HttpConnection
from conformance.tests.doubles.probe_apps import Wire

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


@pytest.fixture
def ends():
    return []


@pytest.fixture
def wire():
    return Wire()


@pytest.fixture
def connection(wire, ends):
    connection = HttpConnection(lambda one: ends.append((one.ending, one.response.status)))
    connection.connection_made(wire)
    return connection


def test_close_between_two_calls_is_noticed(connection, wire, ends):
    """A connection that ended while it was idle is not open, and ends a call that is started all the same."""
    connection.start(b"one", has_body=True)
    connection.data_received(OK)
    assert connection.is_open
    connection.eof_received()
    assert not connection.is_open
    connection.start(b"two", has_body=True)
    assert ends == [(Ending.ANSWERED, 200), (Ending.CLOSED, None)]
    assert wire.written == [b"one"]


def test_reset_before_the_first_call_ends_it(connection, wire, ends):
    """A peer that takes the connection and cuts it at once has reset it."""
    connection.connection_lost(ConnectionResetError("cut"))
    connection.start(b"one", has_body=True)
    assert ends == [(Ending.RESET, None)]
    assert connection.detail == "before the request: cut"


def test_end_is_told_once(connection, ends):
    """Close and loss follow an answer without a second end."""
    connection.start(b"one", has_body=True)
    connection.data_received(OK)
    connection.eof_received()
    connection.connection_lost(None)
    assert ends == [(Ending.ANSWERED, 200)]


def test_response_may_come_byte_by_byte(connection, ends):
    """Where the network cuts it makes no difference, and it ends with its last byte."""
    connection.start(b"one", has_body=True)
    for number in range(len(OK)):
        assert ends == []
        connection.data_received(OK[number : number + 1])
    assert ends == [(Ending.ANSWERED, 200)]
    assert connection.response.body == b"ok"


def test_answer_to_head_ends_with_its_headers_and_the_next_is_read(connection, ends):
    """Its content-length announces a body that does not come."""
    connection.start(b"HEAD", has_body=False)
    connection.data_received(OK[:-2])
    connection.start(b"GET", has_body=True)
    connection.data_received(OK.replace(b"200", b"201"))
    assert ends == [(Ending.ANSWERED, 200), (Ending.ANSWERED, 201)]


def test_bytes_that_nobody_asked_for_close_the_connection(connection, wire, ends):
    """Else they would be taken for the answer to the next call."""
    connection.data_received(OK)
    assert wire.is_closed
    assert not connection.is_open
    assert ends == []


def test_facts_of_one_call_do_not_stand_for_the_next(connection):
    """A response without the application's headers has no responder, whoever answered before."""
    connection.start(b"one", has_body=True)
    connection.data_received(b"HTTP/1.1 200 OK\r\nX-SMI-Responder: a/b\r\ncontent-length: 0\r\n\r\n")
    assert connection.observation("one", 0).responder == "a/b"
    connection.start(b"two", has_body=True)
    connection.data_received(OK)
    assert connection.observation("two", 0).responder is None
