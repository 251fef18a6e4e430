"""`python -m broker` is `broker`."""

import sys

from broker.cli import main

sys.exit(main(sys.argv[1:]))
