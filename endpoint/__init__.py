"""The web side of the publisher: what a visitor's request becomes, and nothing about how data is stored."""
