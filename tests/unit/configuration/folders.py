"""Folders for the configuration tests."""

from __future__ import annotations

from pathlib import Path

CLIENT = """\
client_id: {id}
redirect_uris: ["https://{id}.example.com/cb"]
auth: {{method: none}}
"""
TENANT = """\
id: {id}
identity_providers:
  - {{id: op, protocol: oidc, issuer: "https://{id}.idp.example.com", client_id: broker, client_auth: none}}
"""
ISSUER = "issuer: https://login.example.com\n"


def write(folder: Path, files: dict[str, str]) -> Path:
    """Write the files, `broker.yaml` with a plain issuer unless it is among them."""
    for name, text in {"broker.yaml": ISSUER, **files}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder
