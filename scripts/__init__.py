"""What operators of the project run; each program as `python -m scripts.<name>`."""
