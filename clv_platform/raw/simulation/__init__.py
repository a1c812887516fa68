"""The demo company's simulator and its oracle.

Here: a made-up seller of social-media tools whose accounts use, complain, upgrade and leave by known rules, so that what a model
finds can be held against the truth. ``company`` has every number; ``behaviour`` draws what accounts do, ``decisions`` what they
decide, ``truth`` what could be known; ``tables`` and ``activity`` shape files; ``simulate`` runs it all.
Add: see the docstrings of these files.
Keep out: the platform. Nothing but tests and benchmarks reads the oracle.
"""

from clv_platform.raw.simulation.simulate import SimulationSummary, simulate_company

__all__ = ["SimulationSummary", "simulate_company"]
