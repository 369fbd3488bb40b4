"""Monte Carlo samples of a map: fibre delays under the stated errors of inputs. Pure."""
