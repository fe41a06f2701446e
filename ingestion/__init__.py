"""Everything that brings data in: contract, mapping, lander, generator and the command line."""
