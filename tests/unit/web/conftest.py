from tests.unit.grants.conftest import house

__all__ = ["house"]
