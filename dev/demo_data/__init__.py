"""The parts of the made demo data; run them with `python -m dev.make_demo_data`."""
