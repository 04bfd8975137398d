"""Tables as Parquet, CSV or JSON lines, and profiles as pprof reads them."""
