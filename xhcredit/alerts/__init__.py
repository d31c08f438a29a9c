"""Who needs attention today, why, and is it followed up?  Triggers, budget, closed loop, proof."""
