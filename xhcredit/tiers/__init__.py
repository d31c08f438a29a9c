"""Risk tiers A-D by dated rules."""
