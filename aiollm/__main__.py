"""`python -m aiollm` is the command `aiollm`."""

import sys

from aiollm.cli import main

if __name__ == "__main__":
    sys.exit(main())
