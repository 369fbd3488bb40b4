"""Power, carbon, prices and seasons of hubs and grids: published figures, and counting. Pure."""
