"""How certain a lawful path is: its delay, its path and whose law it meets, under Monte Carlo
samples of the map."""
