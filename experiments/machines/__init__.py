"""Whole machines with a kernel of their own: Debian images, and QEMU to boot them."""
