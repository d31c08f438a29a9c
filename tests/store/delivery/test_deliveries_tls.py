"""Over HTTPS: the connection goes to the address that was judged, and proves the name asked for."""

from datetime import UTC, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.serving.receivers import receiving
from tests.store.delivery.test_deliveries import ACT, say, states
from xhcredit.domain.clock import machine_moment
from xhcredit.jobs.delivery.ssrf_guard import AddressPolicy
from xhcredit.jobs.delivery.webhooks import DeliveryPolicy, deliver

PLAIN = serialization.NoEncryption()


def certificate(file, name):
    """A certificate for a name, signed by itself, with its key behind it."""
    key = ec.generate_private_key(ec.SECP256R1())
    whose = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    moment = machine_moment().astimezone(UTC)
    signed_certificate = (
        x509.CertificateBuilder()
        .subject_name(whose)
        .issuer_name(whose)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(moment - timedelta(days=1))
        .not_valid_after(moment + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    file.write_bytes(signed_certificate.public_bytes(pem) + key.private_bytes(pem, form, PLAIN))
    return file


@pytest.mark.parametrize("address", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("name", "state", "message"),
    [("localhost", "delivered", ""), ("other.example", "waiting", "CERTIFICATE_VERIFY_FAILED")],
)
def test_the_certificate_is_that_of_the_name(store, tmp_path, name, state, message):
    pem = certificate(tmp_path / "pem", name)
    with receiving(certificate=pem) as receiver:
        url = f"https://localhost:{receiver.port}/hook"
        store.subscriptions.add(ACT, "平台", url, (), "")
        say(store, {"code": "1"})
        [report] = deliver(
            store, DeliveryPolicy(address_policy=AddressPolicy(("localhost",)), ca_file=pem)
        )

        assert states(store) == {state: 1}
        assert message in report.last_answer
        assert [r.headers["host"] for r in receiver.received] == (
            [f"localhost:{receiver.port}"] if state == "delivered" else []
        )


@pytest.mark.parametrize("address", ["sqlite"], indirect=True)
def test_without_the_operators_word_a_name_of_something_inside_is_not_connected_to(store, tmp_path):
    with receiving(certificate=certificate(tmp_path / "pem", "localhost")) as receiver:
        url = f"https://localhost:{receiver.port}/hook"
        store.subscriptions.add(ACT, "平台", url, (), "")
        say(store, {"code": "1"})
        [report] = deliver(store, DeliveryPolicy(ca_file=tmp_path / "pem"))

    assert "is inside, at" in report.last_answer
    assert receiver.received == []
