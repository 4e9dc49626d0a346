"""Run the demo CRM until it is told to stop."""

import argparse
import signal
import sqlite3
import sys
import threading
from pathlib import Path

from .server import DEFAULT_TOKEN, DemoCrm


def build_parser() -> argparse.ArgumentParser:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(
        prog="python -m dev.demo_crm",
        description="A local stand-in for HubSpot's CRM API. Prints its address, serves the "
        "API under it and a page for people at /, and stops on Ctrl-C or SIGTERM.",
    )
    parser.add_argument("--port", type=int, default=0, help="0 picks a free port (default)")
    parser.add_argument(
        "--state",
        type=Path,
        default=Path("data/demo/crm.sqlite"),
        help="file that keeps the records (default: %(default)s)",
    )
    parser.add_argument("--token", default=DEFAULT_TOKEN, help="token to ask for (%(default)s)")
    parser.add_argument(
        "--requests-per-10s", type=int, default=190, help="quota; above it 429 (%(default)s)"
    )
    parser.add_argument("--latency-ms", type=int, default=0, help="delay of every answer")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Serve until a signal arrives; returns 0, or 2 when the port or the file cannot be used."""
    options = build_parser().parse_args(argv)
    try:
        crm = DemoCrm(**vars(options))
    except (OSError, OverflowError, sqlite3.Error) as problem:
        print(f"The demo CRM cannot start: {problem}. Try --port 0 or --state.", file=sys.stderr)
        return 2
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    thread = threading.Thread(target=crm.serve_forever, args=(0.1,), daemon=True)
    thread.start()
    print(crm.url, flush=True)
    stop.wait()
    crm.shutdown()
    crm.server_close()
    thread.join()
    crm.store.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
