"""Builders of witnessed calls and of samples, for tests of the judge."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count

from conformance.model.traffic import Call, Cell, Ending, Observation, Receipt, Witnessed

_ids = count()


def let_through(cell: Cell, responder: str = "here/shop") -> Witnessed:
    """Witness a call that *responder* received and answered."""
    return a_witnessed(cell, answered_by=responder, received_by=[responder])


def refused(cell: Cell, ending: Ending = Ending.RESET) -> Witnessed:
    """Witness a call that reached nobody."""
    return a_witnessed(cell, ending=ending)


def a_witnessed(
    cell: Cell,
    *,
    ending: Ending = Ending.ANSWERED,
    status: int | None = 200,
    answered_by: str | None = None,
    received_by: Sequence[str] = (),
    echoed_id: str | None = None,
) -> Witnessed:
    """Witness one call; an answer echoes its own id unless another is given."""
    call = Call(id=f"call-{next(_ids)}", host=cell.target.name, port=cell.target.port, request=cell.request)
    observation = Observation(
        call_id=call.id,
        ending=ending,
        status=status if ending is Ending.ANSWERED else None,
        responder=answered_by,
        echoed_id=echoed_id or (call.id if answered_by else None),
    )
    receipts = tuple(
        Receipt(call_id=call.id, responder=key, port=cell.target.port, protocol="http") for key in received_by
    )
    return Witnessed(call=call, cell=cell, observation=observation, receipts=receipts)


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedSample:
    """A batch in which each answer has its receipt, unless said otherwise."""

    calls: int
    counts: Mapping[str, int]
    receipts: Mapping[str, int]
    unsent: int = 0
    duplicates: int = 0
    unwitnessed: int = field(default=0)


def a_sample(counts: Mapping[str, int], *, lost: int = 0, **changes: object) -> CountedSample:
    """Count a batch of which *lost* calls were answered by nobody."""
    fields = {"calls": sum(counts.values()) + lost, "counts": counts, "receipts": counts}
    return CountedSample(**{**fields, **changes})  # type: ignore[arg-type] # builders take any field
