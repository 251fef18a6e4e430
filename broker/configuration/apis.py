"""Of an API's file, what the model knows: the API, and the client that its own credentials are."""

from __future__ import annotations

from broker.configuration.checks import Context
from broker.configuration.shapes import ApiShape
from broker.model import Api, ApplicationAuth, Client


def api(shape: ApiShape) -> Api:
    own = shape.introspection.client_id
    return Api(
        audience=shape.audience,
        name=shape.name or shape.audience,
        scopes=tuple(shape.scopes),
        roles=None if shape.roles is None else tuple(shape.roles),
        tenants=shape.tenants,
        introspecting=(*shape.introspection.clients, *([own] if own else [])),
        exchanging=tuple(shape.exchange.clients) if shape.exchange else (),
        access_token=shape.access_token,
        access_token_alg=shape.access_token_signed_response_alg,
    )


def asking_client(shape: ApiShape, context: Context) -> Client | None:
    """Who the API is when it asks about a token: no grant, no redirect URI, no scope."""
    own, auth = shape.introspection.client_id, shape.introspection.auth
    if own is None or auth is None:
        return None
    secret = context.secrets.secret(auth.secret, context.file)
    return Client(
        client_id=own,
        name=shape.name or own,
        redirect_uris=(),
        auth=ApplicationAuth(auth.method, secret),
        grant_types=(),
        scopes=(),
        tenants=shape.tenants,
    )
