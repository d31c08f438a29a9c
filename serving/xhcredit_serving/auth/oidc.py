"""OpenID Connect login by the city's identity provider: code flow, PKCE, nonce.

The provider only says who somebody is.  What they may do is granted here, to an account that the
security administrator has bound to that identity; an identity without account opens nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from xhcredit.errors import BadInput, LoginRefused
from xhcredit.store.access.rows import LoginState
from xhcredit.store.access.sessions import Sessions
from xhcredit_serving.http.problems import Refusal

#: between leaving for the provider and coming back
LOGIN_TIMEOUT = timedelta(minutes=10)
CALLBACK = "/v1/oidc/callback"
#: signatures that only the provider can make; never one that anybody can (none), nor a shared key
_SIGNATURE_ALGORITHMS = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"}
)
_HTTP_TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True)
class Provider:
    """OIDC identity provider, and our client at it."""

    issuer: str
    client_id: str
    secret: str = field(repr=False)
    claim: str = "sub"  #: by which people are known; it must never pass to another person
    scope: str = "openid"


@dataclass(frozen=True)
class AuthorizationRedirect:
    """Authorization redirect: provider URL and state."""

    url: str
    state: str


@dataclass
class Oidc:
    """OIDC client: starts logins at the provider and verifies what comes back."""

    provider: Provider
    sessions: Sessions

    @cached_property
    def _client(self) -> Any:
        """Our side of the protocol; authlib is an extra.

        Raises:
            BadInput: it is not installed.
        """
        try:
            from authlib.integrations.starlette_client import OAuth  # an optional extra
        except ImportError:
            raise BadInput(
                "authlib is not installed; install xhcredit with the extra: oidc"
            ) from None
        # the provider stands in the city's own network, so no proxy of the environment is asked
        client_options = {"scope": self.provider.scope, "code_challenge_method": "S256"}
        return OAuth().register(
            "provider",
            client_id=self.provider.client_id,
            client_secret=self.provider.secret,
            server_metadata_url=f"{self.provider.issuer.rstrip('/')}/.well-known/openid-configuration",
            client_kwargs={**client_options, "timeout": _HTTP_TIMEOUT_SECONDS, "trust_env": False},
        )

    async def start_login(self, callback: str, moment: datetime) -> AuthorizationRedirect:
        """Where to send a browser that wants to log in.

        Raises:
            Refusal: the provider does not answer, or not as the one it should be.
        """
        try:
            metadata = await self._client.load_server_metadata()
            # Exactly, to the last slash: metadata of another issuer would bring its own keys
            # along (mix-up).
            if metadata.get("issuer") != self.provider.issuer:
                raise ValueError(f"it says to be {metadata.get('issuer')!r}")
            authorization = await self._client.create_authorization_url(callback)
        except Exception as error:  # of the network, of JSON, of the provider
            raise _provider_unavailable(error) from error
        nonce, verifier = authorization["nonce"], authorization["code_verifier"]
        self.sessions.save_login_state(
            authorization["state"], nonce, verifier, moment, moment - LOGIN_TIMEOUT
        )
        return AuthorizationRedirect(authorization["url"], authorization["state"])

    async def identity(self, state: str, code: str, callback: str, moment: datetime) -> str:
        """OIDC identity that came back, as ``issuer|value of the claim``.

        Raises:
            LoginRefused: nobody left with this state, or what the provider says does not hold.
        """
        # Taken out before the code is redeemed: a state that comes back a second time finds
        # nothing.
        login_state = self.sessions.consume_login_state(state, moment - LOGIN_TIMEOUT)
        if login_state is None:
            raise LoginRefused("the login was begun too long ago, or used already; begin again")
        try:
            claims = await self._claims(code, callback, login_state)
        except Exception as error:  # of the network, of the provider, of a forged token
            raise LoginRefused(
                f"what the identity provider sent does not hold ({type(error).__name__}); log in "
                "again, and tell the operator if it stays"
            ) from error
        claim_value = claims.get(self.provider.claim)
        # Text only: a number or list written as text could equal another person's identity.
        if not isinstance(claim_value, str) or not claim_value:
            raise LoginRefused(f'the identity provider told no "{self.provider.claim}"')
        return f"{self.provider.issuer}|{claim_value}"

    async def _claims(
        self, code: str, callback: str, login_state: LoginState
    ) -> Mapping[str, object]:
        """Verified claims of the ID token."""
        metadata = await self._client.load_server_metadata()
        # The provider's list is cut to ours, so that it can allow neither `none` nor a shared
        # secret.
        server_algorithms = metadata.get("id_token_signing_alg_values_supported") or ["RS256"]
        metadata["id_token_signing_alg_values_supported"] = sorted(
            _SIGNATURE_ALGORITHMS.intersection(server_algorithms)
        )
        token = await self._client.fetch_access_token(
            redirect_uri=callback, code=code, code_verifier=login_state["verifier"]
        )
        claims_options = {
            "iss": {"essential": True, "value": self.provider.issuer},
            "aud": {"essential": True, "value": self.provider.client_id},
            "exp": {"essential": True},
            "nonce": {"essential": True, "value": login_state["nonce"]},
        }
        claims = await self._client.parse_id_token(
            token, login_state["nonce"], claims_options=claims_options
        )
        if claims is None:
            raise ValueError("no id_token")
        return dict(claims)


def _provider_unavailable(error: Exception) -> Refusal:
    return Refusal(
        "provider_away", f"the identity provider does not answer ({type(error).__name__})"
    )
