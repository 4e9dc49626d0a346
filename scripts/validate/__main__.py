"""Entry point of `python -m scripts.validate`."""

from scripts.validate.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
