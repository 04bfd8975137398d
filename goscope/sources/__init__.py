"""Where bytes come from: files, directories, globs, standard input. Knows nothing of their meaning."""
