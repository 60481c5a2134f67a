"""Groups of ads in the store of the desk: how they are brought in, and what people see of them."""
