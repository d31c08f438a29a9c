"""The declared directory (目录): one YAML file per canonical table."""
