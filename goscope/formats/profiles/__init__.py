"""Profiles of pprof, as text and as protobuf."""
