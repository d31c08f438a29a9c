"""An index in whose order lists are counted, so that no row has to be sorted for it."""

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add the index."""
    counted = ["previous_tier", "tier", "bureau", "street", "kind", "size", "fields"]
    asked = ["name", "composite", "code"]
    op.create_index("ix_snapshots_cells", "snapshots", ["run", *counted, *asked])
