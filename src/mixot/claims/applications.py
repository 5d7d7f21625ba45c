"""Claims U and W: what the library is good for, with its losses beside its wins.

Gated is what is exact. The mixtures of U1 take the steps of D1 and are compared at its tolerance;
its objective, a mean over pixels, is good to 1e-12 as those of A1 are. A balanced plan meets its
marginals to 1e-12 where densities are those of the fit; put together again from other code's
densities, whose round-off is multiplied by costs of the order of 1e3, it does to 1e-9. Documents
are so certain of their topics that the equation for the sizes is flat at its solution: there the
bound is 1e-6, the error up to which the library takes a plan for balanced. In W1 a stop at the
tolerance 1e-8 is allowed ten times as much, because the certificate projects the distance with a
rate that it estimates. All else is reported.
"""

from mixot.claims.verdict import Control, Part, Rule

_STOP = "at its stop"
_OURS = ("mixot, EM", "mixot, Anderson")
_THEIRS = (
    "scikit-learn, default",
    "scikit-learn, no floor",
    "scikit-learn, 1e-10",
    "scikit-learn, no floor, 1e-10",
)
_FLOOR = "scikit-learn's default floor of 1e-6"
_PEERS = (
    "scikit-learn, same place",
    "scikit-learn, no floor, 1e-10",
    "scikit-learn, default",
    "k-means",
)
_CLUSTERED = {
    "bernoulli": ("EM", "EM, weights held", "Sinkhorn EM"),
    "gaussian": ("EM", "EM, weights held", "Sinkhorn EM", "scikit-learn", "k-means"),
}

CLAIMS = {
    "U1": Rule(
        parts=(
            Part("distance of the mixtures", "of the library and scikit-learn, steps on", 1e-9),
            Part("objective", "of the library against that of scikit-learn's mixture", 1e-12),
            Part("nats a pixel lost to scikit-learn", "at the two stops; negative is a gain"),
            Part("sweeps", "of the library to its stop"),
            Part("degenerate", "any fit that lost a component: 1, none: 0"),
            Part("iterations of scikit-learn", "to its stop"),
            *(
                Part(f"decibels of {method}", "peak signal-to-noise ratio of its segments")
                for method in ("mixture", "scikit-learn", "k-means")
            ),
            *(
                Part(f"decibels lost to {method}", "by the library's segments, largest")
                for method in ("scikit-learn", "k-means")
            ),
        ),
        controls=(
            Control("reg_covar 1e-6", "distance of the mixtures", _FLOOR),
            Control("reg_covar 1e-6", "objective", _FLOOR),
        ),
    ),
    "U1b": Rule(
        parts=(
            *(
                Part(f"seconds, {side}", "of the iterations, start and end included")
                for side in ("in memory", "from a file", "scikit-learn", "k-means")
            ),
            Part("seconds over those of scikit-learn", "pixels in memory, largest"),
            Part("seconds over those of k-means", "pixels in memory, largest"),
        ),
    ),
    "U2": Rule(
        parts=(
            Part("marginal error", "of the balanced plan against the prescribed usage, L1", 1e-9),
            Part("marginal error at a low temperature", "of the plan that the picture shows"),
            Part("pixels astray, drawn at a low temperature", "share of the picture shown"),
            Part("pixels astray, largest shares", "share, if each pixel has its best colour"),
            Part("pixels astray, EM with free weights", "share, in EM's palette"),
            Part("decibels of EM", "peak signal-to-noise ratio without the constraint"),
            Part("decibels that the constraint costs", "less with it"),
            Part("iterations", "of Sinkhorn EM"),
        ),
        controls=(
            Control("EM, free weights", "marginal error", "the plan of EM"),
            Control("EM, weights held", "marginal error", "of EM with the prescribed weights"),
        ),
    ),
    "U3": Rule(
        parts=(
            Part("objective", "of the fit against densities of other code", 1e-12),
            Part("cluster sizes of Sinkhorn EM", "against a tenth each, L1", 1e-9),
            *(
                Part(f"{what}, {model}, {method}", "median over starts")
                for model, methods in _CLUSTERED.items()
                for method in methods
                for what in ("accuracy", "adjusted Rand index")
            ),
        ),
        controls=(
            Control("equal weights", "objective", "a tenth for every weight"),
            Control("EM", "cluster sizes of Sinkhorn EM", "the plan of EM"),
            Control("EM, weights held", "cluster sizes of Sinkhorn EM", "of EM with weights held"),
        ),
        # One data set, two models of it.
        problems=2,
    ),
    "U4": Rule(
        parts=(
            Part("held-out log-likelihood", "against densities written out", 1e-12),
            Part("topic sizes of Sinkhorn EM", "against equal ones, L1", 1e-6),
            *(
                Part(f"held-out nats, {model}, {sizes} sizes", "median over starts")
                for model in ("multinomial", "directions")
                for sizes in ("free", "equal")
            ),
            *(
                Part(f"held-out nats that equal sizes gain, {model}", "median over starts")
                for model in ("multinomial", "directions")
            ),
            *(
                Part(f"largest topic, {model}", "its weight, free")
                for model in ("multinomial", "directions")
            ),
        ),
        controls=(
            Control("equal weights", "held-out log-likelihood", "equal weights"),
            Control("EM", "topic sizes of Sinkhorn EM", "the plan of EM"),
        ),
    ),
    "W1": Rule(
        parts=(
            *(
                Part(f"distance to the limit, {method}", "root nats, at a tolerance of 1e-8", 1e-7)
                for method in _OURS
            ),
            *(Part(f"distance to the limit, {method}", "in root nats") for method in _THEIRS),
            *(Part(f"nats above the limit, {method}", _STOP) for method in (*_OURS, *_THEIRS)),
            *(Part(f"sweeps, {method}", "to its stop") for method in (*_OURS, *_THEIRS)),
            *(
                Part(f"likelihood {word} than {method}", "fits")
                for method in ("mixot, Anderson", *_THEIRS)
                for word in ("higher", "lower")
            ),
            *(
                Part(f"agreement {word} than {method}", "fits")
                for method in ("mixot, Anderson", *_THEIRS, "k-means")
                for word in ("higher", "lower")
            ),
        ),
        controls=tuple(
            Control(
                "default of scikit-learn", f"distance to the limit, {method}", "stopped at 1e-3"
            )
            for method in _OURS
        ),
    ),
    "W2": Rule(
        parts=(
            *(
                Part(f"{ours}: {word} {peer}", "over all fits")
                for ours in _OURS
                for peer in _PEERS
                for word in ("faster than", "slower than", "median of the seconds over those of")
            ),
            *(
                Part(f"{ours}: seconds over those of {peer}", "largest over fits")
                for ours in _OURS
                for peer in _PEERS
            ),
            *(Part(f"seconds, {side}", "to its stop, largest") for side in (*_OURS, *_PEERS)),
        ),
    ),
}
