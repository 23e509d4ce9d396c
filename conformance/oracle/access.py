"""May this workload send this to that port of that workload?

Spec: traffic-access, introduction: nobody may unless some TrafficTarget grants it; targets add up.
"""

from conformance.model.expectation import Access, Expected
from conformance.model.topology import Workload
from conformance.model.traffic import Request
from conformance.oracle.grants import End, Question, Ruling
from conformance.oracle.policy import Policy
from conformance.oracle.threeway import rank


def decide(
    policy: Policy, source: Workload, end: End, request: Request, hosts: tuple[str, ...] = ()
) -> Expected:
    """Say whether *source* may send *request* to *end*.

    Args:
        policy: Everything in force.
        source: The calling workload.
        end: Where the call arrives.
        request: What is sent.
        hosts: Spellings of the authority, for filters on ``host``; empty when it is not known.
    """
    if not (source.meshed and end.workload.meshed):
        return _outside_the_mesh(source, end)
    question = Question(policy=policy, source=source, end=end, request=request, hosts=hosts)
    rulings = [question.ruling_of(target) for target in policy.targets]
    nobody = Ruling(
        answer=Access.DENIED,
        words=f"no TrafficTarget names {end.workload.identity} (of {end.workload.key}) as destination",
        depth=0,
    )
    best = max([nobody, *rulings], key=lambda ruling: (rank(ruling.answer), ruling.depth))
    return Expected(access=best.answer, because=best.words)


def _outside_the_mesh(source: Workload, end: End) -> Expected:
    if source.meshed:
        because = (
            f"{end.workload.key} is outside the mesh, and what leaves the mesh is out of the API's scope"
        )
        return Expected(access=Access.OPEN, because=because)
    if end.workload.meshed:
        because = f"{source.key} is outside the mesh, so it has no identity that a TrafficTarget could list"
        return Expected(access=Access.DENIED, because=because)
    because = f"{source.key} and {end.workload.key} are both outside the mesh"
    return Expected(access=Access.ALLOWED, because=because)
