"""How did the tables come to be?  One file per version, run by Alembic; old ones never change."""
