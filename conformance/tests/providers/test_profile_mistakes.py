"""What a person is told who makes a mistake in a profile: where it is, and what would be right."""

import pytest

from conformance.errors import ScenarioError, UsageError
from conformance.places import fixtures_root
from conformance.providers.loading import find_profile, load_profile

MISTAKES = {
    "a misspelt key": ("headers_shape: list", "header_shape: list", "'header_shape'", "'headers_shape'"),
    "an unknown version": ("[v1alpha2]", "[v1alpha5]", "'v1alpha5'", "did you mean"),
    "a version that the kind never had": (
        "TCPRoute: [v1alpha4]",
        "UDPRoute: [v1alpha3]",
        "no UDPRoute in v1alpha3",
        "it is in v1alpha4",
    ),
    "an unknown kind": (
        "TrafficSplit: [",
        "TrafficSpilt: [",
        "'TrafficSpilt'",
        "did you mean 'TrafficSplit'?",
    ),
    "an unknown feature": ("[tcp, unmeshed]", "[tpc, unmeshed]", "'tpc'", "did you mean 'tcp'?"),
    "a fact without a place where it is written": (
        'source: ["openservicemesh/osm:pkg/messaging/broker.go@v1.2.4"]',
        "source: [somewhere]",
        "'somewhere'",
        "owner/repository:path@ref",
    ),
    "a time without a unit": ("deadline: 30s", 'deadline: "30"', "'30'", "with a unit"),
    "a window as long as the deadline": ("window: 3s", "window: 60s", "is not shorter", "a part of the time"),
    "a host that names no namespace": (
        '"{service}.{namespace}.svc.cluster.local"',
        '"{service}.svc"',
        "does not name exactly",
        "{service} and {namespace}",
    ),
    "a host with an open brace": (
        '"{service}.{namespace}.svc.cluster.local"',
        '"{service}.{namespace"',
        "no template",
        "close every brace",
    ),
    "a workload that is none": (
        "Deployment osm-system/osm-injector",
        "Pod osm-system/osm-injector",
        "'Pod osm",
        "Deployment",
    ),
    "a requirement that is not there": (
        "access.rules.matches-omitted-means-all",
        "access.rules.matches-omited-means-all",
        "no requirement",
        "did you mean 'access.rules.matches-omitted-means-all'?",
    ),
    "a deviation without a link": (
        "link: https://github.com/openservicemesh/osm/blob/v1.2.4/docs",
        "link: docs",
        "docs",
        "https",
    ),
    "another name than the file's": ("name: osm\n", "name: oms\n", "'oms' is not the file's", "write 'osm'"),
}


@pytest.fixture
def written(tmp_path):
    """Write the profile of Open Service Mesh with one part replaced, and give the path and the text."""

    def write(old, new):
        text = (fixtures_root() / "providers" / "osm.yaml").read_text(encoding="utf-8")
        assert old in text, "the test's own idea of the profile is out of date"
        changed = text.replace(old, new, 1)
        path = tmp_path / "osm.yaml"
        path.write_text(changed, encoding="utf-8")
        return path, changed

    return write


@pytest.mark.parametrize("old,new,what,hint", MISTAKES.values(), ids=MISTAKES.keys())
def test_mistake_is_told_with_its_line_and_what_would_be_right(written, old, new, what, hint):
    """Each mistake is shown where it stands, quoted, with what was probably meant."""
    path, text = written(old, new)
    line = text[: text.index(new)].count("\n") + 1
    with pytest.raises(ScenarioError) as caught:
        load_profile(path)
    assert caught.value.where == f"{path}:{line}"
    assert what in caught.value.what
    assert hint in caught.value.hint


def test_missing_source_is_told(written):
    """A section without its source is a mistake: a fact that nobody can check is none."""
    path, _ = written('  source: ["openservicemesh/osm:pkg/messaging/broker.go@v1.2.4"]\n', "")
    with pytest.raises(ScenarioError, match="convergence lacks 'source'"):
        load_profile(path)


@pytest.mark.parametrize(
    "step,what",
    [
        ("helm install osm osm --repo https://example.org", "pins no version"),
        ("kubectl apply -f https://raw.githubusercontent.com/a/b/master/c.yaml", "whatever is newest"),
        ("docker pull a/b:latest", "whatever is newest"),
    ],
)
def test_step_that_is_not_pinned_is_a_mistake(written, step, what):
    """What somebody installs tomorrow must be what the facts were read of."""
    path, _ = written("run: helm uninstall osm --namespace osm-system --wait", f"run: {step}")
    with pytest.raises(ScenarioError, match=what):
        load_profile(path)


def test_writer_that_claims_a_kind_is_a_mistake(written):
    """A mesh that only writes SMI objects has nothing to be judged by."""
    path, _ = written("role: mesh", "role: writer")
    with pytest.raises(ScenarioError, match="acts on no SMI object"):
        load_profile(path)


def test_profile_that_leads_no_call_through_the_mesh_is_refused(written):
    """Without a way in, the bare cluster would be judged, and found to let everything through."""
    path, text = written("joined: {container: envoy, label: osm-proxy-uuid}", "joined: {}")
    text = text.replace("namespace_labels: {openservicemesh.io/monitored-by: osm}", "namespace_labels: {}")
    text = text.replace("{openservicemesh.io/sidecar-injection: enabled}", "{}")
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError, match="leads a call through the mesh"):
        load_profile(path)


def test_unknown_provider_is_told_which_was_meant():
    """A misspelt name leads to the one that is there, and to the other way: a file."""
    with pytest.raises(UsageError) as caught:
        find_profile("traefik-mehs")
    assert "did you mean 'traefik-mesh'?" in caught.value.hint
    assert "by its path" in caught.value.hint


def test_profile_is_found_by_name_and_by_path(written, tmp_path):
    """A profile of one's own is named by its path, and reads like a shipped one."""
    path, _ = written("title: Open Service Mesh", "title: Our own build")
    assert find_profile("osm").title == "Open Service Mesh"
    assert find_profile(str(path)).title == "Our own build"
    with pytest.raises(UsageError, match="no profile"):
        find_profile(str(tmp_path / "other.yaml"))
