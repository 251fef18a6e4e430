"""The end of sessions: in one transaction here, and then told to every client that had seen them.

ending    SignOut: ends sessions and answers which clients must be told
channels  how a client is told: by our POST (back channel) or by a frame in the browser (front channel)
single_logout   SingleLogouts: SAML upstreams sign out with us, and we with them
delivery  Deliveries: the back channel in the background, bounded, tried again
"""

from broker.signout.channels import BackChannel, Notice
from broker.signout.delivery import Deliveries
from broker.signout.ending import SignOut
from broker.signout.single_logout import Left, SingleLogouts, Told

__all__ = ["BackChannel", "Deliveries", "Left", "Notice", "SignOut", "SingleLogouts", "Told"]
