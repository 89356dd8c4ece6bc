"""Sections of the policy that have a module of their own; `policy.py` puts them together."""
