"""Pairwise subjects need one host to be pairwise for (OpenID Connect Core §8.1)."""

from __future__ import annotations

from collections.abc import Iterable

from broker.configuration.checks.finding import Context, Finding
from broker.configuration.sector import redirect_hosts
from broker.configuration.shapes import ClientShape
from broker.configuration.urls import url_fault

REMEDY = "write `sector_identifier_uri: https://…`, the JSON list of all redirect URIs at the host that stands for them"


def check_sector(shape: ClientShape, context: Context) -> Iterable[Finding]:
    uri = shape.sector_identifier_uri
    if uri is not None and (fault := url_fault(uri, context.rules)):
        yield Finding(("sector_identifier_uri",), *fault)
    if uri is not None and shape.subject_type == "public":
        what = "says nothing without pairwise subjects"
        yield Finding(("sector_identifier_uri",), what, "add `subject_type: pairwise`, or remove it")
    if uri is None and shape.subject_type == "pairwise":
        yield from _one_host(shape, context)


def _one_host(shape: ClientShape, context: Context) -> Iterable[Finding]:
    hosts = redirect_hosts(shape)
    if len(hosts) != 1 or "" in hosts:
        yield Finding(("subject_type",), "the redirect URIs do not name one host", REMEDY)
    elif not context.rules.loopback and any((uri.startswith("http:")) for uri in shape.redirect_uris or ()):
        yield Finding(("subject_type",), "a loopback redirect URI belongs to every native app", REMEDY)
