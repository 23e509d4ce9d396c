"""What a step asks: access probes and split probes, checked against who is there and what they speak."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from conformance.model.scenario import AccessProbe, Feature, SplitProbe
from conformance.model.topology import AppProtocol, Topology
from conformance.model.traffic import AddressForm, Cell, HttpRequest, Request, Target, TcpRequest
from conformance.scenario.document import Document, Step, suggestion
from conformance.scenario.objects import qualified

DEFAULT_PORT = 8080
"""The HTTP port of every sample workload that serves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeReader:
    """Reads the probes of one scenario file."""

    document: Document
    topology: Topology
    """Who is there, under symbolic keys."""
    features: frozenset[Feature]
    """What the scenario says it needs."""

    def read_ask(self, steps: tuple[Step, ...], item: Mapping[str, Any]) -> AccessProbe:
        """Read one ``ask``: the full cross product of its lists, sources outermost and requests innermost.

        Raises:
            ScenarioError: Somebody who is not there, a port that does not speak so, or a feature that the
                scenario does not say it needs.
        """
        forms = tuple(AddressForm(one) for one in item.get("by", ["service"]))
        sources = [self._workload((*steps, "from", at), one) for at, one in enumerate(item["from"])]
        targets = [
            Target(name=self._target((*steps, "to", at), one, form), port=port, form=form)
            for at, one in enumerate(item["to"])
            for port, form in product(item.get("ports", [DEFAULT_PORT]), forms)
        ]
        requests = [read_request(one) for one in item["requests"]]
        keep_alive = self._keep_alive(steps, item, requests)
        self._check_pairs(steps, targets, requests)
        self._check_short_names(steps, sources, targets)
        return AccessProbe(
            cells=tuple(
                Cell(source=source, target=target, request=request)
                for source, target, request in product(sources, targets, requests)
            ),
            repeat=item.get("repeat", 1),
            keep_alive=keep_alive,
        )

    def read_split(self, steps: tuple[Step, ...], item: Mapping[str, Any]) -> SplitProbe:
        """Read one ``split``.

        Raises:
            ScenarioError: As `read_ask`; or a pod's address, which no split is about.
        """
        form = AddressForm(item.get("by", "service"))
        if form is AddressForm.POD:
            raise self.document.mistake(
                (*steps, "by"), "a split is not called by a pod's address", "leave `by` out"
            )
        source = self._workload((*steps, "from"), item["from"])
        target = Target(
            name=self._target((*steps, "to"), item["to"], form),
            port=item.get("port", DEFAULT_PORT),
            form=form,
        )
        request = read_request(item["request"])
        self._check_pairs(steps, [target], [request])
        self._check_short_names(steps, [source], [target])
        if not isinstance(request, HttpRequest):
            raise self.document.mistake(
                (*steps, "request"), "shares are counted for HTTP requests", "write something like GET /"
            )
        return SplitProbe(
            source=source,
            service=target.name,
            port=target.port,
            request=request,
            form=form,
            connections=item.get("connections", 8),
        )

    def _keep_alive(
        self, steps: tuple[Step, ...], item: Mapping[str, Any], requests: Sequence[Request]
    ) -> bool:
        if not item.get("keep_alive", False):
            return False
        if any(isinstance(one, TcpRequest) for one in requests):
            raise self.document.mistake(
                (*steps, "keep_alive"), "a raw TCP line has a connection to itself", "leave `keep_alive` out"
            )
        return True

    def _workload(self, steps: tuple[Step, ...], name: str) -> str:
        key = qualified(name)
        if key not in self.topology.workloads:
            raise self.document.mistake(
                steps,
                f"the world has no workload {key!r}",
                suggestion(key, tuple(self.topology.workloads), "workloads"),
            )
        if not self.topology.workloads[key].meshed:
            self._check_need(steps, Feature.UNMESHED, f"{key} is outside the mesh")
        return key

    def _target(self, steps: tuple[Step, ...], name: str, form: AddressForm) -> str:
        if form is AddressForm.POD:
            self._check_need(steps, Feature.POD_ADDRESS, "a pod is called by its own address")
            return self._workload(steps, name)
        key = qualified(name)
        if key not in self.topology.services:
            raise self.document.mistake(
                steps,
                f"the world has no Service {key!r}",
                suggestion(key, tuple(self.topology.services), "Services"),
            )
        return key

    def _check_need(self, steps: tuple[Step, ...], feature: Feature, why: str) -> None:
        if feature not in self.features:
            raise self.document.mistake(
                steps,
                f"{why}, which not every mesh claims",
                f"add `needs: [{feature.value}]` to the scenario",
            )

    def _check_pairs(
        self, steps: tuple[Step, ...], targets: Sequence[Target], requests: Sequence[Request]
    ) -> None:
        for target, request in product(targets, requests):
            wanted = AppProtocol.TCP if isinstance(request, TcpRequest) else AppProtocol.HTTP
            if wanted is AppProtocol.TCP:
                self._check_need(steps, Feature.TCP, "a raw TCP line is sent")
            # Raw bytes may be sent to a port that speaks HTTP: a mesh must not let them through there either.
            fitting = [
                port for port, protocol in self._ports(target) if protocol in {wanted, AppProtocol.HTTP}
            ]
            if target.port not in fitting:
                raise self.document.mistake(
                    steps,
                    f"{target.name} does not speak {wanted.value} on port {target.port}",
                    f"ask on one of {fitting}, and keep HTTP and TCP in separate asks",
                )

    def _ports(self, target: Target) -> Iterator[tuple[int, AppProtocol]]:
        if target.form is AddressForm.POD:
            for port in self.topology.workloads[target.name].ports:
                yield port.number, port.protocol
        else:
            for service_port in self.topology.services[target.name].ports:
                yield service_port.port, service_port.protocol

    def _check_short_names(
        self, steps: tuple[Step, ...], sources: Sequence[str], targets: Sequence[Target]
    ) -> None:
        for source, target in product(sources, targets):
            apart = source.partition("/")[0] != target.name.partition("/")[0]
            if target.form is AddressForm.SHORT and apart:
                raise self.document.mistake(
                    (*steps, "by"),
                    f"{source} cannot call {target.name} by its short name from another namespace",
                    "call it by `service`",
                )


def read_request(written: str | Mapping[str, Any]) -> Request:
    """Read a request, such as ``GET /metrics``, ``TCP``, or a mapping with headers."""
    if isinstance(written, str):
        line, headers = written, {}
    else:
        line, headers = written["request"], written["headers"]
    if line == "TCP":
        return TcpRequest()
    method, _, path = line.partition(" ")
    return HttpRequest(method=method, path=path, headers=tuple(headers.items()))
