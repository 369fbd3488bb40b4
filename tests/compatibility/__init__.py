"""What users may rely on from one release to the next: docs/versions.md."""
