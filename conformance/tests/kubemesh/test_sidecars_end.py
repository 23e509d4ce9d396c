"""Control plane and sidecar's agent talk to each other over real TLS: who gets a certificate, and whose policy."""

import asyncio
import ssl
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from conformance.kubemesh.discovery import Doorman
from conformance.kubemesh.following import Follower
from conformance.kubemesh.identity import ControlPlaneAddress, Identity
from conformance.kubemesh.steering import Steering
from conformance.kubemesh.wire import decode, encode
from conformance.refmesh.certificates import Authority, CredentialSettings
from conformance.refmesh.snapshot import Snapshot
from conformance.refmesh.store import Store
from conformance.tests.doubles.loopback import served, until
from conformance.tests.doubles.mesh_worlds import a_pod, a_service
from conformance.tests.doubles.smi_objects import a_group, a_target

EXTRA = "authentication.kubernetes.io/"
SHOP, CLIENT = "here/shop-0", "here/client-a-0"


class Reviews:
    """An API server that knows the tokens ``shop`` and ``client-a``."""

    def post(self, path, body):
        name = body["spec"]["token"]
        if name not in {"shop", "client-a"}:
            return {"status": {"authenticated": False}}
        user = {
            "username": f"system:serviceaccount:here:{name}",
            "extra": {f"{EXTRA}pod-name": [f"{name}-0"], f"{EXTRA}pod-uid": [f"uid-{name}"]},
        }
        return {"status": {"authenticated": True, "audiences": ["smi-reference-mesh"], "user": user}}


def with_uid(pod):
    uid = f"uid-{pod['metadata']['name'].removesuffix('-0')}"
    return {**pod, "metadata": {**pod["metadata"], "uid": uid}}


WORLD = (with_uid(a_pod("shop", 1)), with_uid(a_pod("client-a", 2)), a_service("shop", 1))
GRANT = (a_target("v1alpha3"), a_group("v1alpha4"))


class Mesh:
    """A control plane on loopback, and agents without Envoys."""

    def __init__(self, directory, steering, url, authority):
        self.directory, self.steering, self.url, self.authority = directory, steering, url, authority

    def identity(self, token, authority=None):
        path = Path(self.directory) / f"token-{token}"
        path.write_text(token)
        address = ControlPlaneAddress(url=self.url, authority=(authority or self.authority).pem)
        return Identity(address, path, Path(self.directory) / f"credentials-{token}")

    def certificate(self, token):
        pem = (Path(self.directory) / f"credentials-{token}" / "tls.crt").read_bytes()
        return x509.load_pem_x509_certificate(pem)


@asynccontextmanager
async def a_mesh(directory):
    authority = Authority(CredentialSettings())
    loop = asyncio.get_running_loop()
    doormen = []
    steering = Steering("cluster.local", lambda: [loop.call_soon_threadsafe(one.wake) for one in doormen])
    doorman = Doorman(Reviews(), authority, steering)
    doormen.append(doorman)
    async with served(doorman.app(), directory, authority) as url:
        yield Mesh(directory, steering, url, authority)


@asynccontextmanager
async def an_agent(mesh, token, sidecar):
    identity = mesh.identity(token)
    await identity.obtain()
    store = Store()
    store.register(sidecar)
    following = asyncio.create_task(Follower(mesh.url, identity, store, sidecar).follow())
    try:
        yield store
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)


def wanted(store, sidecar):
    return store._wanted.get(sidecar)


def test_certificate_says_what_the_review_says(tmp_path):
    """Namespace and account are the token's, and the subject is the pod's uid."""

    async def run():
        async with a_mesh(tmp_path) as mesh:
            await mesh.identity("shop").obtain()
            certificate = mesh.certificate("shop")
            names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            assert [one.value for one in names] == ["spiffe://cluster.local/ns/here/sa/shop"]
            (subject,) = certificate.subject
            assert (subject.oid, subject.value) == (NameOID.USER_ID, "uid-shop")

    asyncio.run(run())


