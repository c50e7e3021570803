"""The script in OneLogin's page, word for word (tests/dialects/onelogin/script.py): domain, credentials and the app's id are
replaced, as the page says, and nothing else, but that the local gateway has no TLS. Then the page's last step, which it
describes in words."""

import json
import os
import pathlib
import subprocess
import uuid

import jwt
import pytest
import requests

ROOT = pathlib.Path(__file__).parents[3]
SCRIPT = ROOT / "tests/dialects/onelogin/script.py"
# As tests/registry.yaml has them.
TENANT = "subdomain"
APP = "909021"
APP_SECRET = "application-secret+%/="
USER = ("erika", "a third password")
RESOURCE = "https://example.com/contacts"


@pytest.fixture(scope="module")
def issuer(base_url):
    return f"{base_url}/{TENANT}"


@pytest.fixture(scope="module")
def credentials(issuer):
    """The API credentials: a client of the tenant that manages its APIs."""
    client_id = f"api-credentials-{uuid.uuid4()}"
    scope = "manage:apis:read manage:apis:write manage:clients:read manage:clients:write"
    added = subprocess.run(
        [ROOT / "target/debug/latchkey", "client", "add", client_id, "--tenant", TENANT]
        + ["--grant-type", "client_credentials", "--audience", f"{issuer}/admin/v1", "--scope", scope, "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    secret = json.loads(added.stdout)["generated"][0]["client_secret"]
    note(secret)
    return client_id, secret


def note(secret):
    """No log may tell it: `cargo xtask test` looks."""
    folder = os.environ.get("LATCHKEY_SECRETS_FOLDER")
    if folder:
        with open(f"{folder}/python-{os.getpid()}.secrets", "a", encoding="utf-8") as file:
            file.write(json.dumps(["client secret", secret]) + "\n")


def script(issuer, client_id, secret):
    text = SCRIPT.read_text(encoding="utf-8")
    scheme, domain = issuer.split("://")
    for page, ours in [
        ("<subdomain>.onelogin.com", domain),
        ("<client_id>", client_id),
        ("<client_secret>", secret),
        ("app_id =\n", f"app_id = {APP}\n"),
        ("https://{domain}", f"{scheme}://{{domain}}"),
    ]:
        assert page in text, page
        text = text.replace(page, ours)
    return text


@pytest.fixture(scope="module")
def ran(issuer, credentials):
    """What the script has at its end, and what it was answered on the way."""
    answers = []
    variables = {}
    plain = requests.post

    def post(*arguments, **named):
        answers.append(plain(*arguments, timeout=10, **named))
        return answers[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(requests, "post", post)
        exec(compile(script(issuer, *credentials), str(SCRIPT), "exec"), variables)
    yield variables, answers
    path = f"{issuer}/api/2/api_authorizations/{variables['authorization_id']}"
    gone = requests.delete(path, headers={"Authorization": f"Bearer {variables['access_token']}"}, timeout=10)
    assert (gone.status_code, gone.text) == (204, "")


def test_the_script_runs_from_top_to_bottom(ran):
    variables, answers = ran
    assert [it.status_code for it in answers] == [200, 201, 201, 201, 201], [it.text for it in answers]
    assert answers[-1].json() == {"app_id": int(APP), "api_auth_id": variables["authorization_id"]}


def test_what_it_made_is_told(ran, issuer):
    variables, _ = ran
    bearer = {"Authorization": f"Bearer {variables['access_token']}"}
    path = f"{issuer}/api/2/api_authorizations/{variables['authorization_id']}"
    told = requests.get(path, headers=bearer, timeout=10).json()
    assert told["name"] == "Test API"
    assert told["configuration"]["audiences"] == [RESOURCE]
    scopes = requests.get(f"{path}/scopes", headers=bearer, timeout=10).json()
    custom = {"id": variables["scope_id"], "value": "custom:scope", "description": "A custom scope"}
    assert scopes == [custom]
    clients = requests.get(f"{path}/clients", headers=bearer, timeout=10).json()
    assert [it["app_id"] for it in clients] == [int(APP)]


def test_the_pages_last_step(ran, issuer):
    form = {
        "grant_type": "password",
        "username": USER[0],
        "password": USER[1],
        "client_id": APP,
        "resource": RESOURCE,
        "scope": "openid",
    }
    # What it encodes are the two as they are.
    app = requests.auth.HTTPBasicAuth(APP, APP_SECRET)
    issued = requests.post(f"{issuer}/oidc/2/token", data=form, auth=app, timeout=10)
    assert issued.status_code == 200, issued.text
    token = issued.json()["access_token"]
    keys = jwt.PyJWKClient(f"{issuer}/oidc/2/certs")
    key = keys.get_signing_key_from_jwt(token)
    claims = jwt.decode(token, key, algorithms=["RS256", "ES256"], audience=RESOURCE, issuer=issuer)
    assert claims["email_address"] == "erika@example.com"
    introspected = requests.post(f"{issuer}/oidc/2/token/introspection", data={"token": token}, auth=app, timeout=10)
    told = introspected.json()
    assert told["active"] is True
    assert (told["client_id"], told["iss"]) == (APP, issuer)
