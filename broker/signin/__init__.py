"""One sign-in from the validated request to the code: start, answer, arrive; or resume on an existing session."""

from broker.signin.approval import Approvals, Question
from broker.signin.correlation import Correlation, Fault
from broker.signin.flow import Answered, SignIn, Started
from broker.signin.issuing import Asking, Completed, device_gone
from broker.signin.portal import Landed, Parked, Portal
from broker.signin.pushed import KIND as PUSHED
from broker.signin.pushed import discard
from broker.signin.switching import Offer, Switching

__all__ = [
    "PUSHED",
    "Answered",
    "Approvals",
    "Asking",
    "Completed",
    "Correlation",
    "Fault",
    "Landed",
    "Offer",
    "Parked",
    "Portal",
    "Question",
    "SignIn",
    "Started",
    "Switching",
    "device_gone",
    "discard",
]
