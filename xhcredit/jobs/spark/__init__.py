"""Apache Spark as an engine: events shuffled by enterprise, nights by slices, tickets of draws.

Every part runs the very functions of the embedded engine at the workers, so results are equal to
the last bit.  Spark is an optional extra; nothing of it is imported before it is asked for.
"""
