"""A proxy that judges: it passes requests on to a server, and notes what both sides say."""
