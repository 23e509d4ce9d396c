"""Which mesh is found in a cluster, and how that is said when several fit, or none."""

import pytest

from conformance.providers.detection import detect
from conformance.providers.loading import profiles
from conformance.providers.seeing import Seen, SeenWorkload, repository_of, tag_of

SMI = {"TrafficTarget": ("v1alpha3",), "HTTPRouteGroup": ("v1alpha4",), "TrafficSplit": ("v1alpha2",)}


def a_workload(name="osm-controller", image="openservicemesh/osm-controller:v1.2.4", namespace="osm-system"):
    """A Deployment, by default the controller of Open Service Mesh."""
    return SeenWorkload(kind="Deployment", namespace=namespace, name=name, images=(image,))


def seen(*workloads, served=None):
    """A cluster with these workloads beside one that belongs to nobody's mesh."""
    other = SeenWorkload(kind="Deployment", namespace="shop", name="db", images=("postgres:16",))
    return Seen(served=SMI if served is None else served, workloads=(other, *workloads), namespaces={})


def test_one_mesh_is_chosen_by_its_image_and_says_so():
    """The reason names the workload and the image that decided."""
    found = detect(seen(a_workload()))
    assert found.profile is not None
    assert found.profile.name == "osm"
    assert "Deployment osm-system/osm-controller" in found.because
    assert "openservicemesh/osm-controller:v1.2.4" in found.because


@pytest.mark.parametrize(
    "image",
    [
        "registry.example:5000/openservicemesh/osm-controller@sha256:" + "0" * 64,
        "mirror.example/proxy/openservicemesh/osm-controller:v1.2.4",
        "mirror.example/osm-controller:v1.2.4",
    ],
)
def test_mirrored_image_is_still_recognised(image):
    """A registry of one's own, a digest, or a shortened path changes nothing."""
    found = detect(seen(a_workload(image=image)))
    assert found.profile is not None
    assert found.profile.name == "osm"


def test_fork_that_keeps_the_names_is_not_taken_for_the_original():
    """The osm-edge fork runs a Deployment osm-controller in osm-system; its image is another's."""
    found = detect(seen(a_workload(image="flomesh/osm-edge-controller:1.3.9")))
    assert found.profile is None
    assert "osm: Deployment osm-system/osm-controller has the name" in found.because
    assert "name the mesh" in found.because


def test_several_meshes_are_named_and_none_is_chosen():
    """With two meshes in one cluster a person has to say which is meant."""
    found = detect(
        seen(a_workload(), a_workload("smi-adaptor", "cr.l5d.io/linkerd/smi-adaptor:v0.2.7", "linkerd-smi"))
    )
    assert found.profile is None
    assert "several meshes fit" in found.because
    assert "osm (" in found.because
    assert "linkerd-smi (" in found.because


def test_writer_beside_a_mesh_leaves_the_mesh_chosen():
    """SuperGloo only writes; the adapter that acts on what it writes is judged."""
    writer = a_workload("supergloo", "registry.example/solo-io/supergloo:0.3.25", "supergloo-system")
    adapter = a_workload("smi-adapter-istio", "deislabs/smi-adapter-istio:v0.1.0", "istio-system")
    assert detect(seen(writer, adapter)).profile == next(
        one for one in profiles() if one.name == "istio-smi-adapter"
    )


def test_writer_alone_is_not_judged():
    """A person learns that what is there acts on no SMI object."""
    found = detect(
        seen(a_workload("supergloo", "registry.example/solo-io/supergloo:0.3.25", "supergloo-system"))
    )
    assert found.profile is None
    assert "only writes SMI objects" in found.because


def test_no_known_mesh_says_what_is_served_and_what_could_not_be_seen():
    """The words help to go on: which SMI kinds are there, and what nobody may look at."""
    cluster = Seen(served=SMI, workloads=(), namespaces={}, unseen=("Deployment: forbidden",))
    found = detect(cluster)
    assert found.profile is None
    assert "TrafficTarget v1alpha3" in found.because
    assert "Deployment: forbidden" in found.because


def test_other_release_than_the_profile_was_written_for_is_told():
    """The facts of a profile are of one release; a reader learns that another one runs."""
    found = detect(seen(a_workload(image="openservicemesh/osm-controller:v0.11.1")))
    assert found.profile is not None
    assert "written for v1.2.4" in found.because


def test_profile_of_any_release_fits_every_release():
    """The reference mesh is of the suite's own release, whatever its image's tag."""
    found = detect(seen(a_workload("control-plane", "smi-conformance/mesh:0.1.0-ab12", "smi-reference-mesh")))
    assert found.profile is not None
    assert found.profile.name == "reference"
    assert "written for" not in found.because


def test_mesh_without_its_kinds_is_told():
    """A mesh whose SMI definitions are not installed is named, with that warning."""
    found = detect(seen(a_workload(), served={}))
    assert "serves none of the SMI kinds" in found.because


@pytest.mark.parametrize("profile", profiles(), ids=lambda one: one.name)
def test_every_profile_is_found_by_its_own_image(profile):
    """Each profile's images lead back to it, and to no other."""
    found = detect(seen(a_workload("anything", f"{profile.signs.images[0]}:v1")))
    assert [fit.profile.name for fit in found.fits if fit.sure] == [profile.name]


@pytest.mark.parametrize(
    "image,repository,tag",
    [
        ("nginx", "library/nginx", ""),
        ("localhost:5000/a/b:1@sha256:00", "a/b", "1"),
        ("localhost/a/b:1", "a/b", "1"),
        ("a/b:v1.2", "a/b", "v1.2"),
        ("cr.l5d.io/linkerd/proxy:stable", "linkerd/proxy", "stable"),
    ],
)
def test_image_names_are_taken_apart(image, repository, tag):
    """Registry, tag and digest say nothing of who made an image."""
    assert (repository_of(image), tag_of(image)) == (repository, tag)
