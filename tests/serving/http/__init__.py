"""Parts of every HTTP answer: tests of problems, health, description, hostile input."""
