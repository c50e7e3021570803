"""A token verified by a certificate, as miniOrange's clients do it: `latchkey keys certify`, then `x5c` in the JWK set."""

import base64
import json
import pathlib
import subprocess

import jwt
import pytest
import requests
from cryptography import x509

ROOT = pathlib.Path(__file__).parents[3]
# As tests/registry.yaml has it. Nobody else asks for its keys: functions remember them for a minute.
TENANT = "certified"
CLIENT = ("third-party", "certified-client-secret")


def latchkey(*arguments):
    ran = subprocess.run(
        [ROOT / "target/debug/latchkey", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return json.loads(ran.stdout)


@pytest.fixture(scope="module")
def certificate(base_url):
    of_tenant = ["--tenant", TENANT, "--json"]
    (key,) = latchkey("keys", "list", *of_tenant)
    # One in 64 thumbprints begins like an option.
    told = latchkey("keys", "certify", *of_tenant, "--", key["kid"])
    (published,) = requests.get(f"{base_url}/{TENANT}/jwks", timeout=10).json()["keys"]
    assert (published["kid"], published["x5c"]) == (key["kid"], told["x5c"])
    return x509.load_der_x509_certificate(base64.b64decode(published["x5c"][0]))


def test_it_is_self_issued_by_the_key(certificate):
    certificate.verify_directly_issued_by(certificate)
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.value.digital_signature


def test_it_verifies_a_token(base_url, certificate):
    issuer = f"{base_url}/{TENANT}"
    form = {"grant_type": "client_credentials"}
    answer = requests.post(f"{issuer}/token", data=form, auth=CLIENT, timeout=10)
    token = answer.json()["access_token"]
    claims = jwt.decode(
        token,
        certificate.public_key(),
        algorithms=["RS256"],
        issuer=issuer,
        options={"verify_aud": False},
    )
    assert claims["client_id"] == CLIENT[0]
