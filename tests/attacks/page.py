"""A page's hidden fields, as a browser would send them."""

from __future__ import annotations

from lxml import html


def fields(page: str) -> dict[str, str]:
    return {str(field.get("name")): str(field.get("value")) for field in html.fromstring(page).iter("input")}
