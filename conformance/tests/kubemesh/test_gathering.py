"""The metrics server asks sidecars over real TLS: who is believed, who is silent, and when there are figures."""

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta

import aiohttp
import pytest

from conformance.kubemesh.identity import ControlPlaneAddress
from conformance.kubemesh.metering import gathering as gathered
from conformance.kubemesh.metering.gathering import Gathering
from conformance.kubemesh.metering.reporter import Reporter
from conformance.kubemesh.metering.wire import encode_sample
from conformance.refmesh.certificates import Authority, CredentialSettings
from conformance.refmesh.metrics import History, Sample
from conformance.refmesh.metrics.reading import Series
from conformance.tests.doubles.loopback import served, until

SHOP, CLIENT = "here/shop-0", "here/client-0"
BIN = (100.0, 110.0)


def series_of(pod):
    return Series(pod, "server", "10.0.0.7", "", "", "", "", "200", "-")


class Page:
    """A sidecar's Envoy that has counted *count* calls, or does not answer."""

    def __init__(self, pod):
        self.pod, self.count, self.uptime = pod, 0, 100.0
        self.is_there = True

    def look_now(self):
        if not self.is_there:
            raise OSError("connection refused")
        self.uptime += 1
        return Sample(uptime=timedelta(seconds=self.uptime), counts={series_of(self.pod): {BIN: self.count}})

    def close(self):
        """Close nothing."""


class Catalogue:
    """Knows some pods."""

    def __init__(self):
        self.pods = {f"uid-{pod}": pod for pod in (SHOP, CLIENT)}
        self.with_sidecar = frozenset(self.pods.values())

    def pod_of(self, uid):
        return self.pods.get(uid, "")


class Identity:
    """Shows a certificate of an authority, or none."""

    def __init__(self, directory, address, uid, authority):
        self.directory, self.address, self.uid, self.authority = directory, address, uid, authority

    def context(self):
        context = self.address.context()
        if self.authority:
            from cryptography.hazmat.primitives import serialization
            from cryptography.hazmat.primitives.asymmetric import ec

            key = ec.generate_private_key(ec.SECP256R1())
            text = self.authority.certify(key.public_key(), "here", "shop", holder=self.uid)
            path = self.directory / f"{self.uid.replace('/', '.')}.pem"
            encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
            path.write_text(text + key.private_bytes(encoding, form, serialization.NoEncryption()).decode())
            context.load_cert_chain(path)
        return context


class Place:
    def __init__(self, directory, authority, url, gathering, history, catalogue):
        self.directory, self.authority, self.url = directory, authority, url
        self.gathering, self.history, self.catalogue = gathering, history, catalogue

    def identity(self, uid, authority="own"):
        address = ControlPlaneAddress(url=self.url, authority=self.authority.pem)
        return Identity(self.directory, address, uid, self.authority if authority == "own" else authority)

    @asynccontextmanager
    async def sidecar(self, page, uid=None):
        reporting = asyncio.create_task(
            Reporter(self.url, self.identity(uid or f"uid-{page.pod}"), page).report()
        )
        before = self.gathering.connected
        await until(lambda: self.gathering.connected > before)
        try:
            yield
        finally:
            reporting.cancel()
            await asyncio.gather(reporting, return_exceptions=True)

    async def figures(self):
        """Look, and give what was counted since the window began, by pod; None where there is no window."""
        await self.gathering.look()
        seen = self.history.difference()
        return seen and {one.pod: sum(bins.values()) for one, bins in seen.counts.items()}


@asynccontextmanager
async def a_server(directory):
    authority, catalogue, history = (
        Authority(CredentialSettings()),
        Catalogue(),
        History(timedelta(minutes=1)),
    )
    gathering = Gathering(history, catalogue)
    async with served(gathering.app(), directory, authority) as url:
        yield Place(directory, authority, url, gathering, history, catalogue)


def test_counts_of_all_sidecars_arrive(tmp_path):
    """Two looks make a window, and what came between them are its figures."""

    async def run():
        async with a_server(tmp_path) as place:
            shop, client = Page(SHOP), Page(CLIENT)
            async with place.sidecar(shop), place.sidecar(client):
                assert await place.figures() is None
                shop.count, client.count = 7, 9
                assert await place.figures() == {SHOP: 7, CLIENT: 9}
                assert place.gathering.silent() == frozenset()
                shop.count = 8
                assert await place.figures() == {SHOP: 8, CLIENT: 9}

    asyncio.run(run())


