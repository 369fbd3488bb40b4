"""The controller applications that Ryu and os-ken load."""
