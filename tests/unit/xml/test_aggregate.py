"""Metadata read piece by piece."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.xml.aggregate import Picker, pick
from broker.xml.metadata import MetadataRefused, parse
from tests.idps.saml_signer import Entity, signer, time

NOW = 1_800_000_000.0
NAME = "http://adfs.contoso.com/adfs/services/trust"
KEYS = [("signing", signer("idp"))]
GOOD = Entity(NAME, KEYS)
MD = 'xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"'


def group(*members: str, life: str = "") -> str:
    inside = "\n".join(members)
    return f"<md:EntitiesDescriptor {MD}{life}>\n{inside}\n</md:EntitiesDescriptor>"


def refusal(document: str | bytes, entity_id: str | None = None) -> str:
    with pytest.raises(MetadataRefused) as caught:
        pick(document if isinstance(document, bytes) else document.encode(), entity_id)
    return caught.value.reason


def picked(document: str, entity_id: str | None, step: int) -> bytes:
    picker, whole = Picker(entity_id), document.encode()
    for start in range(0, len(whole), step):
        picker.feed(whole[start : start + step])
    return picker.close()


@pytest.mark.parametrize("step", [1, 7, 1000, 100_000])
def test_the_pieces_may_be_cut_anywhere(step: int) -> None:
    document = group(Entity("https://one", KEYS).xml(), group(GOOD.xml()), Entity("https://two", KEYS).xml())
    kept = picked(document, NAME, step)
    assert parse(kept, entity_id=NAME, now=NOW, loopback=False).entity_id == NAME
    assert b"https://two" not in kept


def test_one_entity_needs_no_name() -> None:
    assert parse(pick(GOOD.document(), None), entity_id=None, now=NOW, loopback=False).entity_id == NAME


def test_the_life_of_every_group_around_it_counts() -> None:
    inner = group(GOOD.xml(), life=' cacheDuration="PT1H"')
    kept = pick(group(inner, life=f' validUntil="{time(NOW + 60)}" cacheDuration="P1D"').encode(), NAME)
    found = parse(kept, entity_id=NAME, now=NOW, loopback=False)
    assert (found.valid_until, found.cache_seconds) == (NOW + 60, 3600)


@pytest.mark.parametrize(
    ("document", "entity_id", "reason"),
    [
        pytest.param(group(GOOD.xml()), "https://absent", "entity_not_found", id="SB-20 asked entity missing"),
        pytest.param(GOOD.xml(), "https://configured", "entity_not_found", id="SB-21 another than configured"),
        (group(GOOD.xml(), GOOD.xml()), NAME, "entity_ambiguous"),
        (group(GOOD.xml(), Entity("https://two", KEYS).xml()), None, "entity_ambiguous"),
        (f"<md:EntitiesDescriptor {MD}><md:EntityDescriptor>", None, "metadata_xml"),
        ("<html/>", None, "metadata_xml"),
        ("", None, "metadata_xml"),
        (GOOD.xml()[:-3], None, "metadata_xml"),
        ("<!DOCTYPE x>" + GOOD.xml(), None, "metadata_dtd"),
        (GOOD.xml().encode("utf-16"), None, "metadata_dtd"),
        (group(*[f"<md:EntitiesDescriptor {MD}>"] * 20), None, "metadata_xml"),
    ],
)
def test_what_is_no_metadata_is_refused(document: str | bytes, entity_id: str | None, reason: str) -> None:
    assert refusal(document, entity_id) == reason


def test_a_document_type_is_found_across_pieces() -> None:
    with pytest.raises(MetadataRefused, match="metadata_dtd"):
        picked("<!DOCTYPE x>" + GOOD.xml(), None, 5)


def test_a_document_type_in_another_encoding_is_refused() -> None:
    hidden = b'<?xml version="1.0" encoding="UTF-7"?>+ADwAIQ-DOCTYPE x>' + GOOD.document()
    assert refusal(hidden) in {"metadata_dtd", "metadata_xml"}


@pytest.mark.parametrize("around", ["md:EntityDescriptor entityID='https://evil'", "md:EntitiesDescriptor"])
def test_a_member_cannot_speak_for_another(around: str) -> None:
    """An EntityDescriptor inside a member's own extensions is that member's word, not the federation's."""
    inside = f"<{around} {MD}><md:Extensions>{GOOD.xml()}</md:Extensions></{around.split(maxsplit=1)[0]}>"
    assert refusal(group(inside), NAME) == "entity_not_found"
    with pytest.raises(MetadataRefused, match="entity_not_found"):
        parse(group(inside).encode(), entity_id=NAME, now=NOW, loopback=False)


def federation(members: int) -> Iterator[bytes]:
    padding = f"<md:Organization>{'x' * 10_000}</md:Organization>"
    yield f"<md:EntitiesDescriptor {MD}>".encode()
    for number in range(members):
        yield Entity(f"https://idp-{number}", KEYS, after=padding).document()
    yield GOOD.document() + b"</md:EntitiesDescriptor>"


def resident() -> int:
    """Bytes of this process in memory, the parser's included."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_an_aggregate_of_many_megabytes_takes_the_memory_of_one_entity() -> None:
    """T25."""
    picker, size, before = Picker(NAME), 0, resident()
    for piece in federation(4000):
        picker.feed(piece)
        size += len(piece)
    grown = resident() - before
    assert len(picker.close()) < 10_000
    assert size > 40 * 1_048_576
    assert grown < 16 * 1_048_576


def test_one_large_entity_is_read() -> None:
    """T25: AD FS lists every claim type that it knows."""
    claims = "".join(f"<md:Organization>{number}{'x' * 200}</md:Organization>" for number in range(10_000))
    document = Entity(NAME, KEYS, after=claims).document()
    assert len(document) > 2 * 1_048_576
    assert parse(pick(document, None), entity_id=None, now=NOW, loopback=False).entity_id == NAME


def test_an_endless_entity_is_refused() -> None:
    document = f"<md:EntityDescriptor {MD} entityID='x'>" + "<md:Organization/>" * 600_000
    with pytest.raises(MetadataRefused, match="metadata_size"):
        picked(document, None, 65_536)
