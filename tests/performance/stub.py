"""The upstreams of the benchmark, in a process of their own: the demo's signing identity providers, many people.

`python -m tests.performance.stub SAML_PORT OIDC_PORT CALLBACK SECRET`
"""

from __future__ import annotations

import logging
import sys
import threading
import time

from werkzeug.serving import WSGIRequestHandler, make_server

from broker.demo import oidc_op, saml_idp
from broker.demo.assertion import make_key_pair
from broker.demo.people import Person

PEOPLE = 500


def people(domain: str) -> tuple[Person, ...]:
    groups = ("Staff", "Finance", "Europe", "Travel")
    return tuple(Person(f"p{n}", f"u{n}@{domain}", f"U{n}", "Load", "Finance", groups) for n in range(PEOPLE))


class KeepAlive(WSGIRequestHandler):
    """The broker pools its connections; a stub that closes them would be measured as the broker's cost."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True


def main(saml_port: int, oidc_port: int, callback: str, secret: str) -> None:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    saml_origin, oidc_origin = f"http://127.0.0.1:{saml_port}", f"http://127.0.0.1:{oidc_port}"
    keys = make_key_pair("benchmark")
    party = oidc_op.RelyingParty("broker", secret, callback)
    provider = oidc_op.Provider(oidc_origin, people("fabrikam.example"), party, time.time)
    saml = saml_idp.create(saml_origin, "Contoso", people("contoso.example"), keys, time.time)
    for port, application in ((saml_port, saml), (oidc_port, oidc_op.create(provider, "Fabrikam"))):
        server = make_server("127.0.0.1", port, application, threaded=True, request_handler=KeepAlive)
        threading.Thread(target=server.serve_forever, daemon=True).start()
    threading.Event().wait()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4])
