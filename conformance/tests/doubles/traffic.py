"""Builders of calls and plans: valid by default, one argument deviates."""

from itertools import count

from conformance.model.traffic import Call, HttpRequest, Request

_ids = count()


def a_call(
    host: str = "shop", *, port: int = 8080, request: Request | None = None, id_: str | None = None
) -> Call:
    """Make a call with an id of its own."""
    return Call(id=id_ or f"call-{next(_ids)}", host=host, port=port, request=request or HttpRequest())
