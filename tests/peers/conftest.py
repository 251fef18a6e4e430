from tests.flows.conftest import browser, folder, oidc_broker, oidc_provider

__all__ = ["browser", "folder", "oidc_broker", "oidc_provider"]
