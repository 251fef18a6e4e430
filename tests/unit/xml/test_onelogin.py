"""The adapter refuses to start on another library than the one it was written against."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from lxml import etree
from onelogin.saml2.utils import OneLogin_Saml2_Utils as Utils
from onelogin.saml2.xml_utils import OneLogin_Saml2_XML as Xml

from broker.errors import AssertionRejected
from broker.xml import gate, onelogin, signature
from tests.attacks.saml.harness import ACS, begun, connector
from tests.idps.saml_signer import signer


def test_another_version_stops_the_start() -> None:
    with pytest.raises(onelogin.LibraryChanged, match=r"1\.17\.0; expected 1\.16\.0"):
        onelogin.install("1.17.0")


def test_a_missing_name_stops_the_start() -> None:
    with pytest.raises(onelogin.LibraryChanged, match=r"lacks OneLogin_Saml2_XML\.gone"):
        onelogin.install(names=[(Xml, "gone"), (Xml, "query")])


def test_the_library_runs_on_our_parts() -> None:
    assert Xml.validate_xml is onelogin._validate_xml
    assert Xml.query is onelogin._query
    assert Utils.validate_node_sign is onelogin._validate_node_sign


def test_schemas_and_keys_are_made_once() -> None:
    assert onelogin._schema(onelogin.PROTOCOL_SCHEMA) is onelogin._schema(onelogin.PROTOCOL_SCHEMA)
    certificate = signer("idp").certificate
    assert onelogin._key(certificate) is onelogin._key(certificate)


def test_fingerprints_are_never_trusted() -> None:
    """SS-62."""
    element = etree.Element("x")
    with pytest.raises(onelogin.LibraryRefusal):
        onelogin._validate_node_sign(element, element, None, fingerprint="aa:bb")


def test_the_library_has_a_second_opinion() -> None:
    _, context = begun(connector())
    gated = gate.open_response(context.post(context.signed()).form["SAMLResponse"][0])
    root = gated.unverified_root
    root.append(context.signed(assertion_id="_second")[-1])
    with pytest.raises(AssertionRejected, match=r"^library"):
        signature.verify(gated, [signer("idp").certificate])


def test_threads_share_the_caches() -> None:
    saml = connector()
    request, context = begun(saml)
    good, bad = context.post(context.signed()), context.post(context.signed(by=context.stranger))

    def rounds(_: int) -> list[str]:
        answers = []
        for callback in (good, bad) * 25:
            try:
                answers.append(saml.finish(request, callback, ACS).subject)
            except AssertionRejected as refusal:
                answers.append(refusal.reason)
        return answers

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(rounds, range(4))) == [["anna", "signature_invalid"] * 25] * 4
