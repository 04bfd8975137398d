"""The parsing engine: Lark parses one text of every shape, numpy reads all others like it in bulk."""
