"""Run with `python -m scripts.explain_identity`."""

import sys

from .cli import main

sys.exit(main())
