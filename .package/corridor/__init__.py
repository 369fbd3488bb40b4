"""The cross-border data corridor network emulator."""
