"""What the second opinion reads policies with: places, selectors, answers, whole paths."""
