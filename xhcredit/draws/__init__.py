"""Who is inspected and by whom: draws with known odds that anyone can repeat with a hash."""
