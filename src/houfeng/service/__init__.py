"""Showing it: JSON routes over a store, and the page that reads them. Read-only, for this computer alone."""
