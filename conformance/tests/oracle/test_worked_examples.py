"""The worked examples of traffic-access, as their tables say."""

from itertools import product

import pytest

from conformance.model.expectation import Access
from conformance.tests.doubles.asking import TCP, a_cell, access
from conformance.tests.doubles.small_world import a_service, a_topology, a_workload
from conformance.tests.doubles.smi import (
    a_group,
    a_target,
    a_tcp_route,
    an_entry,
    http_rule,
    tcp_rule,
)

_CALLERS = ("website-service", "payments-service", "prometheus", "stranger")
_WORLD = a_topology(
    workloads=(a_workload("here/api-service"), *(a_workload(f"here/{name}", ports=()) for name in _CALLERS)),
    services=(a_service("here/api-service"),),
)
_ROUTES = (an_entry("api", "/api$", ["*"]), an_entry("metrics", "/metrics$", ["GET"]))
_BUNDLES = [
    ("v1alpha1", "v1alpha1"),
    ("v1alpha2", "v1alpha3"),
    ("v1alpha3", "v1alpha4"),
    ("v1alpha4", "v1alpha4"),
]


def _example(access_version: str, specs_version: str) -> list:
    late = access_version in {"v1alpha3", "v1alpha4"}
    extra = [tcp_rule("api-port")] if late else []
    return [
        a_group("api-routes", *_ROUTES, version=specs_version),
        *([a_tcp_route("api-port", 8080)] if late else []),
        a_target(
            "api-service-metrics",
            destination="api-service",
            sources=["prometheus"],
            rules=[*extra, http_rule("api-routes", ["metrics"])],
            version=access_version,
        ),
        a_target(
            "api-service-api",
            destination="api-service",
            sources=["website-service", "payments-service"],
            rules=[*extra, http_rule("api-routes", ["api"])],
            version=access_version,
            port=None if late else 8080,
        ),
    ]


@pytest.mark.parametrize(("access_version", "specs_version"), _BUNDLES)
def test_l7_example_grants_its_table_and_nothing_else(access_version, specs_version):
    """Website and payments may use /api with any method, prometheus may GET /metrics, nobody else."""
    manifests = _example(access_version, specs_version)
    for caller, path, method in product(_CALLERS, ("/api", "/metrics", "/"), ("GET", "POST", "PUT")):
        granted = (path == "/api" and caller in _CALLERS[:2]) or (
            caller == "prometheus" and (method, path) == ("GET", "/metrics")
        )
        cell = a_cell(caller, "api-service", request=f"{method} {path}")
        wanted = Access.ALLOWED if granted else Access.DENIED
        assert access(manifests, cell, _WORLD) is wanted, str(cell)


@pytest.mark.parametrize(("access_version", "specs_version"), _BUNDLES)
def test_l7_example_limits_ports_where_its_version_does(access_version, specs_version):
    """Without a port, as in the first two versions, /metrics passes on 9090 too; /api never does."""
    manifests = _example(access_version, specs_version)
    metrics = a_cell("prometheus", "api-service", 9090, "GET /metrics")
    api = a_cell("website-service", "api-service", 9090, "GET /api")
    early = access_version in {"v1alpha1", "v1alpha2"}
    assert access(manifests, metrics, _WORLD) is (Access.ALLOWED if early else Access.DENIED)
    assert access(manifests, api, _WORLD) is Access.DENIED


def test_l4_example_grants_exactly_its_ports():
    """A TCPRoute of 8300 and 8302 opens these two for the listed client; the gap between stays shut."""
    manifests = [a_tcp_route("ports", 8300, 8302), a_target(rules=[tcp_rule()])]
    opened = {
        (caller, port)
        for caller in ("client-a", "client-b")
        for port in (8300, 8301, 8302, 8303)
        if access(manifests, a_cell(caller, port=port, request=TCP)) is Access.ALLOWED
    }
    assert opened == {("client-a", 8300), ("client-a", 8302)}
