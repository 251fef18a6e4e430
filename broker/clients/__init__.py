"""Which application is calling, and how it proved it.

authentication   the one method that the client registered (RFC 6749 §2.3)
assertion        private_key_jwt
workload         the token of another issuer; workload_claims: as conditions read it
certificate      a TLS client's, from a trusted proxy
keys             a client's own public keys; remote_keys: those that it publishes
request_object   signed authorization requests
dpop             proofs that the sender holds a key
claims           what all these tokens must say
"""

from broker.clients.assertion import ALGORITHMS as ASSERTION_ALGORITHMS
from broker.clients.assertion import FAPI_ALGORITHMS, Assertions
from broker.clients.authentication import BY_CERTIFICATE, METHODS, Authentication, Presented, Proven
from broker.clients.certificate import Certificate
from broker.clients.certificate import read as read_certificate
from broker.clients.dpop import ALGORITHMS as DPOP_ALGORITHMS
from broker.clients.dpop import Nonces, Proofs, Wanted
from broker.clients.keys import ClientKeys
from broker.clients.request_object import RequestObjects
from broker.clients.workload import Workloads

__all__ = [
    "ASSERTION_ALGORITHMS",
    "BY_CERTIFICATE",
    "DPOP_ALGORITHMS",
    "FAPI_ALGORITHMS",
    "METHODS",
    "Assertions",
    "Authentication",
    "Certificate",
    "ClientKeys",
    "Nonces",
    "Presented",
    "Proofs",
    "Proven",
    "RequestObjects",
    "Wanted",
    "Workloads",
    "read_certificate",
]
