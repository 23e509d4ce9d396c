"""How long an API server is asked again, and when it is believed."""

import socket
from datetime import timedelta

import pytest
from kubernetes.client import ApiClient, Configuration

from conformance.cluster.kubernetes import rest as module
from conformance.cluster.kubernetes.refusals import ApiError
from conformance.cluster.kubernetes.rest import Rest

PATH = "/api/v1/namespaces/n"
FORBIDDEN = 'User "admin" cannot get resource "namespaces"'


@pytest.fixture
def hang_up(tools):
    async def answer(request):
        request.transport.close()
        return tools["status"](500)

    return answer


@pytest.fixture
def forbid(tools):
    async def answer(request):
        return tools["status"](403, "Forbidden", FORBIDDEN)

    return answer


def test_broken_connection_is_no_answer_and_is_tried_again(rest, fake, hang_up):
    """As when a node restarts."""
    fake.put_there(PATH, {})
    fake.script("GET", PATH, hang_up, hang_up)
    assert rest.get(PATH)["metadata"]["name"] == "n"


def test_refusal_is_believed_at_once(rest, fake, forbid):
    """A missing right does not come by waiting."""
    fake.script("GET", PATH, forbid)
    with pytest.raises(ApiError, match="cannot get resource"):
        rest.get(PATH)
    assert fake.asked("GET") == [PATH]


def test_refusal_right_after_a_silence_is_not_believed(rest, fake, hang_up, forbid):
    """An API server that has just started refuses everybody, since it has not read its roles yet."""
    fake.put_there(PATH, {})
    fake.script("GET", PATH, hang_up, forbid, forbid)
    assert rest.get(PATH)["metadata"]["name"] == "n"


def test_refusal_that_stays_is_believed_in_the_end(rest, fake, hang_up, forbid, monkeypatch):
    """Nobody waits for ever."""
    monkeypatch.setattr(module, "_ANSWERED_PATIENCE", timedelta(seconds=0.3))
    fake.script("GET", PATH, hang_up, *[forbid] * 50)
    with pytest.raises(ApiError, match="cannot get resource"):
        rest.get(PATH)


def test_silence_that_stays_is_an_error_in_the_end():
    """With the address, and what the system says of it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    api = ApiClient(Configuration(host=f"http://127.0.0.1:{port}"))
    with pytest.raises(ApiError, match=rf"does not answer[\s\S]*127.0.0.1:{port}"):
        Rest(api, timedelta(seconds=0.3)).get(PATH)


def test_page_of_a_proxy_is_quoted(rest, fake, tools):
    """What is no Status object stands in the message as it came."""

    async def page(request):
        return tools["text"]("<html>who are you?</html>", status=400)

    fake.script("GET", PATH, page)
    with pytest.raises(ApiError, match=r"answered 400: <html>who are you\?"):
        rest.get(PATH)


def test_credentials_go_with_every_request(rest, fake, tools):
    """As the kubeconfig has them."""
    seen = []

    async def note(request):
        seen.append(request.headers["authorization"])
        return tools["text"]("{}")

    fake.script("GET", PATH, note)
    rest.get(PATH)
    assert seen == ["Bearer t"]
