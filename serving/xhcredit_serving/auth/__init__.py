"""Authentication and authorisation: who asks, and may they?  Shared by all endpoints."""
