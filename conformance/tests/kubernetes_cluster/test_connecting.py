"""Connections that cannot be: one clear error each."""

import base64
import json
import os
import socket

import pytest

from conformance.cluster.kubernetes import connect, server_version
from conformance.errors import EnvironmentBrokenError, UsageError

EXPIRED = ".".join(
    base64.urlsafe_b64encode(json.dumps(one).encode()).decode().rstrip("=")
    for one in ({"alg": "none"}, {"exp": 1_600_000_000}, {})
)


def test_server_that_answers_is_connected_to(fake, tmp_path, tools):
    """And says which version it has."""
    fake.objects["/version"] = {"gitVersion": "v1.34.4", "metadata": {}}
    api = connect(tools["kubeconfig"](tmp_path, fake.address), "here")
    assert server_version(api) == "v1.34.4"
    api.close()


def test_file_that_is_not_there_is_the_persons_mistake(tmp_path):
    """Its path is named."""
    with pytest.raises(UsageError, match="nowhere"):
        connect(tmp_path / "nowhere", None)


def test_without_a_path_the_variable_counts(fake, tmp_path, tools, monkeypatch):
    """As it does for kubectl."""
    path = tools["kubeconfig"](tmp_path, fake.address)
    monkeypatch.setenv("KUBECONFIG", f"{tmp_path / 'nowhere'}{os.pathsep}{path}")
    connect(None, None).close()
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "nowhere"))
    with pytest.raises(UsageError, match="KUBECONFIG"):
        connect(None, None)


@pytest.mark.parametrize("text", ["", "[1, 2", "just words", "clusters: 3", "\x00\x01"])
def test_file_that_is_no_kubeconfig_is_the_persons_mistake(tmp_path, text):
    """Whatever it is."""
    path = tmp_path / "kubeconfig"
    path.write_text(text)
    with pytest.raises(UsageError, match=r"no kubeconfig[\s\S]*kubeconfig .*/kubeconfig"):
        connect(path, None)


def test_directory_in_place_of_a_file_cannot_be_read(tmp_path):
    """The system's own words say why."""
    with pytest.raises(UsageError, match="cannot be read"):
        connect(tmp_path, None)


def test_unknown_context_is_answered_with_the_known_ones(fake, tmp_path, tools):
    """So that the next try fits."""
    path = tools["kubeconfig"](tmp_path, fake.address, context="mine")
    with pytest.raises(UsageError, match=r"no context 'yours'[\s\S]*name one of mine"):
        connect(path, "yours")


def test_server_that_is_not_there_breaks_the_environment(tmp_path, tools):
    """At once, with its address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    path = tools["kubeconfig"](tmp_path, f"http://127.0.0.1:{port}")
    with pytest.raises(EnvironmentBrokenError, match=rf"does not answer[\s\S]*127.0.0.1:{port}"):
        connect(path, None)


@pytest.mark.parametrize("code", [401, 403])
def test_server_that_does_not_know_the_account_breaks_the_environment(fake, tmp_path, tools, code):
    """Its own words stand in the message."""

    async def unknown(request):
        return tools["status"](code, "Forbidden", "system:anonymous may not")

    fake.script("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", unknown)
    with pytest.raises(EnvironmentBrokenError, match=r"credentials: system:anonymous may not"):
        connect(tools["kubeconfig"](tmp_path, fake.address), None)


def test_token_that_has_run_out_is_told_with_its_end(fake, tmp_path, tools):
    """A person sees that it is a matter of logging in again."""

    async def unauthorized(request):
        assert request.headers["authorization"] == f"Bearer {EXPIRED}"
        return tools["status"](401, "Unauthorized", "Unauthorized")

    fake.script("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", unauthorized)
    with pytest.raises(EnvironmentBrokenError, match="ran out at 2020-09-13"):
        connect(tools["kubeconfig"](tmp_path, fake.address, token=EXPIRED), None)
