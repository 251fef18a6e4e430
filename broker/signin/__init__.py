"""One sign-in from the validated request to the code: start, answer, arrive; or resume on an existing session."""

from broker.signin.correlation import Correlation, Fault
from broker.signin.flow import Answered, Completed, SignIn, Started

__all__ = ["Answered", "Completed", "Correlation", "Fault", "SignIn", "Started"]
