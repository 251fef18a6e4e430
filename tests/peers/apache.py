"""Debian's Apache with mod_auth_openidc, in a folder of its own on a free loopback port."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.conftest import APACHE
from tests.flows.broker_process import Installation
from tests.idps.processes import free_port, running

MODULES = ("mpm_event", "authn_core", "authz_core", "authz_user", "status", "auth_openidc")
CONFIGURATION = """\
ServerName 127.0.0.1
Listen 127.0.0.1:{port}
DefaultRuntimeDir {folder}
PidFile {folder}/pid
ErrorLog {folder}/error.log
Mutex pthread default
{identity}
{modules}
OIDCProviderMetadataURL {issuer}/.well-known/openid-configuration
OIDCClientID apache
OIDCClientSecret {secret}
OIDCProviderTokenEndpointAuth client_secret_basic
OIDCPKCEMethod S256
OIDCRedirectURI {callback}
OIDCCryptoPassphrase {secret}
OIDCScope "openid email"
OIDCAuthRequestParams {params}
OIDCInfoHook id_token access_token userinfo
<Location /alive>
  SetHandler server-status
</Location>
<Location /private>
  AuthType openid-connect
  Require valid-user
  SetHandler server-status
</Location>
"""


@dataclass(frozen=True)
class Apache:
    """`/private` is for people who are signed in; `/private/back` is the redirect URI, and more by its query."""

    folder: Path
    secret: str
    port: int = field(default_factory=free_port)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def callback(self) -> str:
        return f"{self.origin}/private/back"

    @contextmanager
    def serving(self, made: Installation, params: str) -> Iterator[None]:
        root = os.geteuid() == 0
        text = CONFIGURATION.format(
            port=self.port,
            folder=self.folder,
            identity="User www-data\nGroup www-data" if root else "",
            modules="\n".join(f"LoadModule {name}_module {APACHE}/mod_{name}.so" for name in MODULES),
            issuer=made.issuer,
            secret=self.secret,
            callback=self.callback,
            params=params,
        )
        (self.folder / "httpd.conf").write_text(text)
        command = ["apache2", "-f", self.folder / "httpd.conf", "-DFOREGROUND"]
        with running(command, f"{self.origin}/alive", self.folder / "error.log"):
            yield