def test_names_in_the_request_count_for_nothing(tmp_path):
    """Whoever has a key can write any name beside it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.UniformResourceIdentifier("spiffe://cluster.local/ns/here/sa/bank")
    asked = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.USER_ID, "uid-bank")]))
        .add_extension(x509.SubjectAlternativeName([name]), critical=False)
        .sign(key, hashes.SHA256())
    )

    async def run():
        async with a_mesh(tmp_path) as mesh:
            status, text = await post(mesh, asked.public_bytes(serialization.Encoding.PEM), "shop")
            assert status == 200
            assert "here/sa/shop" in str(x509.load_pem_x509_certificate(text.encode()).extensions)
            assert "bank" not in str(x509.load_pem_x509_certificate(text.encode()).extensions)

    asyncio.run(run())


async def post(mesh, data, token):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    context = mesh.identity("shop").__dict__["_address"].context()
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{mesh.url}/certificate", data=data, headers=headers, ssl=context) as answer,
    ):
        return answer.status, await answer.text()


@pytest.mark.parametrize(
    ("token", "data", "status"), [("", b"", 401), ("stranger", b"", 403), ("shop", b"no request", 400)]
)
def test_there_is_no_certificate_without_a_token_and_a_key(tmp_path, token, data, status):
    """A key on another curve, or none at all, is refused as well as a token of nobody."""

    async def run():
        async with a_mesh(tmp_path) as mesh:
            assert (await post(mesh, data, token))[0] == status

    asyncio.run(run())


def test_each_sidecar_gets_its_own_policy_and_no_other(tmp_path):
    """The name that an agent goes by does not matter; its certificate does."""

    async def run():
        async with a_mesh(tmp_path) as mesh:
            mesh.steering.replace([*WORLD, *GRANT], ())
            async with an_agent(mesh, "client-a", SHOP) as posing:
                await until(lambda: wanted(posing, SHOP))
                assert "inbound|8080" in wanted(posing, SHOP).listeners
                address = wanted(posing, SHOP).listeners["inbound|8080"]["address"]["socket_address"][
                    "address"
                ]
                assert address == "127.9.0.2"

    asyncio.run(run())


def test_without_a_certificate_there_is_no_policy(tmp_path):
    """A pod outside the mesh could read who may call whom."""

    async def run():
        async with a_mesh(tmp_path) as mesh:
            context = ssl.create_default_context(cadata=mesh.authority.pem)
            async with (
                aiohttp.ClientSession() as session,
                session.get(f"{mesh.url}/configuration", ssl=context) as answer,
            ):
                assert answer.status == 403

    asyncio.run(run())


def test_change_of_policy_is_sent_at_once(tmp_path):
    """Nothing waits for a poll, and what did not change stays the very same."""

    async def run():
        async with a_mesh(tmp_path) as mesh:
            mesh.steering.replace(WORLD, ())
            async with an_agent(mesh, "shop", SHOP) as store:
                await until(lambda: wanted(store, SHOP))
                before = wanted(store, SHOP)
                mesh.steering.replace([*WORLD, *GRANT], ())
                await until(lambda: wanted(store, SHOP) is not before)
                assert wanted(store, SHOP).clusters is before.clusters
                assert wanted(store, SHOP).routes != before.routes

    asyncio.run(run())


def test_lost_control_plane_leaves_the_last_policy(tmp_path):
    """A restart must neither shut doors nor open them."""

    async def run():
        async with a_mesh(tmp_path) as mesh:
            mesh.steering.replace([*WORLD, *GRANT], ())
            identity = mesh.identity("shop")
            await identity.obtain()
            store = Store()
            store.register(SHOP)
            following = asyncio.create_task(Follower(mesh.url, identity, store, SHOP).follow())
            await until(lambda: wanted(store, SHOP))
            last = wanted(store, SHOP)
        await asyncio.sleep(0.2)
        assert wanted(store, SHOP) is last
        assert not following.done()
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)

    asyncio.run(run())


def test_pod_that_is_not_known_is_told_nothing(tmp_path):
    """A certificate outlives its pod; what came with it must not."""

    async def run():
        async with a_mesh(tmp_path) as mesh:
            mesh.steering.replace(WORLD[1:], ())
            async with an_agent(mesh, "shop", SHOP) as store:
                await until(lambda: len(mesh.steering.followers()) == 1)
                await asyncio.sleep(0.1)
                assert wanted(store, SHOP) is None

    asyncio.run(run())


def test_only_the_meshs_authority_is_believed(tmp_path):
    """Whoever can answer in the control plane's place would otherwise get the pod's token."""

    async def run():
        async with a_mesh(tmp_path) as mesh:
            stranger = mesh.identity("shop", Authority(CredentialSettings()))
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.5):
                    await stranger.obtain()

    asyncio.run(run())


def test_message_carries_only_what_changed():
    """Policy changes often, and the rest is large."""
    old = Snapshot(listeners={"l": {}}, clusters={"c": {}}, routes={"r": {"old": True}})
    new = Snapshot(listeners=old.listeners, clusters=old.clusters, routes={"r": {"new": True}})
    text = encode(2, old, new)
    assert "listeners" not in text
    assert decode(text, old) == (2, new)


def test_first_message_carries_everything():
    """A connection may be to another replica, which cannot know what came before."""
    new = Snapshot(listeners={"l": {}}, clusters={}, routes={"r": {}})
    assert decode(encode(1, None, new), None) == (1, new)
