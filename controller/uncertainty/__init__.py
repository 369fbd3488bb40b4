"""How sure a lawful path is: its delay, its way and whose law it meets, under draws of the map."""
