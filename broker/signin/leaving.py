"""Where a failure of a sign-in goes: whom its audit event is about, and by which way it leaves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from broker import policy
from broker.connectors import Connector
from broker.errors import BrokerError, OAuthError, StoreError
from broker.model import AuthRequest, Configuration, IdentityProvider
from broker.signin import pushed


@contextmanager
def about(connector: Connector, idp: IdentityProvider) -> Iterator[None]:
    """Audited where the answer arrived. A good answer that changes nothing (OAuthError) is no fault of the IdP's."""
    try:
        yield
    except BrokerError as error:
        denied = isinstance(error, OAuthError)
        error.about(event="sign_in.denied" if denied else f"{connector.event}.rejected", tenant=idp.tenant, idp=idp.id)
        raise


@contextmanager
def towards_client(configuration: Configuration, request: AuthRequest, store: pushed.OneTime) -> Iterator[None]:
    """Client and redirect URI were proven before the trip to the IdP; if they still are, failures go back there."""
    try:
        yield
    except BrokerError as error:
        error.about(reference=request.reference, client_id=request.client_id)
        if policy.returns_to(configuration, request.client_id, request.redirect_uri, request.tenant or ""):
            error.leaving_by(request.redirect_uri, request.state, request.response_mode)
            if not isinstance(error, StoreError):
                pushed.discard(store, request.pushed)
        raise
