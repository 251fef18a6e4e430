// npm oidc-provider as many tenants' OpenID providers in one process: issuer ORIGIN/<name>.
// argv: PORT [ORIGIN]. It listens on http://127.0.0.1:PORT; another ORIGIN is that of a proxy in front of it.
// PUT /_control/<name> (re)makes one from JSON: {clients, accounts, disabled, conform, rotate: "overlap" | "cut"}.
// The form asks for `login` and `password`; every login works; `accounts[login]` adds or replaces claims.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { Provider } from 'oidc-provider';
import MemoryAdapter from 'oidc-provider/lib/adapters/memory_adapter.js';

const port = Number(process.argv[2]);
const origin = process.argv[3] ?? `http://127.0.0.1:${port}`;
const issuers = new Map();
const cookieKeys = [randomBytes(16).toString('hex')]; // a sign-in under way outlives a change of settings
const Memory = class extends MemoryAdapter {}; // one for all providers, old and new

function freshKeys() {
  const make = (alg, kind, options) => ({
    ...generateKeyPairSync(kind, options).privateKey.export({ format: 'jwk' }),
    kid: randomBytes(6).toString('hex'), use: 'sig', alg,
  });
  return [make('RS256', 'rsa', { modulusLength: 2048 }), make('ES256', 'ec', { namedCurve: 'P-256' })];
}

function claimsOf(accounts, login) {
  const local = login.split('@')[0];
  return {
    sub: login, email: login, email_verified: true, name: `Name of ${local}`, given_name: local,
    family_name: 'Tester', preferred_username: login, department: 'Research', groups: ['staff'], ...accounts[login],
  };
}

function make(name, settings, keys) {
  const provider = new Provider(`${origin}/${name}`, {
    clients: settings.clients,
    jwks: { keys },
    adapter: Memory,
    cookies: {
      keys: cookieKeys,
      names: { session: `${name}_session`, interaction: `${name}_interaction`, resume: `${name}_resume` },
    },
    claims: {
      openid: ['sub'], email: ['email', 'email_verified'],
      profile: ['name', 'given_name', 'family_name', 'preferred_username', 'department', 'groups'],
    },
    conformIdTokenClaims: settings.conform ?? true,
    pkce: { required: () => true },
    features: { devInteractions: { enabled: true }, backchannelLogout: { enabled: true } },
    findAccount: (_, login) => (settings.disabled ?? []).includes(login) ? undefined : ({ accountId: login, claims: () => claimsOf(settings.accounts ?? {}, login) }),
    fetch: (url, { dispatcher, ...options }) => fetch(url, options), // loopback is where we are
    ttl: { AccessToken: 600, IdToken: 600, Session: 3600, Interaction: 600, Grant: 3600 },
  });
  provider.proxy = process.argv[3] !== undefined; // believe X-Forwarded-Proto
  return provider.callback();
}

function configure(name, settings) {
  const before = issuers.get(name);
  const merged = { ...before?.settings, ...settings };
  const fresh = settings.rotate || !before ? freshKeys() : [];
  const kept = settings.rotate === 'cut' ? [] : before?.keys ?? [];
  const keys = [...fresh, ...kept];
  issuers.set(name, { settings: merged, keys, answer: make(name, merged, keys) });
}

async function control(request, response, name) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  configure(name, JSON.parse(Buffer.concat(chunks).toString()));
  response.end('{}');
}

createServer((request, response) => {
  const [, name, rest] = /^\/([a-z0-9_-]+)(\/.*)$/.exec(request.url) ?? [];
  if (name === '_control' && request.method === 'PUT') {
    control(request, response, rest.slice(1)).catch((error) => { response.statusCode = 400; response.end(String(error)); });
  } else if (issuers.has(name)) {
    request.originalUrl = request.url;
    request.url = rest;
    issuers.get(name).answer(request, response);
  } else {
    response.statusCode = request.url === '/' ? 200 : 404;
    response.end();
  }
}).listen(port, '127.0.0.1');
