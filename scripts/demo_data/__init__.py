"""The parts of the made demo data; run them with `python -m scripts.make_demo_data`."""
