// openid-client (a certified OpenID Connect client) and jose, as their manuals use them.

import assert from "node:assert/strict";
import { before, test } from "node:test";

import { createRemoteJWKSet, jwtVerify } from "jose";
import * as client from "openid-client";

const url = new URL(process.env.LATCHKEY_TEST_URL);
const secret = "third-party-client-secret";
const password = "Passwort mit Umläuten & Zeichen +%";

// The test front speaks HTTP on the loopback interface.
const discover = (id, authentication, options = {}) =>
  client.discovery(url, id, undefined, authentication, {
    execute: [client.allowInsecureRequests],
    ...options,
  });

let config;
before(async () => {
  config = await discover("third-party", client.ClientSecretBasic(secret));
});

const login = (scope) =>
  client.genericGrantRequest(config, "password", { username: "erika", password, scope });

const verify = (token, audience, typ) => {
  const metadata = config.serverMetadata();
  return jwtVerify(token, createRemoteJWKSet(new URL(metadata.jwks_uri)), {
    issuer: metadata.issuer,
    audience,
    typ,
  });
};

test("discovery, both algorithms of the library", async () => {
  const oauth2 = await discover("third-party", client.ClientSecretBasic(secret), {
    algorithm: "oauth2",
  });
  assert.deepEqual(oauth2.serverMetadata().token_endpoint, config.serverMetadata().token_endpoint);
  assert.equal(config.serverMetadata().issuer, url.origin);
});

test("password grant; access and ID token verify by the JWK set", async () => {
  const tokens = await login("openid profile email");
  const access = await verify(tokens.access_token, url.origin, "at+jwt");
  const identity = await verify(tokens.id_token, "third-party", "JWT");
  assert.equal(access.payload.sub, identity.payload.sub);
  assert.equal(access.payload.client_id, "third-party");
  assert.equal(identity.payload.name, "Erika Mustermann");
  assert.equal(tokens.claims().email, "erika@example.com");
});

test("client credentials by Basic, form-encoded, and by body", async () => {
  const odd = await discover("third:party +%", client.ClientSecretBasic("secret: with +% and spaces"));
  const first = await client.clientCredentialsGrant(odd);
  assert.equal((await verify(first.access_token, url.origin)).payload.sub, "third:party +%");
  const post = await discover("third-party-post", client.ClientSecretPost(secret));
  const second = await client.clientCredentialsGrant(post, { scope: "read" });
  assert.equal(second.scope, "read");
});

test("refresh rotates, reuse is refused", async () => {
  const first = await login("openid read");
  const second = await client.refreshTokenGrant(config, first.refresh_token);
  assert.notEqual(second.refresh_token, first.refresh_token);
  assert.equal(second.claims().sub, first.claims().sub);
  await assert.rejects(client.refreshTokenGrant(config, first.refresh_token), {
    error: "invalid_grant",
    status: 400,
  });
});

test("introspection and revocation", async () => {
  const tokens = await login("openid read");
  const told = await client.tokenIntrospection(config, tokens.access_token);
  assert.equal(told.active, true);
  assert.equal(told.username, "erika");
  await client.tokenRevocation(config, tokens.refresh_token);
  const after = await client.tokenIntrospection(config, tokens.access_token);
  assert.deepEqual(after, { active: false });
});

test("userinfo", async () => {
  const tokens = await login("openid email");
  const told = await client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
  assert.equal(told.email, "erika@example.com");
  assert.equal(told.name, undefined);
});

test("a wrong secret is invalid_client with a challenge", async () => {
  const wrong = await discover("third-party", client.ClientSecretBasic("wrong"));
  await assert.rejects(client.clientCredentialsGrant(wrong), (error) => {
    assert.ok(error instanceof client.WWWAuthenticateChallengeError || error.error === "invalid_client");
    assert.equal(error.status, 401);
    return true;
  });
});

test("a tenant below a path", async () => {
  const acme = await client.discovery(
    new URL("/acme", url),
    "third-party",
    undefined,
    client.ClientSecretBasic("another-client-secret"),
    { execute: [client.allowInsecureRequests] },
  );
  assert.equal(acme.serverMetadata().issuer, `${url.origin}/acme`);
  const tokens = await client.genericGrantRequest(acme, "password", {
    username: "erika",
    password: "another password",
  });
  assert.equal(tokens.claims().iss, `${url.origin}/acme`);
});
