"""What is kept: runs, snapshots, releases, access and the activity chain; SQLite or PostgreSQL."""
