"""How the application comes onto a socket: waitress with a loop of ours, granian, and several processes of either."""
