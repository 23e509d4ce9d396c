"""What is written down when something has gone wrong."""

import json
from dataclasses import replace

import pytest
import yaml

from conformance.cluster.kubernetes import KubernetesCluster, ProxyAdmin, evidence

PROXY = ProxyAdmin(container="their-proxy", port=19000, path="/dump")
POD = "/api/v1/namespaces/n/pods/p"


@pytest.fixture
def collect(api, fake, settings, tmp_path):
    fake.put_there("/api/v1/namespaces/n", {"kind": "Namespace"}, team="a")
    with KubernetesCluster(api, replace(settings, proxy=PROXY)) as cluster:

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


def test_configuration_of_any_proxy_is_read_from_the_probe(collect, fake):
    """By its port and path as the profile has them: a proxy's own image may have no shell."""
    fake.put_there(POD, a_pod("probe", "their-proxy"))
    asked = []
    fake.script("GET", f"{POD}/exec", _dumping(b'{"configs": []}', asked))
    assert collect()["p.their-proxy.config.txt"] == '{"configs": []}'
    [query] = asked
    assert query["container"] == "probe"
    assert "http://127.0.0.1:19000/dump" in query.getall("command")


def test_private_key_in_a_proxy_configuration_is_taken_out(collect, fake):
    """Whatever the proxy itself leaves in."""
    fake.put_there(POD, a_pod("probe", "their-proxy"))
    key = b"-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----"
    fake.script("GET", f"{POD}/exec", _dumping(b"key: " + key))
    assert collect()["p.their-proxy.config.txt"] == "key: [removed]"


def test_proxy_that_cannot_be_asked_is_noted(collect, fake, tools):
    """In the words of what failed."""
    fake.put_there(POD, a_pod("probe", "their-proxy"))

    async def refuse(request):
        return tools["status"](500, "", "container not found")

    fake.script("GET", f"{POD}/exec", refuse)
    noted = collect()["p.their-proxy.config.txt"]
    assert "could not be read: the API server answered 500: container not found" in noted


def test_pod_without_proxy_is_not_asked(collect, fake):
    """Nor one without the probe, through which it is asked."""
    fake.put_there(POD, a_pod("probe"))
    collect()
    assert not any(path.endswith("/exec") for path in fake.asked("GET"))


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


def _dumping(said, asked=None):
    async def dumped(request):
        if asked is not None:
            asked.append(request.query)
        stream = await _opened(request)
        await stream.send_bytes(b"\x01" + said)
        await stream.send_bytes(b"\x03" + json.dumps({"status": "Success"}).encode())
        return stream

    return dumped


async def _opened(request):
    from aiohttp import web

    stream = web.WebSocketResponse(protocols=("v5.channel.k8s.io",))
    await stream.prepare(request)
    return stream
