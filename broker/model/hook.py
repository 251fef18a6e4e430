"""A tenant's own service that is asked at sign-in what more is true of somebody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Hook:
    """claims: what it may answer, name -> text | list | bool | number. required: without an answer nobody signs in."""

    url: str
    claims: Mapping[str, str] = field(default_factory=dict)
    seconds: int = 2
    required: bool = True
