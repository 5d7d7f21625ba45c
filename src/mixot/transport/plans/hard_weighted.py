"""Hard assignment by pi_k p_k(x): classification EM, the limit of the other tempering (F7)."""

from mixot.transport.plans.hard import Hard

PLAN = Hard(weighted=True)
