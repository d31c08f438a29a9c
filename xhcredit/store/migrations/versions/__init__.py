"""The versions of the store, oldest first; a new table comes with the step that needs it."""
