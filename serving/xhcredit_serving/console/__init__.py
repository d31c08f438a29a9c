"""Officer console: server-rendered pages without decisions of their own."""
