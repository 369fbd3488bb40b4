"""One run from scenario to results folder, wherever it takes place."""
