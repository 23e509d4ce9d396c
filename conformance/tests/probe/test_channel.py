"""The app's channel: order on one connection, independence between two."""

import json
from datetime import timedelta

SHOP = "here/shop"
SLOW_SEND = {
    "op": "send",
    "calls": [["slow-1", "shop", 8080, ["GET", "/", [["x-smi-delay-ms", "800"]]]]],
    "connections": 1,
    "keep_alive": False,
    "timeout_ms": 5000,
}
LONG = timedelta(seconds=10)


def test_replies_keep_the_order_of_the_requests(apps):
    """A quick request waits for the slow one before it."""
    stream = apps.stream(SHOP)
    stream.write(SLOW_SEND)
    stream.write({"op": "ping"})
    assert "observations" in stream.read(LONG)
    assert stream.read(LONG)["workload"] == SHOP


def test_two_connections_do_not_wait_for_each_other(apps):
    """A ping on one is answered while a plan runs on the other."""
    busy, free = apps.stream(SHOP), apps.stream(SHOP)
    busy.write(SLOW_SEND)
    assert free.ask(op="ping")["workload"] == SHOP
    assert not busy.has_reply()
    assert "observations" in busy.read(LONG)


def test_request_that_cannot_be_read_is_answered_and_the_channel_goes_on(apps):
    """No JSON, no object, an unknown op, a missing field: each says what is wrong."""
    stream = apps.stream(SHOP)
    for line in (b"{", b"[]", b'{"op": "dance"}', b'{"op": "receipts"}', b"{}"):
        stream.write_line(line)
        assert stream.read(LONG)["error"]
    assert stream.ask(op="ping")["workload"] == SHOP


def test_line_that_comes_in_parts_is_one_request(apps):
    """The end of the line decides, not the end of a read."""
    stream = apps.stream(SHOP)
    calls = [[f"part-{n}", "shop", 8080, ["GET", "/" + "x" * 500, []]] for n in range(2000)]
    stream.write_line(json.dumps({**SLOW_SEND, "calls": calls, "connections": 8}).encode())
    assert len(stream.read(timedelta(seconds=10))["observations"]) == 2000
    stream.ask(op="reset")


def test_broken_hosts_file_is_an_error_and_not_an_unknown_name(apps):
    """A pod that cannot resolve anything says so in place of observations."""
    hosts = apps.directory / "hosts.json"
    good = hosts.read_bytes()
    hosts.write_text("{")
    try:
        assert "JSONDecodeError" in apps.stream(SHOP).ask(**SLOW_SEND)["error"]
    finally:
        new = apps.directory / "good"
        new.write_bytes(good)
        new.replace(hosts)
