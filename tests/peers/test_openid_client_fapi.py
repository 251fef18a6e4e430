"""npm openid-client, a certified FAPI 2.0 relying party, with everything that the profile asks for."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc.jwk import ECKey

from tests.flows.browser import Browser
from tests.flows.upstreams import CALLBACK, Upstreams
from tests.peers.test_rotation import peer


@pytest.mark.node
def test_openid_client_speaks_fapi_2_with_signed_requests_and_nonces(tmp_path: Path, nearby: Upstreams) -> None:
    made = nearby.installation(tmp_path / "broker")
    key = ECKey.generate_key("P-256", {"kid": "fapi-1", "use": "sig"})
    callback = CALLBACK.format("fapi")
    shape = {"client_id": "fapi", "redirect_uris": [callback], "profile": "fapi2", "dpop": "nonce"}
    auth = {"method": "private_key_jwt", "jwks": {"keys": [key.as_dict(private=False)]}}
    made.write("clients/fapi.yaml", {**shape, "auth": auth, "require_signed_request_object": True})
    asked = {"issuer": made.issuer, "client_id": "fapi", "redirect_uri": callback, "scope": "openid email"}
    asked |= {"jwk": key.as_dict(private=True), "params": {"tenant": "contoso"}}
    with made.running(), peer("openid_client_fapi.mjs", asked) as party:
        url = party.hear()["authorize"]
        assert set(parse_qs(urlsplit(url).query)) == {"client_id", "request_uri"}, "nothing is said in the browser"
        page = Browser(stop=(callback,)).open(url)
        assert page.status == 0, page.text[:1000]
        party.tell(page.url)
        answer = party.hear()
    assert answer["token_type"].lower() == "dpop"
    assert answer["claims"]["sub"] == answer["userinfo"]["sub"] == answer["refreshed"]["sub"]
    assert answer["userinfo"]["email"] == "alice@contoso.example"
