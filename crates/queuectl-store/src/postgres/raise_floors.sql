SELECT queuectl.raise_floors($1::boolean)
