"""A real identity provider for tests, run as a process of its own: authlib's server over Flask.

``POST /next`` says who logs in next, and what is wrong with what is signed then.
"""

from __future__ import annotations

import sys
from types import SimpleNamespace

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import OpenIDCode, UserInfo
from flask import Flask, jsonify, request
from joserfc.jwk import RSAKey
from werkzeug.serving import make_server

from xhcredit.domain.clock import machine_moment

app = Flask(__name__)
CODES = {}
SECRET = "shared-between-two"  # noqa: S105 - of tests only
KEY, FOREIGN = (RSAKey.generate_key(2048, {"kid": "one"}) for _ in range(2))
NEXT = {"subject": "7", "spoil": ""}


class Client:
    """The one program that may ask: with its secret, and coming back where it should."""

    def get_client_id(self):
        return "xhcredit"

    def get_default_redirect_uri(self):
        return None

    def get_allowed_scope(self, scope):
        return scope

    def check_redirect_uri(self, redirect_uri):
        return redirect_uri == "http://testserver/v1/oidc/callback"

    def check_client_secret(self, client_secret):
        return client_secret == SECRET

    def check_endpoint_auth_method(self, method, endpoint):
        return method == "client_secret_basic"

    def check_response_type(self, response_type):
        return response_type == "code"

    def check_grant_type(self, grant_type):
        return grant_type == "authorization_code"


class Code(SimpleNamespace):
    """An authorization code, good for one exchange."""

    def get_redirect_uri(self):
        return self.redirect_uri

    def get_scope(self):
        return self.scope

    def get_nonce(self):
        return "another" if self.spoil == "nonce" else self.nonce

    def get_auth_time(self):
        return int(machine_moment().timestamp())

    def get_acr(self):
        return None

    def get_amr(self):
        return None


class Grant(AuthorizationCodeGrant):
    """The code flow, with codes kept in memory."""

    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic"]  # noqa: RUF012 - authlib's way

    def save_authorization_code(self, code, request):
        oauth_request = request.payload
        names = ("nonce", "code_challenge", "code_challenge_method")
        code_fields = {name: oauth_request.data.get(name) for name in names}
        CODES[code] = Code(
            code=code,
            redirect_uri=oauth_request.redirect_uri,
            scope=oauth_request.scope,
            **code_fields,
            **NEXT,
        )

    def query_authorization_code(self, code, client):
        return CODES.get(code)

    def delete_authorization_code(self, authorization_code):
        del CODES[authorization_code.code]

    def authenticate_user(self, authorization_code):
        return authorization_code


class Signed(OpenIDCode):
    """Signs who somebody is, rightly or not."""

    def exists_nonce(self, nonce, request):
        return False

    def get_client_algorithm(self, client):
        return "RS256"

    def get_encode_header(self, client):
        return {"alg": "RS256", "kid": "one"}

    def resolve_client_private_key(self, client):
        return FOREIGN if NEXT["spoil"] == "key" else KEY

    def get_client_claims(self, client):
        spoil, now_seconds = NEXT["spoil"], int(machine_moment().timestamp())
        return {
            "iss": "http://evil.example" if spoil == "iss" else app.config["ISSUER"],
            "aud": ["somebody-else"] if spoil == "aud" else [client.get_client_id()],
            "exp": now_seconds - 3600 if spoil == "exp" else now_seconds + 60,
        }

    def generate_user_info(self, user, scope):
        return UserInfo(sub=user.subject)


server = AuthorizationServer(app, lambda client: Client(), lambda token, request: None)
server.register_grant(Grant, [Signed(require_nonce=True), CodeChallenge(required=True)])


@app.get("/.well-known/openid-configuration")
def metadata():
    issuer = app.config["ISSUER"]
    return jsonify(
        issuer=issuer,
        authorization_endpoint=f"{issuer}/authorize",
        token_endpoint=f"{issuer}/token",
        jwks_uri=f"{issuer}/keys",
        id_token_signing_alg_values_supported=["RS256", "none", "HS256"],
    )


@app.get("/keys")
def keys():
    return jsonify(keys=[KEY.as_dict(private=False)])


@app.get("/authorize")
def authorize():
    grant = server.get_consent_grant(end_user=NEXT["subject"])
    return server.create_authorization_response(grant_user=SimpleNamespace(**NEXT), grant=grant)


@app.post("/token")
def token():
    return server.create_token_response()


@app.post("/next")
def set_next():
    NEXT.update(request.get_json())
    return jsonify(NEXT)


if __name__ == "__main__":
    serving = make_server("127.0.0.1", 0, app, threaded=True)
    app.config["ISSUER"] = f"http://127.0.0.1:{serving.port}"
    sys.stdout.write(app.config["ISSUER"] + "\n")
    sys.stdout.flush()
    serving.serve_forever()
