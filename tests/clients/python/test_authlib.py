"""Authlib's OAuth 2.0 client and PyJWT's key set client, as their manuals use them."""

import jwt
import pytest
import requests
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session

SECRET = "third-party-client-secret"
PASSWORD = "Passwort mit Umläuten & Zeichen +%"


@pytest.fixture(scope="module", params=["openid-configuration", "oauth-authorization-server"])
def metadata(base_url, request):
    return requests.get(f"{base_url}/.well-known/{request.param}", timeout=10).json()


def session(metadata, client_id="third-party", secret=SECRET, method="client_secret_basic"):
    return OAuth2Session(
        client_id,
        secret,
        token_endpoint_auth_method=method,
        token_endpoint=metadata["token_endpoint"],
        revocation_endpoint_auth_method=method,
    )


def login(client, metadata, **more):
    return client.fetch_token(
        metadata["token_endpoint"],
        grant_type="password",
        username="erika",
        password=PASSWORD,
        **more,
    )


def claims_of(token, metadata, audience):
    keys = jwt.PyJWKClient(metadata["jwks_uri"])
    return jwt.decode(
        token,
        keys.get_signing_key_from_jwt(token),
        algorithms=metadata["id_token_signing_alg_values_supported"],
        audience=audience,
        issuer=metadata["issuer"],
        options={"require": ["exp", "iat", "iss", "sub", "aud"]},
    )


def test_discovery_names_the_issuer(metadata, base_url):
    assert metadata["issuer"] == base_url


def test_password_grant_and_jwt_validation(metadata):
    token = login(session(metadata), metadata, scope="openid profile email")
    assert token["token_type"] == "Bearer"
    access = claims_of(token["access_token"], metadata, metadata["issuer"])
    identity = claims_of(token["id_token"], metadata, "third-party")
    assert access["sub"] == identity["sub"]
    assert access["client_id"] == "third-party"
    assert identity["name"] == "Erika Mustermann"
    assert identity["email"] == "erika@example.com"


def test_client_credentials_in_header_and_body(metadata):
    token = session(metadata).fetch_token(metadata["token_endpoint"], grant_type="client_credentials")
    assert claims_of(token["access_token"], metadata, metadata["issuer"])["sub"] == "third-party"
    post = session(metadata, "third-party-post", method="client_secret_post")
    token = post.fetch_token(metadata["token_endpoint"], grant_type="client_credentials")
    assert token["scope"] == "read write"


def test_refresh_rotates_and_reuse_is_refused(metadata):
    client = session(metadata)
    first = login(client, metadata, scope="openid read")
    second = client.refresh_token(metadata["token_endpoint"], refresh_token=first["refresh_token"])
    assert second["refresh_token"] != first["refresh_token"]
    with pytest.raises(OAuthError) as refused:
        client.refresh_token(metadata["token_endpoint"], refresh_token=first["refresh_token"])
    assert refused.value.error == "invalid_grant"


def test_introspection_and_revocation(metadata):
    client = session(metadata)
    token = login(client, metadata, scope="openid read")

    def introspect():
        return client.introspect_token(
            metadata["introspection_endpoint"],
            token=token["access_token"],
            token_type_hint="access_token",
        ).json()

    told = introspect()
    assert told["active"] is True
    assert told["username"] == "erika"
    assert told["scope"] == "openid read"
    revoked = client.revoke_token(metadata["revocation_endpoint"], token=token["refresh_token"])
    assert revoked.status_code == 200
    assert introspect() == {"active": False}


def test_userinfo(metadata):
    client = session(metadata)
    login(client, metadata, scope="openid profile")
    told = client.get(metadata["userinfo_endpoint"]).json()
    assert told["given_name"] == "Erika"
    assert told["preferred_username"] == "erika"
    assert "email" not in told


def test_a_wrong_password_is_invalid_grant(metadata):
    with pytest.raises(OAuthError) as refused:
        session(metadata).fetch_token(
            metadata["token_endpoint"], grant_type="password", username="erika", password="wrong"
        )
    assert refused.value.error == "invalid_grant"


def test_a_wrong_secret_is_invalid_client(metadata):
    with pytest.raises(OAuthError) as refused:
        session(metadata, secret="wrong").fetch_token(
            metadata["token_endpoint"], grant_type="client_credentials"
        )
    assert refused.value.error == "invalid_client"


def test_a_tenant_below_a_path(base_url):
    inserted = f"{base_url}/.well-known/oauth-authorization-server/acme"
    metadata = requests.get(inserted, timeout=10).json()
    assert metadata["issuer"] == f"{base_url}/acme"
    client = session(metadata, secret="another-client-secret")
    token = client.fetch_token(
        metadata["token_endpoint"],
        grant_type="password",
        username="erika",
        password="another password",
    )
    assert claims_of(token["access_token"], metadata, metadata["issuer"])["iss"] == metadata["issuer"]
