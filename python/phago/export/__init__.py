"""What a colony holds, for other tools: tables as Parquet and Arrow files, the graph as GraphML or another library's.

Documents, hits, nodes and edges offer `__arrow_c_stream__`, so that polars, pyarrow, duckdb and their like take them as
they are; it needs `pip install "phago[arrow]"`, and so do `parquet` and `arrow`.
"""

from .arrow import arrow, parquet

__all__ = ["arrow", "parquet"]
