"""The parsing engine: Lark parses one text of each shape, numpy reads all others like it in bulk."""
