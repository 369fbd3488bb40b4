"""Debian's own kernel for an emulated machine: its package, the modules it needs, an initramfs."""
