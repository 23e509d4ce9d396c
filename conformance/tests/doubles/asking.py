"""Asks the oracle about one cell of the small world."""

from collections.abc import Sequence

from conformance.model.expectation import Access, Spread
from conformance.model.manifest import Manifest
from conformance.model.scenario import SplitProbe
from conformance.model.topology import Topology
from conformance.model.traffic import AddressForm, Cell, HttpRequest, Request, Target, TcpRequest
from conformance.oracle import expected_spread, expected_table
from conformance.tests.doubles.small_world import a_topology

TCP = TcpRequest()


def a_cell(
    source: str = "client-a",
    target: str = "shop",
    port: int = 8080,
    request: Request | str = "GET /",
    form: AddressForm = AddressForm.SERVICE,
) -> Cell:
    """Make a cell; names without a namespace are in ``here``."""
    return Cell(
        source=_key(source),
        target=Target(name=_key(target), port=port, form=form),
        request=http(request) if isinstance(request, str) else request,
    )


def http(text: str) -> HttpRequest:
    """Read ``GET /path`` as a request."""
    method, _, path = text.partition(" ")
    return HttpRequest(method=method, path=path)


def _key(name: str) -> str:
    return name if "/" in name else f"here/{name}"


def access(
    manifests: Sequence[Manifest], cell: Cell | None = None, topology: Topology | None = None
) -> Access:
    """Say what the oracle expects of *cell*."""
    asked = cell or a_cell()
    return expected_table(manifests, topology or a_topology(), [asked])[asked].access


def because(manifests: Sequence[Manifest], cell: Cell | None = None) -> str:
    """Say why."""
    asked = cell or a_cell()
    return expected_table(manifests, a_topology(), [asked])[asked].because


def spread(
    manifests: Sequence[Manifest],
    *,
    topology: Topology | None = None,
    request: HttpRequest | str = "GET /",
    source: str = "client-a",
    port: int = 8080,
    granted: bool = False,
) -> Spread:
    """Say who the oracle expects to answer at the website; without *granted*, access is not served."""
    probe = SplitProbe(
        source=_key(source),
        service="here/website",
        port=port,
        request=http(request) if isinstance(request, str) else request,
    )
    return expected_spread(manifests, topology or a_topology(), probe, access=granted)
