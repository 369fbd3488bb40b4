"""Statistics of probes and transfers: loss, percentiles, variation, fair shares. Pure."""
