"""A colony over HTTP: `phago serve`, or an ASGI app of one's own server."""
