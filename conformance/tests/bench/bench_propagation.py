"""How long a change of policy takes, from `ControlPlane.replace` to the first call that feels it.

Run as a program: ``python -m conformance.tests.bench.bench_propagation [sidecars changes]``. Prints
text; nothing is asserted, since times depend on the machine.
"""

import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from conformance.tests.doubles.local_mesh import LocalMesh, a_grant, a_split, some_routes, wait_until

Object = Mapping[str, Any]


def main(arguments: Sequence[str]) -> None:
    """Measure grants and splits in turn and print one line for each."""
    sidecars, changes = [int(one) for one in arguments] if arguments else (14, 200)
    names = [f"w{number}" for number in range(1, sidecars + 1)]
    started = time.perf_counter()
    with LocalMesh(names) as mesh:
        say(f"{sidecars} sidecars ready after {time.perf_counter() - started:.2f} s")
        say_times("grant", [grant(mesh, number) for number in range(changes)])
        say_times("split", [split(mesh, number) for number in range(changes)])
        started = time.perf_counter()
        for number in range(changes):
            mesh.apply(a_grant("w1", "w2"), some_routes(path=f"/{number}"))
        say(f"replace alone: {(time.perf_counter() - started) / changes * 1000:.1f} ms on average")


def grant(mesh: LocalMesh, number: int) -> float:
    """Open or close a path; give the milliseconds until calls feel it."""
    wanted = 200 if number % 2 else 403
    policy = [a_grant("w1", "w2"), some_routes()] if number % 2 else [some_routes()]
    return milliseconds(mesh, policy, lambda: mesh.call("w1", "w2")[0] == wanted)


def split(mesh: LocalMesh, number: int) -> float:
    """Lead calls to the other backend; give the milliseconds until calls feel it."""
    grants = [a_grant("w1", "w2"), a_grant("w1", "w3"), some_routes()]
    weights = {"w2": number % 2, "w3": 1 - number % 2}
    wanted = "w2" if number % 2 else "w3"
    return milliseconds(
        mesh, [*grants, a_split("w4", **weights)], lambda: mesh.call("w1", "w4") == (200, wanted)
    )


def milliseconds(mesh: LocalMesh, policy: Sequence[Object], holds: Callable[[], bool]) -> float:
    """Apply *policy* and give the milliseconds until *holds*; then let the mesh come to rest."""
    started = time.perf_counter()
    mesh.apply(*policy)
    wait_until(holds, "the change has its effect")
    took = (time.perf_counter() - started) * 1000
    wait_until(mesh.is_current, "every sidecar has taken over everything")
    return took


def say(text: str) -> None:
    """Print one line."""
    print(text)  # noqa: T201 - a program for people


def say_times(what: str, times: Sequence[float]) -> None:
    """Print median, 99th percentile and maximum."""
    high = statistics.quantiles(times, n=100)[-1]
    say(f"{what}: median {statistics.median(times):.1f} ms, p99 {high:.1f} ms, worst {max(times):.1f} ms")


if __name__ == "__main__":
    main(sys.argv[1:])
