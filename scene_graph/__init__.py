"""World-scenario graphs of driving scenes: what is where, when, and how a camera sees it. Numpy only, no torch."""
