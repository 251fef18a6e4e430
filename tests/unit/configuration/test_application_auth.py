"""How clients prove themselves, from their files to the model; and what stands between files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from broker import configuration
from broker.configuration import load, load_deployment, read_folder
from broker.errors import ConfigurationError
from broker.model import CertificateName, Client, ClientCertificates

from .folders import ISSUER, TENANT, write

KEY = """{kty: EC, crv: P-256, kid: a, x: f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU,
         y: x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0}"""
MTLS = ISSUER + "trusted_proxies: [127.0.0.1/32]\nmtls: {header: X-SSL-Client-Cert}\n"
STRICT = MTLS.replace("Cert}", "Cert, verify_header: X-SSL-Client-Verify}")
SHARED = 'name: farm\nissuer: https://gitlab.com\nwhen: incoming.project_id == "7"\nreuse: true\n'


def app(auth: str, more: str = "", name: str = "app") -> str:
    return f'client_id: {name}\nredirect_uris: ["https://{name}.example.com/cb"]\nauth: {auth}\n{more}'


def client(folder: Path, files: dict[str, str]) -> Client:
    write(folder, files)
    deployment = load_deployment(folder, {})
    return load(read_folder(folder), deployment, environ={}, revision=1).clients["app"]


def lines(folder: Path, files: dict[str, str]) -> list[str]:
    return [str(problem) for problem in configuration.check(write(folder, files), {})]


def test_keys_in_the_file(tmp_path: Path) -> None:
    text = app(f"{{method: private_key_jwt, jwks: {{keys: [{KEY}]}}}}", "assertion_audience: token_endpoint\n")
    found = client(tmp_path, {"clients/a.yaml": text})
    assert json.loads(found.auth.jwks or "")["keys"][0]["kid"] == "a"
    assert (found.assertion_audience, found.dpop, found.mtls_bound) == ("token_endpoint", "optional", False)


def test_keys_that_the_client_publishes(tmp_path: Path) -> None:
    text = app("{method: private_key_jwt, jwks_uri: 'https://app.example.com/jwks'}", "dpop: nonce\n")
    found = client(tmp_path, {"clients/a.yaml": text})
    assert (found.auth.jwks_uri, found.auth.jwks, found.dpop) == ("https://app.example.com/jwks", None, "nonce")
    assert found.sender_constrained


def test_a_fapi_client_is_bound_without_saying_so(tmp_path: Path) -> None:
    auth = f"{{method: private_key_jwt, jwks: {{keys: [{KEY}]}}}}"
    assert client(tmp_path / "one", {"clients/a.yaml": app(auth, "profile: fapi2\n")}).dpop == "required"
    bound = app(auth, "profile: fapi2\nmtls_bound: true\n")
    found = client(tmp_path / "two", {"broker.yaml": MTLS, "clients/a.yaml": bound})
    assert (found.dpop, found.mtls_bound) == ("optional", True)


def test_an_assertion_of_a_fapi_client_is_for_the_issuer(tmp_path: Path) -> None:
    """FAPI 2.0 Security Profile §5.3.2.1: the issuer, as a string, is the only `aud`."""
    auth = f"{{method: private_key_jwt, jwks: {{keys: [{KEY}]}}}}"
    mends = "an assertion of `profile: fapi2` is for the issuer alone; remove it, or write issuer"
    for chosen, told in (("token_endpoint", [mends]), ("issuer", [])):
        text = app(auth, f"profile: fapi2\nassertion_audience: {chosen}\n")
        found = lines(tmp_path / chosen, {"clients/a.yaml": text})
        assert [line.partition("assertion_audience: ")[2] for line in found] == told


def test_a_certificate_by_its_name(tmp_path: Path) -> None:
    auth = "{method: tls_client_auth, tls_client_auth_subject_dn: 'CN=app,O=Example'}"
    found = client(tmp_path, {"broker.yaml": MTLS, "clients/a.yaml": app(auth)})
    assert found.auth.certificate == CertificateName("subject_dn", "CN=app,O=Example")
    assert load_deployment(tmp_path, {}).mtls == ClientCertificates("X-SSL-Client-Cert")


def test_self_signed_certificates_need_a_proxy_that_tells_them_apart(tmp_path: Path) -> None:
    text = app(f"{{method: self_signed_tls_client_auth, jwks: {{keys: [{KEY}]}}}}")
    assert client(tmp_path / "one", {"broker.yaml": STRICT, "clients/a.yaml": text}).auth.jwks
    assert lines(tmp_path / "two", {"broker.yaml": MTLS, "clients/a.yaml": text}) == [
        (
            "clients/a.yaml:3:16: auth.method: a proxy that lets self-signed certificates pass must say which ones it "
            "verified; add `verify_header: X-SSL-Client-Verify` to `mtls` in broker.yaml"
        )
    ]


CA_SIGNED = "{method: tls_client_auth, tls_client_auth_subject_dn: 'CN=app,O=Example'}"


def test_names_in_certificates_need_a_proxy_that_verifies_where_others_only_hold_one(tmp_path: Path) -> None:
    """A token is bound to whatever certificate; a name counts only in one that was verified."""
    keys = f"{{method: private_key_jwt, jwks: {{keys: [{KEY}]}}}}"
    files = {"clients/a.yaml": app(CA_SIGNED), "clients/b.yaml": app(keys, "mtls_bound: true\n", "holder")}
    mends = (
        "clients/a.yaml:3:16: auth.method: a proxy that lets any certificate of `holder` pass must say which ones it "
        "verified; add `verify_header: X-SSL-Client-Verify` to `mtls` in broker.yaml"
    )
    assert lines(tmp_path / "one", {"broker.yaml": MTLS, **files}) == [mends]
    assert lines(tmp_path / "two", {"broker.yaml": STRICT, **files}) == []
    files["clients/b.yaml"] = app(CA_SIGNED, "mtls_bound: true\n", "holder")
    assert lines(tmp_path / "three", {"broker.yaml": MTLS, **files}) == [], "each comes with a verified one"


def test_nobodys_headers_are_believed_without_a_proxy(tmp_path: Path) -> None:
    write(tmp_path, {"broker.yaml": ISSUER + "mtls: {header: X-SSL-Client-Cert}\n"})
    with pytest.raises(ConfigurationError) as refused:
        load_deployment(tmp_path, {})
    assert [str(problem) for problem in refused.value.problems] == [
        "broker.yaml:2:1: mtls: nobody's headers are believed: there is no trusted proxy; add `trusted_proxies: […]`"
    ]


def test_own_and_shared_identities(tmp_path: Path) -> None:
    own = "{issuer: 'spiffe://example.org', subject: 'spiffe://example.org/app', tenant: contoso, jwks: {keys: [K]}}"
    text = app("{method: workload, identities: [{ref: farm}, OWN]}".replace("OWN", own.replace("K", KEY)))
    files = {"clients/a.yaml": text, "workloads/f.yaml": SHARED, "tenants/c.yaml": TENANT.format(id="contoso")}
    shared, single = client(tmp_path, files).auth.workloads
    assert (shared.name, shared.shared, shared.reuse, shared.when) == (
        "farm",
        True,
        True,
        'incoming.project_id == "7"',
    )
    assert (single.name, single.shared, single.tenant, single.when) == ("app/2", False, "contoso", None)
    assert single.jwks is not None


def test_a_shared_identity_that_nobody_uses_is_told_of(tmp_path: Path) -> None:
    [line] = lines(tmp_path, {"workloads/f.yaml": SHARED})
    assert line.startswith("workloads/f.yaml:1:7: name: is an orphan: no client uses this identity")
    assert load(read_folder(tmp_path), load_deployment(tmp_path, {}), environ={}, revision=1).clients == {}


def test_a_name_of_a_shared_identity_is_given_once(tmp_path: Path) -> None:
    text = app("{method: workload, identities: [{ref: farm}]}")
    found = lines(tmp_path, {"clients/a.yaml": text, "workloads/f.yaml": SHARED, "workloads/g.yaml": SHARED})
    assert found == [
        (
            "workloads/g.yaml:1:7: name: `farm` is already an identity in workloads/f.yaml; "
            "give one of the two another name"
        )
    ]


def test_an_own_identity_belongs_to_one_client(tmp_path: Path) -> None:
    auth = "{method: workload, identities: [{issuer: 'https://gitlab.com', subject: s}]}"
    found = lines(tmp_path, {"clients/a.yaml": app(auth), "clients/b.yaml": app(auth, name="other")})
    assert found == [
        (
            "clients/b.yaml:3:39: auth.identities[0]: this is already the own identity of the client in "
            "clients/a.yaml; put it into a file below workloads/, and `ref` it from both"
        )
    ]
