"""Every row is refused with its own reason, quickly, and opens nothing."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from broker.connectors.saml import SamlConnector
from broker.errors import AssertionRejected
from broker.model import Callback
from broker.xml import gate
from tests.attacks.saml import CASES, Case, Context
from tests.attacks.saml.forge import CIPHER, SECOND
from tests.attacks.saml.harness import ACS, begun, connector
from tests.idps.saml_signer import signer, text

SECONDS = 0.15  # ten times what the gate may cost, so that a busy machine does not fail the test


def refused(saml: SamlConnector, case: Case) -> str:
    request, context = begun(saml, reauthenticate=case.reauthenticate)
    with pytest.raises(AssertionRejected) as caught:
        saml.finish(request, case.build(context), ACS)
    return caught.value.reason


@pytest.mark.parametrize("case", CASES, ids=str)
def test_attack_is_refused_with_its_reason(case: Case) -> None:
    assert refused(connector(case.want_signed, allow_cbc=case.cbc), case) == case.reason


@pytest.mark.parametrize("what", ["assertion", "response", "both"])
def test_honest_answer_passes(what: str) -> None:
    saml = connector()
    request, context = begun(saml)
    assert saml.finish(request, context.post(context.signed(what)), ACS).subject == "anna"


def test_encryption_key_of_the_metadata_signs_nothing() -> None:
    """SS-66."""
    case = Case("SS-66", "", "", lambda ctx: ctx.post(ctx.signed(by=signer("encryption"))))
    assert refused(connector(), case) == "signature_invalid"


@pytest.mark.parametrize("where", ["reference", "second", "cipher", "retrieval", "xinclude", "entity"])
def test_no_file_is_opened(where: str, tmp_path: Path) -> None:
    """M1, M4, M5, SS-21, SS-31, SS-42, SS-44. A reader would unblock the FIFO's writer."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    opened = threading.Event()

    def watch() -> None:
        with fifo.open("wb"):
            opened.set()

    writer = threading.Thread(target=watch, daemon=True)
    writer.start()
    saml = connector()
    request, context = begun(saml)
    with pytest.raises(AssertionRejected):
        saml.finish(request, reaching_for(where, f"file://{fifo}", context), ACS)
    assert not opened.is_set()
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)  # let the writer go, and prove that the watch works
    writer.join(5)
    os.close(reader)
    assert opened.is_set()


def reaching_for(where: str, url: str, context: Context) -> Callback:
    raw = text(context.signed()).decode()
    cipher = CIPHER.format(url)
    changed = {
        "reference": raw.replace('URI="#_assertion"', f'URI="{url}"'),
        "second": raw.replace("</ds:SignedInfo>", SECOND.format(url)),
        "cipher": raw.replace(
            "<samlp:Status>", f"<saml:EncryptedAssertion>{cipher}</saml:EncryptedAssertion><samlp:Status>"
        ),
        "retrieval": raw.replace("<ds:X509Data>", f'<ds:RetrievalMethod URI="{url}"/><ds:X509Data>'),
        "xinclude": raw.replace(
            "anna@", f'<i:include xmlns:i="http://www.w3.org/2001/XInclude" href="{url}" parse="text"/>'
        ),
        "entity": f'<!DOCTYPE r [<!ENTITY e SYSTEM "{url}">]>' + raw.replace("anna@", "&e;"),
    }[where]
    assert changed != raw
    return context.post(changed.encode())


@pytest.mark.parametrize(
    "case",
    [case for case in CASES if case.id in ("SS-21", "SS-30", "SS-32", "SS-54", "SS-55", "SS-36", "SS-37")],
    ids=str,
)
def test_refusal_costs_little(case: Case) -> None:
    """M1 to M3: what took minutes or never returned."""
    saml = connector()
    request, context = begun(saml)
    callback = case.build(context)
    started = time.process_time()
    with pytest.raises(AssertionRejected):
        saml.finish(request, callback, ACS)
    assert time.process_time() - started < SECONDS


FILLERS = {
    "values": "<saml:AttributeValue>CN=Group,OU=Groups,DC=contoso</saml:AttributeValue>",
    "declarations": '<a xmlns:a="urn:a"/>',
    "attributes": "<a " + " ".join(f'b{i}=""' for i in range(30)) + "/>",
    "prefixed": "<a " + " ".join(f'saml:b{i}=""' for i in range(30)) + "/>:ID=",
    "text": "x" * 1000,
    "xmlns": "xmlns:" * 10,
}


@pytest.mark.parametrize("filler", FILLERS.values(), ids=FILLERS)
def test_refusal_of_the_largest_message_is_linear(filler: str) -> None:
    """Garbage-signed, as large as the gate lets through, whatever it is made of."""
    saml = connector()
    request, context = begun(saml)
    xml = text(context.signed(by=context.stranger)).decode()
    spare = gate.MOST_WEIGHT - 2 * gate.weigh(xml.encode(), xml.count("xmlns"))
    room = min(740_000 // len(filler), spare // gate.weigh(filler.encode(), filler.count("xmlns")))
    inside = "</saml:AttributeValue>" + filler * room + "<saml:AttributeValue>" if "<saml" in filler else filler * room
    callback = context.post(xml.replace("anna@contoso.com", inside).encode())
    started = time.process_time()
    with pytest.raises(AssertionRejected) as caught:
        saml.finish(request, callback, ACS)
    spent = time.process_time() - started
    assert caught.value.reason in ("signature_invalid", "relative_namespace")
    assert spent < SECONDS, f"{spent * 1000:.1f} ms"


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    """M7: libxml2 and libxmlsec keep what they choke on to themselves."""
    saml = connector()
    for case in CASES:
        usual = case.want_signed == "either" and not case.cbc
        refused(saml if usual else connector(case.want_signed, allow_cbc=case.cbc), case)
    printed = capfd.readouterr()
    assert (printed.out, printed.err) == ("", "")
