"""What a page cannot say in fixed words: a table of claims, AD FS rules, a Shibboleth filter, a Keycloak client."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from html import escape

from broker.handout.wanted import Wanted

Snippet = Callable[[Mapping[str, str], Sequence[Wanted]], str]

_CLAIMS = "http://schemas.xmlsoap.org/ws/2005/05/identity"
_ACCOUNT = "http://schemas.microsoft.com/ws/2008/06/identity/claims/windowsaccountname"
_GUID = "http://schemas.microsoft.com/identity/claims/onpremobjectguid"
_FROM_DIRECTORY = f'c:[Type == "{_ACCOUNT}", Issuer == "AD AUTHORITY"]'


def claims_table(_values: Mapping[str, str], wanted: Sequence[Wanted]) -> str:
    if not wanted:
        return "Nothing beyond what the steps above send."
    rows = [f"| `{one.name}` | {one.source} |" for one in wanted]
    return "\n".join(["| Name | Value |", "|---|---|", *rows])


def adfs_rules(values: Mapping[str, str], wanted: Sequence[Wanted]) -> str:
    """The AD FS claim rule language: the directory's values, what is passed on, and objectGUID as the NameID."""
    passed = [one for one in wanted if one.source == one.name and not one.source.isalnum()]
    rules = [_ldap_rule([one for one in wanted if one.source.isalnum()])]
    rules += [f'@RuleName = "Pass on {one.claim}"\nc:[Type == "{one.name}"]\n => issue(claim = c);' for one in passed]
    if "name_id_format" in values:
        rules += [_guid_rule(), _name_id_rule(values["name_id_format"])]
    return "\n\n".join(rules)


def adfs_others(_values: Mapping[str, str], wanted: Sequence[Wanted]) -> str:
    """Claims that Active Directory has under no name known here: the administrator chooses."""
    others = [one for one in wanted if not one.source.isalnum() and one.source != one.name]
    if not others:
        return "That is everything the rules here read."
    rows = [f"- `{one.name}`: {one.source}" for one in others]
    return "\n".join(["Also wanted, each by a rule of yours, under exactly this name:", "", *rows])


def _ldap_rule(wanted: Sequence[Wanted]) -> str:
    types = ",\n          ".join(f'"{one.name}"' for one in wanted)
    attributes = ",".join(one.source for one in wanted)
    return (
        '@RuleName = "Claims from Active Directory"\n'
        f'{_FROM_DIRECTORY}\n => issue(store = "Active Directory",\n'
        f'          types = ({types}),\n          query = ";{attributes};{{0}}", param = c.Value);'
    )


def _guid_rule() -> str:
    return (
        '@RuleName = "Look objectGUID up, which never changes"\n'
        f'{_FROM_DIRECTORY}\n => add(store = "Active Directory", types = ("{_GUID}"),\n'
        '        query = ";objectGUID;{0}", param = c.Value);'
    )


def _name_id_rule(name_format: str) -> str:
    return (
        '@RuleName = "Name people by objectGUID"\n'
        f'c:[Type == "{_GUID}"]\n => issue(Type = "{_CLAIMS}/claims/nameidentifier",\n'
        "          Issuer = c.Issuer, OriginalIssuer = c.OriginalIssuer, Value = c.Value, ValueType = c.ValueType,\n"
        f'          Properties["{_CLAIMS}/claimproperties/format"]\n            = "{name_format}");'
    )


def shibboleth_filter(values: Mapping[str, str], wanted: Sequence[Wanted]) -> str:
    """An AttributeFilterPolicy for attribute-filter.xml; the pairwise identifier names people."""
    identifiers = ["samlPairwiseID", *(one.source for one in wanted if one.source.isalnum())]
    rules = [f'    <AttributeRule attributeID="{one}" permitAny="true"/>' for one in dict.fromkeys(identifiers)]
    return "\n".join(
        [
            f"<AttributeFilterPolicy id={_quoted(values['tenant'] + '-' + values['idp'])}>",
            f'    <PolicyRequirementRule xsi:type="Requester" value={_quoted(values["entity_id"])}/>',
            *rules,
            "</AttributeFilterPolicy>",
        ]
    )


