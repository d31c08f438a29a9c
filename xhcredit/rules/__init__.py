"""Law as dated data: entries with their sources, the rulebook of a day, its digest."""
