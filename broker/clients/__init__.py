"""Which application is calling, and how it proved it.

authentication   the one method that the client registered (RFC 6749 §2.3)
"""

from broker.clients.authentication import METHODS, Authentication, Presented

__all__ = ["METHODS", "Authentication", "Presented"]
