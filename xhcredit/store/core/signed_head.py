"""Ed25519 signature over the head of the hash chain, to be published.

Whoever can rewrite the whole store can forge a chain, but not the signature of a key that is kept
elsewhere.  The keys are plain PEM files: ``openssl genpkey -algorithm ed25519 -out key.pem``, and
``openssl pkey -in key.pem -pubout -out public.pem``.
"""

from __future__ import annotations

import base64
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from xhcredit.errors import BadInput, ChainBroken


def sign(seq: int, digest: str, key: Path) -> str:
    """The signature over a head, in URL-safe base64.

    Raises:
        BadInput: the file holds no Ed25519 key that can be read without a password.
    """
    try:
        private_key = load_pem_private_key(key.read_bytes(), None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _no_key(key, "private") from error
    if not isinstance(private_key, Ed25519PrivateKey):
        raise _no_key(key, "private")
    return base64.urlsafe_b64encode(private_key.sign(_signed_message(seq, digest))).decode()


def check(seq: int, digest: str, signature: str, key: Path) -> None:
    """Check the signature over a head.

    Raises:
        BadInput: the file holds no Ed25519 public key.
        ChainBroken: the signature is not of this head, or not by this key.
    """
    try:
        public_key = load_pem_public_key(key.read_bytes())
    except (OSError, ValueError, UnsupportedAlgorithm) as error:
        raise _no_key(key, "public") from error
    if not isinstance(public_key, Ed25519PublicKey):
        raise _no_key(key, "public")
    try:
        public_key.verify(base64.urlsafe_b64decode(signature), _signed_message(seq, digest))
    except (InvalidSignature, ValueError):
        raise ChainBroken(
            f"the signature is not of entry {seq} by this key; compare both with what was published"
        ) from None


def parse_head(text: str, key: Path | None) -> tuple[int, str]:
    """Number and digest of a head as it was published, its signature checked if a key is given.

    Raises:
        BadInput: it is no head, or the file holds no key.
        ChainBroken: the signature is not of this head by this key.
    """
    number, digest, signature = [*text.split(":"), "", ""][:3]
    if not number.isdecimal() or not digest:
        raise BadInput(f'"{text}" is no head; give it as `xhcredit audit head` printed it')
    if key is not None:
        check(int(number), digest, signature, key)
    return int(number), digest


def _signed_message(seq: int, digest: str) -> bytes:
    """Signed message; its prefix separates it from any other use of the key."""
    return f"xhcredit activity head {seq}:{digest}".encode()


def _no_key(key: Path, kind: str) -> BadInput:
    return BadInput(
        f'"{key}" holds no {kind} Ed25519 key in PEM; make one with openssl genpkey -algorithm '
        "ed25519"
    )
