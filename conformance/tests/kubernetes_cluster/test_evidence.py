"""What is written down when something has gone wrong."""

import json

import pytest
import yaml

from conformance.cluster.kubernetes import KubernetesCluster, evidence

POD = "/api/v1/namespaces/n/pods/p"


@pytest.fixture
def collect(api, fake, settings, tmp_path):
    fake.put_there("/api/v1/namespaces/n", {"kind": "Namespace"}, team="a")
    with KubernetesCluster(api, settings) as cluster:

        def collect_all():
            cluster.collect_evidence(["n"], tmp_path)
            return {path.name: path.read_text() for path in (tmp_path / "n").iterdir()}

        yield collect_all


def a_pod(*containers, **env):
    env = [{"name": name, "value": value} for name, value in env.items()]
    return {"kind": "Pod", "spec": {"containers": [{"name": one, "env": env} for one in containers]}}


def test_objects_are_written_as_they_are_stored(collect, fake):
    """The Namespace itself, and what lies in it."""
    fake.put_there("/api/v1/namespaces/n/services/s", {"kind": "Service", "spec": {"clusterIP": "10.0.0.1"}})
    stored = list(yaml.safe_load_all(collect()["objects.yaml"]))
    assert [(one["kind"], one["metadata"]["name"]) for one in stored] == [
        ("Namespace", "n"),
        ("Service", "s"),
    ]
    assert stored[1]["spec"] == {"clusterIP": "10.0.0.1"}


def test_logs_of_every_container_are_written(collect, fake, tools):
    """Each into a file of its own; what cannot be read is noted, and the rest is written all the same."""
    fake.put_there(POD, a_pod("probe", "other"))

    async def log(request):
        if request.query["container"] == "probe":
            return tools["text"]("hello\n")
        return tools["status"](400, "BadRequest", "container is waiting to start")

    fake.script("GET", f"{POD}/log", log, log)
    found = collect()
    assert found["p.probe.log"] == "hello\n"
    assert found["p.other.log"] == "(container is waiting to start)"


def test_configuration_of_the_proxy_is_written(collect, fake, tools):
    """Where there is a proxy that can be asked."""
    fake.put_there(POD, a_pod("smi-proxy"))
    ended = json.dumps({"status": "Success"}).encode()

    async def dumped(request):
        stream = await _opened(request)
        await stream.send_bytes(b"\x01" + b'{"configs": []}')
        await stream.send_bytes(b"\x03" + ended)
        return stream

    fake.script("GET", f"{POD}/exec", dumped)
    assert collect()["p.smi-proxy.json"] == '{"configs": []}'


def test_proxy_that_cannot_be_asked_is_noted(collect, fake, tools):
    """In the words of what failed."""
    fake.put_there(POD, a_pod("smi-proxy"))

    async def refuse(request):
        return tools["status"](500, "", "container not found")

    fake.script("GET", f"{POD}/exec", refuse)
    assert (
        "could not be read: the API server answered 500: container not found" in collect()["p.smi-proxy.json"]
    )


def test_events_come_in_order(collect, fake):
    """The oldest first."""
    for name, time in (("b", "2026-01-02T00:00:00Z"), ("a", "2026-01-01T00:00:00Z")):
        body = {"involvedObject": {"kind": "Pod", "name": "p"}, "message": name, "lastTimestamp": time}
        fake.put_there(f"/api/v1/namespaces/n/events/{name}", body)
    lines = collect()["events.txt"].splitlines()
    assert [line[-1] for line in lines] == ["a", "b"]


def test_secrets_are_never_asked_for_and_tokens_are_taken_out(collect, fake, tools):
    """Neither an environment variable nor a log may carry one into a report."""
    fake.put_there(POD, a_pod("probe", JOIN_TOKEN="abc"))

    async def log(request):
        return tools["text"]("Authorization: Bearer abcdef0123456789\n")

    fake.script("GET", f"{POD}/log", log)
    found = collect()
    assert "abc" not in found["objects.yaml"]
    assert found["p.probe.log"] == "Authorization: Bearer [removed]\n"
    assert not any("secrets" in path for path in fake.asked("GET"))


def test_size_is_bounded(collect, fake, tools, monkeypatch):
    """The end of a log is kept, and a file that is cut says so."""
    monkeypatch.setattr(evidence, "_LOG_SIZE", 10)
    monkeypatch.setattr(evidence, "_FILE_SIZE", 40)
    fake.put_there(POD, a_pod("probe"))

    async def log(request):
        return tools["text"]("x" * 500 + "the end")

    fake.script("GET", f"{POD}/log", log)
    found = collect()
    assert found["p.probe.log"] == "xxxthe end"
    assert found["objects.yaml"].endswith("[the rest was left out]\n")
    assert len(found["objects.yaml"]) < 80


async def _opened(request):
    from aiohttp import web

    stream = web.WebSocketResponse(protocols=("v5.channel.k8s.io",))
    await stream.prepare(request)
    return stream
