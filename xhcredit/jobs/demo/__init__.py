"""A district that lives: half a year of deliveries, nights and officers' work in a demo store."""
