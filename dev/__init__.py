"""What developers of the project run: the demo, benchmarks, generators of docs, seeded mistakes."""
