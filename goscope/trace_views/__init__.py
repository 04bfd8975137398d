"""What pages show of execution traces: chosen, ordered, and no more of it than a screen can hold.

Each module makes one view of one trace out of the tables that the reader filled. What a view leaves out,
it counts.
"""
