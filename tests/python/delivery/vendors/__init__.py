"""Stateful fakes of vendors' public contracts, served over HTTP on the loopback interface."""
