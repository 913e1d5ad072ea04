"""The sign-in provider's process: canaille under waitress, with a small admin API for the control plane.

Run as ``python -m control_plane.local.identity_server FILE``, where FILE is a JSON document of `Options`.
Waitress, because some of canaille's requests fail under an ASGI bridge; an admin API, because canaille has none that
registers clients and accounts idempotently.
"""

from __future__ import annotations

import hmac
import json
import logging
import secrets
import sys
from pathlib import Path
from typing import Any

import canaille
import waitress
from canaille.app import models
from canaille.app.flask import csrf
from canaille.backends import Backend
from flask import Blueprint, Flask, Response, abort, jsonify, request
from joserfc.jwk import RSAKey
from pydantic import BaseModel, ConfigDict

from control_plane.local.home import write_private

ADMIN_PREFIX = "/punctual"
# htmx would put a style element of its own into each page, which the pages' own content security policy refuses.
NO_INDICATOR_STYLES = b"""<meta name="htmx-config" content='{"includeIndicatorStyles":false}'></head>"""


class Options(BaseModel):
    """Facts of one provider; ``server_name`` is host and port of its public address."""

    model_config = ConfigDict(extra="forbid")

    folder: Path
    port: int
    server_name: str
    secret_key: str
    token: str


def signing_key(folder: Path) -> dict[str, Any]:
    """The RSA key of ID tokens, made at the first start."""
    path = folder / "signing-key.json"
    if not path.exists():
        key = RSAKey.generate_key(2048, {"kid": secrets.token_hex(8), "use": "sig"}, private=True)
        write_private(path, json.dumps(key.as_dict(private=True)))
    document: dict[str, Any] = json.loads(path.read_text())
    return document


def create_app(options: Options) -> Flask:
    """Canaille with our settings and the admin API."""
    app: Flask = canaille.create_app(
        config={
            "SECRET_KEY": options.secret_key,
            "SERVER_NAME": options.server_name,
            "PREFERRED_URL_SCHEME": "https",
            "SESSION_COOKIE_SECURE": True,
            "SESSION_COOKIE_SAMESITE": "Lax",
            "CANAILLE": {
                "NAME": "Punctual",
                "DATABASE": "sql",
                "LOGO": None,
                "FAVICON": None,
                "ENABLE_PASSWORD_RECOVERY": False,
                "ENABLE_INTRUDER_LOCKOUT": True,
                "CAPTCHA_ENABLED": False,
                "SMTP": None,
            },
            "CANAILLE_SQL": {"DATABASE_URI": f"sqlite:///{options.folder / 'accounts.sqlite'}"},
            "CANAILLE_OIDC": {"ACTIVE_JWKS": [signing_key(options.folder)], "REQUIRE_NONCE": True},
        }
    )
    admin = admin_api(options.token)
    csrf.exempt(admin)  # protected by its token; browsers do not call it
    app.register_blueprint(admin)
    app.register_blueprint(page_fixes())
    return app


def page_fixes() -> Blueprint:
    """Keeps canaille's own pages free of errors in the browser's console."""
    blueprint = Blueprint("punctual_pages", __name__)

    @blueprint.get("/favicon.ico")
    def no_icon() -> tuple[str, int]:
        return "", 204  # browsers ask for it unasked

    @blueprint.after_app_request
    def without_indicator_styles(answer: Response) -> Response:
        if answer.mimetype == "text/html" and not answer.is_streamed:
            answer.set_data(answer.get_data().replace(b"</head>", NO_INDICATOR_STYLES, 1))
        return answer

    return blueprint


def admin_api(token: str) -> Blueprint:
    """Clients and accounts for the control plane; the gateway does not forward this prefix."""
    blueprint = Blueprint("punctual_admin", __name__, url_prefix=ADMIN_PREFIX)

    @blueprint.before_request
    def check_token() -> None:
        offered = request.headers.get("authorization", "")
        if not hmac.compare_digest(offered.encode(), f"Bearer {token}".encode()):
            abort(401)

    blueprint.add_url_rule("/health", view_func=health, methods=["GET"])
    blueprint.add_url_rule("/clients/<client_id>", view_func=get_client, methods=["GET"])
    blueprint.add_url_rule("/clients/<client_id>", view_func=put_client, methods=["PUT"])
    blueprint.add_url_rule("/clients/<client_id>", view_func=delete_client, methods=["DELETE"])
    blueprint.add_url_rule("/accounts", view_func=put_account, methods=["PUT"])
    return blueprint


def health() -> Any:
    return jsonify(status="ok")


def get_client(client_id: str) -> Any:
    client = Backend.instance.get(models.Client, client_id=client_id)
    if client is None:
        abort(404)
    return jsonify(client_secret=client.client_secret, redirect_uris=list(client.redirect_uris))


def put_client(client_id: str) -> Any:
    wanted = request.get_json()
    client = Backend.instance.get(models.Client, client_id=client_id) or models.Client(client_id=client_id)
    client.client_secret = wanted["client_secret"]
    client.client_name = wanted["name"]
    client.redirect_uris = wanted["redirect_uris"]
    # Trusted (no consent page): the address of the application itself, which ends in .localhost here.
    client.client_uri = wanted["client_uri"]
    client.scope = ["openid", "profile", "email"]
    client.grant_types = ["authorization_code"]
    client.response_types = ["code"]
    client.token_endpoint_auth_method = "client_secret_basic"
    client.id_token_signed_response_alg = "RS256"  # it would pick one at random
    client.audience = [client]
    Backend.instance.save(client)
    return jsonify(status="ok")


def delete_client(client_id: str) -> Any:
    client = Backend.instance.get(models.Client, client_id=client_id)
    if client is not None:
        Backend.instance.delete(client)
    return jsonify(status="ok")


def put_account() -> Any:
    wanted = request.get_json()
    email = str(wanted["email"]).lower()
    for user in Backend.instance.query(models.User):
        if email in {str(each).lower() for each in user.emails}:
            return jsonify(subject=user.user_name, email=email, name=user.formatted_name, created=False)
    name = wanted["name"] or email
    user = models.User(
        user_name=f"{email.partition('@')[0]}-{secrets.token_hex(4)}",
        emails=[email],
        formatted_name=name,
        given_name=name.partition(" ")[0],
        family_name=name.rpartition(" ")[2],
        password=wanted["initial_password"],
    )
    Backend.instance.save(user)
    return jsonify(subject=user.user_name, email=email, name=name, created=True)


def main() -> None:
    """Serve until ended by a signal."""
    options = Options.model_validate_json(Path(sys.argv[1]).read_text())
    logging.basicConfig(level="INFO", stream=sys.stdout)
    logging.getLogger("waitress.queue").setLevel("ERROR")
    app = create_app(options)
    waitress.serve(
        app,
        host="127.0.0.1",
        port=options.port,
        threads=4,
        ident=None,
        trusted_proxy="127.0.0.1",
        trusted_proxy_headers={"x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"},
        clear_untrusted_proxy_headers=True,
    )


if __name__ == "__main__":
    main()
