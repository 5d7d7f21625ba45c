"""The experiments on temperature notice a library that is wrong."""

from mixot import transport


def test_the_claims_hold(false_claims):
    assert false_claims("noise_level") == set()


def test_a_temperature_that_is_a_millionth_off_is_noticed(monkeypatch, false_claims):
    honest = transport.solve

    def broken(cost, a, b, epsilon, **options):
        return honest(cost, a, b, epsilon * (1.0 + 1e-6), **options)

    monkeypatch.setattr(transport, "solve", broken)
    assert false_claims("noise_level") == {"F4"}
