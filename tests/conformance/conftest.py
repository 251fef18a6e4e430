from tests.unit.grants.conftest import few_rsa_keys, house

__all__ = ["few_rsa_keys", "house"]  # the fixtures, for this folder
