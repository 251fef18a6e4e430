"""The SAML attack tables as data: `CASES`, each with `build(Context) -> Callback` and the reason it must give."""

from tests.attacks.saml import encryption, meaning, shape, structure
from tests.attacks.saml.case import Case, Context

CASES = structure.CASES + shape.CASES + meaning.CASES + encryption.CASES

__all__ = ["CASES", "Case", "Context"]
