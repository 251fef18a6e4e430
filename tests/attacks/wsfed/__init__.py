"""The attack tables on WS-Federation answers as data: `CASES`, with the ids of the SAML rows that they mirror."""

from tests.attacks.wsfed import encryption, meaning, structure
from tests.attacks.wsfed.case import Case, Context

CASES = structure.CASES + meaning.CASES + encryption.CASES

__all__ = ["CASES", "Case", "Context"]