def _quoted(text: str) -> str:
    return f'"{escape(text)}"'


def keycloak_saml_client(values: Mapping[str, str], wanted: Sequence[Wanted]) -> str:
    """A client for `Create client`, `Import`: signed both ways, a persistent NameID."""
    return _json(
        {
            "clientId": values["entity_id"],
            "name": values["name"],
            "protocol": "saml",
            "enabled": True,
            "frontchannelLogout": True,
            "redirectUris": [values["acs"]],
            "attributes": {
                "saml.assertion.signature": "true",
                "saml.server.signature": "true",
                "saml.signature.algorithm": "RSA_SHA256",
                "saml.client.signature": "false",
                "saml_name_id_format": "persistent",
                "saml_force_name_id_format": "true",
                "saml_assertion_consumer_url_post": values["acs"],
                "saml_single_logout_service_url_redirect": values["slo"],
            },
            "protocolMappers": [_saml_mapper(one) for one in wanted],
        }
    )


def _saml_mapper(one: Wanted) -> dict[str, object]:
    config = {"attribute.name": one.name, "attribute.nameformat": "Basic", "friendly.name": one.claim}
    kinds = {"Group list": "saml-group-membership-mapper", "Role list": "saml-role-list-mapper"}
    if one.source in kinds:
        mapper, more = kinds[one.source], {"single": "true", "full.path": "false"}
    else:
        mapper, more = "saml-user-attribute-mapper", {"user.attribute": one.name if " " in one.source else one.source}
    return {"name": one.claim, "protocol": "saml", "protocolMapper": mapper, "config": {**config, **more}}


def keycloak_oidc_client(values: Mapping[str, str], wanted: Sequence[Wanted]) -> str:
    """A confidential client with the code flow alone; Keycloak makes the secret."""
    return _json(
        {
            "clientId": values["client_id"],
            "name": values["name"],
            "protocol": "openid-connect",
            "enabled": True,
            "publicClient": values["client_auth"] == "none",
            "clientAuthenticatorType": "client-jwt" if values["client_auth"] == "private_key_jwt" else "client-secret",
            "standardFlowEnabled": True,
            "implicitFlowEnabled": False,
            "directAccessGrantsEnabled": False,
            "serviceAccountsEnabled": False,
            "redirectUris": [values["callback"]],
            "attributes": {
                "pkce.code.challenge.method": "S256",
                "backchannel.logout.url": values["backchannel"],
                "backchannel.logout.session.required": "true",
                **({"post.logout.redirect.uris": values["post_logout"]} if "post_logout" in values else {}),
                **(
                    {"use.jwks.url": "true", "jwks.url": values["jwks"]}
                    if values["client_auth"] == "private_key_jwt"
                    else {}
                ),
            },
            "protocolMappers": [_oidc_mapper(one) for one in wanted],
        }
    )


def _oidc_mapper(one: Wanted) -> dict[str, object]:
    config = {"claim.name": one.name, "id.token.claim": "true", "userinfo.token.claim": "true"}
    kinds = {"Group Membership": "oidc-group-membership-mapper", "User Realm Role": "oidc-usermodel-realm-role-mapper"}
    more = {"full.path": "false"} if one.source == "Group Membership" else {"multivalued": "true"}
    if one.source not in kinds:
        more = {"user.attribute": one.name, "jsonType.label": "String"}
    mapper = kinds.get(one.source, "oidc-usermodel-attribute-mapper")
    return {"name": one.claim, "protocol": "openid-connect", "protocolMapper": mapper, "config": {**config, **more}}


def _json(document: Mapping[str, object]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False)


SNIPPETS: Mapping[str, Snippet] = {
    "claims_table": claims_table,
    "adfs_others": adfs_others,
    "adfs_rules": adfs_rules,
    "shibboleth_filter": shibboleth_filter,
    "keycloak_saml_client": keycloak_saml_client,
    "keycloak_oidc_client": keycloak_oidc_client,
}
