"""Bureau and street of an enterprise in its snapshot row, to filter and to keep bureaus apart."""

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Nothing yet."""
