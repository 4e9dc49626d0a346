"""The commands of `audiences`, one function in one file of the same name."""
