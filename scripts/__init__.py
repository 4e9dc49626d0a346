"""What operators of the project run: one program, `audiences`, and what its commands do."""
