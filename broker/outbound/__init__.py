"""The one door for outgoing requests: https to addresses that the contract allows, in bounded time and size.

address    which addresses may be spoken to
names      host name -> allowed addresses, within the time that is left
deadline   connections whose read timeout covers the whole answer
client     Outbound: get, post and post_form
"""

from broker.outbound.client import Guard, Outbound, Response, Sink
from broker.outbound.names import Resolve, system_resolve

__all__ = ["Guard", "Outbound", "Resolve", "Response", "Sink", "system_resolve"]
