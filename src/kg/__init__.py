"""Check a folder of RDF, freeze it as a snapshot, and publish it as linked data."""

__version__ = "0.1.0"
