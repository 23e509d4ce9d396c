"""How one call ended, from what both ends saw of it."""

from conformance.model.traffic import Ending, Observation, Outcome, TcpRequest, Witnessed

_OK = 200


def classify(witnessed: Witnessed) -> Outcome:
    """Put both ends' views of one call together.

    Returns:
        ALLOWED: the application answered with the call's own id and status 200, and holds one receipt.
        DENIED: no application answered and none holds a receipt, however the call ended.
        DELIVERED: exactly one receipt, but the caller did not get the application's answer.
        UNREACHABLE: the name did not resolve, and nobody holds a receipt.
        UNKNOWN: they contradict each other: an answer without a receipt or with another's, several receipts.
    """
    seen, receipts = witnessed.observation, witnessed.receipts
    if seen.ending is Ending.NAME_UNKNOWN:
        return Outcome.UNKNOWN if receipts else Outcome.UNREACHABLE
    if len(receipts) > 1:
        return Outcome.UNKNOWN
    if not claims_application(seen):
        return Outcome.DELIVERED if receipts else Outcome.DENIED
    if not receipts or receipts[0].responder != seen.responder or seen.echoed_id != witnessed.call.id:
        return Outcome.UNKNOWN
    return Outcome.ALLOWED if _is_whole_answer(witnessed) else Outcome.DELIVERED


def claims_application(seen: Observation) -> bool:
    """Say whether what came back bears an application's mark; a proxy's own answer bears none."""
    return seen.responder is not None or seen.echoed_id is not None


def _is_whole_answer(witnessed: Witnessed) -> bool:
    seen = witnessed.observation
    if seen.ending is not Ending.ANSWERED:
        return False
    return isinstance(witnessed.call.request, TcpRequest) or seen.status == _OK


def described(witnessed: Witnessed) -> str:
    """Say in a few words how a call ended, and who holds a receipt."""
    seen = witnessed.observation
    who = f" by {seen.responder}" if seen.responder else ""
    status = f" {seen.status}" if seen.status is not None else ""
    holders = ", ".join(sorted(receipt.responder for receipt in witnessed.receipts)) or "nobody"
    return f"{seen.ending.value}{status}{who}, received by {holders}"
