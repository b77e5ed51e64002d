"""Colour spaces: gray, channel order, Lab."""
