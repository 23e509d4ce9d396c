"""Pods and Services as clusters and listeners."""

from conformance.tests.doubles.mesh_worlds import a_pod, a_service, shop_world, snapshots

CLIENT = "here/client-a-0"


def endpoints(objects, name, sidecar=CLIENT):
    cluster = snapshots(objects)[sidecar].clusters[name]
    sockets = [
        one["endpoint"]["address"]["socket_address"]
        for group in cluster["load_assignment"]["endpoints"]
        for one in group["lb_endpoints"]
    ]
    return [(one["address"], one["port_value"]) for one in sockets]


def test_only_pods_with_a_sidecar_get_a_snapshot():
    """A pod outside the mesh is told nothing."""
    assert "outside/outsider-0" not in snapshots(shop_world())
    assert len(snapshots(shop_world())) == 7


def test_service_leads_to_its_ready_pods_target_port():
    """The Service's port may differ from the pods', and a named one from pod to pod."""
    pods = [a_pod("shop", 1, ports={"http": 8080}), a_pod("shop", 2, ports={"http": 8081}, account="other")]
    pods[1]["metadata"]["name"] = "shop-1"
    service = a_service("shop", 1, ports=[{"name": "http", "port": 80, "targetPort": "http"}])
    objects = [a_pod("client-a", 3, ports={}), *pods, service]
    assert endpoints(objects, "service|here/shop|80") == [("127.9.0.1", 8080), ("127.9.0.2", 8081)]


def test_pod_that_is_not_ready_gets_no_calls_but_its_snapshot():
    """Its sidecar is told all it needs to become ready."""
    objects = list(shop_world())
    (shop,) = [one for one in objects if one["kind"] == "Pod" and one["metadata"]["name"] == "shop-0"][:1]
    shop["status"]["conditions"] = []
    assert endpoints(objects, "service|here/shop|8080") == []
    assert "inbound|8080" in snapshots(objects)["here/shop-0"].listeners


def test_application_is_called_behind_its_sidecar():
    """What is let in goes to the address inside the pod."""
    assert endpoints(shop_world(), "application|8080", "here/shop-0") == [("127.9.2.4", 8080)]


def test_each_endpoint_has_to_prove_its_own_identity():
    """Where one Service fronts two accounts, neither may pose as the other."""
    canary = a_pod("shop", 9, account="canary")
    canary["metadata"]["name"] = "shop-1"
    cluster = snapshots([*shop_world(), canary])[CLIENT].clusters["service|here/shop|8080"]
    wanted = {}
    for one in cluster["transport_socket_matches"][:-1]:
        context = one["transport_socket"]["typed_config"]["common_tls_context"]["combined_validation_context"]
        names = context["default_validation_context"]["match_typed_subject_alt_names"]
        wanted[one["match"]["identity"]] = [name["matcher"]["exact"] for name in names]
    assert wanted == {
        "here/canary": ["spiffe://cluster.local/ns/here/sa/canary"],
        "here/shop": ["spiffe://cluster.local/ns/here/sa/shop"],
    }
    (group,) = cluster["load_assignment"]["endpoints"]
    marks = [
        one["metadata"]["filter_metadata"]["envoy.transport_socket_match"] for one in group["lb_endpoints"]
    ]
    assert marks == [{"identity": "here/shop"}, {"identity": "here/canary"}]


def test_pod_outside_the_mesh_is_called_in_plain_text():
    """It has no proxy that could answer a handshake."""
    cluster = snapshots(shop_world())[CLIENT].clusters["pod|outside/outsider-0|8080"]
    (plain,) = cluster["transport_socket_matches"]
    assert plain["transport_socket"]["name"] == "plain"


def test_calls_are_taken_where_interception_says():
    """Each Service and each pod has its own address in front of each caller."""
    listeners = snapshots(shop_world())[CLIENT].listeners
    places = {name: one["address"]["socket_address"] for name, one in listeners.items()}
    assert places["service|here/shop|8080"] == {"address": "127.10.1.132", "port_value": 8080}
    assert places["pod|here/shop-0|8300"] == {"address": "127.10.1.4", "port_value": 8300}


def test_listeners_of_one_sidecar_do_not_share_an_address():
    """Two listeners on one address and port would be refused, and with them the whole update."""
    for snapshot in snapshots(shop_world()).values():
        sockets = [tuple(one["address"]["socket_address"].values()) for one in snapshot.listeners.values()]
        assert len(sockets) == len(set(sockets))
