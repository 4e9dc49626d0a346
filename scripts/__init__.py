"""Programs around the dbt project; each runs as `python -m scripts.<name>`."""
