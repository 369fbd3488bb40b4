"""What may be in front of a fibre, so that frames queue by class: a kind a file."""
