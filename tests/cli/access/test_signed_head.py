"""A signed head: published once, it shows later what was changed, and who did not sign."""

import json

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner

from xhcredit.cli.main import app
from xhcredit.errors import BadInput, ChainBroken
from xhcredit.store.core.transactions import Act
from xhcredit.store.store import Store


def call(*words):
    return CliRunner().invoke(app, ["audit", *words])


def write(private, folder):
    """A pair of keys as openssl writes them."""
    pem = serialization.Encoding.PEM
    secret = private.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    shown = private.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo)
    folder.mkdir()
    (folder / "key.pem").write_bytes(secret)
    (folder / "public.pem").write_bytes(shown)
    return str(folder / "key.pem"), str(folder / "public.pem")


@pytest.fixture
def store_option(tmp_path):
    """A store with a few entries."""
    with Store.open(str(tmp_path / "s.db")) as store:
        store.record([Act("a", "b", "c")] * 3)
    return ("--store", str(tmp_path / "s.db"))


@pytest.fixture
def keys(tmp_path):
    return write(Ed25519PrivateKey.generate(), tmp_path / "own")


def test_a_signed_head_is_verified(store_option, keys):
    key, public = keys
    printed = call("head", "--sign", key, *store_option).output.strip()
    signed_head = json.loads(call("head", "--sign", key, "--json", *store_option).output)
    verified = call("verify", "--head", printed, "--public-key", public, *store_option)

    assert (verified.exit_code, "whole" in verified.output) == (0, True)
    assert printed == f"{signed_head['seq']}:{signed_head['digest']}:{signed_head['signature']}"
    assert call("head", *store_option).output.strip() == printed.rpartition(":")[0]


def test_another_head_or_another_key_is_found_out(store_option, keys, tmp_path):
    key, public = keys
    number, digest, signature = call("head", "--sign", key, *store_option).output.strip().split(":")
    _, foreign = write(Ed25519PrivateKey.generate(), tmp_path / "foreign")
    for head, by in (
        (f"{number}:{digest}:{signature}", foreign),
        (f"{int(number) - 1}:{digest}:{signature}", public),
        (f"{number}:{digest[::-1]}:{signature}", public),
        (f"{number}:{digest}:{signature[:-4]}", public),
        (f"{number}:{digest}:é", public),
        (f"{number}:{digest}", public),
    ):
        refused = call("verify", "--head", head, "--public-key", by, *store_option)
        assert isinstance(refused.exception, ChainBroken), head
        assert "signature is not of entry" in str(refused.exception)


def test_what_is_no_ed25519_key_is_told(store_option, keys, tmp_path):
    key, public = keys
    other, other_public = write(generate_private_key(SECP256R1()), tmp_path / "other")
    for words in (
        ("head", "--sign", public),
        ("head", "--sign", other),
        ("head", "--sign", str(tmp_path / "absent.pem")),
        ("verify", "--head", "1:x:y", "--public-key", key),
        ("verify", "--head", "1:x:y", "--public-key", other_public),
    ):
        refused = call(*words, *store_option).exception
        assert isinstance(refused, BadInput)
        assert "Ed25519 key in PEM" in str(refused)
    assert "is no head" in str(call("verify", "--public-key", public, *store_option).exception)
