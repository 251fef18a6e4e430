// npm openid-client as a relying party. argv[2]: JSON {issuer, client_id, client_secret?, redirect_uri, scope, params}.
// Prints {"authorize": url}; reads the full callback URL from standard input; redeems, asks userinfo, refreshes,
// revokes; prints {claims, userinfo, refreshed, revoked}. With `verify` every ID token is checked by the published keys,
// and before it refreshes it prints {"signed_in": id_token} and waits for a line.
import { createInterface } from 'node:readline';
import * as client from 'openid-client';

const asked = JSON.parse(process.argv[2]);
const secret = asked.client_secret;
const config = await client.discovery(
  new URL(asked.issuer), asked.client_id, secret, secret ? client.ClientSecretBasic(secret) : client.None(),
  { execute: [client.allowInsecureRequests, ...(asked.verify ? [client.enableNonRepudiationChecks] : [])] },
);
const verifier = client.randomPKCECodeVerifier();
const nonce = client.randomNonce();
const state = client.randomState();
const url = client.buildAuthorizationUrl(config, {
  redirect_uri: asked.redirect_uri, scope: asked.scope, state, nonce,
  code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256', ...asked.params,
});
console.log(JSON.stringify({ authorize: url.href }));

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const callback = new URL((await lines.next()).value);
const tokens = await client.authorizationCodeGrant(config, callback, {
  pkceCodeVerifier: verifier, expectedNonce: nonce, expectedState: state, idTokenExpected: true,
});
const claims = tokens.claims();
const userinfo = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
const answer = { claims, userinfo };
if (asked.verify) {
  console.log(JSON.stringify({ signed_in: tokens.id_token }));
  await lines.next();
}
if (tokens.refresh_token) {
  const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token);
  answer.refreshed = refreshed.claims() ?? {};
  answer.refreshed_id_token = refreshed.id_token;
  const newest = refreshed.refresh_token ?? tokens.refresh_token;
  await client.tokenRevocation(config, newest);
  answer.revoked = await client.refreshTokenGrant(config, newest).then(() => 'still works', (error) => error.error);
}
console.log(JSON.stringify(answer));
process.exit(0);
