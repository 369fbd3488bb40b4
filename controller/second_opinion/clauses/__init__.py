"""What each hard clause has against a whole path: one function a file, named as the clause is."""
