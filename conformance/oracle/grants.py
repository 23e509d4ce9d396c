"""What one TrafficTarget says of one call, condition by condition.

Spec: traffic-access, "TrafficTarget". All conditions are those of one target; pieces of two never combine.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from conformance.model.expectation import Access
from conformance.model.topology import AppProtocol, Workload
from conformance.model.traffic import HttpRequest, Request
from conformance.oracle.identities import stands_for
from conformance.oracle.policy import HttpMatch, Policy, Rule, Target
from conformance.oracle.routes import Sent, entries_fit
from conformance.oracle.threeway import any_of, at_most_open, fits, rank
from conformance.spec import ApiVersion

_GROUP, _TCP = "HTTPRouteGroup", "TCPRoute"


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """Where a call arrives: a port of a workload, and by which numbers manifests may mean it."""

    workload: Workload
    port: int
    """The port the pods listen on."""
    service_ports: frozenset[int]
    """Ports of Services that lead here; empty when no Service does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What one target says of one call."""

    answer: Access
    words: str
    """Name the target and what decided."""
    depth: int
    """How many conditions were met before the one that decided: the deepest refusal explains best."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Check:
    """One condition of a grant: its answer, and the words for it where it is not met."""

    answer: Access
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One call, to be held against one target after the other."""

    policy: Policy
    source: Workload
    end: End
    request: Request
    hosts: tuple[str, ...]
    """Spellings of the authority; empty when it is not known."""

    def ruling_of(self, target: Target) -> Ruling:
        """Hold the question against *target*: the first condition that is not met decides, then the first
        doubt.
        """
        met, doubt = 0, ""
        for check in self._conditions(target):
            if check.answer is Access.DENIED:
                return Ruling(answer=Access.DENIED, words=f"{target.ref}: {check.words}", depth=met)
            if check.answer is Access.OPEN:
                doubt = doubt or check.words
            met += 1
        words = doubt or f"lists {self.source.identity}; {self._grounds(target)}"
        return Ruling(
            answer=Access.OPEN if doubt else Access.ALLOWED, words=f"{target.ref}: {words}", depth=met
        )

    def _conditions(self, target: Target) -> Iterator[_Check]:
        yield self._destination(target)
        yield self._sources(target)
        yield self._placement(target)
        yield self._port(target)
        yield self._routes(target)
        yield self._soundness(target)

    def _destination(self, target: Target) -> _Check:
        workload, subject = self.end.workload, target.destination
        answer = Access.DENIED if subject is None else stands_for(self.policy, target, subject, workload)
        if answer is Access.OPEN:
            return _Check(answer=answer, words=f"whether its destination means {workload.key} is not settled")
        return _Check(answer=answer, words=f"its destination is not {workload.identity}")

    def _sources(self, target: Target) -> _Check:
        who = self.source.identity
        answer = any_of(stands_for(self.policy, target, one, self.source) for one in target.sources)
        if answer is Access.OPEN:
            return _Check(answer=answer, words=f"whether its sources mean {who} is not settled")
        return _Check(answer=answer, words=f"source {who} is not listed")

    def _placement(self, target: Target) -> _Check:
        """A target in another namespace than its destination: v1alpha4 says who may grant, earlier texts do
        not.
        """
        if target.ref.namespace == self.end.workload.namespace:
            return _Check(answer=Access.ALLOWED, words="")
        words = f"it lies in another namespace than its destination, {self.end.workload.namespace}"
        late = target.version is ApiVersion.V1ALPHA4
        return _Check(answer=Access.DENIED if late else Access.OPEN, words=words)

    def _port(self, target: Target) -> _Check:
        if target.port is None:
            return _Check(answer=Access.ALLOWED, words="")
        return self._port_check(frozenset({target.port}), f"its destination's port is {target.port}")

    def _port_check(self, ports: frozenset[int], words: str) -> _Check:
        """Compare port numbers; the text does not say whether the Service's or the pod's port is meant."""
        by_pod = self.end.port in ports
        by_service = bool(ports & self.end.service_ports) if self.end.service_ports else by_pod
        if by_pod is by_service:
            return _Check(answer=fits(holds=by_pod), words=f"{words}, not {self.end.port}")
        return _Check(answer=Access.OPEN, words=f"{words}, which is the port of only one of Service and pod")

    def _routes(self, target: Target) -> _Check:
        if isinstance(self.request, HttpRequest):
            return self._http(target, self.request)
        return self._raw_tcp(target)

    def _raw_tcp(self, target: Target) -> _Check:
        if not target.rules_of(_TCP):
            return _Check(answer=Access.DENIED, words="it names no TCPRoute, so it grants no raw TCP")
        ports = self._tcp_ports(target)
        if ports.answer is Access.DENIED:
            return ports
        if target.rules_of(_GROUP):
            return _Check(
                answer=Access.OPEN, words="it names routes of HTTP and of TCP; raw TCP is not settled"
            )
        if self._speaks_http():
            return _Check(answer=Access.OPEN, words="whether an HTTP port takes other bytes is not settled")
        return ports

    def _speaks_http(self) -> bool:
        ports = self.end.workload.ports
        return any(one.number == self.end.port and one.protocol is AppProtocol.HTTP for one in ports)

    def _http(self, target: Target, request: HttpRequest) -> _Check:
        groups, routes = target.rules_of(_GROUP), target.rules_of(_TCP)
        if not groups and not routes:
            return _Check(answer=Access.DENIED, words="it names no route for HTTP")
        if not routes:
            return self._groups(target, groups, request)
        if not groups:
            return self._http_over_tcp(target)
        if target.version in {ApiVersion.V1ALPHA1, ApiVersion.V1ALPHA2}:
            return _more_generous(self._groups(target, groups, request), self._http_over_tcp(target))
        return self._both(target, groups, request)

    def _http_over_tcp(self, target: Target) -> _Check:
        ports = self._tcp_ports(target)
        if ports.answer is Access.DENIED:
            return ports
        return _Check(
            answer=Access.OPEN, words="it names a TCPRoute only; whether HTTP is TCP is not settled"
        )

    def _both(self, target: Target, groups: tuple[Rule, ...], request: HttpRequest) -> _Check:
        """A granted route on a granted port: TCPRoute took the place of v1alpha2's port, with the same
        result.
        """
        http, ports = self._groups(target, groups, request), self._tcp_ports(target)
        if not self._known_tcp(target):
            # Dropping the missing TCPRoute and dropping the whole target are both in the field.
            words = f"no TCPRoute it names exists in {target.ref.namespace}"
            return http if http.answer is Access.DENIED else _Check(answer=Access.OPEN, words=words)
        return min(http, ports, key=lambda check: rank(check.answer))

    def _known_tcp(self, target: Target) -> list[Rule]:
        return [rule for rule in target.rules_of(_TCP) if _key(target, rule) in self.policy.tcp_routes]

    def _tcp_ports(self, target: Target) -> _Check:
        checks = [self._tcp_route(target, rule) for rule in self._known_tcp(target)]
        names = ", ".join(sorted(rule.name for rule in target.rules_of(_TCP)))
        nothing = _Check(answer=Access.DENIED, words=f"TCPRoute {names} does not grant port {self.end.port}")
        return max([nothing, *checks], key=lambda check: rank(check.answer))

    def _tcp_route(self, target: Target, rule: Rule) -> _Check:
        ports = self.policy.tcp_routes[_key(target, rule)].ports
        if not ports:
            return _Check(answer=Access.ALLOWED, words="")
        listed = ", ".join(str(port) for port in sorted(ports))
        return self._port_check(ports, f"TCPRoute {rule.name} grants {listed}")

    def _groups(self, target: Target, rules: tuple[Rule, ...], request: HttpRequest) -> _Check:
        sent = Sent(request=request, hosts=self.hosts)
        answer = any_of(self._group(target, rule, sent) for rule in rules)
        names = ", ".join(sorted(_described(rule) for rule in rules))
        if answer is Access.OPEN:
            return _Check(answer=answer, words=f"whether {names} fits {request} is not settled")
        return _Check(answer=answer, words=f"{request} fits none of {names}")

    def _group(self, target: Target, rule: Rule, sent: Sent) -> Access:
        answer = entries_fit(_entries(self.policy, target, rule), sent)
        return at_most_open(answer) if rule.matches == () else answer

    def _soundness(self, target: Target) -> _Check:
        """Doubt the sound parts of a target that has a dangling or a broken one: the text is silent."""
        flaws = [flaw for rule in target.rules for flaw in _flaws(self.policy, target, rule)]
        return _Check(answer=Access.OPEN if flaws else Access.ALLOWED, words="; ".join(flaws))

    def _grounds(self, target: Target) -> str:
        fitting = [
            _described(rule)
            for rule in target.rules_of(_GROUP)
            if isinstance(self.request, HttpRequest)
            and self._group(target, rule, Sent(request=self.request, hosts=self.hosts)) is Access.ALLOWED
        ]
        carrying = [f"TCPRoute {rule.name} grants {self.end.port}" for rule in self._known_tcp(target)]
        return "; ".join([*(f"{one} fits" for one in fitting), *carrying])


def _more_generous(one: _Check, other: _Check) -> _Check:
    return max(one, other, key=lambda check: rank(check.answer))


def _key(target: Target, rule: Rule) -> tuple[str, str]:
    """Look routes up where the target is: "rules" carry no namespace."""
    return target.ref.namespace, rule.name


def _described(rule: Rule) -> str:
    if not rule.matches:
        return f"{_GROUP} {rule.name}"
    return f"{_GROUP} {rule.name}, match {' or '.join(rule.matches)}"


def _entries(policy: Policy, target: Target, rule: Rule) -> list[HttpMatch]:
    """List the entries a rule names; without names all of them, of a missing group none."""
    group = policy.groups.get(_key(target, rule))
    entries = group.matches if group else ()
    return [entry for entry in entries if not rule.matches or entry.name in rule.matches]


def _flaws(policy: Policy, target: Target, rule: Rule) -> list[str]:
    key = _key(target, rule)
    if rule.kind == _TCP:
        return [] if key in policy.tcp_routes else [f"TCPRoute {rule.name} does not exist"]
    if rule.kind != _GROUP:
        return []
    if key not in policy.groups:
        return [f"{_GROUP} {rule.name} does not exist"]
    return _group_flaws(policy.groups[key].matches, rule)


def _group_flaws(entries: tuple[HttpMatch, ...], rule: Rule) -> list[str]:
    known = {entry.name for entry in entries}
    unknown = [
        f"{_GROUP} {rule.name} has no match {name}" for name in rule.matches or () if name not in known
    ]
    broken = [f"match {one.name} of {_GROUP} {rule.name} cannot be read" for one in entries if one.broken]
    return unknown + broken
