"""How does an officer see and do it?  Pages made on the server; they decide nothing themselves."""
