"""Shapes to the model's `sign_in`; `checks.sign_in` has judged them."""

from __future__ import annotations

from broker.configuration.shapes.sign_in import ClientSignInShape, HoursShape, MultiFactorShape, SignInShape
from broker.model import Hours, MultiFactor, SignInPolicy, TokenLifetimes


def sign_in_policy(shape: ClientSignInShape) -> SignInPolicy:
    whole = shape if isinstance(shape, SignInShape) else SignInShape()
    return SignInPolicy(
        require_mfa=bool(shape.require_mfa),
        allowed_networks=tuple(shape.allowed_networks) or None,
        allowed_clients=None if whole.allowed_clients is None else tuple(whole.allowed_clients),
        allowed_roles=None if shape.allowed_roles is None else tuple(shape.allowed_roles),
        hours=() if shape.hours is None else (_hours(shape.hours),),
        max_age=shape.max_age,
        session_absolute=whole.session_absolute,
        session_idle=whole.session_idle,
        lifetimes=TokenLifetimes(**shape.lifetimes.model_dump()),
        clients={name: sign_in_policy(own) for name, own in whole.clients.items()},
        workloads=whole.workloads,
    )


def multi_factor(shape: MultiFactorShape | None) -> MultiFactor | None:
    return None if shape is None else MultiFactor(tuple(shape.acr), tuple(shape.amr), tuple(shape.acrs))


def _hours(shape: HoursShape) -> Hours:
    return Hours(shape.days, shape.begin, shape.until, shape.timezone)
