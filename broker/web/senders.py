"""Who sends this request, below the token: the key of its DPoP proof and the certificate of its TLS connection.

A certificate is believed of a trusted proxy only; from anybody else the header is as if it were not there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from flask import Request, Response, after_this_request

from broker.clients import DPOP_ALGORITHMS, FAPI_ALGORITHMS, Certificate, Proofs, Wanted, read_certificate
from broker.errors import InvalidDpopProof, InvalidRequest, InvalidToken
from broker.model import Client, ClientCertificates
from broker.model.realm import Network
from broker.web.network import peer

DPOP, BEARER = "DPoP", "Bearer"
CERTIFICATE = "x5t#S256"


class Binding(Enum):
    """What an endpoint does with the sender's key: nothing; takes what is shown; demands what the client must show."""

    NONE = "none"
    SHOWN = "shown"
    REQUIRED = "required"


@dataclass(frozen=True, slots=True)
class Senders:
    """issuer: ours; `htu` is compared with it and never with a Host header."""

    issuer: str
    proofs: Proofs
    certificates: ClientCertificates | None
    trusted_proxies: Sequence[Network]

    def certificate(self, request: Request) -> Certificate | None:
        """Raises InvalidRequest `certificate_malformed`."""
        told = self.certificates
        if told is None or not any(peer(request) in network for network in self.trusted_proxies):
            return None
        sent = request.headers.get(told.header)
        if not sent:
            return None
        verified = told.verify_header is None or request.headers.get(told.verify_header) == "SUCCESS"
        return read_certificate(sent, verified=verified)

    def bound(
        self, request: Request, client: Client, certificate: Certificate | None, binding: Binding
    ) -> Mapping[str, str]:
        """The keys that tokens for this client are bound to (RFC 7800 `cnf`).

        Raises InvalidRequest: dpop_not_allowed, certificate_missing. InvalidDpopProof: dpop_missing, dpop_several, and
        those of `Proofs.verify`. UseDpopNonce.
        """
        if binding is Binding.NONE:
            return {}
        cnf = self._shown_key(request, client, required=binding is Binding.REQUIRED)
        if client.mtls_bound and certificate is not None:
            return {**cnf, CERTIFICATE: certificate.thumbprint}
        if client.mtls_bound and binding is Binding.REQUIRED:
            raise InvalidRequest("certificate_missing", "Connect with the client's TLS certificate.")
        return cnf

    def require_holder(
        self, request: Request, client: Client, scheme: str, access_token: str, cnf: Mapping[str, str]
    ) -> None:
        """The token comes from whom it was bound to (RFC 9449 §7.1, RFC 8705 §3).

        Raises InvalidToken: sender_required, dpop_downgrade, dpop_unbound, dpop_key, certificate_mismatch; and as
        `bound` does.
        """
        if _lacks_a_key(client, cnf):  # it is from before the client's tokens were bound
            raise InvalidToken("sender_required", "This client's tokens are bound to their sender: ask for a new one.")
        jkt = cnf.get("jkt")
        if jkt is not None and scheme != DPOP:
            raise InvalidToken("dpop_downgrade", "This token is bound to a key: send it as DPoP, with a proof.")
        if jkt is None and scheme == DPOP:
            raise InvalidToken("dpop_unbound", "This token is bound to no key: send it as Bearer.")
        if jkt is not None and self._proof(request, client, access_token) != jkt:
            raise InvalidToken("dpop_key", "This token is bound to another key than that of the proof.")
        certificate = self.certificate(request) if CERTIFICATE in cnf else None
        if CERTIFICATE in cnf and (certificate is None or certificate.thumbprint != cnf[CERTIFICATE]):
            raise InvalidToken("certificate_mismatch", "This token is bound to another TLS certificate.")

    def _shown_key(self, request: Request, client: Client, *, required: bool) -> Mapping[str, str]:
        if DPOP in request.headers:
            if client.dpop == "never":
                raise InvalidRequest("dpop_not_allowed", "This client is not registered for DPoP.")
            return {"jkt": self._proof(request, client, None)}
        if required and client.proves_a_key:
            raise InvalidDpopProof("dpop_missing", "This client must send a DPoP proof.")
        return {}

    def _proof(self, request: Request, client: Client, access_token: str | None) -> str:
        unverified = request.headers.get(DPOP)
        if unverified is None:
            raise InvalidDpopProof("dpop_missing", "Send a DPoP proof with this token.")
        if "," in unverified:  # how several headers arrive
            raise InvalidDpopProof("dpop_several", "Send one DPoP proof.")
        if client.dpop == "nonce":
            _with_nonce(self.proofs.nonces.fresh)
        algorithms = FAPI_ALGORITHMS if client.profile == "fapi2" else DPOP_ALGORITHMS
        url, nonce = self.issuer + request.path, client.dpop == "nonce"
        return self.proofs.verify(unverified, Wanted(request.method, url, nonce, access_token, algorithms))


def _lacks_a_key(client: Client, cnf: Mapping[str, str]) -> bool:
    return (client.proves_a_key and "jkt" not in cnf) or (client.mtls_bound and CERTIFICATE not in cnf)


def _with_nonce(fresh: Callable[[], str]) -> None:
    """RFC 9449 §8.2: every answer brings the nonce for the next request."""

    @after_this_request
    def add(response: Response) -> Response:
        response.headers["DPoP-Nonce"] = fresh()
        return response
