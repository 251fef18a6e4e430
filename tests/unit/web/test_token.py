"""POST /token before any grant is asked: method, media type, grant type, cross-origin answers."""

from __future__ import annotations

import pytest

from tests.unit.grants.house import CODE_ONLY, SECRET, SPA, WEB, House


@pytest.mark.parametrize(
    ("grant_type", "error", "reason"),
    [
        (None, "invalid_request", "grant_type_missing"),
        ("password", "unsupported_grant_type", "grant_type"),
        ("implicit", "unsupported_grant_type", "grant_type"),
        (["refresh_token", "refresh_token"], "invalid_request", "repeated"),
    ],
)
def test_only_known_grant_types_are_served(house: House, grant_type: object, error: str, reason: str) -> None:
    """TK-07"""
    house.refused(house.post("/token", {"grant_type": grant_type}), 400, error, reason)


def test_a_client_uses_only_its_own_grant_types(house: House) -> None:
    """TK-08"""
    response = house.post("/token", {"grant_type": "refresh_token", "refresh_token": "x"}, CODE_ONLY)
    house.refused(response, 400, "unauthorized_client", "grant_not_allowed")
    assert house.last_event().client_id == "code-only"


def test_a_client_that_used_the_header_is_told_the_scheme(house: House) -> None:
    """TK-09, RFC 6749 §5.2"""
    response = house.http.post("/token", data={"grant_type": "refresh_token"}, headers={"Authorization": "Basic Zm9v"})
    house.refused(response, 401, "invalid_client", "client_basic")
    assert response.headers["WWW-Authenticate"].startswith("Basic ")


def test_a_secret_in_the_url_is_refused(house: House) -> None:
    """TK-15"""
    response = house.post(f"/token?client_secret={SECRET}", {"grant_type": "refresh_token"})
    house.refused(response, 400, "invalid_request", "secret_in_query")
    assert SECRET not in response.text


@pytest.mark.parametrize("media_type", ["application/json", "multipart/form-data; boundary=x", "text/plain"])
def test_only_a_form_is_read(house: House, media_type: str) -> None:
    """TK-62"""
    response = house.http.post("/token", data=b'{"grant_type":"x"}', content_type=media_type)
    house.refused(response, 400, "invalid_request", "content_type")


@pytest.mark.parametrize("path", ["/token", "/revoke", "/introspect"])
def test_a_form_of_any_size_is_not_read_from_strangers(house: House, path: str) -> None:
    for form in ({"x": "y" * 131_072}, {str(number): "" for number in range(30_000)}):
        response = house.http.post(path, data=form)
        assert (response.status_code, (response.json or {})["error"]) == (413, "invalid_request")


def test_only_post_is_allowed(house: House) -> None:
    """OP-31"""
    response = house.http.get("/token")
    assert (response.status_code, response.json["error"]) == (405, "invalid_request")
    assert {"POST"} <= set(response.headers["Allow"].split(", "))
    assert house.http.put("/token").status_code == 405
    assert house.http.get("/revoke").status_code == 405


def test_a_browser_app_reads_answers_on_its_own_origin_only(house: House) -> None:
    code = house.sign_in(SPA)
    own = house.redeem(code, SPA, state=None)
    assert "Access-Control-Allow-Origin" not in own.headers
    form = {"grant_type": "refresh_token", "refresh_token": (own.json or {})["refresh_token"]}
    foreign = house.post("/token", form, SPA, headers={"Origin": "https://app.example.com"})
    assert "Access-Control-Allow-Origin" not in foreign.headers
    form["refresh_token"] = (foreign.json or {})["refresh_token"]
    allowed = house.post("/token", form, SPA, headers={"Origin": "https://spa.example.com"})
    assert allowed.headers["Access-Control-Allow-Origin"] == "https://spa.example.com"
    assert "Access-Control-Allow-Credentials" not in allowed.headers


@pytest.mark.parametrize("path", ["/token", "/userinfo", "/revoke"])
def test_a_preflight_is_answered_for_known_origins(house: House, path: str) -> None:
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    known = house.http.options(path, headers={**asked, "Origin": WEB.origins[0]})
    assert known.status_code == 200
    assert known.headers["Access-Control-Allow-Origin"] == WEB.origins[0]
    assert "POST" in known.headers["Access-Control-Allow-Methods"]
    assert "Authorization" in known.headers["Access-Control-Allow-Headers"]
    unknown = house.http.options(path, headers={**asked, "Origin": "https://evil.example"})
    assert "Access-Control-Allow-Origin" not in unknown.headers


def test_a_browser_app_reads_its_refusals_too(house: House) -> None:
    response = house.refresh("unknown", SPA)
    house.refused(response, 400, "invalid_grant", "refresh_unknown")
    form = {"grant_type": "refresh_token", "refresh_token": "unknown"}
    refused = house.post("/token", form, SPA, headers={"Origin": SPA.origins[0]})
    assert refused.headers["Access-Control-Allow-Origin"] == SPA.origins[0]
