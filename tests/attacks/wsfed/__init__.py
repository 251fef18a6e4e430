"""The attack tables on WS-Federation answers as data: `CASES`, with the ids of the SAML rows that they mirror."""

from tests.attacks.wsfed import meaning, structure
from tests.attacks.wsfed.case import Case, Context

CASES = structure.CASES + meaning.CASES

__all__ = ["CASES", "Case", "Context"]
