"""The SQL store: a world in a database that several processes, and several machines, share."""
