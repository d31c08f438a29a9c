"""From departments' exports to canonical tables: mappings, checks, quarantine."""
