"""What an answer, a body, a cell of the lifecycle or a history must be, by the contract given."""
