"""What an application notes of bytes that are no well-formed call: delivered is delivered."""

import socket

import pytest

from conformance.model.traffic import Receipt
from conformance.probe.http_server import HttpEcho
from conformance.probe.ledger import Ledger, RawReceipt
from conformance.probe.prober import Prober
from conformance.tests.doubles.probe_apps import Wire

SHOP = "here/shop"


def deliver(apps, port, data):
    """Send bytes as they are, and wait until the application has closed or taken the end."""
    ((address, _),) = apps.places(f"shop:{port}")
    with socket.create_connection((address, port), timeout=5) as raw:
        raw.sendall(data)
        raw.shutdown(socket.SHUT_WR)
        while raw.recv(65536):
            pass


def a_receipt(call_id=b"c1"):
    return RawReceipt(call_id, 8080, "http", b"GET", b"/", [])


@pytest.mark.parametrize("data", [b"CALL", b"CALL \n", b"CALL a b\n", b"GET / HTTP/1.1\r\n\r\n", b"\0\n"])
def test_bytes_on_a_tcp_port_that_are_no_call_are_noted(apps, prober: Prober, data):
    """A line that is cut or of another kind has reached the application all the same."""
    deliver(apps, 8300, data)
    (noted, *_) = prober.strays([SHOP])[SHOP]
    assert (noted.call_id, noted.protocol, noted.responder) == ("", "tcp", SHOP)
    assert noted.raw_path
    assert data.startswith(noted.raw_path.encode())


def test_http_request_that_is_cut_within_its_headers_is_noted(apps, prober: Prober):
    """Half a request was delivered; it is noted with what could be read of it."""
    deliver(apps, 8080, b"POST /half HTTP/1.1\r\nhost: shop\r\nx-sm")
    assert [(one.method, one.raw_path) for one in prober.strays([SHOP])[SHOP]] == [("POST", "/half")]


@pytest.mark.parametrize("ends", [(), (b"not a chunk",)], ids=["cut", "unreadable"])
def test_http_request_that_goes_wrong_within_its_body_is_noted_once(ends):
    """The headers are the delivery; what becomes of the body does not make it two."""
    ledger = Ledger(SHOP)
    echo = HttpEcho(SHOP, 8080, ledger)
    echo.connection_made(Wire())
    start = b"POST /cut HTTP/1.1\r\nx-smi-call: c1\r\ntransfer-encoding: chunked\r\n\r\n"
    for data in (start, b"5\r\nabc", *ends):
        echo.data_received(data)
    echo.connection_lost(None)
    assert [one.raw_path for one in ledger.take(["c1", ""])] == ["/cut"]


@pytest.mark.parametrize(
    ("request_", "closes"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", False),
        (b"GET / HTTP/1.0\r\n\r\n", True),
        (b"GET / HTTP/1.1\r\nconnection: close\r\n\r\n", True),
        (b"CONNECT a:80 HTTP/1.1\r\n\r\n", True),
        (b"ODD / HTTP/1.1\r\n\r\n", True),
    ],
)
def test_last_answer_of_a_connection_says_that_it_is_the_last(request_, closes):
    """Else a proxy would send the next call into the close, and the call would look cut by the mesh."""
    wire = Wire()
    echo = HttpEcho(SHOP, 8080, Ledger(SHOP))
    echo.connection_made(wire)
    echo.data_received(request_)
    assert (b"connection: close\r\n" in b"".join(wire.written)) is closes
    assert wire.is_closed is closes


def test_unreadable_request_keeps_its_call_id(apps):
    """A path that the parser refuses does not hide whose call it was."""
    deliver(apps, 8080, b"GET /\x01 HTTP/1.1\r\nhost: shop\r\nX-SMI-Call: odd-1\r\n\r\n")
    reply = apps.stream(SHOP).ask(op="receipts", ids=["odd-1"])
    assert [one[4] for one in reply["receipts"]] == ["/\x01"]


def test_raw_line_at_an_http_port_keeps_its_call_id(apps):
    """A raw call that a mesh hands on to a port of the other kind is known again."""
    deliver(apps, 8080, b"CALL odd-2\n")
    reply = apps.stream(SHOP).ask(op="receipts", ids=["odd-2"])
    assert [(one[3], one[4]) for one in reply["receipts"]] == [("CALL", "odd-2\n")]


def test_ledger_gives_each_receipt_once():
    """What was taken is forgotten; what was not asked for stays."""
    ledger = Ledger(SHOP)
    for call_id in (b"c1", b"c1", b"c2"):
        ledger.write(a_receipt(call_id))
    expected = Receipt(
        call_id="c1", responder=SHOP, port=8080, protocol="http", method="GET", raw_path="/", headers=()
    )
    assert ledger.take(["c1", "c3"]) == [expected, expected]
    assert ledger.take(["c1"]) == []
    assert ledger.forget_all() == 1


def test_ledger_drops_the_oldest_and_counts_them():
    """Memory is bounded, and what was lost is said, so that a missing receipt is not taken for a refusal."""
    ledger = Ledger(SHOP, limit=3)
    for number in range(5):
        ledger.write(a_receipt(b"c%d" % number))
    assert [one.call_id for one in ledger.take(f"c{number}" for number in range(5))] == ["c2", "c3", "c4"]
    assert (ledger.take_dropped(), ledger.take_dropped()) == (2, 0)


def test_ledger_counts_the_calls_of_a_burst_without_receipts():
    """Numbers that were seen are bits; a number that comes again is a duplicate."""
    ledger = Ledger(SHOP)
    for number in (0, 3, 3, 9):
        ledger.write(a_receipt(b"b#%d" % number))
    tally = ledger.take_tally("b")
    assert (tally.seen, tally.duplicates) == (0b1000001001, 1)
    assert ledger.take_tally("b").seen == 0
    assert ledger.forget_all() == 0


@pytest.mark.parametrize("odd", [b"b#x", b"b#99999999999999", b"b#", b"#-1"])
def test_odd_number_of_a_burst_is_an_ordinary_receipt(odd):
    """An id that only looks like a burst's is not counted, whatever its number would cost."""
    ledger = Ledger(SHOP)
    ledger.write(a_receipt(odd))
    assert len(ledger.take([odd.decode()])) == 1
