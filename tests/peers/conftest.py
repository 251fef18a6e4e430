from tests.flows.conftest import browser, folder, nearby, oidc_broker, oidc_provider

__all__ = ["browser", "folder", "nearby", "oidc_broker", "oidc_provider"]
