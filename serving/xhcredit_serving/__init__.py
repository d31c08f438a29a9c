"""How do other systems and the console ask?  The HTTP side: scores, runs, rules, over FastAPI."""
