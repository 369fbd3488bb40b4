"""Plain routing on a map: configurations of daemons, paths by routers' tables, their law. Pure."""
