import re
from pathlib import Path

import numpy as np
import pytest

from mixot import claims, figures, runs, statements
from mixot.errors import InputError
from mixot.figures import energy, gap, temperature, trajectories

NAMES = figures.names()
# Of fits; the others draw what an experiment left.
OF_FITS = ("energy", "gap", "mixtures", "temperature", "trajectories")


def test_a_figure_is_found_by_being_a_module_of_the_folder() -> None:
    folder = Path(figures.__file__).parent
    assert set(NAMES) == {path.stem for path in folder.glob("[!_]*.py")}
    assert set(OF_FITS) <= set(NAMES)


def test_every_caption_says_what_would_falsify_the_figure() -> None:
    captions = [figures.caption(name) for name in NAMES]
    assert all(c.shows and c.falsified_by and c.alternative and c.claims for c in captions)
    assert len({c.position for c in captions}) == len(captions)
    assert {name for c in captions for name in c.claims} <= set(claims.names())


def test_a_figure_is_timed_if_and_only_if_it_illustrates_a_timed_claim() -> None:
    for name in NAMES:
        caption = figures.caption(name)
        assert caption.timed == any(statements.get(one).timed for one in caption.claims), name


def test_an_unknown_figure_is_refused_by_name() -> None:
    with pytest.raises(InputError, match=r"unknown figure 'pie'; allowed: .*energy, .*gap"):
        figures.make("pie", Path())


@pytest.mark.parametrize("name", OF_FITS)
def test_a_saved_figure_has_the_same_bytes_each_time(
    name: str, drawn: Path, tmp_path: Path
) -> None:
    again = figures.save(figures.make(name, drawn), tmp_path, name)
    for path in again:
        assert path.read_bytes() == (drawn / "figures" / path.name).read_bytes()


@pytest.mark.parametrize("name", OF_FITS)
def test_a_saved_figure_names_neither_date_nor_program(name: str, drawn: Path) -> None:
    svg = (drawn / "figures" / f"{name}.svg").read_text(encoding="utf-8")
    assert "<dc:date>" not in svg
    assert "Matplotlib v" not in svg
    assert b"Software" not in (drawn / "figures" / f"{name}.png").read_bytes()


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_study_gives_a_figure_that_says_so(name: str, tmp_path: Path) -> None:
    figure = figures.make(name, tmp_path)
    assert "Nothing to draw" in figure.texts[0].get_text()


def test_trajectories_draw_the_objectives_of_both_solvers_less_the_final_one(
    results: Path,
) -> None:
    figure = figures.make("trajectories", results)
    panels = {
        axes.get_title(loc="left"): axes for axes in figure.axes if axes.get_title(loc="left")
    }
    panel = panels["faithful\n2 seeds"]
    objective = {
        solver: runs.read(results / "fits/faithful/gaussian-full" / solver / "eps~1/seed~0").trace[
            "objective"
        ]
        for solver in ("em", "ot_semirelaxed")
    }
    for line, values in zip(panel.get_lines(), objective.values(), strict=True):
        at = line.get_xdata().astype(int)
        np.testing.assert_array_equal(line.get_ydata(), values[at] - objective["em"][-1])
        assert at.size > 5


def test_energy_shares_fill_the_decrease_that_was_measured(results: Path) -> None:
    run = runs.read(results / "fits/faithful/gaussian-full/em/eps~1/seed~0")
    found = energy.balance(run)
    objective = run.trace["objective"]
    np.testing.assert_array_equal(found.decrease, objective[:-1] - objective[1:])
    shares = sum(term[found.measurable] for term in found.terms.values())
    np.testing.assert_allclose(shares, found.decrease[found.measurable], rtol=1e-3)
    assert np.count_nonzero(found.measurable) > 5


def test_energy_terms_carry_epsilon_except_for_the_components(results: Path) -> None:
    run = runs.read(results / "fits/times_deaths/poisson/em/eps~3/seed~0")
    found = energy.balance(run)
    np.testing.assert_array_equal(found.terms["plan_kl"], 3.0 * run.trace["plan_kl"])
    np.testing.assert_array_equal(found.terms["components_kl"], run.trace["components_kl"])
    assert np.max(found.rest) < 1e-11


def _record(quantity: str, statistic: float, control: float | None = None) -> dict[str, object]:
    return {
        "claim": "C2",
        "quantity": quantity,
        "statistic": statistic,
        "control": None if control is None else {"reversed": control},
        "problem": "wine",
        "family": "gaussian-tied",
        "seed": 0,
        "state": "start",
    }


@pytest.mark.parametrize(("bound", "true_gap"), [(0.2, 3.0), (0.2, 0.05)])
def test_gap_points_come_back_from_the_records_on_either_side_of_the_diagonal(
    bound: float, true_gap: float
) -> None:
    records = [
        _record("violation", max(0.0, bound - true_gap), max(0.0, true_gap - bound)),
        _record("gap over bound, less 1", true_gap / bound - 1.0),
    ]
    (point,) = gap.points(records)
    assert (point.bound, point.gap) == pytest.approx((bound, true_gap), rel=1e-12)


def test_every_recorded_gap_is_drawn(results: Path) -> None:
    figure = figures.make("gap", results)
    expected = gap.points(gap.read.records(results, "gap"))
    offsets = np.vstack([c.get_offsets() for c in figure.axes[0].collections[:4]])
    assert sorted(map(tuple, offsets)) == sorted((p.bound, p.gap) for p in expected)
    assert len(expected) >= 6
    assert all(p.gap > p.bound for p in expected)


def test_temperature_counts_every_run_by_how_it_ended(results: Path) -> None:
    sweeps = {sweep.problem: sweep for sweep in temperature.sweeps(results)}
    assert sorted(sweeps) == ["overlapping", "times_deaths"]
    counts = temperature.ending_counts(sweeps["overlapping"])
    assert {epsilon: c.total() for epsilon, c in counts.items()} == {"1": 4, "3": 4}
    assert counts["3"]["collapsed_identical"] == 4


def test_pairs_of_trajectories_belong_to_the_same_seed(results: Path) -> None:
    pairs = trajectories.pairs(results, "overlapping")
    assert [pair.seed for pair in pairs] == [0, 1]
    assert max(float(pair.difference.max()) for pair in pairs) < 1e-9


def test_figures_say_how_many_dimensions_and_observations_there_are(drawn: Path) -> None:
    figure = figures.make("mixtures", drawn)
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert "times deaths\nn = 1,096, d = 1, K = 2" in titles


def test_the_page_column_is_wide_enough_for_every_figure(drawn: Path) -> None:
    widths = {
        re.search(r'<svg[^>]* width="([\d.]+)pt"', path.read_text(encoding="utf-8"))[1]
        for path in (drawn / "figures").glob("*.svg")
    }
    assert widths == {"648"}
