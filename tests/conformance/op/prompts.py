"""What `prompt` does: proven by use, as the other members of the discovery document are."""

from __future__ import annotations

from tests.conformance.op.proofs import Proof
from tests.conformance.op.suite import Browser, Landed, form_of


def prompts(proof: Proof) -> None:
    browser = Browser(proof.suite)
    party = proof.party()
    party.sign_in(browser)
    for prompt in proof.named("prompt_values_supported"):
        assert party.authorize(browser, prompt=prompt).code
    assert party.error(prompt="create") == "invalid_request"
    _consent(proof)


def _consent(proof: Proof) -> None:
    """A third party's client is allowed what it asks for once, and again with prompt=consent."""
    browser, party = Browser(proof.suite), proof.party("asking")

    def allow(landed: Landed) -> None:
        action, fields = form_of(landed.response)
        answer = browser.post(action, {**fields, "answer": "allow"})
        assert browser.follow(answer, party.redirect_uri).code

    proof.party().sign_in(browser)
    assert party.error(browser, prompt="none") == "consent_required"
    allow(party.authorize(browser))
    assert party.authorize(browser, prompt="none").code
    allow(party.authorize(browser, prompt="consent"))
