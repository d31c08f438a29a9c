"""Credit restoration (信用修复): eligibility, earliest day, documents, decider, effects."""
