"""The profiles that come with the suite: complete, modest in their claims, and honest about trials."""

import json
import re

import pytest
import yaml

from conformance.cluster.kubernetes.kinds import RESOURCES
from conformance.model.scenario import SmiObject
from conformance.places import fixtures_root
from conformance.providers.loading import profiles
from conformance.providers.profile import Role
from conformance.scenario.manifests import smi_manifest
from conformance.spec import ApiGroup, ApiVersion, Bundle, bundle_for

PROFILES = {one.name: one for one in profiles()}

EXPECTED = {
    "consul-hashicorp",
    "consul-nicholasjackson",
    "fsm",
    "gloo-mesh",
    "istio-smi-adapter",
    "linkerd-smi",
    "nginx-service-mesh",
    "osm",
    "reference",
    "supergloo",
    "traefik-mesh",
}


def test_every_mesh_that_implements_smi_has_its_profile():
    """None of the meshes that the suite promises to know is missing."""
    assert set(PROFILES) == EXPECTED


def test_profiles_that_were_never_run_say_so():
    """Every other profile says that its facts were read."""
    assert {name for name, one in PROFILES.items() if one.was_run} == {"reference", "osm", "traefik-mesh"}


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES.keys())
def test_profile_claims_tcp_only_where_it_serves_tcp_routes(profile):
    """Without a TCPRoute nothing could grant raw TCP, so that no refusal would have its control."""
    if any(one.value == "tcp" for one in profile.features):
        assert profile.kinds["TCPRoute"]


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES.keys())
def test_profile_serves_routes_wherever_it_serves_access(profile):
    """A grant names routes, so access alone could grant nothing."""
    assert not profile.kinds.get("TrafficTarget") or profile.kinds.get("HTTPRouteGroup")


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES.keys())
def test_writer_and_judged_mesh_differ_in_what_can_be_judged(profile):
    """Who only writes SMI objects has no kinds; everybody else has some, and signs to be told by."""
    assert bool(profile.kinds) is (profile.role is not Role.WRITER)
    assert profile.signs.images


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES.keys())
def test_permissive_mesh_with_access_says_how_denial_is_switched_on(profile):
    """Deny-by-default cannot be judged on a mesh that was told to let everything through."""
    if profile.kinds.get("TrafficTarget") and not profile.ships_denying:
        named = re.findall(r"[\w.]+(?==)|\b[A-Z]\w+[A-Z]\w+", profile.deny_switch)
        assert any(name in step.run for name in named for step in profile.install)


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES.keys())
def test_lists_of_sentences_are_not_torn_at_their_commas(profile):
    """YAML's short lists end an entry at each comma; what was tried is a list of sentences."""
    tried = yaml.safe_load(profile.path.read_text(encoding="utf-8"))["tried"]
    assert [one for one in (*tried["run"], *tried["read"]) if not one.startswith("every")] == []


def test_two_profiles_share_no_image():
    """An image decides which mesh is there, so it must not speak for two."""
    owners = [(image, one.name) for one in PROFILES.values() for image in one.signs.images]
    assert len(owners) == len({image for image, _ in owners})


def test_whatever_a_mesh_is_made_of_can_be_looked_at():
    """A part of a kind that the suite does not read would never be seen to be missing."""
    parts = {workload.kind for one in PROFILES.values() for workload in one.needs_running}
    assert {"Deployment", "DaemonSet"} <= parts <= RESOURCES.keys()


def test_address_leads_round_the_service_only_where_the_mesh_wants_it():
    """Traefik Mesh is reached by hosts of its own; everybody else by the Service's."""
    hosts = {name: one.host("shop", "here") for name, one in PROFILES.items()}
    assert hosts.pop("traefik-mesh") == "shop.here.traefik.mesh"
    assert set(hosts.values()) == {"shop.here.svc.cluster.local"}


def test_open_service_mesh_is_judged_in_versions_that_no_release_of_the_spec_put_together():
    """Access v1alpha3 with split v1alpha2 is what it serves; the bundle follows it."""
    kinds = PROFILES["osm"].kinds
    served = {
        ApiGroup.ACCESS: kinds["TrafficTarget"],
        ApiGroup.SPECS: kinds["HTTPRouteGroup"],
        ApiGroup.SPLIT: kinds["TrafficSplit"],
    }
    bundle = bundle_for(ApiGroup.ACCESS, ApiVersion.V1ALPHA3, served)
    assert bundle is not None
    assert bundle.split is ApiVersion.V1ALPHA2


@pytest.mark.parametrize("name,shape", [("osm", list), ("traefik-mesh", list), ("nginx-service-mesh", dict)])
def test_header_filters_are_written_as_the_mesh_wants_them(name, shape):
    """Definitions differ within one version: a list of pairs in some, a map in others."""
    match = {"name": "one", "headers": {"x-one": "1", "x-two": "2"}}
    one = SmiObject(kind="HTTPRouteGroup", name="r", namespace="here", spec={"matches": [match]}, line=1)
    newest = ApiVersion.V1ALPHA4
    bundle = Bundle(access=ApiVersion.V1ALPHA3, specs=newest, split=newest)
    body = smi_manifest(one, bundle, PROFILES[name].headers_shape).body
    assert isinstance(body["spec"]["matches"][0]["headers"], shape)


def test_every_section_of_facts_demands_its_source():
    """A fact that nobody can look up is none; the schema leaves no section without."""
    schema = json.loads((fixtures_root() / "provider.schema.json").read_text(encoding="utf-8"))
    sections = {name: one for name, one in schema["properties"].items() if one["type"] == "object"}
    assert {name for name, one in sections.items() if "source" not in one["required"]} == {"tried"}
