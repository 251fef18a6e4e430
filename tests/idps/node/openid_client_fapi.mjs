// npm openid-client as a FAPI 2.0 relying party: private_key_jwt, PAR, DPoP with our nonce, a signed request.
// argv[2]: JSON {issuer, client_id, redirect_uri, scope, jwk, params}. Prints {"authorize": url}; reads the full callback
// URL from standard input; redeems, asks userinfo, refreshes; prints {claims, token_type, userinfo, refreshed}.
import { createInterface } from 'node:readline';
import { importJWK } from 'jose';
import * as client from 'openid-client';

const asked = JSON.parse(process.argv[2]);
const key = { key: await importJWK(asked.jwk, 'ES256'), kid: asked.jwk.kid };
const config = await client.discovery(
  new URL(asked.issuer), asked.client_id, undefined, client.PrivateKeyJwt(key),
  { execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks] },
);
const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'));
const pkceCodeVerifier = client.randomPKCECodeVerifier();
const expectedNonce = client.randomNonce();
const expectedState = client.randomState();
const parameters = {
  redirect_uri: asked.redirect_uri, scope: asked.scope, state: expectedState, nonce: expectedNonce,
  code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier), code_challenge_method: 'S256',
  ...asked.params,
};
const signed = await client.buildAuthorizationUrlWithJAR(config, parameters, key);
const url = await client.buildAuthorizationUrlWithPAR(config, signed.searchParams, { DPoP });
console.log(JSON.stringify({ authorize: url.href }));

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const callback = new URL((await lines.next()).value);
const tokens = await client.authorizationCodeGrant(
  config, callback, { pkceCodeVerifier, expectedNonce, expectedState, idTokenExpected: true }, undefined, { DPoP },
);
const claims = tokens.claims();
const userinfo = await client.fetchUserInfo(config, tokens.access_token, claims.sub, { DPoP });
const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP });
console.log(JSON.stringify({
  claims, userinfo, token_type: tokens.token_type, refreshed: refreshed.claims(),
}));
process.exit(0);
