"""Where files lie: this machine, object stores, and an output's place in them."""
