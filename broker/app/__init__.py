"""The one composition root: every object is built here once and handed on. Nothing below looks anything up.

prepare   once, before workers exist: schema, keys, the first revision
create    one worker's application
close     what it held, when the worker ends
"""

from broker.app.compose import close, create
from broker.app.prepare import open_store, prepare

__all__ = ["close", "create", "open_store", "prepare"]
