"""The certificate of a run: what is signed, and how anybody checks it without trusting anybody."""
