"""Markdown for issues and pull requests."""
