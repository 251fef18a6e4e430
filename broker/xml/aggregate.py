"""Metadata as it arrives, piece by piece: one entity is kept, the thousands beside it never stand in memory together.

Federations publish one document for all their members (SAML Metadata §2.3.1, EntitiesDescriptor), tens of megabytes
long. What `close` answers is that document with every other entity cut away, small enough to keep and to read again.

Raises MetadataRefused with: metadata_size, metadata_dtd, metadata_xml, entity_not_found, entity_ambiguous.
"""

from __future__ import annotations

from lxml import etree

from broker.xml.metadata import MOST_BYTES, SAML_IDP, MetadataRefused, RoleKind
from broker.xml.names import MD
from broker.xml.reading import Aside

MOST_LEVELS = 16  # groups within groups
LIFE = ("validUntil", "cacheDuration")  # what a group says for every entity in it
ENTITY, GROUP = f"{{{MD}}}EntityDescriptor", f"{{{MD}}}EntitiesDescriptor"
_FORBIDDEN = (b"<!DOCTYPE", b"<!ENTITY", b"\0")
_OVERLAP = max(map(len, _FORBIDDEN)) - 1


class Picker:
    """`feed` the pieces in order, then `close`. `entity_id`: which one; None where the document has one IdP only."""

    def __init__(self, entity_id: str | None, kind: RoleKind = SAML_IDP) -> None:
        self._entity_id = entity_id
        self._kind = kind
        self._parser = etree.XMLPullParser(
            events=("start", "end"),
            resolve_entities=False,
            load_dtd=False,
            no_network=True,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
        )
        self._aside = Aside()
        self._tail = b""
        self._groups: list[dict[str, str]] = []
        self._inside: etree._Element | None = None  # the entity being read; what it holds is its own
        self._unfinished = 0  # bytes since the last whole entity
        self._found: list[bytes] = []

    def feed(self, piece: bytes) -> None:
        seen = self._tail + piece
        if any(word in seen for word in _FORBIDDEN):
            raise MetadataRefused("metadata_dtd", detail="a document type, or an encoding other than UTF-8")
        self._tail = seen[-_OVERLAP:]
        self._unfinished += len(piece)
        try:
            self._aside(lambda: self._fed(piece))
        except etree.XMLSyntaxError:
            raise MetadataRefused("metadata_xml", detail="not well-formed XML") from None
        if self._unfinished > MOST_BYTES:
            raise MetadataRefused("metadata_size", detail=f"one entity of more than {MOST_BYTES} bytes")

    def close(self) -> bytes:
        """The document with the one entity."""
        try:
            self._aside(self._ended)
        except etree.XMLSyntaxError:
            raise MetadataRefused("metadata_xml", detail="not well-formed XML, or not all of it came") from None
        if not self._found:
            raise MetadataRefused("entity_not_found")
        return self._found[0]

    def _fed(self, piece: bytes) -> None:
        self._parser.feed(piece)
        self._read()

    def _ended(self) -> None:
        self._parser.close()
        self._read()

    def _read(self) -> None:
        for event, element in self._parser.read_events():
            if not isinstance(element, etree._Element) or self._inside not in {None, element}:
                continue
            if event == "start":
                self._opened(element)
            else:
                self._closed(element)

    def _opened(self, element: etree._Element) -> None:
        parent = element.getparent()
        if parent is None:
            _require_metadata(element)
        elif parent.tag != GROUP:
            return  # an extension of a group: nothing in it is a member
        if element.tag == ENTITY:
            self._inside = element
        elif element.tag == GROUP:
            if len(self._groups) == MOST_LEVELS:
                raise MetadataRefused("metadata_xml", detail=f"groups more than {MOST_LEVELS} deep")
            self._groups.append({name: value for name in LIFE if (value := element.get(name)) is not None})

    def _closed(self, element: etree._Element) -> None:
        if element is self._inside:
            self._inside = None
            self._unfinished = 0
            if self._wanted(element):
                self._keep(element)
        elif element.tag == GROUP and ((parent := element.getparent()) is None or parent.tag == GROUP):
            self._groups.pop()
        _forget(element)

    def _wanted(self, entity: etree._Element) -> bool:
        if self._entity_id is None:
            return self._kind.find(entity) is not None
        return entity.get("entityID") == self._entity_id

    def _keep(self, entity: etree._Element) -> None:
        if self._found:
            raise MetadataRefused("entity_ambiguous", detail="several entities: configure entity_id")
        kept = etree.fromstring(etree.tostring(entity, with_tail=False))
        for life in reversed(self._groups):
            group = etree.Element(GROUP, life, nsmap={"md": MD})
            group.append(kept)
            kept = group
        self._found.append(etree.tostring(kept))


def pick(document: bytes, entity_id: str | None) -> bytes:
    """Of a document that is there as a whole."""
    picker = Picker(entity_id)
    picker.feed(document)
    return picker.close()


def _require_metadata(root: etree._Element) -> None:
    if root.tag not in (ENTITY, GROUP):
        raise MetadataRefused("metadata_xml", detail="not SAML metadata")
    if root.getroottree().docinfo.internalDTD is not None:
        raise MetadataRefused("metadata_dtd", detail="a document type")


def _forget(element: etree._Element) -> None:
    """Empty it, and let go of what stood before it. The element itself stays: the parser still writes behind it."""
    element.clear(keep_tail=True)  # type: ignore[call-arg]  # the stubs are older than the parameter
    parent, before = element.getparent(), element.getprevious()
    if parent is not None and before is not None:
        parent.remove(before)