def test_sidecar_that_has_not_told_is_silent_and_figures_wait(tmp_path, monkeypatch):
    """After a start one does not know of everybody yet; for ever nobody waits."""
    monkeypatch.setattr(gathered, "_GRACE", timedelta(milliseconds=200))

    async def run():
        async with a_server(tmp_path) as place:
            await place.gathering.look()
            assert place.gathering.silent() == {SHOP, CLIENT}
            async with place.sidecar(Page(SHOP)):
                await place.gathering.look()
                assert place.gathering.silent() == {CLIENT}
                assert not place.gathering.is_settled
                await asyncio.sleep(0.3)
                await place.gathering.look()
                assert place.gathering.is_settled

    asyncio.run(run())


def test_sidecar_that_goes_is_silent(tmp_path):
    """Its last words are not taken for those of now."""

    async def run():
        async with a_server(tmp_path) as place:
            async with place.sidecar(Page(SHOP)), place.sidecar(Page(CLIENT)):
                await place.gathering.look()
                assert place.gathering.is_settled
            await until(lambda: place.gathering.connected == 0)
            await place.gathering.look()
            assert place.gathering.silent() == {SHOP, CLIENT}

    asyncio.run(run())


def test_envoy_that_does_not_answer_makes_its_sidecar_silent(tmp_path):
    """And nobody is kept from telling, nor waited for."""

    async def run():
        async with a_server(tmp_path) as place:
            shop = Page(SHOP)
            async with place.sidecar(shop), place.sidecar(Page(CLIENT)):
                shop.is_there = False
                async with asyncio.timeout(gathered._PATIENCE / 2):
                    await place.gathering.look()
                assert place.gathering.silent() == {SHOP}
                shop.is_there = True
                await place.gathering.look()
                assert place.gathering.silent() == frozenset()

    asyncio.run(run())


def test_sidecar_that_hangs_is_waited_for_a_moment(tmp_path, monkeypatch):
    """Its node may be gone; the others' figures go on."""
    monkeypatch.setattr(gathered, "_PATIENCE", 0.2)

    async def run():
        async with a_server(tmp_path) as place, aiohttp.ClientSession() as session:
            context = place.identity(f"uid-{SHOP}").context()
            hanging = await session.ws_connect(f"{place.url}/samples", ssl=context)
            async with place.sidecar(Page(CLIENT)):
                await place.gathering.look()
                assert place.gathering.silent() == {SHOP}
            await hanging.close()

    asyncio.run(run())


def test_pod_that_is_not_known_yet_is_asked_later_and_loses_nothing(tmp_path):
    """A sidecar may be quicker than the API server's news of its pod."""

    async def run():
        async with a_server(tmp_path) as place:
            del place.catalogue.pods[f"uid-{SHOP}"]
            shop = Page(SHOP)
            shop.count = 5
            async with place.sidecar(shop):
                await place.gathering.look()
                place.catalogue.pods[f"uid-{SHOP}"] = SHOP
                await place.gathering.look()
                shop.count = 6
                assert await place.figures() == {SHOP: 1}

    asyncio.run(run())


@pytest.mark.parametrize("whose", ["nobody's", "a stranger's"])
def test_certificate_decides_who_is_heard(tmp_path, whose):
    """A sidecar without one, or with one of another mesh, is not."""

    async def run():
        async with a_server(tmp_path) as place:
            authority = None if whose == "nobody's" else Authority(CredentialSettings())
            context = place.identity(f"uid-{SHOP}", authority).context()
            async with aiohttp.ClientSession() as session:
                with pytest.raises((aiohttp.ClientError, OSError)):
                    await session.ws_connect(f"{place.url}/samples", ssl=context)
            assert place.gathering.connected == 0

    asyncio.run(run())


def test_sidecar_that_says_nonsense_is_sent_away(tmp_path):
    """Nothing of it reaches the figures."""

    async def run():
        async with a_server(tmp_path) as place:
            context = place.identity(f"uid-{SHOP}").context()
            async with aiohttp.ClientSession() as session:
                socket = await session.ws_connect(f"{place.url}/samples", ssl=context)
                await socket.send_str('{"look": 1, "uptime": -5, "series": []}')
                assert (await socket.receive(timeout=5)).type is aiohttp.WSMsgType.CLOSE
            assert await place.figures() is None

    asyncio.run(run())


def test_sidecar_can_tell_of_its_own_pod_only(tmp_path):
    """Its certificate says which pod that is, whatever its words say."""

    async def run():
        async with a_server(tmp_path) as place:
            context = place.identity(f"uid-{SHOP}").context()
            async with aiohttp.ClientSession() as session:
                socket = await session.ws_connect(f"{place.url}/samples", ssl=context)
                await until(lambda: place.gathering.connected == 1)
                for number, count in ((1, 0.0), (2, 50.0)):
                    looking = asyncio.create_task(place.figures())
                    await socket.receive(timeout=5)
                    sample = Sample(uptime=timedelta(seconds=9), counts={series_of(CLIENT): {BIN: count}})
                    await socket.send_str(encode_sample(number, None, sample))
                    found = await looking
            assert found == {}

    asyncio.run(run())
