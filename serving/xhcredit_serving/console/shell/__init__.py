"""Parts of every page: layout, language, labels of values, assets, error pages."""
